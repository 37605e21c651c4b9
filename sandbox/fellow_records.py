"""Recordings, notes and action items in the form Fellow gives them, as of a moment."""

from collections.abc import Mapping
from datetime import datetime

from sandbox.records import ActionItem, Meeting, Segment
from sandbox.timeline import has_ended, has_transcript, updated_at, was_edited

JsonObject = dict[str, object]


def iso(moment: datetime) -> str:
    """A moment as Fellow writes it.

    >>> iso(datetime(2026, 6, 11, 12, 41, 12, 874000))
    '2026-06-11T12:41:12.874Z'
    """
    return moment.isoformat(timespec="milliseconds") + "Z"


def recording(meeting: Meeting, now: datetime, include: Mapping[str, bool]) -> JsonObject:
    """The recording; transcript, AI notes and media are null unless included and there."""
    ready = has_transcript(meeting, now)
    timeless = meeting.malformed == "no_times"
    return {
        "id": meeting.meeting_id,
        "title": meeting.title,
        "created_at": None if timeless else iso(meeting.created_at),
        "updated_at": iso(updated_at(meeting, now)),
        "started_at": None if timeless else iso(meeting.started_at),
        "ended_at": iso(meeting.ended_at) if has_ended(meeting, now) else None,
        "event_call_url": f"https://meet.sandbox.example/{meeting.event_guid[:10]}" if meeting.note_id else None,
        "event_guid": meeting.event_guid,
        "note_id": meeting.note_id,
        "user_has_calendar_event": meeting.note_id is not None,
        "transcript": transcript(meeting) if ready and include.get("transcript") else None,
        "ai_notes": [ai_note(meeting, now)] if ready and include.get("ai_notes") else None,
        "media_url": media_url(meeting) if has_ended(meeting, now) and include.get("media_url") else None,
    }


def media_url(meeting: Meeting) -> str:
    """Where the video would be; nothing is there."""
    return f"https://media.sandbox.example/{meeting.meeting_id}.mp4?signature={meeting.event_guid}"


def transcript(meeting: Meeting) -> JsonObject:
    """Who said what when; a malformed one is a single text."""
    if meeting.malformed == "segments_as_text":
        return {"language_code": None, "speech_segments": "\n".join(spoken(one) for one in meeting.segments)}
    segments = [{"start": one.start, "end": one.end, "speaker": one.speaker, "text": one.text}
                for one in meeting.segments]  # fmt: skip
    return {"language_code": "en", "speech_segments": segments}


def spoken(segment: Segment) -> str:
    """One line of a play."""
    return f"{segment.speaker}: {segment.text}"


def ai_note(meeting: Meeting, now: datetime) -> JsonObject:
    """The AI notes; what a person edited shows in the summary."""
    notes = meeting.notes
    return {
        "id": f"ain_{meeting.meeting_id[4:]}",
        "is_active": True,
        "title": "General",
        "template_creator": "Fellow",
        "sections": [
            section("Summary", summary(meeting, now)),
            section("Action items", [promised(meeting, place) for place in range(len(notes.action_items))]),
            section("Topics", [
                {"title": topic.title, "bullet_points": [{"timestamp": at, "text": text} for at, text in topic.points]}
                for topic in notes.topics
            ]),
            section("Decisions", [{"timestamp": at, "text": text} for at, text in notes.decisions]),
        ],
    }  # fmt: skip


def section(title: str, content: object) -> JsonObject:
    """A titled part of the AI notes; its content is text or a list."""
    return {"title": title, "type": "STANDARD", "content": content}


def summary(meeting: Meeting, now: datetime) -> str:
    """The summary, with what a person added to it by now."""
    return f"{meeting.notes.summary} {meeting.edit}" if was_edited(meeting, now) else meeting.notes.summary


def promised(meeting: Meeting, place: int) -> JsonObject:
    """An action item as it stands in the AI notes."""
    item = meeting.notes.action_items[place]
    return {
        "timestamp": item.timestamp,
        "text": item.text,
        "id": action_item_id(meeting, place),
        "assignees": [assignee(meeting, item)],
        "completion_type": "any",
        "due_date": item.due_date,
        "accepted": True,
        "status": "Incomplete",
    }


def action_item_id(meeting: Meeting, place: int) -> str:
    """The id of the n-th action item of a meeting."""
    return f"ai_{meeting.meeting_id[4:]}_{place}"


def assignee(meeting: Meeting, item: ActionItem) -> JsonObject:
    """Whoever has to do it."""
    person, seller = meeting.people[0], meeting.seller
    if item.by_seller:
        return {"id": seller.seller_id, "full_name": seller.full_name, "email": seller.email}
    return {"id": f"usr_{person.person_id}", "full_name": person.full_name, "email": person.email}


def action_item(meeting: Meeting, place: int) -> JsonObject:
    """An action item as its own record."""
    item = meeting.notes.action_items[place]
    return {
        "id": action_item_id(meeting, place),
        "text": item.text,
        "status": "Incomplete",
        "created_at": iso(meeting.transcript_at),
        "updated_at": iso(meeting.transcript_at),
        "due_date": item.due_date,
        "note_id": meeting.note_id,
        "assignees": [assignee(meeting, item)],
        "completion_type": "any",
        "ai_detected": True,
        "recording_offset": item.timestamp,
        "ai_suggestion_accepted_by_user": True,
    }


def note(meeting: Meeting, now: datetime, include: Mapping[str, bool]) -> JsonObject:
    """The meeting's note; attendees and text are null unless included."""
    return {
        "id": meeting.note_id,
        "title": meeting.title,
        "created_at": iso(meeting.created_at),
        "updated_at": iso(updated_at(meeting, now)),
        "event_guid": meeting.event_guid,
        "event_start": iso(meeting.started_at.replace(microsecond=0)),
        "event_end": iso(meeting.ended_at.replace(microsecond=0)),
        "event_is_all_day": False,
        "recording_ids": [meeting.meeting_id],
        "event_attendees": [{"email": email} for email in attendees(meeting)]
        if include.get("event_attendees")
        else None,
        "content_markdown": markdown(meeting, now) if include.get("content_markdown") else None,
    }


def attendees(meeting: Meeting) -> list[str]:
    """The invited, the seller first; a few notes list nobody."""
    if not meeting.lists_attendees:
        return []
    return [meeting.seller.email, *(person.email for person in meeting.people)]


def markdown(meeting: Meeting, now: datetime) -> str:
    """The note's text: an agenda from the start, the results when they are there."""
    lines = ["## Agenda", "", "- Introductions", "- Current situation", "- Next steps"]
    if has_transcript(meeting, now):
        lines += ["", "## Summary", "", summary(meeting, now), "", "## Action items", ""]
        lines += [f"- [ ] {item.text}" for item in meeting.notes.action_items]
    return "\n".join(lines)
