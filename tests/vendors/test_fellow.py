"""Fellow's pages are read to the end, whatever its server does meanwhile."""

from collections.abc import Iterator
from datetime import datetime
from json import dumps

import httpx
import pytest

from intake.meetings import delivered
from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.vendors.scripted import Answer, Received, a_vendor, pages
from vendors import fellow
from vendors.crm import leads_csv, outcomes_csv
from vendors.http import Client

FRIDAY = datetime(2026, 1, 23, 18)
WEEK_BEFORE = datetime(2026, 1, 16, 18)


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(
        World(seed=7, start=datetime(2026, 1, 5), calls_per_week=60), requests_per_second=None
    ) as server:
        server.set_now(FRIDAY)
        yield server


@pytest.fixture
def sandbox(running: SandboxServer) -> Iterator[SandboxServer]:
    yield running
    httpx.post(f"{running.url}/_sandbox/faults", json={}).raise_for_status()


def connected(sandbox: SandboxServer, subdomain: str = "sandbox", key: str | None = None) -> Client:
    url = f"{sandbox.url}/fellow/{subdomain}/api/v1"
    client = fellow.connect(Settings(fellow_url=url, fellow_key=key, fellow_requests_per_second=10_000))
    client.first_wait_seconds = 0.001
    return client


def ids(listed: Iterator[list[dict[str, object]]]) -> list[str]:
    return [str(body["id"]) for page in listed for body in page]


