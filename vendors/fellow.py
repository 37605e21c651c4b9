"""Fellow: recordings of meetings with AI notes and transcripts, and notes with the attendees.

Lists are POSTs with the cursor in the body; single items have singular paths. What is said nowhere is taken tolerantly:
the order of a list (nothing relies on it), extra keys (ignored), segments that call their times `start_time`/`end_time`
or `recording_start`/`recording_end` (accepted), and whether a 429 carries Retry-After (honoured where it does).
A wrong workspace name is answered with a web page and status 200: that is a VendorUnreadable.

Fellow also tells of new notes by a webhook (`create_webhook`), signed as `vendors/svix.py` checks it. What a delivery's
`id` names is said nowhere (recording, note, or AI note), so a delivery is a hint to fetch and not a record:
`intake/meetings.py` asks for it by either name, and the regular reading of the lists brings whatever it does not find.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field, SecretStr

from ringback.clock import parse_time
from ringback.errors import VendorRefused, VendorUnreadable
from ringback.settings import Settings
from vendors.http import Client
from vendors.limits import DAY_SECONDS, Limit, per_second

SOURCE = "fellow"
PAGE_SIZE = 50
REQUESTS_A_DAY = 10_000
NOT_FOUND = 404
NO_LIMIT = 1000
"""From so many requests a second on nothing is limited: a sandbox on a compressed clock."""
SANDBOX_KEY = "sandbox-fellow-key"
EVENTS = ("ai_note.generated", "ai_note.shared_to_channel", "action_item.assigned", "action_item.completed")
ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What may stand in a path: an id from outside leads nowhere else."""


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


class Assignee(BaseModel):
    """Somebody who has to do it."""

    id: str | None = None
    full_name: str | None = None
    email: str | None = None


ActionItemState = Literal["open", "done", "archived", "unknown"]
STATES: Mapping[str, ActionItemState] = {
    "incomplete": "open", "done": "done", "complete": "done", "completed": "done", "archived": "archived",
}  # fmt: skip


class ActionItem(BaseModel):
    """Something that was promised."""

    id: str
    text: str | None = None
    status: str | None = None
    """As sent: sources differ in their words, read `state`."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    due_date: str | None = None
    """As sent: a date or a moment."""
    note_id: str | None = None
    assignees: list[Assignee] = Field(default_factory=list)
    completion_type: str | None = None
    """Whether `any` of the assignees or `all` must do it."""
    ai_detected: bool | None = None
    recording_offset: float | None = None
    """Seconds after the recording's start at which it was said."""
    ai_suggestion_accepted_by_user: bool | None = None

    @property
    def state(self) -> ActionItemState:
        """How it stands; `unknown` for a word that we do not know yet.

        >>> ActionItem(id="ai_1", status="Complete").state, ActionItem(id="ai_2", status="Snoozed").state
        ('done', 'unknown')
        """
        return STATES.get((self.status or "").strip().lower(), "unknown")


class Webhook(NamedTuple):
    """A webhook just made; Fellow tells its secret only now."""

    id: str
    secret: SecretStr


class Attending(BaseModel):
    """Somebody in a delivery's meeting."""

    name: str | None = None
    email: str | None = None


class Delivery(BaseModel):
    """What a webhook brings of an `ai_note.*` event: a hint that there is something to fetch."""

    event_type: str
    id: str
    """Of the recording, the note or the AI note: Fellow does not say which."""
    event_id: str | None = None
    event_title: str | None = None
    event_start: datetime | None = None
    event_end: datetime | None = None
    recording_start: datetime | None = None
    recording_end: datetime | None = None
    recap_url: str | None = None
    organizer_email: str | None = None
    ai_notes: str | None = None
    agenda_notes: str | None = None
    transcript: str | None = None
    has_external_attendees: bool | None = None
    is_user_who_started_recording: bool | None = None
    attendees: list[Attending] | None = None


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
    return _pages(client, "recordings", _since(updated_since), {"transcript": True, "ai_notes": True})


def notes(client: Client, updated_since: datetime | None) -> Iterator[list[dict[str, Any]]]:
    """Pages of notes as sent, with attendees, updated at or after a moment (UTC)."""
    return _pages(client, "notes", _since(updated_since), {"event_attendees": True, "content_markdown": True})


