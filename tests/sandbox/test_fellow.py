"""Fellow's stand-in answers as Fellow does, over real HTTP."""

import time
from datetime import datetime, timedelta

import httpx
import pytest

from sandbox.fellow_records import JsonObject, iso
from sandbox.records import Meeting
from sandbox.server import SandboxServer
from sandbox.timeline import has_transcript

EVERYTHING = {"transcript": True, "ai_notes": True}
FRIDAY_NOON = datetime(2026, 1, 16, 18, 0)
MONTHS_LATER = FRIDAY_NOON + timedelta(weeks=32)


def listed(fellow: httpx.Client, what: str = "recordings", **body: object) -> tuple[list[JsonObject], str | None]:
    reply = fellow.post(f"/{what}", json=body)
    assert reply.status_code == 200, reply.text
    page = reply.json()[what]
    return page["data"], page["page_info"]["cursor"]


def read_all(fellow: httpx.Client, what: str = "recordings", **body: object) -> list[JsonObject]:
    found, cursor = listed(fellow, what, pagination={"page_size": 50}, **body)
    while cursor:
        more, cursor = listed(fellow, what, pagination={"page_size": 50, "cursor": cursor}, **body)
        found += more
    return found


def a_meeting(sandbox: SandboxServer, **wanted: object) -> Meeting:
    """A meeting of the first weeks that is as wanted; ordinary otherwise."""
    ordinary: dict[str, object] = {"malformed": "", "lists_attendees": True, "edited_at": None}
    for meeting in sandbox.world.meetings(MONTHS_LATER):
        as_wanted = all(getattr(meeting, name) == value for name, value in {**ordinary, **wanted}.items())
        if as_wanted and (meeting.note_id is None) == ("note_id" in wanted):
            return meeting
    raise AssertionError(f"no meeting with {wanted}")


