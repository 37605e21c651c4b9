"""One order at one source, from its name to what is kept of its answers (docs/decisions/0005-enrichment.md)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Semaphore

from database import signals, spending
from database.signals import DOUBTFUL, Bought, Wanted
from enrichment.catalogue import BY_NAME, checked
from enrichment.prices import SourcePrices
from enrichment.sources.base import Answer, Run, Source
from enrichment.subjects import Subject
from ringback.errors import OutOfCredit, VendorError, VendorRefused, VendorUnavailable, VendorUnreadable

Clock = Callable[[], datetime]
NOT_FOUND = 404
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
    held = signals.note_order(worker, order.order_id, order.wanted)
    if len(held) < len(order.wanted):  # our lease ran out meanwhile: those that hold the rest now see to it
        signals.release(worker, held)
        return Ordered(order.source.name)
    if order.from_records:
        recalled = order.source.recall(order.subjects, order.signals)
        return _keep(order.source.name, order.prices, recalled, worker, clock())
    try:
        with pace:
            said = order.source.order(order.subjects, order.signals)
    except OutOfCredit as failure:
        return _not_taken(order, worker, held, str(failure), broke=True)
    except VendorUnreadable as failure:
        return _in_doubt(order, worker, held, str(failure), clock())
    except VendorUnavailable as failure:
        if failure.is_in_doubt:
            return _in_doubt(order, worker, held, str(failure), clock())
        return _not_taken(order, worker, held, str(failure))
    except VendorError as failure:
        return _not_taken(order, worker, held, str(failure))
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
                lost = f"{source.name} does not know its run {run.run_id} any more"
                return _keep(source.name, prices, [Answer(one, None, lost) for one in wanted], worker, clock())
            signals.leave(worker, wanted, clock() + LEFT_FOR)
            return Ordered(source.name, dict.fromkeys(wanted, str(failure)))
        except VendorError as failure:
            if is_last:
                signals.leave(worker, wanted, clock() + LEFT_FOR)
                return Ordered(source.name, dict.fromkeys(wanted, str(failure)))
            continue
        if answers is not None:
            return _keep(source.name, prices, answers, worker, clock())


def _keep(source: str, prices: SourcePrices, answers: Sequence[Answer], worker: str, at: datetime) -> Ordered:
    """Keep the answers that say something; the others may be asked for again."""
    together: dict[str, list[str]] = {}
    for one in answers:
        together.setdefault(one.wanted.entity_id, []).append(one.wanted.signal)
    shares = {entity_id: prices.shares(names) for entity_id, names in together.items()}
    bought = [_bought(one, prices, shares[one.wanted.entity_id][one.wanted.signal], at) for one in answers if one.final]
    if wonder := _wonder(source, bought):
        signals.release(worker, [one.wanted for one in answers])
        return Ordered(source, {one.wanted: wonder for one in answers}, broke=wonder)
    signals.keep(worker, bought, at)
    again = {one.wanted: one.reason or "no answer" for one in answers if not one.final}
    signals.release(worker, list(again))
    return Ordered(source, again, broke=next(iter(again.values()), None))


def _wonder(source: str, bought: Sequence[Bought]) -> str | None:
    """Being out of credit can look like nothing found: doubt it where a source that usually finds finds nothing."""
    if len(bought) < ENOUGH_TO_WONDER or any(one.value is not None or one.cost for one in bought):
        return None
    past = [one for one in spending.spent() if one.source == source]
    found, asked = sum(one.found for one in past), sum(one.found + one.missed for one in past)
    if asked < ENOUGH_TO_WONDER or found < USUAL_RATE_TO_WONDER * asked:
        return None
    return f"nothing was found for {len(bought)} questions, where {found / asked:.0%} were found before"


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
    shares = order.prices.shares(order.signals)
    if not any(shares.values()):
        return _not_taken(order, worker, held, why)
    signals.keep(
        worker,
        [
            Bought(
                one, None, None, shares[one.signal], f"{DOUBTFUL} ({why})",
                at + BY_NAME[one.signal].ask_again_after, is_in_doubt=True,
            )
            for one in held
        ],
        at,
    )  # fmt: skip
    return Ordered(order.source.name)


@contextmanager
def closing(sources: Sequence[Source]) -> Iterator[None]:
    """Close all sources' connections at the end."""
    try:
        yield
    finally:
        for source in sources:
            source.close()
