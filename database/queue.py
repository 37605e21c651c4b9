"""Leads and companies that wait for enrichment: taken by priority under a lease, so that what a crashed worker held
comes back.

A worker takes a few, works, and says of each that it is finished, failed or put back. A lease that runs out gives the
subject to the next worker; what was tried five times is a dead letter, which people can list and queue again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, and_, case, func, or_, select, update

from database.models import QueuedSubject
from database.session import insert_new, reading, upsert, writing
from ringback.clock import LONG_AGO

MOST_ATTEMPTS = 5
LEASE = timedelta(minutes=10)
FIRST_RETRY_AFTER = timedelta(minutes=5)

Kind = Literal["lead", "company"]
KINDS: tuple[Kind, ...] = ("lead", "company")
WAITING, LEASED, DONE, DEAD = "waiting", "leased", "done", "dead"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead or company worth enriching, how soon (100 first), why, and for which campaign if for one."""

    subject_id: str
    priority: int
    reason: str
    kind: Kind = "company"
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a worker holds, for how many tries now, and until when."""

    subject_id: str
    priority: int
    attempts: int
    lease_until: datetime
    kind: Kind = "company"
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A lead or company that was given up, and why."""

    subject_id: str
    attempts: int
    failed_because: str


def enqueue(subjects: Iterable[Waiting], at: datetime, batch: str | None = None) -> int:
    """Queue what was never queued before; gives how many that were.

    With a `batch` also what is done, or waits for somebody else, is queued for it: that costs
    nothing by itself, since only what is not known any more will be bought.
    """
    rows = [
        {
            "subject_id": one.subject_id,
            "kind": one.kind,
            "campaign_id": one.campaign_id,
            "batch": batch,
            "priority": one.priority,
            "behind": -one.priority,
            "reason": one.reason,
            "state": WAITING,
            "attempts": 0,
            "queued_at": at,
            "not_before": None,
        }
        for one in {one.subject_id: one for one in subjects}.values()
    ]
    if not rows:
        return 0
    with writing() as connection:
        if batch is None:
            return insert_new(connection, QueuedSubject, rows)
        anew = [name for name in rows[0] if name not in ("subject_id", "kind")]
        free = or_(QueuedSubject.state == DONE, QueuedSubject.state == WAITING)
        return len(upsert(connection, QueuedSubject, rows, replace=anew, where=free))


def take(worker: str, at_most: int, at: datetime, lease: timedelta = LEASE, batch: str | None = None) -> list[Taken]:
    """Lease what has the highest priority to a worker; no other gets it before the lease runs out.

    Leads and companies are not mixed in one take, so that what belongs together is bought together. With a `batch`
    only what was queued for it is taken.
    """
    with writing() as connection:
        _give_up_on_exhausted(connection, at)
        heads = [head for kind in KINDS for head in _first(connection, kind, 1, at, batch)]
        if not heads:
            return []
        first_kind = min(heads).kind
        chosen = [one.subject_id for one in _first(connection, first_kind, at_most, at, batch)]
        lease_until = at + lease
        taken = connection.execute(
            update(QueuedSubject)
            .where(QueuedSubject.subject_id.in_(chosen))
            .values(state=LEASED, leased_by=worker, lease_until=lease_until, attempts=QueuedSubject.attempts + 1)
            .returning(
                QueuedSubject.subject_id,
                QueuedSubject.priority,
                QueuedSubject.attempts,
                QueuedSubject.kind,
                QueuedSubject.campaign_id,
            )
        ).all()
    ordered = sorted(taken, key=lambda row: (-row.priority, row.subject_id))
    return [
        Taken(row.subject_id, row.priority, row.attempts, lease_until, row.kind, row.campaign_id) for row in ordered
    ]


def next_at(batch: str | None = None) -> datetime | None:
    """When something can be taken again at the earliest; None where nothing waits or is held."""
    soonest = func.min(case((QueuedSubject.state == LEASED, QueuedSubject.lease_until), else_=QueuedSubject.not_before))
    asked = select(func.count(), soonest).where(QueuedSubject.state.in_((WAITING, LEASED)))
    if batch:
        asked = asked.where(QueuedSubject.batch == batch)
    with reading() as connection:
        count, moment = connection.execute(asked).one()
    return (moment or LONG_AGO) if count else None


def extend(worker: str, at: datetime, lease: timedelta = LEASE) -> None:
    """Hold what this worker holds for longer, because it is still at work."""
    mine = and_(QueuedSubject.leased_by == worker, QueuedSubject.state == LEASED)
    with writing() as connection:
        connection.execute(update(QueuedSubject).where(mine).values(lease_until=at + lease))


def finish(worker: str, subject_ids: Collection[str]) -> int:
    """Say that these are enriched; gives how many the worker still held (a lease may have run out meanwhile)."""
    if not subject_ids:
        return 0
    with writing() as connection:
        return _of_worker(connection, worker, subject_ids, state=DONE, failed_because=None)


def put_back(worker: str, subject_ids: Collection[str], until: datetime, because: str) -> int:
    """Let these wait until a moment, without counting the try: nothing failed, the time was not right."""
    with writing() as connection:
        return _of_worker(
            connection,
            worker,
            subject_ids,
            state=WAITING,
            not_before=until,
            failed_because=because,
            attempts=QueuedSubject.attempts - 1,
        )


