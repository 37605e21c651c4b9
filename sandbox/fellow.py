"""Fellow's stand-in: the routes of its API (vendors.md, section 1), answered from the simulated world.

Lists are newest first by creation. A cursor holds the place of the last record given, not a count, so records that
arrive meanwhile neither push one already given onto the next page nor hide one.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from fastapi import APIRouter, Depends, Request, Response

from sandbox.faults import Faults, RateLimit, Trouble
from sandbox.fellow_records import JsonObject, action_item, note, recording
from sandbox.fellow_requests import Answered, Asked, Place, answer, cursor_of, json_body, place_of
from sandbox.records import Meeting
from sandbox.timeline import has_appeared, has_transcript
from sandbox.world import SELLERS, World

SUBDOMAIN = "sandbox"
API_KEY = "sandbox-fellow-key"
SIGN_IN_PAGE = "<!doctype html><html><head><title>Fellow</title></head><body>Find your workspace</body></html>"
EVERYTHING = {"transcript": True, "ai_notes": True, "media_url": False}
WHOLE_NOTE = {"event_attendees": True, "content_markdown": True}
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Fellow:
    """The stand-in's state: the world it shows, the moment it shows it at, its limits and its moods."""

    def __init__(self, world: World, now: Callable[[], datetime], requests_per_second: float | None = 3.0) -> None:
        """Show `world` as of `now()`; nothing goes wrong until faults are set."""
        self.world, self.now = world, now
        self.limit = RateLimit(requests_per_second)
        self.trouble = Trouble(Faults())
        self.requests: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._shelf: list[Meeting] = []
        self._places: list[Place] = []
        self._by_id: dict[str, Meeting] = {}

    def router(self) -> APIRouter:
        """The routes below `/fellow`."""
        router = APIRouter(prefix="/fellow", dependencies=[Depends(self.admit)])
        for method, path, handler in (
            ("GET", "me", self.me),
            ("POST", "recordings", self.recordings),
            ("GET", "recording/{recording_id}", self.recording),
            ("POST", "notes", self.notes),
            ("GET", "note/{note_id}", self.note),
            ("POST", "action_items", self.action_items),
            ("GET", "action_item/{item_id}", self.action_item),
        ):
            router.add_api_route(f"/{{subdomain}}/api/v1/{path}", handler, methods=[method], response_model=None)
        router.add_api_route("/{subdomain}/{path:path}", nothing_here, methods=EVERY_METHOD, response_model=None)
        return router

    async def admit(self, request: Request, subdomain: str) -> None:
        """Turn away who may not ask, asks too often, or meets a fault."""
        route = request.scope["route"].path.removeprefix("/fellow/{subdomain}/api/v1")
        self.requests[f"{request.method} {route}"] += 1
        if subdomain != SUBDOMAIN:
            raise Answered(Response(SIGN_IN_PAGE, media_type="text/html"))
        if request.headers.get("X-API-KEY") != API_KEY:
            raise self.refused("unauthorized", answer({"detail": "Unauthorized"}, 401))
        if not self.limit.admits(API_KEY):
            raise self.refused("rate_limit", self.too_many())
        kind = self.trouble.next()
        if kind is not None:
            raise self.refused(kind, self.troubled(kind))

    def refused(self, kind: str, response: Response) -> Answered:
        """Count a refusal, and answer with it."""
        self.refusals[kind] += 1
        return Answered(response)

    def too_many(self) -> Response:
        """429, every other time without saying how long to wait."""
        says_when = (self.refusals["rate_limit"] + self.refusals["rate_limited"]) % 2 == 0
        body: JsonObject = {"code": "rate_limited", "message": "Too many requests."}
        return answer(body, 429, {"Retry-After": "1"} if says_when else {})

    def troubled(self, kind: str) -> Response:
        """The answer of a server in this kind of trouble."""
        broken = answer({"message": "Internal server error", "errors": []}, 500)
        cut_short = '{"recordings": {"page_info": {"cursor": nul'
        return self.trouble.answer(kind, broken, self.too_many, cut_short)

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
        found, cursor = page(asked, (m for m in self.newest_first(asked, now) if asked.wants(m, now)))
        return listed("recordings", asked, cursor, [recording(meeting, now, include) for meeting in found])

    async def recording(self, recording_id: str) -> Response:
        """One recording with everything there is."""
        if not re.fullmatch(r"rec_\w+", recording_id, re.ASCII):
            return answer({"detail": "Invalid recording ID format"}, 400)
        meeting, now = self.meeting(recording_id), self.now()
        if meeting is None:
            return answer({"detail": "Recording not found"}, 404)
        return answer({"recording": recording(meeting, now, EVERYTHING)})

    async def notes(self, request: Request) -> Response:
        """A page of notes."""
        asked, now = Asked.read(await json_body(request)), self.now()
        matching = (m for m in self.newest_first(asked, now) if m.note_id and asked.wants(m, now))
        found, cursor = page(asked, matching)
        return listed("notes", asked, cursor, [note(meeting, now, asked.include) for meeting in found])

    async def note(self, note_id: str) -> Response:
        """One note with attendees and text."""
        if not re.fullmatch(r"note_\w+", note_id, re.ASCII):
            return answer({"detail": "Invalid note ID format"}, 400)
        meeting, now = self.meeting(f"rec_{note_id.removeprefix('note_')}"), self.now()
        if meeting is None or meeting.note_id != note_id:
            return answer({"detail": "Note not found"}, 404)
        return answer({"note": note(meeting, now, WHOLE_NOTE)})

    async def action_items(self, request: Request) -> Response:
        """A page of action items; none is ever completed or archived here."""
        body = await json_body(request)
        asked, now = Asked.read(body), self.now()
        filters = body.get("filters")
        if isinstance(filters, dict) and (filters.get("completed") or filters.get("archived")):
            return listed("action_items", asked, None, [])
        found, cursor = page(asked, (m for m in self.newest_first(asked, now) if has_transcript(m, now)))
        items = [action_item(meeting, n) for meeting in found for n in range(len(meeting.notes.action_items))]
        return listed("action_items", asked, cursor, items)

    async def action_item(self, item_id: str) -> Response:
        """One action item."""
        match = re.fullmatch(r"ai_(\w+)_(\d)", item_id, re.ASCII)
        meeting = self.meeting(f"rec_{match[1]}") if match else None
        if not match or meeting is None or not has_transcript(meeting, self.now()):
            return answer({"detail": "Action item not found"}, 404)
        if int(match[2]) >= len(meeting.notes.action_items):
            return answer({"detail": "Action item not found"}, 404)
        return answer({"action_item": action_item(meeting, int(match[2]))})

    def meeting(self, recording_id: str) -> Meeting | None:
        """The meeting of this recording, if it has appeared by now."""
        now = self.now()
        self.shelve(now)
        meeting = self._by_id.get(recording_id)
        return meeting if meeting and has_appeared(meeting, now) else None

    def newest_first(self, asked: "Asked", now: datetime) -> Iterator[Meeting]:
        """What has appeared and stands after the cursor, only where the asked times can match."""
        self.shelve(now)
        last = bisect_left(self._places, asked.after) if asked.after else bisect_right(self._places, (now, "~"))
        oldest = asked.oldest_possible()
        first = bisect_left(self._places, (oldest, "")) if oldest else 0
        for position in range(last - 1, first - 1, -1):
            meeting = self._shelf[position]
            if has_appeared(meeting, now):
                yield meeting

    def shelve(self, now: datetime) -> None:
        """Put meetings made since into the order of lists; weeks do not overlap, so only new ones are sorted."""
        self.world.reach(now)
        made = self.world.every_meeting_made()
        if len(made) > len(self._shelf):
            fresh = sorted(made[len(self._shelf) :], key=place_of)
            self._shelf.extend(fresh)
            self._places.extend(place_of(meeting) for meeting in fresh)
            self._by_id.update((meeting.meeting_id, meeting) for meeting in fresh)


def page(asked: Asked, matching: Iterator[Meeting]) -> tuple[list[Meeting], str | None]:
    """The next page and the cursor after it, none at the end."""
    found = list(islice(matching, asked.page_size))
    more = next(matching, None) is not None
    return found, cursor_of(found[-1]) if more else None


def listed(name: str, asked: Asked, cursor: str | None, data: list[JsonObject]) -> Response:
    """A page in Fellow's envelope."""
    return answer({name: {"page_info": {"cursor": cursor, "page_size": asked.page_size}, "data": data}})


async def nothing_here() -> Response:
    """404 for a path the API does not have."""
    return answer({"detail": "Not Found"}, 404)
