"""A worker: takes from the queue until nothing is left, many subjects at a time, and says how each ended.

Any number may work at once, in any number of processes. One that is killed leaves leases and claims behind; the
others take them over when they have run out (`database/queue.py`, `database/signals.py`).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event

from database import incidents, queue, signals
from database.queue import MOST_ATTEMPTS, Taken, Waiting
from database.spending import Ceilings, left_today
from database.wanted import Unfinished
from enrichment.buy import Buyer, Ending
from enrichment.decided import asked_before, log_finished, open_log
from enrichment.order import Clock, fetch
from enrichment.prices import load_prices
from enrichment.publish import publish_found
from enrichment.sources.base import Run, Source
from enrichment.sources.listed import sources_for
from ringback.decision_log import DecisionLog
from ringback.settings import Settings

log = logging.getLogger("ringback.enrichment")
IN_DOUBT_FOR = timedelta(days=30)
LOOK_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Pace:
    """How long leases hold, how long a worker waits for what others hold or what failed a moment ago, and how much it
    takes at once."""

    lease: timedelta = queue.LEASE
    patience: timedelta = timedelta(minutes=2)
    subjects_at_once: int = 100
    chunks_at_once: int = 32


@dataclass(slots=True)
class Worked:
    """What a worker did."""

    finished: int = 0
    put_back: int = 0
    failed: int = 0
    given_up: int = 0
    taken_over: int = 0
    """Purchases of workers that died."""
    doubtful: int = 0
    """Things whose purchase is in doubt because a worker died in it."""


def work(
    settings: Settings,
    worker: str,
    clock: Clock,
    batch: str | None = None,
    pace: Pace = Pace(),
    say: Callable[[Worked], None] = lambda _: None,
    sources: Sequence[Source] | None = None,
) -> Worked:
    """Enrich what waits in the queue, or in one batch of it, until nothing can be taken within the pace's patience."""
    listed = list(sources) if sources is not None else sources_for(settings)
    worked = Worked()
    with (
        _heartbeat(worker, clock, pace.lease),
        _pools(listed) as pools,
        open_log(worker) as decided,
        ThreadPoolExecutor(pace.chunks_at_once) as chunks,
    ):
        buyer = Buyer(
            worker=worker,
            sources={source.name: source for source in listed},
            prices=load_prices(settings.prices),
            ceilings=Ceilings(settings.spend_per_lead_usd, settings.spend_per_campaign_usd, settings.spend_per_day_usd),
            signals=settings.signals,
            clock=clock,
            lease=pace.lease,
            pools=pools,
        )
        _start(listed, clock)
        running: set[Future[None]] = set()
        waited_since: float | None = None
        while True:
            worked.doubtful += signals.settle_doubtful(clock(), clock() + IN_DOUBT_FOR)
            running |= set(_taken_over(buyer, worked, pace.lease))
            while len(running) < pace.chunks_at_once and (room := _room(buyer, len(running), pace)):
                taken = queue.take(worker, room, clock(), pace.lease, batch)
                if not taken:
                    break
                running.add(chunks.submit(_enrich, buyer, decided, taken, worked, batch))
            if running:
                waited_since = None
                done, running = wait(running, timeout=LOOK_AGAIN_SECONDS, return_when="FIRST_COMPLETED")
                for one in done:
                    one.result()
                say(worked)
                continue
            waited_since = waited_since or time.monotonic()
            left = pace.patience.total_seconds() - (time.monotonic() - waited_since)
            if not _is_worth_waiting(batch, clock(), left):
                return worked
            time.sleep(LOOK_AGAIN_SECONDS)


def _room(buyer: Buyer, running: int, pace: Pace) -> int:
    """How many subjects to begin with now: no more at once than today's money pays for in full.

    So it goes to the first of the queue, whole, and not signal by signal to all that wait. When it pays for nobody in
    full any more, those that are left are looked at a chunk at a time, and told why they wait.
    """
    price = buyer.whole_price
    if not price:
        return pace.subjects_at_once
    affordable = int(left_today(buyer.clock(), buyer.ceilings) / price) - running * pace.subjects_at_once
    if affordable <= 0 and not running:
        return pace.subjects_at_once
    return max(0, min(affordable, pace.subjects_at_once))


def _start(sources: Sequence[Source], clock: Clock) -> None:
    for source in sources:
        for words in source.start():
            incidents.open_incident("source_changed", source.name, words, clock())


