"""Fellow's stand-in: the routes of its API (vendors.md, section 1), answered from the simulated world.

Lists are newest first by creation. A cursor holds the place of the last record given, not a count, so records that
arrive meanwhile neither push one already given onto the next page nor hide one. Fellow promises neither: with the
setting `shifts` lists are newest first by their last change and cursors count, so that both happen.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from fastapi import Request, Response

from sandbox.faults import RateLimit
from sandbox.fellow_edits import Edits
from sandbox.fellow_records import JsonObject, action_item, note, recording
from sandbox.fellow_requests import (
    Answered,
    Asked,
    Place,
    answer,
    cursor_after,
    cursor_of,
    invalid,
    json_body,
    place_of,
)
from sandbox.fellow_webhooks import Webhooks
from sandbox.records import Meeting
from sandbox.timeline import has_appeared, has_transcript, updated_at
from sandbox.vendor import RATE_LIMIT, Control, Handler, Settings, Vendor
from sandbox.world import SELLERS, World

SUBDOMAIN = "sandbox"
API_KEY = "sandbox-fellow-key"
SIGN_IN_PAGE = "<!doctype html><html><head><title>Fellow</title></head><body>Find your workspace</body></html>"
EVERYTHING = {"transcript": True, "ai_notes": True, "media_url": False}
WHOLE_NOTE = {"event_attendees": True, "content_markdown": True}


@dataclass(frozen=True, slots=True)
class FellowSettings(Settings):
    """How Fellow behaves."""

    requests_per_second: float = 3.0
    """For the key, in any second; 0 for no limit."""
    shifts: bool = False
    """Records move over the borders of pages: recordings and notes stand by their last change, and cursors count."""


class Fellow(Vendor[FellowSettings]):
    """The stand-in's state: the world it shows, what was ticked off in it, and who is told of news."""

    name = "fellow"
    below = "/{subdomain}/api/v1"

    def __init__(self, world: World, now: Callable[[], datetime], requests_per_second: float | None = 3.0) -> None:
        """Show `world` as of `now()`; None is no limit."""
        self.world = world
        self._shelf: list[Meeting] = []
        self._places: list[Place] = []
        self._by_id: dict[str, Meeting] = {}
        super().__init__(world, now, FellowSettings(requests_per_second=requests_per_second or 0.0))

    def begin(self) -> None:
        """Nobody has asked, ticked anything off, or wants to be told."""
        self.rate = RateLimit(None)
        self.completed: set[str] = set()
        self.archived: set[str] = set()
        self.webhooks = Webhooks(self.meeting, self.now)
        self.edits = Edits()

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        return [
            ("GET", "/me", self.me),
            ("POST", "/recordings", self.recordings),
            ("GET", "/recording/{recording_id}", self.recording),
            ("POST", "/notes", self.notes),
            ("GET", "/note/{note_id}", self.note),
            ("POST", "/action_items", self.action_items),
            ("GET", "/action_item/{item_id}", self.action_item),
            ("POST", "/action_item/{item_id}/complete", self.complete),
            ("POST", "/action_item/{item_id}/archive", self.archive),
            ("POST", "/webhook", self.create_webhook),
            ("DELETE", "/webhook/{webhook_id}", self.delete_webhook),
        ]

    def controls(self) -> list[tuple[str, Control]]:
        """Below `/_sandbox/fellow`: `deliver` tells the webhooks of a meeting, `edit` changes a recording or a note."""
        return [("/deliver", self.deliver), ("/edit", self.edit)]

    def authenticate(self, request: Request) -> None:
        """The key, in a workspace that exists."""
        if request.url.path.split("/")[2] != SUBDOMAIN:
            raise Answered(Response(SIGN_IN_PAGE, media_type="text/html"))
        if request.headers.get("X-API-KEY") != API_KEY:
            raise self.refused("unauthorized", answer({"detail": "Unauthorized"}, 401))

    def limit(self, request: Request) -> None:
        """So many requests in any second."""
        self.rate.per_second = self.settings.requests_per_second or None
        if not self.rate.admits(API_KEY):
            raise self.refused(RATE_LIMIT, self.too_many(request))

    def too_many(self, request: Request) -> Response:
        """429, every other time without saying how long to wait."""
        says_when = (self.refusals[RATE_LIMIT] + self.refusals["rate_limited"]) % 2 == 0
        body: JsonObject = {"code": "rate_limited", "message": "Too many requests."}
        return answer(body, 429, {"Retry-After": "1"} if says_when else {})

    def server_error(self) -> Response:
        """500 in Fellow's envelope."""
        return answer({"message": "Internal server error", "errors": []}, 500)

    def troubled(self, kind: str, request: Request) -> Response:
        """The answer of a server in this kind of trouble."""
        cut_short = '{"recordings": {"page_info": {"cursor": nul'
        return self.trouble.answer(kind, self.server_error(), lambda: self.too_many(request), cut_short)

    def books(self) -> JsonObject:
        """Webhooks, and how many action items were ticked off or put away."""
        done = {"completed": len(self.completed), "archived": len(self.archived)}
        return {"webhooks": self.webhooks.listed(), "action_items": done}

    async def me(self) -> Response:
        """Whose key this is."""
        seller = SELLERS[0]
        user = {"id": seller.seller_id, "full_name": seller.full_name, "email": seller.email}
        return answer({"user": user, "workspace": {"name": "Ringback", "subdomain": SUBDOMAIN}})

    async def recordings(self, request: Request) -> Response:
        """A page of recordings."""
        asked, now = Asked.read(await json_body(request)), self.now()
        include = dict(asked.include)
        include["media_url"] = include.get("media_url", False) or asked.wants_media
        found, cursor = page(asked, self.matching(asked, now, lambda m: m.meeting_id), self.settings.shifts)
        shown = [self.edits.shown(recording(meeting, now, include), now) for meeting in found]
        return listed("recordings", asked, cursor, shown)

    async def recording(self, recording_id: str) -> Response:
        """One recording with everything there is."""
        if not re.fullmatch(r"rec_\w+", recording_id, re.ASCII):
            return answer({"detail": "Invalid recording ID format"}, 400)
        meeting, now = self.meeting(recording_id), self.now()
        if meeting is None:
            return answer({"detail": "Recording not found"}, 404)
        return answer({"recording": self.edits.shown(recording(meeting, now, EVERYTHING), now)})

    async def notes(self, request: Request) -> Response:
        """A page of notes."""
        asked, now = Asked.read(await json_body(request)), self.now()
        found, cursor = page(asked, self.matching(asked, now, lambda m: m.note_id), self.settings.shifts)
        shown = [self.edits.shown(note(meeting, now, asked.include), now) for meeting in found]
        return listed("notes", asked, cursor, shown)

    async def note(self, note_id: str) -> Response:
        """One note with attendees and text."""
        if not re.fullmatch(r"note_\w+", note_id, re.ASCII):
            return answer({"detail": "Invalid note ID format"}, 400)
        meeting, now = self.meeting(f"rec_{note_id.removeprefix('note_')}"), self.now()
        if meeting is None or meeting.note_id != note_id:
            return answer({"detail": "Note not found"}, 404)
        return answer({"note": self.edits.shown(note(meeting, now, WHOLE_NOTE), now)})

    async def action_items(self, request: Request) -> Response:
        """A page of action items; those of one meeting stay together, so a page may be shorter or longer."""
        body = await json_body(request)
        asked, now = Asked.read(body), self.now()
        filters = body.get("filters")
        wanted = {name: filters.get(name) for name in ("completed", "archived")} if isinstance(filters, dict) else {}
        found, cursor = page(asked, (m for m in self.newest_first(asked, now) if has_transcript(m, now)))
        items = [self.item(meeting, n) for meeting in found for n in range(len(meeting.notes.action_items))]
        return listed("action_items", asked, cursor, [item for item in items if self.is_wanted(item, wanted)])

    def is_wanted(self, item: JsonObject, wanted: JsonObject) -> bool:
        """The item is completed or archived as asked; what was put away shows only where it is asked for."""
        completed, archived = item["id"] in self.completed, item["id"] in self.archived
        return wanted.get("completed") in (None, completed) and archived == (wanted.get("archived") or False)

    def item(self, meeting: Meeting, place: int) -> JsonObject:
        """An action item with what became of it."""
        item = action_item(meeting, place)
        if item["id"] in self.archived:
            return {**item, "status": "Archived"}
        return {**item, "status": "Complete"} if item["id"] in self.completed else item

    async def action_item(self, item_id: str) -> Response:
        """One action item."""
        return answer({"action_item": self.item(*self.known_item(item_id))})

    async def complete(self, item_id: str, request: Request) -> Response:
        """Tick an action item off, or take that back."""
        known, body = self.known_item(item_id), await json_body(request)
        if not isinstance(body.get("completed"), bool):
            raise invalid("completed", "Input should be a valid boolean")
        (self.completed.add if body["completed"] else self.completed.discard)(item_id)
        return answer({"action_item": self.item(*known)})

    async def archive(self, item_id: str) -> Response:
        """Put an action item away."""
        known = self.known_item(item_id)
        self.archived.add(item_id)
        return answer({"action_item": self.item(*known)})

    def known_item(self, item_id: str) -> tuple[Meeting, int]:
        """Meeting and place of an action item; raises Answered with 404 where there is none by now."""
        match = re.fullmatch(r"ai_(\w+)_(\d)", item_id, re.ASCII)
        meeting = self.meeting(f"rec_{match[1]}") if match else None
        if not match or meeting is None or not has_transcript(meeting, self.now()):
            raise Answered(answer({"detail": "Action item not found"}, 404))
        if int(match[2]) >= len(meeting.notes.action_items):
            raise Answered(answer({"detail": "Action item not found"}, 404))
        return meeting, int(match[2])

    async def create_webhook(self, request: Request) -> Response:
        """Register an address that answers the challenge; its secret is told this once."""
        body = await json_body(request)
        return answer({"webhook": await self.webhooks.create(body)})

    async def delete_webhook(self, webhook_id: str) -> Response:
        """Forget an address."""
        return answer({}) if self.webhooks.delete(webhook_id) else answer({"detail": "Webhook not found"}, 404)

    async def deliver(self, body: JsonObject) -> JsonObject:
        """Tell the webhooks of a meeting, as `Webhooks.deliver` says."""
        return await self.webhooks.deliver(body)

    async def edit(self, body: JsonObject) -> JsonObject:
        """Change a recording or a note, as `Edits.make` says."""
        return self.edits.make(body, self.now())

    def meeting(self, recording_id: str) -> Meeting | None:
        """The meeting of this recording, if it has appeared by now."""
        now = self.now()
        self.shelve(now)
        meeting = self._by_id.get(recording_id)
        return meeting if meeting and has_appeared(meeting, now) else None

    def matching(self, asked: Asked, now: datetime, named: Callable[[Meeting], str | None]) -> Iterator[Meeting]:
        """The meetings that have a record so named and pass the filters, in the list's order and after the cursor."""
        dated = (
            (self.edits.changed_at(record_id, updated_at(meeting, now), now), meeting)
            for meeting in self.newest_first(asked, now)
            if (record_id := named(meeting)) is not None
        )
        wanted = ((changed, meeting) for changed, meeting in dated if asked.wants(meeting, changed))
        if not self.settings.shifts:
            return (meeting for _, meeting in wanted)
        by_change = sorted(wanted, key=lambda one: (one[0], one[1].meeting_id), reverse=True)
        return (meeting for _, meeting in by_change[asked.skip :])

    def newest_first(self, asked: "Asked", now: datetime) -> Iterator[Meeting]:
        """What has appeared and stands after the cursor, only where the asked times can match."""
        self.shelve(now)
        last = bisect_left(self._places, asked.after) if asked.after else bisect_right(self._places, (now, "~"))
        oldest = asked.created_from if self.edits else asked.oldest_possible()
        first = bisect_left(self._places, (oldest, "")) if oldest else 0
        for position in range(last - 1, first - 1, -1):
            meeting = self._shelf[position]
            if has_appeared(meeting, now):
                yield meeting

    def shelve(self, now: datetime) -> None:
        """Put meetings made since into the order of lists; mostly they come last, so that only new ones are sorted."""
        self.world.reach(now)
        made = self.world.every_meeting_made()
        if len(made) > len(self._shelf):
            fresh = sorted(made[len(self._shelf) :], key=place_of)
            come_last = not self._places or place_of(fresh[0]) > self._places[-1]
            self._shelf.extend(fresh)
            if not come_last:
                self._shelf.sort(key=place_of)
                self._places.clear()
            self._places.extend(place_of(meeting) for meeting in (fresh if come_last else self._shelf))
            self._by_id.update((meeting.meeting_id, meeting) for meeting in fresh)


def page(asked: Asked, matching: Iterator[Meeting], counts: bool = False) -> tuple[list[Meeting], str | None]:
    """The next page and the cursor after it, none at the end; the cursor can count instead of naming a place."""
    found = list(islice(matching, asked.page_size))
    if next(matching, None) is None:
        return found, None
    return found, cursor_after(asked.skip + len(found)) if counts else cursor_of(found[-1])


def listed(name: str, asked: Asked, cursor: str | None, data: list[JsonObject]) -> Response:
    """A page in Fellow's envelope."""
    return answer({name: {"page_info": {"cursor": cursor, "page_size": asked.page_size}, "data": data}})
