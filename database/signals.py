"""What was bought about leads and companies, kept so that nothing paid for is bought twice.

A worker claims what it is about to buy; of any number of workers that ask at the same moment one gets the claim. Before
it waits for the vendor it notes the vendor's run id, so that after a crash the next worker fetches the result of that
run instead of buying again. A claim without a run id lapses, since nothing was ordered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_, update

from database.models import Signal
from database.session import reading, upsert, writing

CLAIM = timedelta(minutes=10)
CLAIMED, FOUND, MISSED = "claimed", "found", "missed"


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """One thing about one lead or company."""

    entity_id: str
    signal: str


@dataclass(frozen=True, slots=True)
class Bought:
    """What a purchase gave; `value` None means that nothing was found, and `reason` says why."""

    wanted: Wanted
    value: Mapping[str, Any] | None
    confidence: float | None
    cost: float
    """US dollars; a paid call that found nothing costs too."""
    reason: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one thing, found or missed."""

    wanted: Wanted
    value: Mapping[str, Any] | None
    confidence: float | None
    source: str
    reason: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """What a signal from a source cost so far, and what it found for that."""

    signal: str
    source: str
    found: int
    missed: int
    cost: float


def claim(worker: str, source: str, wanted: Iterable[Wanted], at: datetime, lease: timedelta = CLAIM) -> list[Wanted]:
    """Claim what nobody knows or buys; gives what this worker, and nobody else, may buy now."""
    rows = [
        {
            "entity_id": one.entity_id,
            "signal": one.signal,
            "state": CLAIMED,
            "source": source,
            "cost": 0.0,
            "claimed_by": worker,
            "claimed_until": at + lease,
        }
        for one in sorted(set(wanted))
    ]
    expired = and_(Signal.state != CLAIMED, Signal.expires_at <= at)
    lapsed = and_(Signal.state == CLAIMED, Signal.claimed_until <= at, Signal.run_id.is_(None))
    kept = ("state", "source", "claimed_by", "claimed_until")
    with writing() as connection:
        given = upsert(connection, Signal, rows, replace=kept, where=or_(expired, lapsed))
    return sorted(Wanted(*key) for key in given)


def note_run(worker: str, run_id: str, wanted: Sequence[Wanted]) -> None:
    """Keep the vendor's name of the purchase, as soon as it is known."""
    with writing() as connection:
        connection.execute(update(Signal).where(_held(worker, wanted)).values(run_id=run_id))


def unfinished_runs(worker: str, source: str, at: datetime, lease: timedelta = CLAIM) -> dict[str, list[Wanted]]:
    """Take over purchases whose worker died after ordering: by run id, what they will tell."""
    mine = and_(
        Signal.state == CLAIMED, Signal.source == source, Signal.run_id.is_not(None), Signal.claimed_until <= at
    )
    take = update(Signal).where(mine).values(claimed_by=worker, claimed_until=at + lease)
    with writing() as connection:
        taken = connection.execute(take.returning(Signal.run_id, Signal.entity_id, Signal.signal)).all()
    runs: dict[str, list[Wanted]] = {}
    for row in sorted(taken, key=tuple):
        runs.setdefault(row.run_id, []).append(Wanted(row.entity_id, row.signal))
    return runs


def keep(worker: str, bought: Iterable[Bought], at: datetime) -> int:
    """Keep what purchases gave, found or not; gives how many the worker still held."""
    kept = 0
    with writing() as connection:
        for one in bought:
            kept += connection.execute(
                update(Signal)
                .where(_held(worker, [one.wanted]))
                .values(
                    state=MISSED if one.value is None else FOUND,
                    value=dict(one.value) if one.value is not None else None,
                    confidence=one.confidence,
                    cost=Signal.cost + one.cost,
                    reason=one.reason,
                    fetched_at=at,
                    expires_at=one.expires_at,
                    claimed_by=None,
                    claimed_until=None,
                    run_id=None,
                )
            ).rowcount
    return kept


def known(entity_ids: Sequence[str], at: datetime) -> list[Known]:
    """What is known of these and has not expired, found or missed."""
    asked = (
        select(Signal)
        .where(Signal.entity_id.in_(entity_ids), Signal.state.in_((FOUND, MISSED)), Signal.expires_at > at)
        .order_by(Signal.entity_id, Signal.signal)
    )
    with reading() as connection:
        return [
            Known(Wanted(r.entity_id, r.signal), r.value, r.confidence, r.source, r.reason, r.fetched_at)
            for r in connection.execute(asked)
        ]


def spent() -> list[Spent]:
    """What each signal cost by source, and what it found for that."""
    asked = (
        select(
            Signal.signal,
            Signal.source,
            func.count(case((Signal.state == FOUND, 1))),
            func.count(),
            func.sum(Signal.cost),
        )
        .where(Signal.state.in_((FOUND, MISSED)))
        .group_by(Signal.signal, Signal.source)
        .order_by(Signal.signal, Signal.source)
    )
    with reading() as connection:
        return [
            Spent(signal, source, found, asked_for - found, cost)
            for signal, source, found, asked_for, cost in connection.execute(asked)
        ]


def _held(worker: str, wanted: Sequence[Wanted]) -> ColumnElement[bool]:
    pairs = [(one.entity_id, one.signal) for one in wanted]
    return and_(
        tuple_(Signal.entity_id, Signal.signal).in_(pairs), Signal.state == CLAIMED, Signal.claimed_by == worker
    )
