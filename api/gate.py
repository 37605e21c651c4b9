"""Who may come in, and how often: keys by heart for two seconds, budgets in shares.

A process knows all keys and asks the database for them again before two seconds have passed, beside the requests;
what was revoked is refused by then in every process. Of a key's budget for the minute it takes a share at a time and
the next one before that is used up, so that hardly any request waits for the database. A share that is not used up
when the minute ends is lost: with many processes a key that asks little of each gets a few per cent less than its
limit, never more.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread

from database import keys
from database.keys import Key, Share

log = logging.getLogger("ringback.api")
KNOWN_FOR_SECONDS = 2.0
LOOK_AGAIN_AFTER_SECONDS = 1.0
LOOK_FOR_NEW_AFTER_SECONDS = 0.25
"""A key that was made a moment ago is found; whoever makes keys up has the database asked four times a second."""
SHARES = 20
SECONDS = 60
TakeShare = Callable[[str, datetime, int, int], Share]


class KeyRing:
    """All keys, as they were at most two seconds ago."""

    def __init__(
        self, load: Callable[[], list[Key]] = keys.keys, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is known before the first question."""
        self._load, self._monotonic = load, monotonic
        self._by_id: dict[str, Key] = {}
        self._known_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    async def key_of(self, text: str, at: datetime) -> Key | None:
        """The key with this text, if it is valid at a moment; raises what the database raises if it cannot be asked."""
        age = self._monotonic() - self._known_at
        if age >= LOOK_AGAIN_AFTER_SECONDS:
            loading = self._look_again()
            if age >= KNOWN_FOR_SECONDS:
                await asyncio.shield(loading)
        key_id, secret = keys.parts_of(text) or ("", text)
        key = self._by_id.get(key_id)
        if key is None and key_id and LOOK_FOR_NEW_AFTER_SECONDS <= age < KNOWN_FOR_SECONDS:
            await asyncio.shield(self._look_again())
            key = self._by_id.get(key_id)
        return key if keys.fits(secret, key) and key is not None and key.is_valid_at(at) else None

    def _look_again(self) -> "asyncio.Task[None]":
        if self._loading is None or _is_over(self._loading):
            self._loading = asyncio.create_task(self._learn())
            self._loading.add_done_callback(_tell)
        return self._loading

    async def _learn(self) -> None:
        asked_at = self._monotonic()
        loaded = await to_thread.run_sync(self._load)
        self._by_id = {key.key_id: key for key in loaded}
        self._known_at = asked_at


@dataclass(slots=True)
class Standing:
    """Whether a request is within its key's budget, and what is left of that."""

    is_admitted: bool
    limit: int
    remaining: int
    seconds_left: int
    """Until the next minute begins."""


@dataclass(slots=True)
class _Budget:
    """What this process holds of a key's minute."""

    minute: datetime
    left: int = 0
    left_for_all: int = 0
    is_spent: bool = False
    """There is nothing more to take."""
    taking: "asyncio.Task[None] | None" = None


class Limiter:
    """Requests a minute by key, over all processes that share a database."""

    def __init__(self, take: TakeShare = keys.take_share) -> None:
        """Nothing is taken before it is needed."""
        self._take = take
        self._budgets: dict[str, _Budget] = {}

    async def admit(self, key: Key, at: datetime) -> Standing:
        """Count a request; whether it is within its budget."""
        minute = at.replace(second=0, microsecond=0)
        budget = self._budgets.get(key.key_id)
        if budget is None or budget.minute != minute:
            budget = self._budgets[key.key_id] = _Budget(minute)
        share = max(1, key.per_minute // SHARES)
        while not budget.left and not budget.is_spent:
            await asyncio.shield(self._taking(key, share, budget))
        is_admitted = budget.left > 0
        if is_admitted:
            budget.left -= 1
            if budget.left <= share // 2 and share > 1 and not budget.is_spent:
                self._taking(key, share, budget)
        return Standing(is_admitted, key.per_minute, budget.left + budget.left_for_all, SECONDS - at.second)

    def _taking(self, key: Key, share: int, budget: _Budget) -> "asyncio.Task[None]":
        if budget.taking is None or _is_over(budget.taking):
            budget.taking = asyncio.create_task(self._take_share(key, share, budget))
            budget.taking.add_done_callback(_tell)
        return budget.taking

    async def _take_share(self, key: Key, share: int, budget: _Budget) -> None:
        taken = await to_thread.run_sync(self._take, key.key_id, budget.minute, share, key.per_minute)
        budget.left += taken.granted
        budget.left_for_all = taken.left
        budget.is_spent = taken.granted < share


def _is_over(task: "asyncio.Task[None]") -> bool:
    return task.done() or task.get_loop() is not asyncio.get_running_loop()


def _tell(task: "asyncio.Task[None]") -> None:
    """Say in the log why the database could not be asked; whoever waits for it is told as well."""
    if not task.cancelled() and (failure := task.exception()):
        log.warning("the database could not be asked about keys", exc_info=failure)
