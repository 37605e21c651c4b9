"""What is known of a meeting by when: pure functions of a meeting and a moment.

created ─ started ─────── ended ──── transcript and AI notes ──── edited by a person
          appears here    ended_at   10-90 minutes later,         1-3 days later, for a few
          in lists        is filled  for a few a day more
"""

from datetime import datetime, timedelta

from sandbox.records import Meeting

LAST_CHANGE_AFTER = timedelta(days=4)
"""No recording changes later than this after its meeting began."""


def has_appeared(meeting: Meeting, now: datetime) -> bool:
    """The recording is listed: the meeting has begun."""
    return meeting.started_at <= now


def has_ended(meeting: Meeting, now: datetime) -> bool:
    """The meeting is over."""
    return meeting.ended_at <= now


def has_transcript(meeting: Meeting, now: datetime) -> bool:
    """Transcript and AI notes have been written."""
    return meeting.transcript_at <= now


def was_edited(meeting: Meeting, now: datetime) -> bool:
    """A person has changed the notes."""
    return meeting.edited_at is not None and meeting.edited_at <= now


def updated_at(meeting: Meeting, now: datetime) -> datetime:
    """When the recording last changed, as seen at `now`."""
    if meeting.edited_at is not None and meeting.edited_at <= now:
        return meeting.edited_at
    if meeting.transcript_at <= now:
        return meeting.transcript_at
    return meeting.ended_at if meeting.ended_at <= now else meeting.started_at
