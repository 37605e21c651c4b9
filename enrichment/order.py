"""One order at one source, from its name to what is kept of its answers (docs/decisions/0005-enrichment.md)."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Semaphore

from database import incidents, signals, spending
from database.signals import DOUBTFUL
from database.wanted import Bought, Wanted
from enrichment.catalogue import BY_NAME, checked
from enrichment.prices import SourcePrices
from enrichment.sources.base import Answer, Run, Source
from enrichment.subjects import Subject
from ringback.errors import OutOfCredit, VendorError, VendorRefused, VendorUnavailable, VendorUnreadable

Clock = Callable[[], datetime]
NOT_FOUND = 404
WRONG_REQUEST = frozenset({400, 413, 422})
BELIEVED_FOR = timedelta(days=1)
log = logging.getLogger("ringback.enrichment")
LEFT_FOR = timedelta(minutes=5)
"""After trouble with a run: how long until it is asked for again."""
ENOUGH_TO_WONDER = 20
USUAL_RATE_TO_WONDER = 0.3


@dataclass(frozen=True, slots=True)
class Order:
    """The same signals of some subjects, from one source."""

    order_id: str
    source: Source
    prices: SourcePrices
    signals: tuple[str, ...]
    subjects: tuple[Subject, ...]
    from_records: bool = False
    """Whether all is answered by records that were bought before."""

    @property
    def wanted(self) -> list[Wanted]:
        """What is bought."""
        return [Wanted(one.subject_id, signal) for one in self.subjects for signal in self.signals]


@dataclass(frozen=True, slots=True)
class Ordered:
    """How an order ended: what failed and may be asked for again, and whether the account could not pay."""

    source: str
    failed: Mapping[Wanted, str] = field(default_factory=dict)
    broke: str | None = None


def carry_out(order: Order, worker: str, clock: Clock, pace: Semaphore) -> Ordered:
    """Name the order, send it, wait for its answers and keep them; whatever happens, nothing is bought twice."""
    held = signals.note_order(worker, order.order_id, order.wanted, clock())
    if len(held) < len(order.wanted):  # our lease ran out meanwhile: those that hold the rest now see to it
        signals.release(worker, held)
        return Ordered(order.source.name)
    if order.from_records:
        recalled = order.source.recall(order.subjects, order.signals)
        return _keep(order.source.name, order.prices, recalled, worker, clock(), may_wonder=False)
    try:
        with pace:
            said = order.source.order(order.subjects, order.signals)
    except OutOfCredit as failure:
        return _not_taken(order, worker, held, str(failure), broke=True)
    except VendorRefused as failure:
        if failure.status in WRONG_REQUEST and len(order.subjects) > 1:
            return _in_halves(order, worker, clock, pace)
        return _not_taken(order, worker, held, str(failure))
    except VendorUnreadable as failure:
        return _in_doubt(order, worker, held, str(failure), clock())
    except VendorUnavailable as failure:
        if failure.is_in_doubt:
            return _in_doubt(order, worker, held, str(failure), clock())
        return _not_taken(order, worker, held, str(failure))
    except VendorError as failure:
        return _not_taken(order, worker, held, str(failure))
    except Exception as failure:  # an answer that our code cannot read: it may have been billed all the same
        log.exception("an answer of %s could not be read", order.source.name)
        return _in_doubt(order, worker, held, f"{type(failure).__name__} in our own code", clock())
    if isinstance(said, Run):
        signals.note_run(order.order_id, said.run_id)
        return fetch(order.source, order.prices, said, held, worker, clock, pace)
    return _keep(order.source.name, order.prices, said, worker, clock())


def fetch(
    source: Source, prices: SourcePrices, run: Run, wanted: Sequence[Wanted], worker: str, clock: Clock, pace: Semaphore
) -> Ordered:
    """Wait for a run and keep what it found; one that takes too long is left for whoever takes it over later."""
    until = time.monotonic() + source.deadline_seconds
    while True:
        time.sleep(source.poll_seconds)
        is_last = time.monotonic() >= until
        try:
            with pace:
                answers = source.fetch(run, wanted, is_last)
        except OutOfCredit as failure:
            signals.release(worker, wanted)
            return Ordered(source.name, dict.fromkeys(wanted, str(failure)), broke=str(failure))
        except VendorRefused as failure:
            if failure.status == NOT_FOUND:
                return _lost(
                    source.name, prices, wanted, f"{source.name} does not know its run any more", worker, clock()
                )
            signals.leave(worker, wanted, clock() + LEFT_FOR)
            return Ordered(source.name, dict.fromkeys(wanted, str(failure)))
        except VendorError as failure:
            if is_last:
                signals.leave(worker, wanted, clock() + LEFT_FOR)
                return Ordered(source.name, dict.fromkeys(wanted, str(failure)))
            continue
        except Exception as failure:  # an answer that our code cannot read: another try will not mend it
            log.exception("a run of %s could not be read", source.name)
            because = f"{type(failure).__name__} in our own code"
            return _lost(source.name, prices, wanted, because, worker, clock())
        if answers is None and is_last:
            signals.leave(worker, wanted, clock() + LEFT_FOR)
            return Ordered(source.name, dict.fromkeys(wanted, f"{source.name} is still at work on it"))
        if answers is not None:
            return _keep(source.name, prices, answers, worker, clock())


def _in_halves(order: Order, worker: str, clock: Clock, pace: Semaphore) -> Ordered:
    """One bad subject must not fail the others: the same order in two parts."""
    middle = len(order.subjects) // 2
    parts = [
        carry_out(replace(order, order_id=uuid.uuid4().hex, subjects=some), worker, clock, pace)
        for some in (order.subjects[:middle], order.subjects[middle:])
    ]
    failed = {one: why for part in parts for one, why in part.failed.items()}
    return Ordered(order.source.name, failed, next((part.broke for part in parts if part.broke), None))


def _lost(
    source: str, prices: SourcePrices, wanted: Sequence[Wanted], because: str, worker: str, at: datetime
) -> Ordered:
    """A run whose result cannot be had any more: it counts as billed."""
    shares = prices.shares(sorted({one.signal for one in wanted}))
    signals.keep(
        worker,
        [
            Bought(
                one, None, None, shares[one.signal], because, at + BY_NAME[one.signal].ask_again_after,
                is_in_doubt=True,
            )
            for one in wanted
        ],
        at,
    )  # fmt: skip
    return Ordered(source)


def _keep(
    source: str,
    prices: SourcePrices,
    answers: Sequence[Answer],
    worker: str,
    at: datetime,
    may_wonder: bool = True,
) -> Ordered:
    """Keep the answers that say something; the others may be asked for again."""
    together: dict[str, list[str]] = {}
    for one in answers:
        together.setdefault(one.wanted.entity_id, []).append(one.wanted.signal)
    shares = {entity_id: prices.shares(names) for entity_id, names in together.items()}
    bought = [_bought(one, prices, shares[one.wanted.entity_id][one.wanted.signal], at) for one in answers if one.final]
    if may_wonder and (wonder := _wonder(source, bought, at)):
        signals.release(worker, [one.wanted for one in answers])
        return Ordered(source, {one.wanted: wonder for one in answers}, broke=wonder)
    signals.keep(worker, bought, at)
    again = {one.wanted: one.reason or "no answer" for one in answers if not one.final}
    signals.release(worker, list(again))
    return Ordered(source, again, broke=next(iter(again.values()), None))


def _wonder(source: str, bought: Sequence[Bought], at: datetime) -> str | None:
    """Being out of credit can look like nothing found: doubt it where a source that usually finds finds nothing.

    Once somebody has looked and resumed, it is believed for a day.
    """
    asked_about = len({one.wanted.entity_id for one in bought})
    if asked_about < ENOUGH_TO_WONDER or any(one.value is not None or one.cost for one in bought):
        return None
    past = [one for one in spending.spent() if one.source == source]
    found, asked = sum(one.found for one in past), sum(one.found + one.missed for one in past)
    if asked < ENOUGH_TO_WONDER or found < USUAL_RATE_TO_WONDER * asked:
        return None
    if incidents.closed_since("out_of_credit", source, at - BELIEVED_FOR):
        return None
    return f"nothing was found about {asked_about} leads or companies, where {found / asked:.0%} was found before"


def _bought(answer: Answer, prices: SourcePrices, share: float, at: datetime) -> Bought:
    signal = BY_NAME[answer.wanted.signal]
    hit = checked(signal.name, answer.value) if answer.value is not None else None
    is_billed = answer.is_billed if answer.is_billed is not None else (prices.bills == "always" or hit is not None)
    cost = share if is_billed else 0.0
    if hit is not None and hit.value is not None:
        confidence = answer.confidence if answer.confidence is not None else prices.signals[signal.name].confidence
        return Bought(answer.wanted, hit.value, confidence, cost, None, at + signal.keep)
    reason = hit.reason if hit is not None and answer.value else answer.reason
    return Bought(answer.wanted, None, None, cost, reason or "nothing was found", at + signal.ask_again_after)


def _not_taken(order: Order, worker: str, held: Sequence[Wanted], why: str, broke: bool = False) -> Ordered:
    signals.release(worker, held)
    return Ordered(order.source.name, dict.fromkeys(held, why), broke=why if broke else None)


def _in_doubt(order: Order, worker: str, held: Sequence[Wanted], why: str, at: datetime) -> Ordered:
    """It may have been billed: counted as billed and never sent again; what is free is simply asked for again."""
    if not any(order.prices.shares(order.signals).values()):
        return _not_taken(order, worker, held, why)
    return _lost(order.source.name, order.prices, held, f"{DOUBTFUL} ({why})", worker, at)
