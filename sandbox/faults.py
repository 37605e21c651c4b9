"""Everything a vendor's server does to a client now and then, on demand and repeatable."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields

from fastapi import Response
from starlette.types import Receive, Scope, Send

from sandbox.dice import Dice

RATES = (
    "server_error", "rate_limited", "malformed_json", "html", "empty_body", "timeout", "reset", "lost_answer",
    "rate_limited_without_retry_after",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, from 0 to 1, a request meets each kind of trouble instead of its answer."""

    server_error: float = 0.0
    rate_limited: float = 0.0
    malformed_json: float = 0.0
    html: float = 0.0
    empty_body: float = 0.0
    timeout: float = 0.0
    """Nothing for `hang_seconds`, then the connection is dropped."""
    reset: float = 0.0
    """Half an answer, then the connection is dropped; nothing was carried out."""
    lost_answer: float = 0.0
    """All is carried out, an order is taken and billed; then the connection is dropped as with `reset`."""
    rate_limited_without_retry_after: float = 0.0
    hang_seconds: float = 30.0
    seed: int = 0

    @classmethod
    def read(cls, body: dict[str, object]) -> "Faults":
        """Faults from a control request; raises ValueError for an unknown name or a rate that is none."""
        unknown = set(body) - {one.name for one in fields(cls)}
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(RATES)}")
        numbers: dict[str, float] = {}
        for name, value in body.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name} must be a number that is not negative")
            numbers[name] = float(value)
        if sum(numbers.get(kind, 0.0) for kind in RATES) > 1:
            raise ValueError("the rates add up to more than 1")
        seed = int(numbers.pop("seed", 0))
        return cls(seed=seed, **numbers)


class Trouble:
    """Draws for each request whether it fails, and how."""

    def __init__(self, faults: Faults) -> None:
        """Start the draws that belong to the faults' seed."""
        self.faults = faults
        self._dice = Dice(faults.seed)

    def next(self) -> str | None:
        """The kind of trouble the next request meets, if any."""
        left = self._dice.fraction()
        for kind in RATES:
            left -= getattr(self.faults, kind)
            if left < 0:
                return kind
        return None

    def answer(self, kind: str, broken: Response, too_many: Callable[[], Response], cut_short: str) -> Response:
        """What a request in this kind of trouble gets; `too_many` is only asked where it is needed."""
        match kind:
            case "server_error":
                return broken
            case "rate_limited":
                return too_many()
            case "rate_limited_without_retry_after":
                refusal = too_many()
                del refusal.headers["Retry-After"]
                return refusal
            case "malformed_json":
                return Response(cut_short, media_type="application/json")
            case "html":
                return Response("<html><body>We'll be right back.</body></html>", media_type="text/html")
            case "empty_body":
                return Response(b"", media_type="application/json")
            case "timeout":
                return Dropped(after_seconds=self.faults.hang_seconds)
            case _:
                return Dropped()


class RateLimit:
    """Lets so many requests a second through for each key; `None` lets all through."""

    def __init__(self, per_second: float | None) -> None:
        """Nobody has asked yet."""
        self.per_second = per_second
        self._asked: dict[str, deque[float]] = {}

    def admits(self, key: str) -> bool:
        """Whether this key may ask now; counts the request if so.

        The time passed is real time whatever the simulated clock says, hence `time.monotonic`.
        """
        if not self.per_second:
            return True
        allowed = max(1, int(self.per_second))
        window = allowed / self.per_second
        now, asked = time.monotonic(), self._asked.setdefault(key, deque())
        while asked and asked[0] <= now - window:
            asked.popleft()
        if len(asked) >= allowed:
            return False
        asked.append(now)
        return True


class Dropped(Response):
    """Begins an answer, perhaps after a long wait, and drops the connection before its end."""

    def __init__(self, after_seconds: float = 0.0) -> None:
        """Wait so long before anything is sent."""
        super().__init__()
        self.after_seconds = after_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise 1,000 bytes and send ten."""
        await asyncio.sleep(self.after_seconds)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"recordin', "more_body": True})
