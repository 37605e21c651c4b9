"""Who answers in this process: loaded once, changed as one when the ledger or a pin does, looked up by each request.

A request takes the service that is there when it begins and keeps it to its end, so that nothing is ever mixed.
"""

import asyncio
import gc
import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from anyio import to_thread
from fastapi import FastAPI

from api import metrics
from api.compiling import engine_of_version
from api.errors import ApiError
from api.replies import Replies
from api.threads import FOLLOWING
from database.known import known_lead
from database.promotions import ledger
from database.serving import Wanted, wanted
from intake.sentiment import sentiment_of
from ringback.clock import now
from ringback.errors import NoModel, UnknownModel
from ringback.records import TARGETS, Target
from ringback.settings import settings
from scoring.engine import Engine
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest, Stored
from scoring.log import PredictionLog, bring_in, line_of, waiting_bytes
from scoring.policy import policy, policy_failure
from scoring.service import Scored, Service
from scoring.stored import KnownByHeart, present_rates, request_about, stored_about

LOOK_AGAIN_SECONDS = 1.0
TRY_AGAIN_SECONDS = 60.0
"""After a version could not be loaded: it takes a process of its own and seconds of a processor to try."""
log = logging.getLogger("ringback.serving")


def nobody() -> Service:
    """The service before any model is loaded: the rules answer."""
    return Service(Champions(None, None), Champions(None, None), policy())


@dataclass
class Serving:
    """What this process answers with; `service` is replaced as a whole."""

    service: Service = field(default_factory=nobody)
    wanted: Wanted | None = None
    loaded_at: datetime | None = None
    failures: dict[str, str] = field(default_factory=dict)
    """What of the versions that should answer cannot be loaded, and why."""
    written: PredictionLog = field(default_factory=PredictionLog)
    known: KnownByHeart = field(default_factory=KnownByHeart)
    rates: Stored = NOTHING
    """How calls have been ending lately, as the flows publish it."""
    replies: Replies = field(default_factory=lambda: Replies(settings().score_cache_seconds))
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tried: float = 0.0

    async def follow(self) -> None:
        """Take over what is wanted by now."""
        async with self._changing:
            asked = await to_thread.run_sync(wanted, now(), limiter=FOLLOWING)
            self.rates = await to_thread.run_sync(present_rates, limiter=FOLLOWING)
            self.known = await to_thread.run_sync(self.known.renewed, limiter=FOLLOWING)
            rules = policy()
            is_tried = not self.failures or monotonic() - self._tried < TRY_AGAIN_SECONDS
            if asked == self.wanted and rules == self.service.rules and is_tried:
                return
            self.service = await to_thread.run_sync(self._service_of, asked)
            self.wanted, self.loaded_at, self._tried = asked, now(), monotonic()

    def _service_of(self, asked: Wanted) -> Service:
        self.failures = {}
        champions = Champions(*(self._champion(target, asked.champions.get(target)) for target in TARGETS))
        challengers = Champions(*(self._engine(target, asked.challengers.get(target)) for target in TARGETS))
        return Service(champions, challengers, policy(), settings().challenger_share, asked.pinned)

    def _champion(self, target: Target, version: str | None) -> Engine | None:
        """The version asked for or, where it cannot be loaded, the last champion before that can: in every process."""
        if version is None:
            return None
        for one in dict.fromkeys((version, *(promotion.version for promotion in ledger(target, now())))):
            if engine := self._engine(target, one):
                return engine
        log.error("no champion of %s can be loaded; %s", target, "the rules answer" if target == "progression" else "")
        return None

    def _engine(self, target: Target, version: str | None) -> Engine | None:
        """A version, warm; None where it cannot be loaded, which is told."""
        pairs = (self.service.champions, self.service.challengers)
        present = next((one for pair in pairs if (one := _of(pair, target)) and one.version == version), None)
        if version is None or present:
            return present
        try:
            return engine_of_version(target, version).warm
        except (NoModel, UnknownModel) as failure:
            self.failures[f"{target} {version}"] = str(failure)
            log.error("%s", failure)
            return None

    async def stored_about(self, lead: LeadRequest) -> Stored:
        """What is stored about a lead, its company and how calls have been ending.

        The database is asked only about those whom it can know, which is known by heart.
        """
        if self.known.has(lead):
            return await to_thread.run_sync(stored_about, lead, self.rates)
        return self.rates

    def facts(self) -> dict[str, Any]:
        """How the scoring is, for who may know."""
        service = self.service
        present = _versions(service.champions)
        is_wanted = self.wanted is None or all(present[t] == v for t, v in self.wanted.champions.items())
        return {
            "ok": True,  # somebody answers, be it the rules
            "degraded": not is_wanted or policy_failure() is not None,
            "champions": present,
            "challengers": _versions(service.challengers),
            "challenger_share": service.challenger_share,
            "pinned": sorted(service.pinned),
            "policy": service.rules.fingerprint,
            "policy_failure": policy_failure(),
            "loaded_at": self.loaded_at,
            "cannot_be_loaded": self.failures,
            "log_bytes_waiting": waiting_bytes(),
        }


