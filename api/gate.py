"""Who may come in, and how often: keys by heart for two seconds, budgets in shares.

A process knows all keys and asks the database before two seconds have passed, beside the requests, whether any has
changed; what was revoked is refused by then in every process. Of a key's budget for the minute it takes a share (a
twentieth) at a time and the next one before that is used up; the first share of the next minute is taken before that
begins, where the key is much used. A share that is not used up when the minute ends is lost: with many processes a key
that asks little of each gets a few per cent less than its limit.

What is guaranteed: all processes together admit what the database has granted, which is never more than the limit. A
single request waits for the database at most a tenth of a second as long as this process has credit: one share a
minute for each key. It is given while the database is slow and paid from the next share, so that only where the minute
had nothing left any more, a key gets more than its limit: by at most one share (a twentieth, or one request of a limit
below forty) in each process. Beyond the credit requests wait; a database that is away refuses.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from anyio import to_thread

from api.threads import BUDGETS, KEYS
from database import keys
from database.keys import Key, Share

log = logging.getLogger("ringback.api")
KNOWN_FOR_SECONDS = 2.0
LOOK_AGAIN_AFTER_SECONDS = 1.0
LOOK_FOR_NEW_AFTER_SECONDS = 0.25
"""A key that was made a moment ago is found; whoever makes keys up has the database asked four times a second."""
SHARES = 20
SECONDS = 60
PATIENCE_SECONDS = 0.1
"""So long a request waits for a share before it is admitted on credit."""
TAKE_AHEAD_FROM_SECOND = 40
"""Of a minute, from which the first share of the next one is taken."""
TakeShare = Callable[[str, datetime, int, int, int], Share]
"""As `database.keys.take_share`."""


class KeyRing:
    """All keys, as they were at most two seconds ago."""

    def __init__(
        self,
        load: Callable[[], list[Key]] = keys.keys,
        monotonic: Callable[[], float] = time.monotonic,
        state: Callable[[], object] = keys.state,
    ) -> None:
        """Nothing is known before the first question; all keys are read again only where their state has changed."""
        self._load, self._monotonic, self._state = load, monotonic, state
        self._state_known: object = None
        self._by_id: dict[str, Key] = {}
        self._known_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    async def key_of(self, text: str, at: datetime) -> Key | None:
        """The key with this text, if it is valid at a moment; raises what the database raises if it cannot be asked."""
        key_id, secret = keys.parts_of(text) or ("", text)
        key = await self._known(key_id)
        return key if keys.fits(secret, key) and key is not None and key.is_valid_at(at) else None

    async def key_with_id(self, key_id: str, at: datetime) -> Key | None:
        """The key of somebody who has signed in with it, if it is still valid at a moment."""
        key = await self._known(key_id)
        return key if key is not None and key.is_valid_at(at) else None

    async def _known(self, key_id: str) -> Key | None:
        age = self._monotonic() - self._known_at
        if age >= LOOK_AGAIN_AFTER_SECONDS:
            loading = self._look_again()
            if age >= KNOWN_FOR_SECONDS:
                await asyncio.shield(loading)
        key = self._by_id.get(key_id)
        if key is None and key_id and LOOK_FOR_NEW_AFTER_SECONDS <= age < KNOWN_FOR_SECONDS:
            await asyncio.shield(self._look_again())
            key = self._by_id.get(key_id)
        return key

    def _look_again(self) -> "asyncio.Task[None]":
        if self._loading is None or _is_over(self._loading):
            self._loading = asyncio.create_task(self._learn())
            self._loading.add_done_callback(_tell)
        return self._loading

    async def _learn(self) -> None:
        asked_at = self._monotonic()
        state = await to_thread.run_sync(self._state, limiter=KEYS)  # before the keys: what comes between is seen next
        if state != self._state_known:
            self._by_id = await to_thread.run_sync(self._read, limiter=KEYS)
            self._state_known = state
        self._known_at = asked_at

    def _read(self) -> dict[str, Key]:
        return {key.key_id: key for key in self._load()}


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
    left_for_all: int
    """What the database had left at the last look; others may have taken of it since."""
    credit: int
    """Requests that may still be admitted before the database has granted them."""
    left: int = 0
    """Below zero for what was admitted on credit."""
    used: int = 0
    taking: "asyncio.Task[None] | None" = None
    asked_at: float = 0.0


class Limiter:
    """Requests a minute by key, over all processes that share a database."""

    def __init__(self, take: TakeShare = keys.take_share) -> None:
        """Nothing is taken before it is needed."""
        self._take = take
        self._budgets: dict[str, _Budget] = {}
        self._ahead: dict[str, _Budget] = {}

    async def admit(self, key: Key, at: datetime, cost: int = 1) -> Standing:
        """Count a request, or `cost` at once; whether all of them are within the budget, else none is counted."""
        budget, share = self._budget_of(key, at), _share_of(key)
        while budget.left < cost <= budget.left + budget.left_for_all:
            taking = self._taking(key, budget, cost)
            patience = None
            if cost == 1 and budget.credit > 0:  # who comes while others have waited already does not wait again
                patience = max(0.0, budget.asked_at + PATIENCE_SECONDS - time.monotonic())
            done, _ = await asyncio.wait({taking}, timeout=patience)
            if done:
                taking.result()
            elif budget.credit > 0:
                budget.credit -= 1
                return self._counted(key, at, budget, cost)
        if budget.left < cost:
            return _standing(False, key, at, budget)
        counted = self._counted(key, at, budget, cost)
        if budget.left <= share // 2 and share > 1 and budget.left_for_all > 0:
            self._taking(key, budget, 1)
        if at.second >= TAKE_AHEAD_FROM_SECOND and budget.used >= share > 1:
            self._take_ahead(key, budget)
        return counted

    def _budget_of(self, key: Key, at: datetime) -> _Budget:
        minute = at.replace(second=0, microsecond=0)
        budget = self._budgets.get(key.key_id)
        if budget is None or budget.minute < minute:  # never back, for who waited over the minute's end
            ahead = self._ahead.pop(key.key_id, None)
            budget = ahead if ahead and ahead.minute == minute else _fresh(key, minute)
            self._budgets[key.key_id] = budget
        return budget

    def _counted(self, key: Key, at: datetime, budget: _Budget, cost: int) -> Standing:
        budget.left -= cost
        budget.used += cost
        return _standing(True, key, at, budget)

    def _take_ahead(self, key: Key, budget: _Budget) -> None:
        following = budget.minute + timedelta(seconds=SECONDS)
        ahead = self._ahead.get(key.key_id)
        if ahead is None or ahead.minute != following:
            ahead = self._ahead[key.key_id] = _fresh(key, following)
            self._taking(key, ahead, 1)

    def _taking(self, key: Key, budget: _Budget, cost: int) -> "asyncio.Task[None]":
        if budget.taking is None or _is_over(budget.taking):
            budget.taking = asyncio.create_task(self._take_share(key, budget, cost))
            budget.taking.add_done_callback(_tell)
            budget.asked_at = time.monotonic()
        return budget.taking

    async def _take_share(self, key: Key, budget: _Budget, cost: int) -> None:
        """Take a share, or all that is missing where that is more: less than that would help nobody."""
        missing = max(1, cost - budget.left)
        wanted = max(_share_of(key), missing)
        at_least = 1 if cost == 1 else missing
        asked = (key.key_id, budget.minute, wanted, key.per_minute, at_least)
        taken = await to_thread.run_sync(self._take, *asked, limiter=BUDGETS)
        budget.left += taken.granted
        budget.left_for_all = taken.left


def _share_of(key: Key) -> int:
    return max(1, key.per_minute // SHARES)


def _fresh(key: Key, minute: datetime) -> _Budget:
    return _Budget(minute, left_for_all=key.per_minute, credit=_share_of(key))


def _standing(is_admitted: bool, key: Key, at: datetime, budget: _Budget) -> Standing:
    left = max(0, budget.left + budget.left_for_all)
    return Standing(is_admitted, key.per_minute, left, SECONDS - at.second)


def _is_over(task: "asyncio.Task[None]") -> bool:
    return task.done() or task.get_loop() is not asyncio.get_running_loop()


def _tell(task: "asyncio.Task[None]") -> None:
    """Say in the log why the database could not be asked; whoever waits for it is told as well."""
    if not task.cancelled() and (failure := task.exception()):
        log.warning("the database could not be asked about keys", exc_info=failure)
