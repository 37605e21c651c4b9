"""Fellow's pages are read to the end, whatever its server does meanwhile."""

from collections.abc import Iterator
from datetime import datetime
from json import dumps

import httpx
import pytest

from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.vendors.scripted import a_vendor, pages
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
