"""Fellow's payloads become calls: a recording and its note are read, named and checked."""

from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from datetime import datetime
from json import loads
from typing import Any

from pydantic import ValidationError

from intake.identity import company_id_of, company_in_title, company_of_attendees, lead_id_of, own_among
from intake.sentiment import sentiment_of
from ringback.clock import as_utc
from ringback.errors import VendorRefused
from ringback.records import Call, Payload, Rejected
from vendors import fellow
from vendors.http import Client
from warehouse.landing import content_hash

NO_SUCH_THING = (None, 400, 404)
"""Fellow's answers to an id of another kind, and our own (no status) to one that cannot be an id."""


def payload_of(kind: str, body: dict[str, Any], fetched_as_of: datetime) -> Payload | None:
    """Keep what Fellow sent; None for a version that only came to be after `fetched_as_of`.

    A payload without a readable `updated_at` is taken as known when it was fetched.
    """
    from json import dumps

    known_at = _moment(body.get("updated_at")) or fetched_as_of
    if known_at > fetched_as_of:
        return None
    return Payload(
        source=fellow.SOURCE,
        kind=kind,
        external_id=str(body.get("id") or f"unnamed-{content_hash(body)}"),
        content_hash=content_hash(body),
        known_at=known_at,
        body=dumps(body, ensure_ascii=False),
    )


def delivered(client: Client, delivery: fellow.Delivery, fetched_as_of: datetime) -> list[Payload]:
    """Fetch the recording that a webhook's delivery tells of, and its note, to be kept like those of the lists.

    Empty where the delivery's id leads to no recording: Fellow does not say what the id names, so it is tried as a
    recording's and as a note's, and what is not found so comes with the next regular reading of the lists. That reading
    starts where the newest kept payload stands: land these only together with one, or it would skip what came between.
    """
    recording = _asked(fellow.recording, client, delivery.id) or _recording_of_note(client, delivery.id)
    if recording is None:
        return []
    note = _asked(fellow.note, client, str(recording["note_id"])) if recording.get("note_id") else None
    bodies = [("recording", recording), *([("note", note)] if note else [])]
    return [payload for kind, body in bodies if (payload := payload_of(kind, body, fetched_as_of))]


def _recording_of_note(client: Client, note_id: str) -> dict[str, Any] | None:
    """The newest recording of a note; they are listed as they were made."""
    note = _asked(fellow.note, client, note_id) or {}
    listed = note.get("recording_ids") or []
    return _asked(fellow.recording, client, str(listed[-1])) if listed else None


def _asked(ask: Callable[[Client, str], dict[str, Any]], client: Client, item_id: str) -> dict[str, Any] | None:
    try:
        return ask(client, item_id)
    except VendorRefused as refusal:
        if refusal.status in NO_SUCH_THING:
            return None
        raise


def call_of(
    recording_body: str, note_body: str | None, known_at: datetime, own_domains: Collection[str]
) -> Call | Rejected:
    """Read a recording and its note (JSON texts as kept) as a call, or say why that cannot be done."""
    try:
        recording = fellow.Recording.model_validate_json(recording_body)
        note = fellow.Note.model_validate_json(note_body) if note_body else None
    except ValidationError as failure:
        return _rejected(recording_body, content_hash([recording_body, note_body]), known_at, failure)
    called_at = as_utc(recording.started_at)
    emails = [attendee.email for attendee in (note.event_attendees or [] if note else []) if attendee.email]
    domain, lead_email = company_of_attendees(emails, own_domains)
    company_name = company_in_title(recording.title, people=(*_speakers(recording), *map(_first_name, emails)))
    company_id = company_id_of(domain, company_name)
    call_id = f"{fellow.SOURCE}:{recording.id}"
    notes, transcript = _notes(recording), _transcript(recording)
    call = Call(
        call_id=call_id,
        content_hash="",
        source=fellow.SOURCE,
        external_id=recording.id,
        known_at=max(known_at, called_at),
        called_at=called_at,
        lead_id=lead_id_of(lead_email, company_id, call_id),
        lead_email=lead_email,
        company_id=company_id,
        company_name=company_name,
        title=recording.title,
        notes=notes,
        transcript=transcript,
        own_speakers=own_among(_speakers(recording), emails, own_domains, _assignees(recording)),
        minutes=(as_utc(recording.ended_at) - called_at).total_seconds() / 60 if recording.ended_at else None,
        sentiment=sentiment_of(notes, transcript),
        attendees=tuple(emails),
    )
    return replace(call, content_hash=_fingerprint(call))


def _fingerprint(call: Call) -> str:
    """Of what the call says, not of how Fellow sent it: a payload that only moved its `updated_at` says nothing new."""
    said = asdict(call)
    del said["content_hash"], said["known_at"]
    if not call.own_speakers:  # as it was before speakers were told apart
        del said["own_speakers"]
    return content_hash(said)


def _first_name(email: str) -> str:
    """The first name that an address seems to begin with: `diego` of diego.ruiz@ours.com."""
    return email.partition("@")[0].partition(".")[0]


def _notes(recording: fellow.Recording) -> str | None:
    written = [
        line
        for notes in recording.ai_notes or []
        if notes.is_active
        for section in notes.sections
        for line in _lines(section)
    ]
    return "\n".join(written) or None


def _lines(section: fellow.Section) -> list[str]:
    heading = [f"{section.title}:"] if section.title else []
    if isinstance(section.content, str):
        return [*heading, section.content]
    return heading + [text for item in section.content or [] for text in _texts(item)]


def _texts(item: Any) -> list[str]:
    if isinstance(item, str):
        return [item]
    if not isinstance(item, dict):
        return []
    own = [str(item[key]) for key in ("title", "text") if item.get(key)]
    return own + [text for bullet in item.get("bullet_points") or [] for text in _texts(bullet)]


def _transcript(recording: fellow.Recording) -> str | None:
    if recording.transcript is None:
        return None
    said = [
        f"{_named(segment)}: {' '.join(segment.text.splitlines())}"  # a line break would read as another speaker
        for segment in recording.transcript.speech_segments
    ]
    return "\n".join(said) or None


def _named(segment: fellow.Segment) -> str:
    return " ".join((segment.speaker or "").split()) or "Unknown"


def _speakers(recording: fellow.Recording) -> list[str]:
    segments = recording.transcript.speech_segments if recording.transcript else []
    return list(dict.fromkeys(_named(segment) for segment in segments if segment.speaker))


def _assignees(recording: fellow.Recording) -> dict[str, str]:
    """Names with their addresses, of those to whom the AI notes give something to do."""
    items = [
        item
        for notes in recording.ai_notes or []
        for section in notes.sections
        if isinstance(section.content, list)
        for item in section.content
        if isinstance(item, dict)
    ]
    people = [one for item in items for one in item.get("assignees") or [] if isinstance(one, dict)]
    return {
        " ".join(str(one["full_name"]).split()): str(one["email"])
        for one in people
        if one.get("full_name") and one.get("email")
    }


def _rejected(body: str, fingerprint: str, known_at: datetime, failure: ValidationError) -> Rejected:
    first = failure.errors()[0]
    return Rejected(
        source=fellow.SOURCE,
        kind="recording",
        external_id=str(loads(body).get("id")),
        content_hash=fingerprint,
        known_at=known_at,
        field=".".join(str(part) for part in first["loc"]),
        reason=first["msg"],
        body=body,
    )


def _moment(text: object) -> datetime | None:
    from ringback.clock import parse_time

    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None
