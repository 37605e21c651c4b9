"""Apollo: free searches to the end, matches that go to the right person, and nothing paid for twice."""

from collections.abc import Mapping, Sequence
from json import dumps, loads
from typing import Any

import httpx
import pytest

from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from tests.vendors.scripted import Answer, a_vendor
from vendors import apollo
from vendors.apollo import is_out_of_credit, job_postings, late_result, match_people, organizations, search_people
from vendors.apollo_records import JobPosting, LateResult, Organization, PeopleQuery, Person, PersonAsked
from vendors.http import Client
from vendors.limits import Limit

ANA = PersonAsked(id="64a7", first_name="Ana", last_name="Diaz")
BO = PersonAsked(email="Bo@Beta.test")
CY = PersonAsked(first_name="Cy", last_name="Roe", domain="www.gamma.test")


def answer(body: Mapping[str, Any]) -> Answer:
    return Answer(body=dumps(body))


def people(*ids: int, total: object) -> Answer:
    return answer({"total_entries": total, "people": [{"id": str(n), "last_name_obfuscated": "Hu***n"} for n in ids]})


def matched(*matches: object, **more: object) -> Answer:
    return answer({"status": "success", "credits_consumed": 1, "matches": matches, **more})


def sent_by(client: Client) -> list[httpx.Request]:
    seen: list[httpx.Request] = []
    client._http.event_hooks = {"request": [seen.append]}
    return seen


def bodies(requests: Sequence[httpx.Request]) -> list[Any]:
    return [loads(request.content) for request in requests]


def test_a_search_sends_only_the_filters_that_are_set() -> None:
    query = PeopleQuery(titles=("vp sales",), domains=("acme.test",), employee_ranges=("51,200",))
    with a_vendor(people(1, total=1)) as client:
        sent = sent_by(client)
        list(search_people(client, query, most=10))
    assert [request.url.path for request in sent] == ["/mixed_people/api_search"]
    assert bodies(sent) == [
        {
            "person_titles": ["vp sales"],
            "q_organization_domains_list": ["acme.test"],
            "organization_num_employees_ranges": ["51,200"],
            "page": 1,
            "per_page": 100,
        }
    ]


def test_a_search_goes_on_over_short_pages_until_all_are_given() -> None:
    with a_vendor(people(1, 2, total=3), people(3, total="3")) as client:
        pages = list(search_people(client, PeopleQuery(), most=100))
    assert [[one["id"] for one in page] for page in pages] == [["1", "2"], ["3"]]


def test_a_search_gives_no_more_than_was_asked_for() -> None:
    with a_vendor(people(1, 2, total=9), people(3, 4, total=9)) as client:
        pages = list(search_people(client, PeopleQuery(), most=3))
        assert client.requests_sent == 2
    assert [[one["id"] for one in page] for page in pages] == [["1", "2"], ["3"]]


def test_a_search_without_a_total_ends_with_a_page_that_is_not_full() -> None:
    with a_vendor(people(*range(100), total=None), people(100, total=None)) as client:
        assert [len(page) for page in search_people(client, PeopleQuery(), most=1000)] == [100, 1]


def test_more_people_than_apollo_shows_are_refused_before_anything_is_sent() -> None:
    with a_vendor(people(1, total=1)) as client:
        with pytest.raises(VendorRefused, match="at most 50,000; narrow the query"):
            search_people(client, PeopleQuery(), most=50_001)
        assert client.requests_sent == 0


def test_the_end_of_apollos_pages_is_said_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apollo, "MOST_PAGES", 2)
    with a_vendor(people(1, total=9), people(2, total=9)) as client:
        pages = search_people(client, PeopleQuery(), most=9)
        assert [len(next(pages)), len(next(pages))] == [1, 1]
        with pytest.raises(VendorRefused, match="no more than 2 pages of one search, which held 2 people"):
            next(pages)


def test_a_search_that_gives_the_same_page_again_ends() -> None:
    with a_vendor(people(1, total=9)) as client, pytest.raises(VendorUnreadable, match="never end"):
        list(search_people(client, PeopleQuery(), most=9))


def test_matches_in_another_order_with_nulls_go_to_whom_was_asked_for() -> None:
    bo = {"id": "b", "first_name": "Bo", "email": "bo@beta.test", "organization": None}
    ana = {"id": "64a7", "email_status": "verified", "seniority": None, "departments": None, "functions": ["sales"]}
    with a_vendor(matched(None, bo, ana)) as client:
        reply = match_people(client, [ANA, BO, CY])
    assert {asked: person.id for asked, person in reply.found.items()} == {ANA: "64a7", BO: "b"}
    assert reply.missing == (CY,)
    assert reply.credits_consumed == 1
    assert reply.found[ANA].body == ana