def fail(worker: str, subject_id: str, because: str, at: datetime) -> int:
    """Say that a try failed: it waits twice as long after each, and is a dead letter after the fifth.

    Gives 0 where the worker did not hold it any more.
    """
    with reading() as connection:
        attempts = connection.scalar(select(QueuedSubject.attempts).where(QueuedSubject.subject_id == subject_id)) or 1
    wait = FIRST_RETRY_AFTER * 2 ** (attempts - 1)
    with writing() as connection:
        return _of_worker(
            connection,
            worker,
            [subject_id],
            state=case((QueuedSubject.attempts >= MOST_ATTEMPTS, DEAD), else_=WAITING),
            not_before=at + wait,
            failed_because=because,
        )


def dead_letters() -> list[DeadLetter]:
    """What was given up, by name."""
    asked = select(QueuedSubject).where(QueuedSubject.state == DEAD).order_by(QueuedSubject.subject_id)
    with reading() as connection:
        rows = connection.execute(asked).all()
    return [
        DeadLetter(row.subject_id, row.attempts, row.failed_because or "its worker never came back") for row in rows
    ]


@dataclass(frozen=True, slots=True)
class PutOff:
    """Subjects that wait for a moment, and what they wait for."""

    because: str
    subjects: int
    until: datetime
    """When the first of them is tried again."""


def put_off(batch: str | None = None) -> list[PutOff]:
    """What waits because a try failed or the time was not right, by reason, the most first; of one batch or of all."""
    row = QueuedSubject
    asked = (
        select(row.failed_because, func.count().label("subjects"), func.min(row.not_before).label("until"))
        .where(row.state == WAITING, row.failed_because.is_not(None), row.not_before.is_not(None))
        .group_by(row.failed_because)
        .order_by(func.count().desc(), row.failed_because)
    )
    if batch:
        asked = asked.where(row.batch == batch)
    with reading() as connection:
        return [PutOff(one.failed_because, one.subjects, one.until) for one in connection.execute(asked)]


def requeue(subject_ids: Sequence[str]) -> int:
    """Queue dead letters again, as if they had never been tried; gives how many."""
    with writing() as connection:
        again = (
            update(QueuedSubject)
            .where(QueuedSubject.subject_id.in_(subject_ids), QueuedSubject.state == DEAD)
            .values(state=WAITING, attempts=0, not_before=None, failed_because=None)
        )
        return connection.execute(again).rowcount


def wake(because: str) -> int:
    """Let what was put back for a reason that begins so be taken at once; gives how many."""
    asleep = and_(QueuedSubject.state == WAITING, QueuedSubject.failed_because.startswith(because, autoescape=True))
    with writing() as connection:
        return connection.execute(update(QueuedSubject).where(asleep).values(not_before=None)).rowcount


def backlog() -> dict[str, int]:
    """How many are in each state."""
    asked = select(QueuedSubject.state, func.count()).group_by(QueuedSubject.state)
    with reading() as connection:
        return dict(connection.execute(asked).tuples().all())


def is_open(subject_id: str) -> bool:
    """Whether a subject waits, or somebody works on it."""
    asked = select(QueuedSubject.state).where(QueuedSubject.subject_id == subject_id)
    with reading() as connection:
        return connection.scalar(asked) in (WAITING, LEASED)


def waiting(kind: Kind, at_most: int | None = None) -> list[str]:
    """What waits, the highest priority first."""
    asked = (
        select(QueuedSubject.subject_id)
        .where(QueuedSubject.state == WAITING, QueuedSubject.kind == kind)
        .order_by(QueuedSubject.behind, QueuedSubject.queued_at, QueuedSubject.subject_id)
        .limit(at_most)
    )
    with reading() as connection:
        return list(connection.scalars(asked))


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A place in the queue; the smallest comes first."""

    behind: int
    queued_at: datetime
    subject_id: str
    kind: Kind


def _first(connection: Connection, kind: Kind, at_most: int, at: datetime, batch: str | None) -> list[_Place]:
    """The first that may be taken: those that wait, and those whose lease ran out; each found along the index."""
    may_be_taken = (
        and_(QueuedSubject.state == WAITING, or_(QueuedSubject.not_before.is_(None), QueuedSubject.not_before <= at)),
        and_(QueuedSubject.state == LEASED, QueuedSubject.lease_until <= at),
    )
    places: list[_Place] = []
    for fits in may_be_taken:
        asked = (
            select(QueuedSubject.behind, QueuedSubject.queued_at, QueuedSubject.subject_id)
            .where(fits, QueuedSubject.kind == kind, *([QueuedSubject.batch == batch] if batch else []))
            .order_by(QueuedSubject.behind, QueuedSubject.queued_at, QueuedSubject.subject_id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        places += [_Place(behind, since, subject, kind) for behind, since, subject in connection.execute(asked)]
    return sorted(places)[:at_most]


def _give_up_on_exhausted(connection: Connection, at: datetime) -> None:
    """What killed its every worker is dangerous or broken: it is not handed out for a sixth time."""
    connection.execute(
        update(QueuedSubject)
        .where(
            QueuedSubject.state == LEASED,
            QueuedSubject.lease_until <= at,
            QueuedSubject.attempts >= MOST_ATTEMPTS,
        )
        .values(state=DEAD, leased_by=None, lease_until=None)
    )


def _of_worker(connection: Connection, worker: str, subject_ids: Collection[str], **values: object) -> int:
    held = (
        update(QueuedSubject)
        .where(
            QueuedSubject.subject_id.in_(subject_ids),
            QueuedSubject.state == LEASED,
            QueuedSubject.leased_by == worker,
        )
        .values(leased_by=None, lease_until=None, **values)
    )
    return connection.execute(held).rowcount
