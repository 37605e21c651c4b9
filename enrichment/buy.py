"""Finding the wanted signals of some leads or companies: round by round, each from the best source that is left.

In a round every signal that is not known is claimed for one source; the orders of all sources are under way together.
What one source missed is asked of the next in the next round. At the end each subject is finished (all is found, or
missed with a reason), put back (somebody else is buying, money or patience is wanting for now), or failed.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Semaphore

from database import incidents, signals, spending
from database.queue import Taken
from database.spending import Ceilings, Priced, Refusal
from database.wanted import Bought, Claimed, Known, Wanted
from enrichment.catalogue import BY_NAME
from enrichment.choose import Record, by_finds_per_dollar, records_of
from enrichment.order import Clock, Order, Ordered, carry_out
from enrichment.prices import SourcePrices
from enrichment.sources.base import Source
from enrichment.subjects import Subject, subjects_of, wanted_of
from ringback.errors import BadMapping

MOST_ROUNDS = 12
TRY_AGAIN_AFTER = timedelta(seconds=20)
WHILE_STOPPED = timedelta(hours=1)
log = logging.getLogger("ringback.enrichment")


@dataclass(frozen=True, slots=True)
class Ending:
    """How the work on a subject ended for now."""

    subject_id: str
    put_back_until: datetime | None = None
    failed_because: str | None = None
    why: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether every wanted signal is found, or missed with its reason."""
        return self.put_back_until is None and self.failed_because is None