@pytest.mark.parametrize(
    "match",
    [
        {"organization": {"primary_domain": "gamma.test"}},
        {"organization": {"website_url": "http://www.Gamma.test/en"}},
        {"organization": {}, "email": "cy@gamma.test"},
        {"organization": {}},
    ],
)
def test_a_name_is_matched_where_the_employer_does_not_contradict(match: dict[str, object]) -> None:
    with a_vendor(matched({"id": "c", "first_name": "CY", "last_name": "roe", **match})) as client:
        reply = match_people(client, [CY])
    assert reply.found[CY].id == "c"


def test_a_namesake_at_another_company_is_kept_apart_and_not_guessed() -> None:
    namesake = {"id": "n", "first_name": "Cy", "last_name": "Roe", "organization": {"primary_domain": "delta.test"}}
    with a_vendor(matched(namesake)) as client:
        reply = match_people(client, [CY])
    assert (reply.found, reply.missing, reply.unmatched) == ({}, (CY,), (namesake,))


def test_two_of_one_name_are_not_matched_by_the_name_alone() -> None:
    other = PersonAsked(first_name="Cy", last_name="Roe", domain="delta.test")
    with a_vendor(matched({"id": "c", "first_name": "Cy", "last_name": "Roe"})) as client:
        assert match_people(client, [CY, other]).missing == (CY, other)


def test_a_match_without_an_id_is_kept_as_sent() -> None:
    with a_vendor(matched({"first_name": "Ana"})) as client:
        assert match_people(client, [ANA]).unmatched == ({"first_name": "Ana"},)


@pytest.mark.parametrize("sent", ["9007199254740993", '"9007199254740993"'])
def test_a_request_id_keeps_all_its_digits(sent: str) -> None:
    with a_vendor(Answer(body=f'{{"matches": [], "request_id": {sent}}}')) as client:
        requests = sent_by(client)
        reply = match_people(client, [ANA], with_waterfall=True)
    assert reply.request_id == 9007199254740993
    assert str(requests[0].url.query, "ascii") == "run_waterfall_email=true"


def test_a_request_id_that_lost_digits_is_not_used() -> None:
    with a_vendor(Answer(body='{"matches": [], "request_id": 9.007199254740993e15}')) as client:
        assert match_people(client, [ANA]).request_id is None


@pytest.mark.parametrize("number", [0, 11])
def test_a_wrong_number_of_people_is_refused_before_anything_is_sent(number: int) -> None:
    with a_vendor(matched()) as client:
        with pytest.raises(VendorRefused, match=f"{number} people"):
            match_people(client, [PersonAsked(id=str(n)) for n in range(number)])
        assert client.requests_sent == 0


def test_a_failure_with_status_200_is_refused() -> None:
    failed = {"status": "failed", "error_code": "INVALID_REQUEST", "error_message": "no", "matches": []}
    with a_vendor(answer(failed)) as client, pytest.raises(VendorRefused, match="INVALID_REQUEST no"):
        match_people(client, [ANA])


@pytest.mark.parametrize(
    "order",
    [
        lambda client: match_people(client, [ANA]),
        lambda client: organizations(client, ["acme.test"]),
        lambda client: list(job_postings(client, "o1")),
    ],
    ids=["people", "organizations", "job postings"],
)
def test_what_costs_is_not_asked_twice(order: Any) -> None:
    with a_vendor(Answer(500), matched(organizations=[], organization_job_postings=[])) as client:
        with pytest.raises(VendorUnavailable, match="not repeated") as raised:
            order(client)
        assert client.requests_sent == 1
    assert raised.value.is_in_doubt


def test_organizations_are_found_by_the_domain_that_was_asked_for() -> None:
    acme = {
        "id": "o1", "primary_domain": "acme.test", "estimated_num_employees": "1,200", "annual_revenue": 5e6,
        "total_funding": "a lot", "keywords": None, "funding_events": [None, {"amount": "100M", "investors": []}],
        "current_technologies": [{"uid": "x", "name": "X"}], "departmental_head_count": {"sales": 4},
        "latest_funding_round_date": "2024-02-01T00:00:00.000+00:00", "something": "new",
    }  # fmt: skip
    renamed = {"id": "o2", "primary_domain": "newname.test"}
    with a_vendor(answer({"status": "success", "organizations": [renamed, None, acme]})) as client:
        sent = sent_by(client)
        reply = organizations(client, ["https://www.Acme.test", "oldname.test"])
    assert sent[0].url.params.get_list("domains[]") == ["https://www.Acme.test", "oldname.test"]
    assert list(reply.found) == ["https://www.Acme.test"]
    assert (reply.missing, reply.unmatched, reply.credits_consumed) == (("oldname.test",), (renamed,), None)
    found = reply.found["https://www.Acme.test"]
    assert (found.estimated_num_employees, found.annual_revenue, found.total_funding) == (1200, 5_000_000, None)
    assert [event.amount for event in found.funding_events] == ["100M"]
    assert found.departmental_head_count == {"sales": 4}
    assert str(found.latest_funding_round_date) == "2024-02-01 00:00:00"


