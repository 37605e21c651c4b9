"""Dropcontact: batches asked once, polled until ready, matched back by our own id."""

from json import dumps, loads
from typing import Any

import httpx
import pytest

from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from tests.vendors.scripted import Answer, a_vendor
from vendors import dropcontact
from vendors.dropcontact import Contact, ContactAsked, Submitted, credits, is_out_of_credit, poll, submit
from vendors.dropcontact_qualification import Qualification, qualification
from vendors.http import Client

ANA = ContactAsked("42", first_name="Ana", last_name="Diaz", website="acme.test")
TAKEN = Answer(body='{"request_id":"qzmxkp","success":true,"error":false,"credits_left":15277}')
NOT_READY = Answer(body='{"error":false,"success":false,"reason":"Request not ready yet, try again in 30 seconds"}')


def done(*records: object, **more: object) -> Answer:
    return Answer(body=dumps({"error": False, "success": True, "credits_left": 7, "data": records, **more}))


def sent_by(client: Client) -> list[httpx.Request]:
    seen: list[httpx.Request] = []
    client._http.event_hooks = {"request": [seen.append]}
    return seen


def test_a_batch_sends_what_is_known_and_our_id() -> None:
    with a_vendor(TAKEN) as client:
        sent = sent_by(client)
        assert submit(client, [ANA]) == Submitted("qzmxkp", 15277)
    assert sent[0].url.path == "/enrich/all"
    assert loads(sent[0].content) == {
        "data": [{"first_name": "Ana", "last_name": "Diaz", "website": "acme.test", "custom_fields": {"id": "42"}}],
        "siren": False,
        "language": "en",
    }


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([], "0 records"),
        ([ContactAsked(str(n), email="a@acme.test") for n in range(251)], "251 records"),
        ([ANA, ContactAsked("42", email="b@acme.test")], "same id"),
        ([ANA, ContactAsked("43", first_name="Bo", last_name="Roe")], "cannot look up '43'"),
        ([ContactAsked("44", email="a@acme.test", job="x" * 15_000)], "'44' is larger"),
    ],
    ids=["none", "too many", "same id", "nothing to go by", "too large"],
)
def test_a_batch_that_would_not_do_is_refused_before_anything_is_sent(records: list[ContactAsked], says: str) -> None:
    with a_vendor(TAKEN) as client:
        with pytest.raises(VendorRefused, match=says):
            submit(client, records)
        assert client.requests_sent == 0


def test_a_batch_that_may_have_been_taken_is_not_sent_twice() -> None:
    with a_vendor(Answer(500), TAKEN) as client:
        with pytest.raises(VendorUnavailable, match="not repeated") as raised:
            submit(client, [ANA])
        assert client.requests_sent == 1
    assert raised.value.is_in_doubt


def test_a_batch_that_was_told_to_wait_is_sent_again() -> None:
    with a_vendor(Answer(429), TAKEN) as client:
        assert submit(client, [ANA]).request_id == "qzmxkp"


@pytest.mark.parametrize(
    ("answer", "is_out"),
    [
        (Answer(403, '{"detail":"Not enough credits to process the whole batch"}'), True),
        (Answer(403, '{"message":"Missing Authentication Token"}'), False),
        (Answer(401, '{"error":true,"reason":"Bad token","success":false}'), False),
        (Answer(400, '{"error":true,"reason":"Missing data in JSON","success":false}'), False),
        (Answer(200, '{"error":true,"reason":"No","success":false}'), False),
    ],
)
def test_a_refused_batch_tells_whether_credits_were_the_reason(answer: Answer, is_out: bool) -> None:
    with a_vendor(answer) as client:
        with pytest.raises(VendorRefused) as raised:
            submit(client, [ANA])
        assert client.requests_sent == 1
    assert is_out_of_credit(raised.value) == is_out


def test_a_batch_without_a_request_id_is_unreadable() -> None:
    with a_vendor(Answer(body='{"success":true}')) as client, pytest.raises(VendorUnreadable, match="request_id"):
        submit(client, [ANA])


def test_not_ready_is_nothing_yet_and_no_error() -> None:
    with a_vendor(NOT_READY, NOT_READY, done({"custom_fields": {"id": "42"}})) as client:
        assert [poll(client, "q"), poll(client, "q")] == [None, None]
        assert client.requests_sent == 2
        assert poll(client, "q") is not None


def test_records_are_matched_by_our_id_whatever_their_order() -> None:
    first = {"custom_fields": {"id": 42}, "full_name": "Ana Diaz"}
    stray = {"full_name": "Who Knows", "custom_fields": None}
    with a_vendor(done({"custom_fields": {"id": "43", "x": []}}, None, stray, first)) as client:
        reply = poll(client, "q")
    assert reply is not None
    assert {asked: contact.full_name for asked, contact in reply.by_asked_id.items()} == {"43": None, "42": "Ana Diaz"}
    assert (len(reply.records), reply.credits_left) == (3, 7)
    assert reply.by_asked_id["42"].body == first


