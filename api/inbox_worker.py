"""What is done about deliveries after they were acknowledged: one worker in each process, beside the requests.

Leads are kept and scored, events of mails are kept, and of Fellow's deliveries the ingest is told, which reads all that
changed there and then says that they are done. Whatever fails is tried again, ever later, and given up after five
times; what a killed process held comes back to the others when its lease runs out.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from anyio import to_thread

from api import email_events
from campaigns.engagement import under_our_names
from database import engagement, inbox, incidents, keys, people, published
from database.away import is_away
from database.inbox import MOST_ATTEMPTS, Delivery, Name
from database.mails_to import mails_to
from ringback.clock import now
from ringback.errors import VendorUnavailable
from ringback.settings import settings
from scoring.arrivals import LEADS, Arrival, alone, arrivals_in, records_of, to_score
from vendors import prefect_events

log = logging.getLogger("ringback.inbox")
FELLOW = "fellow"
EMAIL = (email_events.RESEND, email_events.SENDGRID, email_events.POSTMARK)
LOOK_AGAIN_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 10.0
STOP_WITHIN_SECONDS = 5.0
AT_ONCE = 50
TELL_PREFECT_EVERY = timedelta(minutes=1)
TOLD = "Prefect was told; the ingest says when it is done"
TELL_AGAIN_AFTER = timedelta(minutes=15)
"""Prefect took the event, and the ingest still has not read Fellow."""
TIDY_EVERY = timedelta(hours=1)
USAGE_KEPT = timedelta(hours=1)
DONE_KEPT = timedelta(days=30)
ScoreLead = Callable[[dict[str, Any], datetime], None]
"""Scores a kept lead: what `scoring.lead.LeadRequest` reads, with the `lead_id` it is kept under, and when it came."""
Tell = Callable[[datetime], None]


def tell_prefect(at: datetime) -> None:
    """Tell Prefect that calls were delivered; raises VendorUnavailable."""
    server = settings().prefect
    prefect_events.emit(server, prefect_events.CALL_DELIVERED, prefect_events.FELLOW, {"at": at.isoformat()}, at)


class InboxWorker:
    """Works off the inbox; `work` does one round, `start` and `stop` let rounds run in this process's loop."""

    def __init__(
        self,
        score_lead: ScoreLead | None = None,
        clock: Callable[[], datetime] = now,
        tell: Tell = tell_prefect,
        name: str | None = None,
    ) -> None:
        """Without `score_lead` deliveries of leads stay waiting, for a process that can score."""
        self._score_lead, self._clock, self._tell = score_lead, clock, tell
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._task: asyncio.Task[None] | None = None
        self._called = asyncio.Event()
        self._is_stopping = False
        self._tidied_at: datetime | None = None

    def start(self) -> None:
        """Begin to work in the running loop."""
        self._task = asyncio.create_task(self._run())

    def call(self) -> None:
        """Say that something has just come in."""
        self._called.set()

    async def stop(self) -> None:
        """Stop after the round that is under way."""
        self._is_stopping = True
        self.call()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_WITHIN_SECONDS)
            self._task.cancel()

    async def _run(self) -> None:
        while not self._is_stopping:
            pause = LOOK_AGAIN_SECONDS
            try:
                if await to_thread.run_sync(self.work):
                    continue
            except Exception:  # whatever it is, it is looked at again, and said
                log.exception("a round over the inbox failed")
                pause = AFTER_TROUBLE_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), pause)
            self._called.clear()

    def work(self) -> int:
        """Take what is due and do it; gives how many deliveries that were."""
        self._tidy()
        sources = [*EMAIL, FELLOW, *([LEADS] if self._score_lead else [])]
        taken = inbox.take(self.name, sources, AT_ONCE, self._clock())
        for source, some in groupby(sorted(taken, key=lambda one: one.name), key=lambda one: one.name.source):
            if source == FELLOW:
                self._tell_of_calls(list(some))
                continue
            for delivery in some:
                self._do(delivery)
        return len(taken)

    def _do(self, delivery: Delivery) -> None:
        try:
            if delivery.name.source == LEADS:
                self._take_leads(delivery)
            else:
                self._take_events(delivery)
        except Exception as failure:  # one delivery that fails keeps no other waiting
            self._fail(delivery, failure)
            return
        inbox.finish(self.name, [delivery.name], self._clock())

    def _take_events(self, delivery: Delivery) -> None:
        name = delivery.name
        found = email_events.events_in(name.source, delivery.body, name.delivery_id, delivery.received_at)
        engagement.keep_events(under_our_names(found, mails_to({one.recipient for one in found})))

    def _take_leads(self, delivery: Delivery) -> None:
        """Keep the leads, then score each; both can be done again without doing it twice.

        A lead that fails beside others that do not becomes a delivery of its own, which is tried again and in the end
        given up with its own reason; the others are done.
        """
        arrivals, score_lead = arrivals_in(delivery.body), self._score_lead
        assert score_lead is not None  # noqa: S101  (leads are only taken where they can be scored)
        names = [f"{delivery.name.delivery_id}:{number}" for number in range(len(arrivals))]
        kept = _kept_together(arrivals, names, delivery.received_at)
        failed: dict[int, Exception] = {}
        for number, arrival in enumerate(arrivals):
            try:
                lead_id = kept[number] or _kept([arrival], [names[number]], delivery.received_at)[0]
                kept[number] = lead_id
                score_lead(to_score(arrival, lead_id), delivery.received_at)
            except Exception as failure:  # whatever it is of this lead, the others are taken
                if is_away(failure):
                    raise
                failed[number] = failure
        if len(failed) == len(arrivals) > 0:
            raise failed[0]
        for number, because in failed.items():
            log.error("a lead of a delivery failed; it becomes one of its own", exc_info=because)
            body = alone(arrivals[number], kept[number])
            inbox.keep(Name(LEADS, names[number]), body, {}, delivery.received_at)

    def _tell_of_calls(self, deliveries: Sequence[Delivery]) -> None:
        """Let the ingest read Fellow, at most once a minute; until it has, the deliveries wait.

        While a run is still to come or under way nothing more is told, so that runs do not pile up behind each other.
        """
        at, names = self._clock(), [one.name for one in deliveries]
        is_told = inbox.waits_because(FELLOW, TOLD, at)
        if is_told or not published.take_turn(prefect_events.CALL_DELIVERED, at, TELL_PREFECT_EVERY):
            inbox.put_back(self.name, names, at + TELL_PREFECT_EVERY)
            return
        try:
            self._tell(at)
        except VendorUnavailable as failure:
            log.warning("%s", failure)
            inbox.put_back(self.name, names, at + TELL_PREFECT_EVERY, str(failure))
            return
        inbox.put_back(self.name, names, at + TELL_AGAIN_AFTER, TOLD)

    def _fail(self, delivery: Delivery, failure: Exception) -> None:
        name = delivery.name
        log.error("a delivery of %s failed", name.source, exc_info=failure)
        because = f"{type(failure).__name__}: {failure}"[:500].replace("\x00", "")
        inbox.fail(self.name, name, because, self._clock())
        if delivery.attempts >= MOST_ATTEMPTS:
            told = f"deliveries of {name.source} were given up, the last one {name.delivery_id}; its row says why"
            incidents.open_incident("dead_letter", f"inbox {name.source}", told, self._clock())

    def _tidy(self) -> None:
        """Once an hour, by one process: forget budgets of past minutes, and what was done long ago."""
        at = self._clock()
        if self._tidied_at is not None and at - self._tidied_at < TIDY_EVERY:
            return
        self._tidied_at = at
        if published.take_turn("inbox.tidy", at, TIDY_EVERY):
            keys.forget_usage(at - USAGE_KEPT)
            inbox.forget_done(at - DONE_KEPT)


def _kept_together(arrivals: Sequence[Arrival], names: Sequence[str], at: datetime) -> list[str | None]:
    """The ids that leads are kept under; nothing of all where one keeps the others from it."""
    try:
        return [*_kept(arrivals, names, at)]
    except Exception as failure:
        if len(arrivals) == 1 or is_away(failure):
            raise
        log.warning("the leads of a delivery cannot be kept together", exc_info=True)
        return [None] * len(arrivals)


def _kept(arrivals: Sequence[Arrival], names: Sequence[str], at: datetime) -> list[str]:
    """Keep leads and their companies; gives the ids that the leads are kept under."""
    records = [records_of(arrival, name, at) for arrival, name in zip(arrivals, names, strict=True)]
    people.publish_companies([facts for _, facts in records if facts])
    kept = people.publish_leads([lead for lead, _ in records]).kept_as
    return [kept.get(lead.lead_id, lead.lead_id) for lead, _ in records]
