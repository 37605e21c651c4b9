"""Fellow's recordings and notes become calls, or are set aside with the field that is wrong."""

from json import dumps
from typing import Any

import pytest

from intake.meetings import call_of, payload_of
from intake.store import worth_enriching
from ringback.records import Call, Rejected
from tests.factories import DAY, NOON, a_call

OWN = ("ringback-customer.example",)
RECORDING: dict[str, Any] = {
    "id": "rec_1", "title": "Acme Corp / Intro Call", "started_at": "2026-03-18T12:00:00Z",
    "ended_at": "2026-03-18T12:30:00Z", "note_id": "note_1",
    "transcript": {"speech_segments": [
        {"speaker": "Ana", "text": "We love it.", "start_time": 1.0},
        {"speaker": None, "text": "Great."},
    ]},
    "ai_notes": [
        {"is_active": True, "sections": [
            {"title": "Summary", "content": "They want voice AI."},
            {"title": "Next steps", "content": [{"text": "Send pricing", "bullet_points": ["by Friday"]}, "Pilot"]},
        ]},
        {"is_active": False, "sections": [{"content": "An old draft."}]},
    ],
}  # fmt: skip
NOTE = {"id": "note_1", "event_attendees": [{"email": "bo@ringback-customer.example"}, {"email": "Ana@acme.com"}]}


def read(note: object = NOTE, **changes: object) -> Call | Rejected:
    return call_of(dumps(RECORDING | changes), dumps(note) if note else None, NOON + DAY, OWN)


def call(note: object = NOTE, **changes: object) -> Call:
    found = read(note, **changes)
    assert isinstance(found, Call)
    return found


def test_a_recording_and_its_note_become_a_call() -> None:
    found = call()
    assert (found.call_id, found.called_at, found.known_at, found.minutes) == ("fellow:rec_1", NOON, NOON + DAY, 30.0)
    assert (found.company_id, found.company_name, found.lead_id) == ("acme.com", "Acme Corp", "ana@acme.com")
    assert found.attendees == ("bo@ringback-customer.example", "Ana@acme.com")
    assert found.sentiment is not None
    assert found.sentiment > 0


def test_notes_are_the_active_ones_in_reading_order() -> None:
    assert call().notes == "Summary:\nThey want voice AI.\nNext steps:\nSend pricing\nby Friday\nPilot"


def test_a_transcript_is_lines_of_who_said_what() -> None:
    assert call().transcript == "Ana: We love it.\nUnknown: Great."


def test_without_a_note_the_title_names_the_company() -> None:
    found = call(note=None)
    assert (found.company_id, found.lead_id) == ("name:acme-corp", "company:name:acme-corp")


def test_a_recording_that_is_still_being_transcribed_has_no_words() -> None:
    found = call(transcript=None, ai_notes=None, ended_at=None)
    assert (found.notes, found.transcript, found.sentiment, found.minutes) == (None, None, None, None)


def test_an_unknown_key_is_ignored() -> None:
    assert call(brand_new_key={"x": 1}).call_id == "fellow:rec_1"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"started_at": None}, "started_at"),
        ({"started_at": "the other day"}, "started_at"),
        ({"transcript": "text"}, "transcript"),
        ({"transcript": {"speech_segments": [{"speaker": "Ana"}]}}, "transcript.speech_segments.0.text"),
        ({"id": 7}, "id"),
    ],
)
def test_a_malformed_recording_is_rejected_with_the_field(changes: dict[str, object], field: str) -> None:
    found = read(**changes)
    assert isinstance(found, Rejected)
    assert (found.field, found.external_id, bool(found.reason)) == (field, str((RECORDING | changes)["id"]), True)


def test_the_content_changes_with_the_note() -> None:
    assert call().content_hash == call().content_hash != call(note=None).content_hash


def test_a_version_from_after_the_moment_is_not_there_yet() -> None:
    body = RECORDING | {"updated_at": "2026-03-19T12:00:00Z"}
    assert payload_of("recording", body, NOON) is None
    payload = payload_of("recording", body, NOON + DAY)
    assert payload is not None
    assert payload.known_at == NOON + DAY


@pytest.mark.parametrize("updated_at", [None, "recently", 7])
def test_a_payload_without_a_readable_moment_is_known_when_it_was_fetched(updated_at: object) -> None:
    payload = payload_of("recording", RECORDING | {"updated_at": updated_at}, NOON)
    assert payload is not None
    assert payload.known_at == NOON


def test_a_company_is_worth_enriching_for_what_was_said() -> None:
    said = a_call(company_id="acme.com", notes="A voice AI pilot this quarter.", sentiment=0.5)
    waiting = worth_enriching(said)
    assert waiting is not None
    # 50 + 10 for each of three phrases + 20 * 0.5
    assert (waiting.priority, waiting.reason) == (90, "said in a call: voice ai, pilot, this quarter")


@pytest.mark.parametrize(
    "dull",
    [
        a_call(company_id="acme.com", notes="Hello.", sentiment=0.1),
        a_call(company_id="name:acme", notes="Voice AI pilot pricing.", sentiment=1.0),
        a_call(notes="Voice AI pilot pricing.", sentiment=1.0),
    ],
    ids=["nothing said", "no domain", "no company"],
)
def test_a_dull_call_or_an_unknown_company_is_not(dull: Call) -> None:
    assert worth_enriching(dull) is None