def action_items(
    client: Client,
    updated_since: datetime | None = None,
    scope: Literal["assigned_to_me", "assigned_to_others"] | None = None,
    completed: bool | None = None,
    archived: bool | None = None,
    ai_detected: bool | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of action items as sent, updated at or after a moment (UTC), of these kinds only where told.

    Fellow's filters know no moment here, so every page is fetched and the older items are left out afterwards; an item
    without a readable `updated_at` stays, and a page can be empty. What Fellow gives without a filter (finished and
    archived items, those of other people) is not documented.
    """
    told = {"scope": scope, "completed": completed, "archived": archived, "ai_detected": ai_detected}
    filters = {name: value for name, value in told.items() if value is not None}
    for page in _pages(client, "action_items", filters, {}):
        yield [item for item in page if updated_since is None or _is_since(item, updated_since)]


def recording(client: Client, recording_id: str) -> dict[str, Any]:
    """One recording as sent, with transcript and AI notes; VendorRefused with 404 where there is none."""
    return _one(client, "recording", recording_id)


def note(client: Client, note_id: str) -> dict[str, Any]:
    """One note as sent, with attendees; VendorRefused with 404 where there is none."""
    return _one(client, "note", note_id)


def create_webhook(client: Client, url: str, events: Sequence[str] = EVENTS[:2]) -> Webhook:
    """Have Fellow tell a URL of these events; keep the secret, since it is not told again.

    While this runs Fellow posts a challenge to the URL, which must be answered within 10 seconds (`challenge_of`).
    Never asked twice, since each would make one more webhook.
    """
    if unknown := [event for event in events if event not in EVENTS]:
        raise VendorRefused(f"Fellow knows no event {', '.join(unknown)}; there are {', '.join(EVENTS)}")
    body = {"url": url, "enabled_events": list(events), "description": "ringback", "status": "active"}
    made = client.post_json("/webhook", body, repeatable=False).get("webhook")
    if not isinstance(made, dict) or not made.get("id") or not made.get("secret"):
        raise VendorUnreadable("Fellow made a webhook and gave no id or secret: delete it in Fellow and make it again")
    return Webhook(str(made["id"]), SecretStr(str(made["secret"])))


def delete_webhook(client: Client, webhook_id: str) -> None:
    """Have Fellow tell us no more; one that is not there any more is as good as deleted."""
    try:
        client.delete(f"/webhook/{_checked(webhook_id)}")
    except VendorRefused as refusal:
        if refusal.status != NOT_FOUND:
            raise


def challenge_of(raw_body: bytes) -> str | None:
    """What Fellow wants back as plain text when it tries a webhook's URL; None for any other delivery.

    It comes before we know the secret, so it is not signed for us: answer it, and do nothing else.

    >>> challenge_of(b'{"type": "url_verification", "challenge": "x"}')
    'x'
    """
    try:
        body = json.loads(raw_body)
    except ValueError:
        return None
    if not isinstance(body, dict) or body.get("type") != "url_verification":
        return None
    challenge = body.get("challenge")
    return challenge if isinstance(challenge, str) else None


def _one(client: Client, kind: str, item_id: str) -> dict[str, Any]:
    """Some clients saw the item bare, without the envelope of its kind."""
    answer = client.get_json(f"/{kind}/{_checked(item_id)}")
    item = answer.get(kind, answer)
    if not isinstance(item, dict) or not item.get("id"):
        raise VendorUnreadable(f"Fellow answered /{kind} without a {kind}")
    return item


def _checked(item_id: str) -> str:
    if not ID.fullmatch(item_id):
        raise VendorRefused(f"{item_id[:40]!r} is no id of Fellow's")
    return item_id


def _is_since(item: Mapping[str, Any], moment: datetime) -> bool:
    try:
        return parse_time(str(item.get("updated_at"))) >= moment
    except ValueError:
        return True


def _since(moment: datetime | None) -> dict[str, Any]:
    return {"updated_at_start": f"{moment.isoformat(timespec='milliseconds')}Z"} if moment else {}


def _pages(
    client: Client, kind: str, filters: Mapping[str, Any], include: Mapping[str, bool]
) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        body: dict[str, Any] = {"pagination": {"cursor": cursor, "page_size": PAGE_SIZE}, "filters": filters}
        body |= {"include": include} if include else {}
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