def test_every_recording_is_given_once(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client:
        listed = list(fellow.recordings(client, None))
    found = [body["id"] for page in listed for body in page]
    assert len(found) == len(set(found)) == sandbox.world.started(FRIDAY)
    assert [len(page) for page in listed[:-1]] == [fellow.PAGE_SIZE] * (len(listed) - 1)
    assert len(listed) > 2


def test_recordings_bring_transcripts_and_notes_bring_attendees(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client:
        recordings = [fellow.Recording.model_validate(body) for body in next(fellow.recordings(client, None))]
        notes = [fellow.Note.model_validate(body) for body in next(fellow.notes(client, None))]
    assert any(one.transcript and one.transcript.speech_segments for one in recordings)
    assert any(one.ai_notes for one in recordings)
    assert any(note.event_attendees for note in notes)


def test_only_what_changed_since_is_asked_for(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client:
        everything = [body for page in fellow.recordings(client, None) for body in page]
        changed = ids(fellow.recordings(client, WEEK_BEFORE))
    assert 0 < len(changed) < len(everything)
    assert set(changed) == {body["id"] for body in everything if body["updated_at"] >= "2026-01-16T18:00:00.000Z"}


def test_trouble_on_the_way_loses_nothing(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client:
        in_peace = ids(fellow.recordings(client, None))
        faults = {"server_error": 0.1, "malformed_json": 0.1, "empty_body": 0.1, "reset": 0.1, "seed": 3}
        httpx.post(f"{sandbox.url}/_sandbox/faults", json=faults).raise_for_status()
        asked = client.requests_sent
        assert ids(fellow.recordings(client, None)) == in_peace
        assert client.requests_sent - asked > -(-len(in_peace) // fellow.PAGE_SIZE)


def test_a_wrong_workspace_name_is_told_as_such(sandbox: SandboxServer) -> None:
    with connected(sandbox, subdomain="nobody") as client, pytest.raises(VendorUnreadable, match="workspace name"):
        ids(fellow.recordings(client, None))


def test_a_wrong_key_is_refused(sandbox: SandboxServer) -> None:
    with connected(sandbox, key="wrong") as client, pytest.raises(VendorRefused, match="401"):
        ids(fellow.recordings(client, None))


def test_a_cursor_that_comes_back_does_not_run_forever() -> None:
    page = dumps({"recordings": {"data": [{"id": "rec_1"}], "page_info": {"cursor": "again"}}})
    with a_vendor(*pages(page)) as client, pytest.raises(VendorUnreadable, match="same cursor"):
        ids(fellow.recordings(client, None))


@pytest.mark.parametrize("body", [{}, {"recordings": []}, {"recordings": {"data": None}}])
def test_a_page_without_data_is_unreadable(body: object) -> None:
    with a_vendor(*pages(dumps(body))) as client, pytest.raises(VendorUnreadable, match=r"without recordings\.data"):
        ids(fellow.recordings(client, None))


def test_a_page_without_page_info_is_the_last() -> None:
    with a_vendor(*pages(dumps({"notes": {"data": [{"id": "note_1"}]}}))) as client:
        assert ids(fellow.notes(client, None)) == ["note_1"]


@pytest.mark.parametrize(
    ("known", "url"),
    [
        ({}, "http://127.0.0.1:4780/fellow/sandbox/api/v1"),
        ({"fellow_key": "k", "fellow_subdomain": "acme"}, "https://acme.fellow.app/api/v1"),
        ({"fellow_key": "k", "fellow_url": "http://proxy/api"}, "http://proxy/api"),
    ],
)
def test_the_workspace_lives_where_the_settings_say(known: dict[str, str], url: str) -> None:
    assert fellow.base_url(Settings(**known)) == url  # type: ignore[arg-type]


def test_the_crms_exports_come_from_the_sandbox_by_default(sandbox: SandboxServer) -> None:
    here = Settings(sandbox_port=int(sandbox.url.rsplit(":", 1)[1]))
    leads, outcomes = leads_csv(here), outcomes_csv(here)
    assert leads is not None
    assert outcomes is not None
    assert leads.startswith("Record ID,")
    assert "Deal Stage" in outcomes.splitlines()[0]


def test_real_calls_without_a_configured_export_have_none() -> None:
    assert leads_csv(Settings(fellow_key="real")) is None  # type: ignore[arg-type]


def test_action_items_are_given_as_sent_and_read(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client:
        sent = [body for page in fellow.action_items(client) for body in page]
    items = [fellow.ActionItem.model_validate(body) for body in sent]
    assert len({item.id for item in items}) == len(items) > 50
    assert {item.state for item in items} == {"open"}
    assert all(item.text and item.assignees[0].email for item in items)


def test_action_items_are_asked_for_with_the_filters_that_fellow_documents() -> None:
    received: list[Received] = []
    items = [{"id": "ai_1", "updated_at": "2026-01-16T17:59:59.999Z"}, {"id": "ai_2"}]
    items += [{"id": "ai_3", "updated_at": "2026-01-16T18:00:00Z"}, {"id": "ai_4", "updated_at": "long ago"}]
    first = dumps({"action_items": {"data": items, "page_info": {"cursor": "c"}}})
    last = dumps({"action_items": {"data": items[:1], "page_info": {"cursor": None}}})
    with a_vendor(*pages(first, last), received=received) as client:
        listed = list(fellow.action_items(client, WEEK_BEFORE, scope="assigned_to_others", completed=False))
    assert [[body["id"] for body in page] for page in listed] == [["ai_2", "ai_3", "ai_4"], []]
    assert [(one.method, one.path, one.json) for one in received] == [
        (
            "POST",
            "/action_items",
            {
                "pagination": {"cursor": cursor, "page_size": 50},
                "filters": {"scope": "assigned_to_others", "completed": False},
            },
        )
        for cursor in (None, "c")
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [("Incomplete", "open"), ("Done", "done"), ("complete", "done"), ("Archived", "archived"), ("Snoozed", "unknown"),
     (None, "unknown")],
)  # fmt: skip
def test_a_status_is_read_in_whatever_words(status: str | None, state: str) -> None:
    assert fellow.ActionItem(id="ai_1", status=status).state == state


def test_one_recording_and_one_note_are_fetched_whole(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client:
        listed = next(body for body in next(fellow.recordings(client, None)) if body["note_id"] and body["transcript"])
        recording = fellow.recording(client, listed["id"])
        note = fellow.note(client, listed["note_id"])
    assert (recording["id"], recording["transcript"]) == (listed["id"], listed["transcript"])
    assert note["recording_ids"] == [listed["id"]]
    assert fellow.Note.model_validate(note).event_attendees is not None


def test_what_is_not_there_is_refused(sandbox: SandboxServer) -> None:
    with connected(sandbox) as client, pytest.raises(VendorRefused, match="Recording not found") as raised:
        fellow.recording(client, "rec_nobody")
    assert raised.value.status == 404


def test_an_item_without_its_envelope_is_read_too() -> None:
    with a_vendor(*pages('{"id": "rec_1"}')) as client:
        assert fellow.recording(client, "rec_1") == {"id": "rec_1"}


@pytest.mark.parametrize("body", ["{}", '{"recording": null}', '{"recording": {}}', '{"recording": []}'])
def test_an_answer_without_the_item_is_unreadable(body: str) -> None:
    with a_vendor(*pages(body)) as client, pytest.raises(VendorUnreadable, match="without a recording"):
        fellow.recording(client, "rec_1")


@pytest.mark.parametrize("item_id", ["../me", "a/b", "a?b", "a#b", "..", "", "a" * 129])
def test_an_id_from_outside_leads_nowhere_else(item_id: str) -> None:
    with a_vendor(*pages("{}")) as client:
        for ask in (fellow.recording, fellow.note, fellow.delete_webhook):
            with pytest.raises(VendorRefused, match="no id of Fellow's"):
                ask(client, item_id)
        assert client.requests_sent == 0


def test_a_webhook_is_made_with_its_secret() -> None:
    received: list[Received] = []
    with a_vendor(*pages('{"webhook": {"id": "wh_1", "secret": "whsec_c2VjcmV0"}}'), received=received) as client:
        webhook = fellow.create_webhook(client, "https://ringback.example/fellow")
    assert (webhook.id, webhook.secret.get_secret_value()) == ("wh_1", "whsec_c2VjcmV0")
    assert "c2VjcmV0" not in repr(webhook)
    assert [(one.method, one.path, one.json) for one in received] == [
        (
            "POST",
            "/webhook",
            {
                "url": "https://ringback.example/fellow",
                "enabled_events": ["ai_note.generated", "ai_note.shared_to_channel"],
                "description": "ringback",
                "status": "active",
            },
        )
    ]


def test_a_webhook_that_may_have_been_made_is_not_made_again() -> None:
    with a_vendor(Answer(500), *pages('{"webhook": {"id": "wh_2", "secret": "s"}}')) as client:
        with pytest.raises(VendorUnavailable, match="not repeated"):
            fellow.create_webhook(client, "https://ringback.example/fellow")
        assert client.requests_sent == 1


@pytest.mark.parametrize("body", ["{}", '{"webhook": {"id": "wh_1"}}', '{"webhook": {"id": null, "secret": "shh"}}'])
def test_a_webhook_without_a_secret_is_unreadable(body: str) -> None:
    with a_vendor(*pages(body)) as client, pytest.raises(VendorUnreadable, match="delete it in Fellow") as raised:
        fellow.create_webhook(client, "https://ringback.example/fellow")
    assert "shh" not in str(raised.value)


def test_an_unknown_event_is_refused_before_it_is_asked_for() -> None:
    with a_vendor(*pages("{}")) as client:
        with pytest.raises(VendorRefused, match=r"knows no event ai_note\.made"):
            fellow.create_webhook(client, "https://ringback.example/fellow", ["ai_note.made"])
        assert client.requests_sent == 0


@pytest.mark.parametrize("answer", [Answer(204, ""), Answer(200, "{}"), Answer(404, '{"detail": "Not found"}')])
def test_a_webhook_is_deleted_or_was_before(answer: Answer) -> None:
    received: list[Received] = []
    with a_vendor(answer, received=received) as client:
        fellow.delete_webhook(client, "wh_1")
    assert [(one.method, one.path) for one in received] == [("DELETE", "/webhook/wh_1")]


def test_a_webhook_that_may_not_be_deleted_is_told() -> None:
    with a_vendor(Answer(403, '{"detail": "Forbidden"}')) as client, pytest.raises(VendorRefused, match="403"):
        fellow.delete_webhook(client, "wh_1")


@pytest.mark.parametrize(
    ("body", "challenge"),
    [
        (b'{"type": "url_verification", "challenge": "abc"}', "abc"),
        (b'{"event_type": "ai_note.generated", "id": "rec_1", "challenge": "abc"}', None),
        (b'{"type": "url_verification", "challenge": 5}', None), (b'{"type": "url_verification"}', None),
        (b"[]", None), (b"", None), (b"\xff", None),
    ],
)  # fmt: skip
def test_only_a_challenge_is_answered_as_one(body: bytes, challenge: str | None) -> None:
    assert fellow.challenge_of(body) == challenge


def test_a_delivery_is_read() -> None:
    delivery = fellow.Delivery.model_validate_json(
        dumps(
            {
                "event_type": "ai_note.generated", "id": "rec_1", "event_title": "Acme / Intro",
                "recording_start": "2026-01-16T18:00:00Z", "attendees": [{"name": "Ana", "email": "ana@acme.test"}],
                "transcript": "Ana: Hi", "organizer_email": None, "unheard_of": 1,
            }
        )
    )  # fmt: skip
    assert (delivery.event_type, delivery.id, delivery.event_title) == ("ai_note.generated", "rec_1", "Acme / Intro")
    assert [one.email for one in delivery.attendees or []] == ["ana@acme.test"]


@pytest.mark.parametrize("names", ["id", "note_id"])
def test_a_delivery_is_followed_whether_it_names_the_recording_or_the_note(sandbox: SandboxServer, names: str) -> None:
    with connected(sandbox) as client:
        listed = next(body for body in next(fellow.recordings(client, None)) if body["note_id"])
        delivery = fellow.Delivery(event_type="ai_note.generated", id=listed[names])
        payloads = delivered(client, delivery, FRIDAY)
    assert [(one.kind, one.external_id) for one in payloads] == [
        ("recording", listed["id"]),
        ("note", listed["note_id"]),
    ]


@pytest.mark.parametrize("delivery_id", ["rec_nobody", "ain_1", "../me"])
def test_a_delivery_that_leads_nowhere_is_left_to_the_lists(sandbox: SandboxServer, delivery_id: str) -> None:
    with connected(sandbox) as client:
        assert delivered(client, fellow.Delivery(event_type="ai_note.generated", id=delivery_id), FRIDAY) == []


def test_trouble_with_a_deliverys_recording_is_not_taken_for_nothing(sandbox: SandboxServer) -> None:
    delivery = fellow.Delivery(event_type="ai_note.generated", id="rec_1")
    with connected(sandbox, key="wrong") as client, pytest.raises(VendorRefused, match="401"):
        delivered(client, delivery, FRIDAY)