def _enrich(
    buyer: Buyer, decided: DecisionLog, taken: Sequence[Taken], worked: Worked, batch: str | None
) -> None:  # fmt: skip
    """Work on some subjects, publish and log what was found, and only then say that they are finished."""
    before, started = asked_before(taken, buyer.clock()), time.monotonic()
    try:
        told = buyer.enrich(taken)
    except Exception as failure:  # whatever it is, the others' work goes on and these are tried again
        log.exception("enriching %s subjects failed", len(taken))
        told = [Ending(one.subject_id, failed_because=f"{type(failure).__name__} in our own code") for one in taken]
    published = publish_found([one.subject_id for one in taken], buyer.clock())
    endings = [replace(one, subject_id=published.kept_as.get(one.subject_id, one.subject_id)) for one in told]
    first = taken[0]
    found = [
        Waiting(one, first.priority, "found with its lead", "company", first.campaign_id)
        for one in sorted(published.companies)
    ]
    queue.enqueue(found, buyer.clock(), batch)
    finished = [
        replace(held, subject_id=one.subject_id) for held, one in zip(taken, endings, strict=True) if one.is_finished
    ]
    log_finished(decided, finished, before, buyer.clock(), time.monotonic() - started)
    if not decided.flush():
        log.warning("what was decided about %s subjects is not in the log yet", len(finished))
    with _counting:
        worked.finished += queue.finish(buyer.worker, [one.subject_id for one in finished])
    by_until: dict[tuple[datetime, str], list[str]] = {}
    for one in endings:
        if one.put_back_until is not None:
            by_until.setdefault((one.put_back_until, one.why or ""), []).append(one.subject_id)
    for (until, why), some in by_until.items():
        with _counting:
            worked.put_back += queue.put_back(buyer.worker, some, until, why)
    for held, ending in zip(taken, endings, strict=True):
        if ending.failed_because is not None:
            _fail(buyer, held, ending, worked)


def _fail(buyer: Buyer, taken: Taken, ending: Ending, worked: Worked) -> None:
    because = ending.failed_because or ""
    if taken.attempts >= MOST_ATTEMPTS:
        buyer.give_up(replace(taken, subject_id=ending.subject_id), f"given up after {taken.attempts} tries: {because}")
    held = queue.fail(buyer.worker, ending.subject_id, because, buyer.clock())
    with _counting:
        worked.failed += held
        worked.given_up += held if taken.attempts >= MOST_ATTEMPTS else 0


def _taken_over(buyer: Buyer, worked: Worked, lease: timedelta) -> Iterator[Future[None]]:
    """Fetch what workers that died had ordered."""
    for source in buyer.sources.values():
        for left in signals.take_over(buyer.worker, source.name, buyer.clock(), lease):
            worked.taken_over += 1
            yield buyer.pools[source.name].submit(_go_on, buyer, source, left)


def _go_on(buyer: Buyer, source: Source, left: Unfinished) -> None:
    run, prices = Run(left.run_id), buyer.prices[source.name]
    ordered = fetch(source, prices, run, left.wanted, buyer.worker, buyer.clock, buyer.pace[source.name])
    buyer.see_to(source, ordered)
    publish_found(sorted({one.entity_id for one in left.wanted}), buyer.clock())


@contextmanager
def _pools(sources: Sequence[Source]) -> Iterator[dict[str, ThreadPoolExecutor]]:
    """Threads for each source; at the end, when the last of them is through, its connection is closed."""
    with ExitStack() as stack:
        for source in sources:
            stack.callback(source.close)
        yield {
            source.name: stack.enter_context(ThreadPoolExecutor(max(source.runs_at_once, source.at_once)))
            for source in sources
        }


def _is_worth_waiting(batch: str | None, at: datetime, seconds: float) -> bool:
    soonest = queue.next_at(batch)
    return seconds > 0 and soonest is not None and soonest <= at + timedelta(seconds=seconds)


@contextmanager
def _heartbeat(worker: str, clock: Clock, lease: timedelta) -> Iterator[None]:
    """Keep the worker's leases and claims while it works."""
    over = Event()

    def beat() -> None:
        while not over.wait(lease.total_seconds() / 3):
            queue.extend(worker, clock(), lease)
            signals.extend(worker, clock(), lease)

    thread = threading.Thread(target=beat, name="ringback-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


_counting = threading.Lock()