_present: Serving | None = None


def serving() -> Serving:
    """The one of this process; raises ApiError 503 before it has started."""
    if _present is None:
        raise ApiError(503)
    return _present


async def start(app: FastAPI) -> None:
    """Load who answers, and follow what changes."""
    global _present
    one = Serving()
    stack = AsyncExitStack()
    stack.push_async_callback(to_thread.run_sync, one.written.close)
    await asyncio.gather(one.follow(), to_thread.run_sync(sentiment_of, "warm"))  # TextBlob takes seconds to load
    gc.collect()
    gc.freeze()  # what is loaded by now stays; looking through it again would hold requests up for milliseconds
    stack.push_async_callback(_ended, asyncio.create_task(_keep_following(one)))
    app.state.serving_stack = stack
    _present = one


async def stop(app: FastAPI) -> None:
    """End the log."""
    global _present
    await app.state.serving_stack.aclose()
    _present = None


def score_lead(lead: dict[str, Any], received_at: datetime) -> None:
    """Score a lead that a webhook told of, as the inbox hands it over; raises what keeping it raises.

    Whoever is stopped after this and does it again, on whichever day, does it once.
    """
    here = serving()
    known = {name: value for name, value in lead.items() if value is not None}
    asked = LeadRequest.model_validate(known)
    at = now()
    once = f"webhook:{asked.lead_id}:{received_at:%Y-%m-%d}"
    _keep(here, here.service.score(asked, stored_about(asked, here.rates), at, source="webhook", identity=once))


def score_now(lead_id: str) -> None:
    """Score a lead by what is stored about it; its answer is in the database afterwards. Raises ApiError 404."""
    here, known = serving(), known_lead(lead_id, None)
    if known is None:  # it was merged or removed since it was looked up
        raise ApiError(404, "There is no such lead.")
    asked = request_about(known)
    _keep(here, here.service.score(asked, stored_about(asked, here.rates, known), now(), source="page"))
    bring_in()


def facts() -> dict[str, Any]:
    """How the scoring of this process is."""
    return serving().facts()


def _keep(here: Serving, scored: Scored) -> None:
    """Log an answer that no request asked for."""
    here.written.append(line_of(scored, {"request_id": None, "key_id": None}))
    metrics.observe_prediction(scored.prediction)


async def _keep_following(one: Serving) -> None:
    while True:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        try:
            await one.follow()
        except Exception:  # the database may be away; who answers stays, and the next round asks again
            log.warning("cannot see who should answer", exc_info=True)


async def _ended(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task


def _of(champions: Champions, target: Target) -> Engine | None:
    return champions.progression if target == "progression" else champions.voice_ai


def _versions(champions: Champions) -> dict[Target, str | None]:
    return {target: one.version if (one := _of(champions, target)) else None for target in TARGETS}