def test_job_postings_go_on_while_a_page_may_be_full() -> None:
    def page(*ids: int) -> Answer:
        return answer({"organization_job_postings": [{"id": n, "title": None, "city": None} for n in ids]})

    with a_vendor(page(*range(25)), page(25)) as client:
        sent = sent_by(client)
        pages = list(job_postings(client, "o/1"))
    assert [len(one) for one in pages] == [25, 1]
    assert [request.url.raw_path for request in sent] == [
        b"/organizations/o%2F1/job_postings?page=1&per_page=100",
        b"/organizations/o%2F1/job_postings?page=2&per_page=100",
    ]
    assert [JobPosting.read(one).id for one in pages[1]] == ["25"]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (Answer(404, '{"error_code":"result_pending","retry_after_seconds":25}'),
         LateResult("pending", ask_again_after_seconds=25.0)),
        (Answer(404, '{"error_code":"result_pending"}'), LateResult("pending", ask_again_after_seconds=10.0)),
        (Answer(404, '{"error_code":"request_id_unknown"}'), LateResult("unknown")),
        (Answer(410, '{"error_code":"request_id_expired"}'), LateResult("expired")),
        (answer({"webhook_status": "in_progress"}), LateResult("pending", ask_again_after_seconds=10.0)),
        (answer({"webhook_status": "success", "webhook_result": {"people": []}}),
         LateResult("done", result={"people": []})),
        (answer({"webhook_status": "failed", "failure_reason": "no luck"}), LateResult("failed", reason="no luck")),
    ],
)  # fmt: skip
def test_a_late_result_is_pending_done_failed_expired_or_unknown(reply: Answer, result: LateResult) -> None:
    with a_vendor(reply) as client:
        sent = sent_by(client)
        assert late_result(client, 2**63 - 1) == result
    assert sent[0].url.path == "/webhook_result/9223372036854775807"


def test_a_late_result_that_says_something_else_is_not_taken_for_pending() -> None:
    with a_vendor(answer({"webhook_status": "sideways"})) as client, pytest.raises(VendorUnreadable, match="sideways"):
        late_result(client, 1)


def test_a_wrong_address_is_not_taken_for_a_pending_result() -> None:
    with a_vendor(Answer(404, "not found", "text/plain")) as client, pytest.raises(VendorRefused, match="404"):
        late_result(client, 1)


def test_a_wrong_key_answered_in_plain_text_is_refused_in_these_words() -> None:
    with a_vendor(Answer(401, "Invalid API key.", "text/plain")) as client:
        with pytest.raises(VendorRefused, match=r"401 Invalid API key\.") as raised:
            apollo.api_profile(client)
        assert client.requests_sent == 1
    assert not is_out_of_credit(raised.value)


@pytest.mark.parametrize(
    ("status", "said", "is_out"),
    [
        (402, "", True),
        (403, "You have insufficient credits", True),
        (422, '{"error":"Not enough lead Credits"}', True),
        (403, '{"error":"not authorized","error_code":"API_INACCESSIBLE"}', False),
        (403, '{"message":"This endpoint is only available to Apollo users on paid plans."}', False),
        (400, "credits must be a number", False),
    ],
)
def test_being_out_of_credit_is_told_from_other_refusals(status: int, said: str, is_out: bool) -> None:
    assert is_out_of_credit(VendorRefused("Apollo refused", status, said)) == is_out


def test_a_record_without_an_id_is_unreadable_and_its_values_stay_unsaid() -> None:
    with pytest.raises(VendorUnreadable, match="Apollo sent a Person without id") as raised:
        Person.read({"email": "ana@acme.test"})
    assert "ana@" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_an_organization_of_nothing_but_nulls_is_read() -> None:
    fields = dict.fromkeys(Organization.model_fields)
    assert Organization.read({**fields, "id": 5}).model_dump() == Organization(id="5").model_dump()


@pytest.mark.parametrize(
    ("a_minute", "an_hour", "kept"),
    [
        (200, 600, (Limit(60, 200), Limit(3600, 600))),
        (200, 100, (Limit(3600, 100),)),
        (10, 600, (Limit(60, 10),)),
    ],
)
def test_the_limits_of_the_plan_are_kept(a_minute: int, an_hour: int, kept: tuple[Limit, ...]) -> None:
    settings = Settings(apollo_requests_per_minute=a_minute, apollo_requests_per_hour=an_hour)
    with apollo.connect(settings) as client:
        assert tuple(client.limits) == kept


@pytest.mark.parametrize(
    ("given", "url", "key"),
    [
        ({}, "http://127.0.0.1:4780/apollo/api/v1", "sandbox-apollo-key"),
        ({"apollo_key": "mine"}, "https://api.apollo.io/api/v1", "mine"),
        ({"apollo_key": "mine", "apollo_url": "http://x.test"}, "http://x.test", "mine"),
    ],
)
def test_without_a_key_the_sandbox_is_spoken_to(given: dict[str, Any], url: str, key: str) -> None:
    with apollo.connect(Settings(sandbox_port=4780, **given)) as client:
        assert (client.base_url, client.headers) == (url, {"x-api-key": key})
