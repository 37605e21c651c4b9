"""What the stand-ins of all data vendors share: who is let in, what goes wrong, and the knobs to steer them."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from math import ceil
from typing import Any, ClassVar, Generic, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from sandbox.directory import Directory
from sandbox.faults import Dropped, Faults, Trouble
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.world import World

EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Any]
"""A route's function; FastAPI reads its parameters, so their types are its own affair."""
Control = Callable[[JsonObject], Awaitable[JsonObject]]
"""A switch of one vendor: takes a JSON object and gives one; raises ValueError for what cannot be meant."""
RATE_LIMIT = "rate_limit"
"""The key in `refusals` of what a vendor's own limiter turned away; faults on demand have other keys."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a vendor behaves; numbers and truth values only, so that they can be set over HTTP."""

    delay_seconds: float = 0.0
    """How long each answer takes."""


S = TypeVar("S", bound=Settings)


class Vendor(ABC, Generic[S]):
    """A vendor's stand-in: the world it knows, its settings and troubles, and what it was asked."""

    name: ClassVar[str]
    """The first part of its path, and what the control routes call it."""
    below: ClassVar[str] = ""
    """What follows the name in the path of every route."""
    limits: ClassVar[tuple[str, ...]] = (RATE_LIMIT,)
    """The keys in `refusals` under which the vendor's own limiters count, unlike faults on demand."""

    def __init__(self, world: World, now: Callable[[], datetime], usual: S) -> None:
        """Know `world` as of `now()`, and behave as usual."""
        self.directory, self.now, self.usual = Directory(world, now), now, usual
        self.settings = usual
        self.trouble = Trouble(Faults())
        self.requests: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.begin()

    def begin(self) -> None:
        """Remember nothing: no runs, no purchases, fresh limits."""

    @abstractmethod
    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path below the vendor's name, and handler."""

    @abstractmethod
    def authenticate(self, request: Request) -> None:
        """Let the request pass, or raise Answered."""

    def controls(self) -> list[tuple[str, Control]]:
        """The vendor's own switches: path below `/_sandbox/{name}`, and what it does."""
        return []

    def limit(self, request: Request) -> None:
        """Count the request against the vendor's limits; raises Answered when one is passed."""

    def books(self) -> JsonObject:
        """What a test may want to see of this vendor, beyond requests and refusals."""
        return {}

    def not_found(self) -> Response:
        """The answer for a path the API does not have."""
        return answer({"detail": "Not Found"}, 404)

    def server_error(self) -> Response:
        """The answer of a broken server."""
        return answer({"detail": "Internal Server Error"}, 500)

    def too_many(self, request: Request) -> Response:
        """The answer when the vendor is asked too often."""
        return answer({"detail": "Too Many Requests"}, 429, {"Retry-After": "1"})

    def router(self) -> APIRouter:
        """The routes below the vendor's name."""
        router = APIRouter(prefix=f"/{self.name}", dependencies=[Depends(self.admit)], route_class=LossyRoute)
        for method, path, handler in self.routes():
            router.add_api_route(self.below + path, handler, methods=[method], response_model=None)

        async def nothing_here() -> Response:
            return self.not_found()

        router.add_api_route("/{path:path}", nothing_here, methods=EVERY_METHOD, response_model=None)
        return router

    async def admit(self, request: Request) -> None:
        """Turn away who may not ask, asks too often, or meets a fault."""
        self.requests[f"{request.method} {self.path_of(request)}"] += 1
        if self.settings.delay_seconds:
            await asyncio.sleep(self.settings.delay_seconds)
        self.authenticate(request)
        self.limit(request)
        kind = self.trouble.next()
        if kind == "lost_answer":
            self.refusals[kind] += 1
            request.state.answer_is_lost = True
        elif kind is not None:
            raise self.refused(kind, self.troubled(kind, request))

    def path_of(self, request: Request) -> str:
        """The request's route without what all have in common, its parameters in braces."""
        route: str = request.scope["route"].path
        return route.removeprefix(f"/{self.name}").removeprefix(self.below)

    def refused(self, kind: str, response: Response) -> Answered:
        """Count a refusal, and answer with it."""
        self.refusals[kind] += 1
        return Answered(response)

    def troubled(self, kind: str, request: Request) -> Response:
        """The answer of a server in this kind of trouble."""
        return self.trouble.answer(kind, self.server_error(), lambda: self.too_many(request), '{"data": [{"id": nul')

    def set(self, changes: Mapping[str, object]) -> None:
        """Change some settings; raises ValueError for an unknown name or a value of the wrong kind."""
        known = {one.name: getattr(self.usual, one.name) for one in fields(self.usual)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{self.name} has no setting {name}; there are {', '.join(known)}")
            numeric = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if not (isinstance(value, type(known[name])) if isinstance(known[name], bool | str) else numeric):
                raise ValueError(f"{name} must be like {known[name]!r}")
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]  # checked above, by name and kind

    def reset(self) -> None:
        """Behave as usual again, and forget everything that happened."""
        self.settings, self.trouble = self.usual, Trouble(Faults())
        self.requests.clear()
        self.refusals.clear()
        self.begin()

    def state(self) -> JsonObject:
        """What was asked and refused, how the vendor is set, and its books.

        `refusals` counts by reason: faults on demand under their kind (`lost_answer` too, though it was carried
        out), the vendor's own limiters under the keys in `limits`. `over_limit` adds up the latter, so that it is 0
        as long as no real limit was passed, however many 429s are injected.
        """
        return {
            "requests": dict(self.requests),
            "refusals": dict(self.refusals),
            "limits": list(self.limits),
            "over_limit": sum(self.refusals[key] for key in self.limits),
            "faults": asdict(self.trouble.faults),
            "settings": asdict(self.settings),
            **self.books(),
        }


class LossyRoute(APIRoute):
    """A route whose answer can get lost on its way back, after everything was carried out."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, its answer replaced where `admit` said so."""
        carry_out = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await carry_out(request)
            except Answered:
                if not is_lost(request):
                    raise
                return Dropped()
            return Dropped() if is_lost(request) else response

        return handle


def is_lost(request: Request) -> bool:
    """The answer to this request gets lost."""
    return getattr(request.state, "answer_is_lost", False) is True


class FixedWindow:
    """Counts requests in a window that opens with the first of them; real time, whatever the simulated clock says."""

    def __init__(self, seconds: float) -> None:
        """Nobody has asked yet."""
        self.seconds = seconds
        self.used = 0
        self._opened = float("-inf")

    def admits(self, allowed: float, count: int = 1) -> bool:
        """Whether so many more fit into what is allowed; counts them if so."""
        if not self.has_room(allowed, count):
            return False
        self.used += count
        return True

    def has_room(self, allowed: float, count: int = 1) -> bool:
        """Whether so many more would fit; counts nothing."""
        self.roll()
        return self.used + count <= allowed

    def roll(self) -> None:
        """Open a new window when the last is over."""
        if time.monotonic() >= self._opened + self.seconds:
            self._opened, self.used = time.monotonic(), 0

    def seconds_left(self) -> int:
        """Whole seconds until the window is over, at least 1."""
        return max(1, ceil(self._opened + self.seconds - time.monotonic()))


async def body_or_none(request: Request) -> JsonObject | None:
    """The body as a JSON object, `{}` when empty; None when it is something else."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