@dataclass(slots=True)
class Buyer:
    """Buys for one worker, with its sources, prices and ceilings."""

    worker: str
    sources: Mapping[str, Source]
    prices: Mapping[str, SourcePrices]
    ceilings: Ceilings
    signals: tuple[str, ...]
    clock: Clock
    lease: timedelta
    pools: Mapping[str, ThreadPoolExecutor]
    """By source, so that one that is slow keeps no other waiting."""
    pace: dict[str, Semaphore] = field(init=False)

    def __post_init__(self) -> None:
        """Let no source have more requests under way than it wants; raises BadMapping where one has no prices."""
        if unpriced := sorted(name for name, source in self.sources.items() if not self._is_priced(source)):
            raise BadMapping(
                f"the price file says nothing of {unpriced[0]!r}; add it, as enrichment/prices.toml has it"
            )
        self.pace = {name: Semaphore(source.at_once) for name, source in self.sources.items()}
        if "apollo_jobs" in self.sources and "job_postings" in self.signals:
            self.signals = (*self.signals, "apollo_record")

    def _is_priced(self, source: Source) -> bool:
        prices = self.prices.get(source.name)
        return prices is not None and (source.record is None or source.record in prices.signals)

    @property
    def whole_price(self) -> float:
        """US dollars that all signals of a subject cost at their dearest sources."""
        offers = [
            {name: price.usd + one.per_record_usd for name, price in one.signals.items() if name in self.signals}
            for one in (self.prices[source] for source in self.sources)
        ]
        return sum(max((offer.get(name, 0.0) for offer in offers), default=0.0) for name in self.signals)

    def enrich(self, taken: Sequence[Taken]) -> list[Ending]:
        """Find what is wanted of those that were taken from the queue."""
        work = _Work({one.subject_id: one for one in subjects_of(taken)}, self.signals)
        spent = records_of(spending.spent())
        for _ in range(MOST_ROUNDS):
            work.look(self.clock())
            orders = list(self._claimed(work, spent))
            if not orders:
                break
            under_way = [self.pools[order.source.name].submit(self._carry_out, order) for order in orders]
            for one in under_way:
                work.note(one.result())
        else:
            work.look(self.clock())
        at, misses = self.clock(), list[Bought]()
        endings = [self._ending(work, one, at, misses) for one in taken]
        signals.keep_free(misses, at)
        return endings

    def _carry_out(self, order: Order) -> Ordered:
        ordered = carry_out(order, self.worker, self.clock, self.pace[order.source.name])
        self.see_to(order.source, ordered)
        return ordered

    def see_to(self, source: Source, ordered: Ordered) -> None:
        """Out of credit: say it once, loudly, and buy nothing more there; the queue stays as it is."""
        if ordered.broke is None:
            return
        because = f"{source.name} is out of credit: {ordered.broke}"
        spending.stop(source.name, because, self.clock())
        told = f"{because}; top up, then 'ringback spending resume {source.name}'"
        if incidents.open_incident("out_of_credit", source.name, told, self.clock()):
            log.error(told)

    def _claimed(self, work: "_Work", spent: Mapping[tuple[str, str], Record]) -> Iterator[Order]:
        """Choose a source for each signal that is not known, claim it, and give the orders."""
        plan: dict[str, dict[str, list[str]]] = {}
        for subject_id, choices in self._choices(work, spent).items():
            for signal, source in choices.items():
                plan.setdefault(source, {}).setdefault(subject_id, []).append(signal)
        for name, by_subject in plan.items():
            asked = [one for s, names in by_subject.items() for one in self._priced(name, names, work.subjects[s])]
            claimed = signals.claim(self.worker, name, asked, self.clock(), self.ceilings, self.lease)
            for one, refusal in claimed.refused.items():
                work.refused.setdefault(one, {})[name] = refusal
            given = self._with_records(name, claimed, work)
            wanted = {Wanted(one.entity_id, one.signal) for one in asked}
            work.elsewhere |= wanted - set(claimed.given) - claimed.refused.keys()
            yield from self._orders(self.sources[name], sorted(given), work)

    def _with_records(self, name: str, claimed: Claimed, work: "_Work") -> set[Wanted]:
        """What was claimed, without what needs a record that may not be bought, or that somebody else is buying."""
        record = self.sources[name].record
        mine = set(claimed.given)
        if record is None:
            return mine
        has = {one.entity_id for one in mine if one.signal == record or record in work.subjects[one.entity_id].records}
        late = [one for one in mine if one.entity_id not in has]
        signals.release(self.worker, late)
        for one in late:
            if refusal := claimed.refused.get(Wanted(one.entity_id, record)):
                work.refused.setdefault(one, {})[name] = refusal
            else:
                work.elsewhere.add(one)
        return mine - set(late)

    def _choices(self, work: "_Work", spent: Mapping[tuple[str, str], Record]) -> dict[str, dict[str, str]]:
        """By subject and signal, the source that is asked next.

        A record that is bought for one signal brings the others that stand in it along: they cost nothing more.
        """
        choices: dict[str, dict[str, str]] = {}
        options = {wanted: able for wanted in work.open() if (able := self._options(wanted, work))}
        for wanted, able in options.items():
            if any(Wanted(wanted.entity_id, first) in options for first in BY_NAME[wanted.signal].after):
                continue
            held = [name for name in able if self.sources[name].record in work.subjects[wanted.entity_id].records]
            ranked = by_finds_per_dollar(wanted.signal, self._list_prices(wanted.signal, able), spent)
            choices.setdefault(wanted.entity_id, {})[wanted.signal] = [*held, *ranked][0]
        for subject_id, mine in choices.items():
            held_already = work.subjects[subject_id].records
            records = {
                name: self.prices[name].per_record_usd for name in mine.values()
                if self.sources[name].record not in held_already
            }  # fmt: skip
            bought = {name: usd for name, usd in records.items() if usd}
            for signal, source in mine.items():
                able = options[Wanted(subject_id, signal)]
                along = {name: usd for name, usd in bought.items() if name in able}
                if along and not self._is_cheap(source, signal):
                    mine[signal] = by_finds_per_dollar(signal, along, spent)[0]
            records_needed = {name: self.sources[name].record for name in mine.values()}
            for name, record in records_needed.items():
                if record is not None and record not in work.subjects[subject_id].records:
                    mine[record] = name
        return choices

    def _is_cheap(self, source: str, signal: str) -> bool:
        """Whether it is free anyway, or stands in a record that is being bought."""
        return bool(self.prices[source].per_record_usd) or not self.prices[source].signals[signal].usd

    def _options(self, wanted: Wanted, work: "_Work") -> list[str]:
        """The sources that may be asked for a signal now; where none ever can, the miss is kept with the reason."""
        subject, signal = work.subjects[wanted.entity_id], wanted.signal
        offering = [name for name, source in self.sources.items() if signal in source.signals
                    and signal in self.prices[name].signals]  # fmt: skip
        lacking = {name: why for name in offering if (why := self.sources[name].lacks(signal, subject))}
        able = [name for name in offering if name not in lacking]
        left = [
            name for name in able
            if name not in work.tried.get(wanted, ()) and not self._knows_no_record(name, wanted.entity_id, work)
        ]  # fmt: skip
        if not left and wanted not in work.known:
            usual = "every source that could be asked was asked before" if able else "no source offers it"
            work.impossible[wanted] = next(iter(lacking.values()), usual)
        closed = work.refused.get(wanted, {}).keys() | work.failed.get(wanted, {}).keys()
        return [name for name in left if name not in closed]

    def _knows_no_record(self, name: str, entity_id: str, work: "_Work") -> bool:
        """Whether the source was asked for its record and has none."""
        record = self.sources[name].record
        if record is None or record in work.subjects[entity_id].records:
            return False
        return name in work.tried.get(Wanted(entity_id, record), ())

    def _list_prices(self, signal: str, sources: Iterable[str]) -> dict[str, float]:
        return {name: self.prices[name].shares([signal])[signal] for name in sources}

    def _priced(self, source: str, names: Sequence[str], subject: Subject) -> list[Priced]:
        company = subject.company_id if subject.kind == "lead" else None
        prices, record = self.prices[source], self.sources[source].record
        if record in subject.records:
            reserved = dict.fromkeys(names, 0.0)
        else:
            reserved = {one: prices.signals[one].usd for one in names}
            if record is not None:
                reserved[record] += prices.per_record_usd
        return [Priced(subject.subject_id, one, reserved[one], company, subject.campaign_id) for one in names]

    def _orders(self, source: Source, given: Sequence[Wanted], work: "_Work") -> Iterator[Order]:
        """Subjects of which the same signals are wanted go together, as many as the source takes."""
        by_subject: dict[str, list[str]] = {}
        for one in given:
            by_subject.setdefault(one.entity_id, []).append(one.signal)
        together: dict[tuple[bool, tuple[str, ...]], list[Subject]] = {}
        for subject_id, names in by_subject.items():
            subject = work.subjects[subject_id]
            together.setdefault((source.record in subject.records, tuple(sorted(names))), []).append(subject)
        prices = self.prices[source.name]
        for (from_records, signal_names), subjects in together.items():
            for start in range(0, len(subjects), source.batch):
                some = tuple(subjects[start : start + source.batch])
                yield Order(uuid.uuid4().hex, source, prices, signal_names, some, from_records)

    def _ending(self, work: "_Work", taken: Taken, at: datetime, misses: list[Bought]) -> Ending:
        """How the work on a subject ended; what nobody can be asked for is added to the misses."""
        for one in work.unsettled(taken.subject_id):
            if one in work.impossible and one not in work.known:
                misses.append(self._miss(one, work.impossible[one], at))
            elif why := work.failed.get(one):
                return Ending(taken.subject_id, failed_because="; ".join(sorted(set(why.values()))))
            elif one in work.elsewhere:
                return Ending(taken.subject_id, at + TRY_AGAIN_AFTER, why="another worker is buying")
            elif refusal := _refusal(work.refused.get(one, {})):
                if refusal.kind in ("day", "stop"):
                    return Ending(taken.subject_id, _when_money_is_there(refusal, at), why=refusal.words)
                misses.append(self._miss(one, refusal.words, at))
        return Ending(taken.subject_id)

    def _miss(self, wanted: Wanted, reason: str, at: datetime) -> Bought:
        return Bought(wanted, None, None, 0.0, reason, at + BY_NAME[wanted.signal].ask_again_after)

    def give_up(self, taken: Taken, because: str) -> None:
        """After the last try: what is not known is missed, with what failed as its reason, for a day."""
        work = _Work({one.subject_id: one for one in subjects_of([taken])}, self.signals)
        at = self.clock()
        work.look(at)
        left = [Bought(one, None, None, 0.0, because, at + timedelta(days=1)) for one in work.open()]
        signals.keep_free(left, at)


