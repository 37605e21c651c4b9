"""Requests to Fellow's stand-in: what a list request asks for, and the answer to one that cannot be meant."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request, Response

from sandbox.fellow_records import JsonObject, attendees
from sandbox.records import Meeting
from sandbox.timeline import LAST_CHANGE_AFTER

MOST_PER_PAGE, USUAL_PER_PAGE = 50, 20

Place = tuple[datetime, str]
"""Where a record stands in its list: when it was created, and its id."""


class Answered(Exception):
    """The request is answered already, before its route was reached."""

    def __init__(self, response: Response) -> None:
        """With this answer."""
        super().__init__(response.status_code)
        self.response = response


@dataclass(frozen=True, slots=True)
class Asked:
    """A list request, read and checked; what is unknown in it is ignored."""

    page_size: int
    after: Place | None
    skip: int
    """How many records were given before, where cursors count."""
    include: dict[str, bool]
    wants_media: bool
    title: str | None
    event_guid: str | None
    channel_id: str | None
    attendees: frozenset[str]
    created_from: datetime | None
    created_to: datetime | None
    updated_from: datetime | None
    updated_to: datetime | None

    @classmethod
    def read(cls, body: JsonObject) -> "Asked":
        """Read the body; raises Answered with 400 where it cannot be meant."""
        pagination, filters, include = (part(body, name) for name in ("pagination", "filters", "include"))
        emails = filters.get("event_attendees")
        cursor = cursor_place(pagination.get("cursor"))
        return cls(
            page_size=page_size(pagination.get("page_size")),
            after=None if isinstance(cursor, int) else cursor,
            skip=cursor if isinstance(cursor, int) else 0,
            include={name: wanted is True for name, wanted in include.items()},
            wants_media=isinstance(body.get("media_url"), dict),
            title=text(filters, "title"),
            event_guid=text(filters, "event_guid"),
            channel_id=text(filters, "channel_id"),
            attendees=frozenset(str(one).lower() for one in emails) if isinstance(emails, list) else frozenset(),
            created_from=moment(filters, "created_at_start"),
            created_to=moment(filters, "created_at_end"),
            updated_from=moment(filters, "updated_at_start"),
            updated_to=moment(filters, "updated_at_end"),
        )

    def oldest_possible(self) -> datetime | None:
        """Nothing created before this can match."""
        bounds = [self.created_from] if self.created_from else []
        if self.updated_from:
            bounds.append(self.updated_from - LAST_CHANGE_AFTER - timedelta(minutes=1))
        return max(bounds, default=None)

    def wants(self, meeting: Meeting, updated: datetime) -> bool:
        """The meeting passes the filters, its record having changed last at `updated`; title and people unedited."""
        return (
            (self.updated_from is None or updated >= self.updated_from)
            and (self.updated_to is None or updated <= self.updated_to)
            and (self.created_from is None or meeting.created_at >= self.created_from)
            and (self.created_to is None or meeting.created_at <= self.created_to)
            and (self.title is None or self.title.lower() in meeting.title.lower())
            and (self.event_guid is None or self.event_guid == meeting.event_guid)
            and self.channel_id is None
            and (not self.attendees or not self.attendees.isdisjoint(attendees(meeting)))
        )


def place_of(meeting: Meeting) -> Place:
    """Where the meeting stands in lists."""
    return meeting.created_at, meeting.meeting_id


def cursor_of(meeting: Meeting) -> str:
    """The place of a meeting, so that nobody is tempted to read it."""
    created_at, meeting_id = place_of(meeting)
    return base64.urlsafe_b64encode(f"{created_at.isoformat()}|{meeting_id}".encode()).decode()


def cursor_after(records: int) -> str:
    """How many records were given, for lists whose records move over the borders of pages."""
    return base64.urlsafe_b64encode(f"after {records}".encode()).decode()


def cursor_place(cursor: object) -> Place | int | None:
    """The place or count a cursor stands for; raises Answered with 400 for one that was never given."""
    if cursor is None:
        return None
    try:
        place = base64.urlsafe_b64decode(str(cursor).encode()).decode()
        if place.startswith("after "):
            return int(place.removeprefix("after "))
        created_at, meeting_id = place.split("|")
        return datetime.fromisoformat(created_at), meeting_id
    except (binascii.Error, ValueError):
        raise invalid("cursor", "Invalid cursor") from None


def page_size(size: object) -> int:
    """How many records a page has; raises Answered with 400 outside 1 to 50."""
    if size is None:
        return USUAL_PER_PAGE
    if isinstance(size, bool) or not isinstance(size, int):
        raise invalid("page_size", "Input should be a valid integer")
    if size > MOST_PER_PAGE:
        raise invalid("page_size", f"Input should be less than or equal to {MOST_PER_PAGE}")
    if size < 1:
        raise invalid("page_size", "Input should be greater than or equal to 1")
    return size


def part(body: JsonObject, name: str) -> JsonObject:
    """An optional object of the body."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(name, "Input should be a valid dictionary")
    return value or {}


def text(filters: JsonObject, name: str) -> str | None:
    """An optional text filter; an empty one filters nothing."""
    value = filters.get(name)
    return str(value) if value else None


def moment(filters: JsonObject, name: str) -> datetime | None:
    """An optional ISO date or datetime filter as naive UTC."""
    value = filters.get(name)
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid(name, "Input should be a valid datetime or date") from None
    return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read


def invalid(location: str, message: str) -> Answered:
    """400 in the documented shape."""
    errors = [{"location": location, "message": message}]
    body: JsonObject = {"message": "Request could not be completed due to validation errors.", "errors": errors}
    return Answered(answer(body, 400))


async def json_body(request: Request) -> JsonObject:
    """The body as an object; an empty one is `{}`."""
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise invalid("body", "JSON decode error") from None
    if not isinstance(body, dict):
        raise invalid("body", "Input should be a valid dictionary")
    return body


def answer(body: JsonObject, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status, headers, media_type="application/json")