def test_missing_keys_are_missing_values() -> None:
    assert Contact.read({}).model_dump(exclude_none=True, exclude_defaults=True) == {}


@pytest.mark.parametrize(
    ("email", "work_email"),
    [
        ([{"email": "a@x.test", "qualification": "nominative@perso"},
          {"email": "a@acme.test", "qualification": "nominatif@pro"}], "a@acme.test"),
        ([{"email": "info@acme.test", "qualification": "generic@pro"}], None),
        ([{"email": "a@acme.test", "qualification": "catch-all@pro"}], None),
        ([{"email": "a@acme.test"}], None),
        ([{"qualification": "nominative@pro"}, None], None),
        ({"email": "a@acme.test", "qualification": "nominative@pro"}, "a@acme.test"),
        ("a@acme.test", None),
        (None, None),
    ],
)  # fmt: skip
def test_only_an_own_address_at_work_that_takes_mail_is_the_work_email(email: Any, work_email: str | None) -> None:
    assert Contact.read({"email": email}).work_email == work_email


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("nominative@pro", ("nominative", "pro")),
        ("nominatif@pro", ("nominative", "pro")),
        ("générique@pro", ("generic", "pro")),
        ("generique@perso", ("generic", "perso")),
        ("catch_all@pro", ("catch_all", "pro")),
        ("Do_Not_Contact@pro", ("do_not_contact", "pro")),
        ("non_validated@school", ("non_validated", "school")),
        ("non validé@école", ("non_validated", "school")),
        ("invalid@invalid_domain", ("invalid", "invalid")),
        ("nominative@Jetable", ("nominative", "disposable")),
        ("brand new@pro", ("brand_new", "pro")),
        ("", ("unknown", "unknown")),
    ],
)
def test_qualifications_are_the_same_in_both_languages(said: str, read: tuple[str, str]) -> None:
    assert qualification(said) == Qualification(*read)


def test_whoever_asked_to_be_left_alone_is_known() -> None:
    asked_for_peace = {"email": "a@acme.test", "qualification": "Do_Not_Contact@pro"}
    assert Contact.read({"email": [asked_for_peace]}).may_not_be_contacted
    assert not Contact.read({}).may_not_be_contacted


@pytest.mark.parametrize("success", [True, False])
def test_what_is_there_by_the_deadline_can_be_forced(success: bool) -> None:
    with a_vendor(done({"custom_fields": {"id": "42"}}, success=success)) as client:
        sent = sent_by(client)
        reply = poll(client, "q/1", force_results=True)
    assert sent[0].url.raw_path == b"/enrich/all/q%2F1?forceResults=true"
    assert reply is not None
    assert list(reply.by_asked_id) == ["42"]


def test_an_error_with_status_200_is_refused_when_polled() -> None:
    failed = Answer(body='{"error":true,"success":false,"reason":"Bad"}')
    with a_vendor(failed) as client, pytest.raises(VendorRefused, match="Bad") as raised:
        poll(client, "q")
    assert raised.value.said == "Bad"


def test_a_batch_that_is_done_without_data_is_unreadable() -> None:
    with a_vendor(Answer(body='{"success":true}')) as client, pytest.raises(VendorUnreadable, match="no data"):
        poll(client, "q")


@pytest.mark.parametrize("said", ["12", '"12"'])
def test_credits_left_are_a_number(said: str) -> None:
    with a_vendor(Answer(body=f'{{"credits": {said}}}')) as client:
        assert credits(client) == 12


def test_credits_that_are_not_said_are_unreadable() -> None:
    with a_vendor(Answer(body="{}")) as client, pytest.raises(VendorUnreadable, match="number of credits"):
        credits(client)


@pytest.mark.parametrize(
    ("given", "url", "token"),
    [
        ({}, "http://127.0.0.1:4780/dropcontact/v1", "sandbox-dropcontact-token"),
        ({"dropcontact_token": "mine"}, "https://api.dropcontact.com/v1", "mine"),
        ({"dropcontact_token": "mine", "dropcontact_url": "http://x.test"}, "http://x.test", "mine"),
    ],
)
def test_without_a_token_the_sandbox_is_spoken_to(given: dict[str, Any], url: str, token: str) -> None:
    with dropcontact.connect(Settings(sandbox_port=4780, **given)) as client:
        assert (client.base_url, client.headers) == (url, {"X-Access-Token": token})
