"""Fellow: recordings of meetings with AI notes and transcripts, and notes with the attendees.

Lists are POSTs with the cursor in the body; single items have singular paths. What is said nowhere is taken tolerantly:
the order of a list (nothing relies on it), extra keys (ignored), segments that call their times `start_time`/`end_time`
or `recording_start`/`recording_end` (accepted), and whether a 429 carries Retry-After (honoured where it does).
A wrong workspace name is answered with a web page and status 200: that is a VendorUnreadable.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from ringback.errors import VendorUnreadable
from ringback.settings import Settings
from vendors.http import Client
from vendors.limits import DAY_SECONDS, Limit, per_second

SOURCE = "fellow"
PAGE_SIZE = 50
REQUESTS_A_DAY = 10_000
NO_LIMIT = 1000
"""From so many requests a second on nothing is limited: a sandbox on a compressed clock."""
SANDBOX_KEY = "sandbox-fellow-key"


class Segment(BaseModel):
    """A stretch of speech."""

    speaker: str | None = None
    text: str


class Transcript(BaseModel):
    """What was said."""

    speech_segments: list[Segment] = Field(default_factory=list)


class Section(BaseModel):
    """A part of the AI notes: a text, or a list of items with a text, a title and bullet points."""

    title: str | None = None
    content: str | list[Any] | None = None


class AiNotes(BaseModel):
    """The notes that Fellow wrote."""

    is_active: bool = True
    sections: list[Section] = Field(default_factory=list)


class Recording(BaseModel):
    """A recorded meeting; `transcript` and `ai_notes` come some time after it ended."""

    id: str
    title: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime
    ended_at: datetime | None = None
    note_id: str | None = None
    transcript: Transcript | None = None
    ai_notes: list[AiNotes] | None = None


class Attendee(BaseModel):
    """Somebody invited."""

    email: str | None = None


class Note(BaseModel):
    """The shared note of a meeting: it alone knows who was invited."""

    id: str
    updated_at: datetime | None = None
    event_attendees: list[Attendee] | None = None
    content_markdown: str | None = None


def connect(settings: Settings) -> Client:
    """A client for the configured workspace, or for the sandbox where no key is set."""
    key = settings.fellow_key.get_secret_value() if settings.fellow_key else SANDBOX_KEY
    return Client(
        vendor="Fellow",
        base_url=base_url(settings),
        headers={"X-API-KEY": key},
        limits=(per_second(settings.fellow_requests_per_second), Limit(DAY_SECONDS, REQUESTS_A_DAY))
        if settings.fellow_requests_per_second < NO_LIMIT
        else (),
    )


def base_url(settings: Settings) -> str:
    """Where the workspace's API lives."""
    if settings.fellow_url:
        return settings.fellow_url
    if settings.fellow_key is None:
        return f"http://127.0.0.1:{settings.sandbox_port}/fellow/{settings.fellow_subdomain}/api/v1"
    return f"https://{settings.fellow_subdomain}.fellow.app/api/v1"


def recordings(client: Client, updated_since: datetime | None) -> Iterator[list[dict[str, Any]]]:
    """Pages of recordings as sent, with transcripts and AI notes, updated at or after a moment (UTC)."""
    return _pages(client, "recordings", updated_since, {"transcript": True, "ai_notes": True})


def notes(client: Client, updated_since: datetime | None) -> Iterator[list[dict[str, Any]]]:
    """Pages of notes as sent, with attendees, updated at or after a moment (UTC)."""
    return _pages(client, "notes", updated_since, {"event_attendees": True, "content_markdown": True})


def _pages(
    client: Client, kind: str, updated_since: datetime | None, include: dict[str, bool]
) -> Iterator[list[dict[str, Any]]]:
    filters = {"updated_at_start": f"{updated_since.isoformat(timespec='milliseconds')}Z"} if updated_since else {}
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        body = {"pagination": {"cursor": cursor, "page_size": PAGE_SIZE}, "filters": filters, "include": include}
        envelope = client.post_json(f"/{kind}", body).get(kind)
        if not isinstance(envelope, dict) or not isinstance(envelope.get("data"), list):
            raise VendorUnreadable(f"Fellow answered /{kind} without {kind}.data")
        yield envelope["data"]
        cursor = (envelope.get("page_info") or {}).get("cursor")
        if cursor is None:
            return
        if cursor in seen:
            raise VendorUnreadable(f"Fellow gave the same cursor of /{kind} twice: it would never end")
        seen.add(cursor)
