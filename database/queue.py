"""Companies that wait for enrichment: taken by priority under a lease, so that what a crashed worker held comes back.

A worker takes a few, works, and says of each that it is finished or failed. A lease that runs out gives the company to
the next worker; what was tried five times is a dead letter, which people can list and queue again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from database.models import QueuedCompany
from database.session import insert_new, reading, writing

MOST_ATTEMPTS = 5
LEASE = timedelta(minutes=10)
FIRST_RETRY_AFTER = timedelta(minutes=5)

WAITING, LEASED, DONE, DEAD = "waiting", "leased", "done", "dead"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A company worth enriching, how soon (100 first), and why."""

    company_id: str
    priority: int
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A company that a worker holds, for how many tries now, and until when."""

    company_id: str
    priority: int
    attempts: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A company that was given up, and why."""

    company_id: str
    attempts: int
    failed_because: str


def enqueue(companies: Iterable[Waiting], at: datetime) -> int:
    """Queue companies that were never queued before; gives how many those were."""
    rows = [
        {
            "company_id": company.company_id,
            "priority": company.priority,
            "reason": company.reason,
            "state": WAITING,
            "attempts": 0,
            "queued_at": at,
        }
        for company in companies
    ]
    with writing() as connection:
        return insert_new(connection, QueuedCompany, rows)


def take(worker: str, at_most: int, at: datetime, lease: timedelta = LEASE) -> list[Taken]:
    """Lease the companies of highest priority to a worker; no other gets them before the lease runs out."""
    with writing() as connection:
        _give_up_on_exhausted(connection, at)
        chosen = (
            select(QueuedCompany.company_id)
            .where(_may_be_taken(at))
            .order_by(QueuedCompany.priority.desc(), QueuedCompany.queued_at, QueuedCompany.company_id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        lease_until = at + lease
        taken = connection.execute(
            update(QueuedCompany)
            .where(QueuedCompany.company_id.in_(connection.scalars(chosen).all()))
            .values(state=LEASED, leased_by=worker, lease_until=lease_until, attempts=QueuedCompany.attempts + 1)
            .returning(QueuedCompany.company_id, QueuedCompany.priority, QueuedCompany.attempts)
        ).all()
    ordered = sorted(taken, key=lambda row: (-row.priority, row.company_id))
    return [Taken(row.company_id, row.priority, row.attempts, lease_until) for row in ordered]


def finish(worker: str, company_ids: Collection[str]) -> int:
    """Say that these are enriched; gives how many the worker still held (a lease may have run out meanwhile)."""
    with writing() as connection:
        return _of_worker(connection, worker, company_ids, state=DONE, failed_because=None)


def fail(worker: str, company_id: str, because: str, at: datetime) -> int:
    """Say that a try failed: it waits twice as long after each, and is a dead letter after the fifth.

    Gives 0 where the worker did not hold it any more.
    """
    with reading() as connection:
        attempts = connection.scalar(select(QueuedCompany.attempts).where(QueuedCompany.company_id == company_id)) or 1
    wait = FIRST_RETRY_AFTER * 2 ** (attempts - 1)
    with writing() as connection:
        return _of_worker(
            connection,
            worker,
            [company_id],
            state=case((QueuedCompany.attempts >= MOST_ATTEMPTS, DEAD), else_=WAITING),
            not_before=at + wait,
            failed_because=because,
        )


def dead_letters() -> list[DeadLetter]:
    """What was given up, by name."""
    asked = select(QueuedCompany).where(QueuedCompany.state == DEAD).order_by(QueuedCompany.company_id)
    with reading() as connection:
        rows = connection.execute(asked).all()
    return [
        DeadLetter(row.company_id, row.attempts, row.failed_because or "its worker never came back") for row in rows
    ]


def requeue(company_ids: Sequence[str]) -> int:
    """Queue dead letters again, as if they had never been tried; gives how many."""
    with writing() as connection:
        again = (
            update(QueuedCompany)
            .where(QueuedCompany.company_id.in_(company_ids), QueuedCompany.state == DEAD)
            .values(state=WAITING, attempts=0, not_before=None, failed_because=None)
        )
        return connection.execute(again).rowcount


def backlog() -> dict[str, int]:
    """How many companies are in each state."""
    asked = select(QueuedCompany.state, func.count()).group_by(QueuedCompany.state)
    with reading() as connection:
        return dict(connection.execute(asked).tuples().all())


def _may_be_taken(at: datetime) -> ColumnElement[bool]:
    waits = and_(
        QueuedCompany.state == WAITING, or_(QueuedCompany.not_before.is_(None), QueuedCompany.not_before <= at)
    )
    return or_(waits, and_(QueuedCompany.state == LEASED, QueuedCompany.lease_until <= at))


def _give_up_on_exhausted(connection: Connection, at: datetime) -> None:
    """A company whose every worker died is dangerous or broken: it is not handed out for a sixth time."""
    connection.execute(
        update(QueuedCompany)
        .where(
            QueuedCompany.state == LEASED,
            QueuedCompany.lease_until <= at,
            QueuedCompany.attempts >= MOST_ATTEMPTS,
        )
        .values(state=DEAD, leased_by=None, lease_until=None)
    )


def _of_worker(connection: Connection, worker: str, company_ids: Collection[str], **values: object) -> int:
    held = (
        update(QueuedCompany)
        .where(
            QueuedCompany.company_id.in_(company_ids),
            QueuedCompany.state == LEASED,
            QueuedCompany.leased_by == worker,
        )
        .values(leased_by=None, lease_until=None, **values)
    )
    return connection.execute(held).rowcount