class _Work:
    """What is known, tried and ruled out about the subjects at hand."""

    def __init__(self, subjects: dict[str, Subject], names: Sequence[str]) -> None:
        self.subjects = subjects
        self.wanted = [Wanted(s.subject_id, name) for s in subjects.values() for name in wanted_of(s, names)]
        self.known: dict[Wanted, Known] = {}
        self.tried: dict[Wanted, set[str]] = {}
        self.refused: dict[Wanted, dict[str, Refusal]] = {}
        self.failed: dict[Wanted, dict[str, str]] = {}
        self.impossible: dict[Wanted, str] = {}
        self.elsewhere: set[Wanted] = set()

    def look(self, at: datetime) -> None:
        """Read again what is known; what was found about a person tells more to ask the next source with."""
        ids = list(self.subjects)
        self.known = {one.wanted: one for one in signals.known(ids, at)}
        self.tried = signals.tried(ids, at)
        self.elsewhere -= self.known.keys()
        for one in self.known.values():
            if one.value is not None:
                subject = self.subjects[one.wanted.entity_id]
                self.subjects[one.wanted.entity_id] = subject.knowing(one.wanted.signal, one.value)

    def open(self) -> list[Wanted]:
        """What is not found, and not being bought by somebody else."""
        self.impossible = {}
        return [
            one for one in self.wanted
            if (one not in self.known or self.known[one].value is None) and one not in self.elsewhere
        ]  # fmt: skip

    def unsettled(self, subject_id: str) -> list[Wanted]:
        """What is not known, or was missed while a source could not be asked that might have it."""
        mine = [one for one in self.wanted if one.entity_id == subject_id]
        return [
            one for one in mine
            if one not in self.known
            or (self.known[one].value is None and (one in self.failed or one in self.refused))
        ]  # fmt: skip

    def note(self, ordered: Ordered) -> None:
        """Remember what failed, so that this source is not asked again at once."""
        for one, why in ordered.failed.items():
            if ordered.broke:
                self.refused.setdefault(one, {})[ordered.source] = Refusal(
                    "stop", f"{spending.STOPPED}: {ordered.broke}"
                )
            else:
                self.failed.setdefault(one, {})[ordered.source] = why


def _refusal(by_source: Mapping[str, Refusal]) -> Refusal | None:
    """The refusal that is over first: tomorrow or when somebody resumes, rather than never."""
    return min(by_source.values(), key=lambda one: one.kind not in ("day", "stop"), default=None)


def _when_money_is_there(refusal: Refusal, at: datetime) -> datetime:
    midnight = datetime(at.year, at.month, at.day) + timedelta(days=1)
    return midnight if refusal.kind == "day" else at + WHILE_STOPPED