def test_every_recording_comes_once_newest_first(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    found = read_all(fellow)
    started = sandbox.world.meetings(FRIDAY_NOON)
    assert sorted(str(one["id"]) for one in found) == sorted(meeting.meeting_id for meeting in started)
    created = [str(one["created_at"]) for one in found if one["created_at"]]
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("size", [1, 7, 50])
def test_paging_loses_and_repeats_nothing_while_recordings_arrive(
    sandbox: SandboxServer, fellow: httpx.Client, size: int
) -> None:
    sandbox.set_now(now := datetime(2026, 1, 8, 16, 0))
    before = {meeting.meeting_id for meeting in sandbox.world.meetings(now)}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = listed(fellow, pagination={"page_size": size, "cursor": cursor})
        seen += [str(one["id"]) for one in page]
        sandbox.set_now(now := now + timedelta(minutes=20))
        if not cursor:
            break
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_a_page_that_is_just_full_is_the_last(fellow: httpx.Client, sandbox: SandboxServer) -> None:
    sandbox.set_now(sandbox.world.meetings(FRIDAY_NOON)[9].started_at)
    page, cursor = listed(fellow, pagination={"page_size": 10})
    assert (len(page), cursor) == (10, None)


def test_heavy_fields_are_null_unless_included(fellow: httpx.Client) -> None:
    light, _ = listed(fellow, pagination={"page_size": 50})
    heavy, _ = listed(fellow, pagination={"page_size": 50}, include=EVERYTHING, media_url={"expire_in": 60})
    assert all(one["transcript"] is one["ai_notes"] is one["media_url"] is None for one in light)
    assert any(one["transcript"] and one["ai_notes"] and one["media_url"] for one in heavy)


def test_a_recording_grows_from_start_to_end_to_transcript(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    meeting = a_meeting(sandbox)
    stages = []
    for moment in (meeting.started_at, meeting.ended_at, meeting.transcript_at):
        for when in (moment - timedelta(milliseconds=1), moment):
            sandbox.set_now(when)
            reply = fellow.get(f"/recording/{meeting.meeting_id}")
            one = reply.json().get("recording") or {}
            stages.append((reply.status_code, bool(one.get("ended_at")), bool(one.get("transcript")),
                           one.get("updated_at")))  # fmt: skip
    start, end, ready = iso(meeting.started_at), iso(meeting.ended_at), iso(meeting.transcript_at)
    assert stages == [
        (404, False, False, None), (200, False, False, start),
        (200, False, False, start), (200, True, False, end),
        (200, True, False, end), (200, True, True, ready),
    ]  # fmt: skip


def test_a_late_transcript_is_found_by_its_update(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    a_day = timedelta(days=1)
    ordinary = (m for m in sandbox.world.meetings(MONTHS_LATER) if not m.malformed and not m.edited_at)
    late = next(m for m in ordinary if m.transcript_at - m.ended_at > a_day)
    sandbox.set_now(late.ended_at + timedelta(hours=20))
    assert fellow.get(f"/recording/{late.meeting_id}").json()["recording"]["transcript"] is None
    sandbox.set_now(late.transcript_at + timedelta(hours=1))
    since = {"updated_at_start": iso(late.ended_at + timedelta(hours=20))}
    changed = {one["id"]: one for one in read_all(fellow, filters=since, include=EVERYTHING)}
    assert changed[late.meeting_id]["transcript"]


def test_edited_notes_change_and_move_updated_at(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    edited = next(m for m in sandbox.world.meetings(FRIDAY_NOON + timedelta(weeks=8)) if m.edited_at and m.note_id)
    assert edited.edited_at is not None
    texts = []
    for when in (edited.edited_at - timedelta(seconds=1), edited.edited_at):
        sandbox.set_now(when)
        texts.append(fellow.get(f"/note/{edited.note_id}").json()["note"])
    assert edited.edit not in texts[0]["content_markdown"]
    assert edited.edit in texts[1]["content_markdown"]
    assert texts[0]["updated_at"] < texts[1]["updated_at"] == iso(edited.edited_at)


def test_update_filter_gives_what_a_full_scan_gives(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    since = iso(FRIDAY_NOON - timedelta(days=1))
    changed = {one["id"] for one in read_all(fellow) if str(one["updated_at"]) >= since}
    assert {one["id"] for one in read_all(fellow, filters={"updated_at_start": since})} == changed
    assert changed


def test_filters_by_title_guid_and_creation(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    meeting = a_meeting(sandbox)
    by_guid, _ = listed(fellow, filters={"event_guid": meeting.event_guid})
    assert [one["id"] for one in by_guid] == [meeting.meeting_id]
    by_title = read_all(fellow, filters={"title": meeting.title.upper()})
    assert meeting.meeting_id in {one["id"] for one in by_title}
    of_a_day = read_all(fellow, filters={"created_at_start": "2026-01-07", "created_at_end": "2026-01-08T00:00:00Z"})
    assert {str(one["created_at"])[:10] for one in of_a_day} == {"2026-01-07"}


@pytest.mark.parametrize(
    ("body", "location", "message"),
    [
        ({"pagination": {"page_size": 51}}, "page_size", "Input should be less than or equal to 50"),
        ({"pagination": {"page_size": 0}}, "page_size", "Input should be greater than or equal to 1"),
        ({"pagination": {"page_size": "9"}}, "page_size", "Input should be a valid integer"),
        ({"pagination": {"cursor": "guessed"}}, "cursor", "Invalid cursor"),
        (
            {"filters": {"updated_at_start": "last week"}},
            "updated_at_start",
            "Input should be a valid datetime or date",
        ),
        ({"filters": 3}, "filters", "Input should be a valid dictionary"),
    ],
)
def test_what_cannot_be_meant_is_400(fellow: httpx.Client, body: JsonObject, location: str, message: str) -> None:
    reply = fellow.post("/recordings", json=body)
    assert (reply.status_code, reply.json()["errors"]) == (400, [{"location": location, "message": message}])


def test_unknown_keys_are_ignored_and_an_empty_body_is_valid(fellow: httpx.Client) -> None:
    assert len(listed(fellow, page=3, limit=5)[0]) == 20
    assert len(fellow.post("/recordings").json()["recordings"]["data"]) == 20


def test_attendees_come_from_the_note(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    meeting = a_meeting(sandbox)
    body = {"filters": {"event_guid": meeting.event_guid}, "include": {"event_attendees": True}}
    [note], _ = listed(fellow, "notes", **body)
    emails = [meeting.seller.email, *(person.email for person in meeting.people)]
    assert (note["event_attendees"], note["recording_ids"], note["content_markdown"]) == (
        [{"email": email} for email in emails], [meeting.meeting_id], None)  # fmt: skip


def test_some_recordings_have_no_note_and_some_notes_no_attendees(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    noteless, unattended = a_meeting(sandbox, note_id=None), a_meeting(sandbox, lists_attendees=False)
    sandbox.set_now(MONTHS_LATER + timedelta(days=9))
    assert fellow.get(f"/recording/{noteless.meeting_id}").json()["recording"]["note_id"] is None
    assert fellow.get(f"/note/{noteless.meeting_id.replace('rec', 'note')}").status_code == 404
    assert fellow.get(f"/note/{unattended.note_id}").json()["note"]["event_attendees"] == []


def test_malformed_recordings_are_served_malformed(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    timeless, textual = a_meeting(sandbox, malformed="no_times"), a_meeting(sandbox, malformed="segments_as_text")
    sandbox.set_now(MONTHS_LATER + timedelta(days=9))
    shown = fellow.get(f"/recording/{timeless.meeting_id}").json()["recording"]
    assert (shown["created_at"], shown["started_at"]) == (None, None)
    shown = fellow.get(f"/recording/{textual.meeting_id}").json()["recording"]
    assert isinstance(shown["transcript"]["speech_segments"], str)


def test_action_items_are_listed_and_fetched(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    items = read_all(fellow, "action_items")
    ready = [meeting for meeting in sandbox.world.meetings(FRIDAY_NOON) if has_transcript(meeting, FRIDAY_NOON)]
    assert len(items) == sum(len(meeting.notes.action_items) for meeting in ready)
    assert fellow.get(f"/action_item/{items[0]['id']}").json() == {"action_item": items[0]}


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/recording/nonsense", 400, "Invalid recording ID format"),
        ("/recording/rec_99999999", 404, "Recording not found"),
        ("/note/note_99999999", 404, "Note not found"),
        ("/action_item/ai_00000000_9", 404, "Action item not found"),
        ("/recordings/rec_00000000", 404, "Not Found"),
    ],
)
def test_what_is_not_there_is_said_so(fellow: httpx.Client, path: str, status: int, detail: str) -> None:
    reply = fellow.get(path)
    assert (reply.status_code, reply.json()) == (status, {"detail": detail})


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "guessed"}])
def test_without_the_right_key_nobody_gets_in(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    reply = httpx.post(f"{sandbox.url}/fellow/sandbox/api/v1/recordings", json={}, headers=headers)
    assert (reply.status_code, reply.json()) == (401, {"detail": "Unauthorized"})


def test_unknown_subdomain_is_a_web_page_with_200(sandbox: SandboxServer) -> None:
    reply = httpx.get(f"{sandbox.url}/fellow/acme/api/v1/me", headers={"X-API-KEY": "sandbox-fellow-key"})
    assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_fourth_request_in_a_second_is_refused_with_and_without_retry_after(
    sandbox: SandboxServer, fellow: httpx.Client
) -> None:
    httpx.post(f"{sandbox.url}/_sandbox/rate", json={"requests_per_second": 3})
    replies = [fellow.get("/me") for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[3].json()["code"] == "rate_limited"
    assert {reply.headers.get("Retry-After") for reply in replies[3:]} == {"1", None}
    time.sleep(1.01)
    assert fellow.get("/me").status_code == 200


def test_faults_come_on_demand_and_go_again(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    got = {}
    for kind in ("server_error", "rate_limited", "malformed_json", "html", "empty_body", "timeout", "reset"):
        httpx.post(f"{sandbox.url}/_sandbox/faults", json={kind: 1.0, "hang_seconds": 0.5}).raise_for_status()
        try:
            reply = fellow.get("/me", timeout=0.2)
            got[kind] = f"{reply.status_code} {reply.text[:10]}"
        except httpx.TransportError as error:
            got[kind] = type(error).__name__
    assert got == {
        "server_error": '500 {"message"', "rate_limited": '429 {"code":"r', "malformed_json": '200 {"recordin',
        "html": "200 <html><bod", "empty_body": "200 ", "timeout": "ReadTimeout", "reset": "RemoteProtocolError",
    }  # fmt: skip
    httpx.post(f"{sandbox.url}/_sandbox/faults", json={}).raise_for_status()
    assert fellow.get("/me").status_code == 200


def test_faults_come_in_the_same_order_for_the_same_seed(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    runs = []
    for _ in range(2):
        httpx.post(f"{sandbox.url}/_sandbox/faults", json={"server_error": 0.4, "seed": 5}).raise_for_status()
        runs.append([fellow.get("/me").status_code for _ in range(25)])
    assert runs[0] == runs[1]
    assert 2 < runs[0].count(500) < 20
