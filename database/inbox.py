"""Deliveries of webhooks: kept before they are acknowledged and worked on under a lease; none is lost or done twice.

A worker takes some, works, and says of each that it is done, failed or put back. A lease that runs out (its process
died) gives the delivery to the next worker; what failed five times is a dead letter, which people can list and try
again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, tuple_, update

from database.models import InboxDelivery as Row
from database.session import insert_new, reading, writing

MOST_ATTEMPTS = 5
LEASE = timedelta(minutes=5)
FIRST_RETRY_AFTER = timedelta(seconds=10)
LONGEST_RETRY_AFTER = timedelta(hours=1)
WAITING, LEASED, DONE, DEAD = "waiting", "leased", "done", "dead"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """Who sent a delivery, and what they call it."""

    source: str
    delivery_id: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that a worker holds, for how many tries now."""

    name: Name
    received_at: datetime
    body: str
    headers: Mapping[str, str]
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up, and why."""

    name: Name
    received_at: datetime
    attempts: int
    failed_because: str


def keep(name: Name, body: str, headers: Mapping[str, str], at: datetime) -> bool:
    """Keep a delivery for good; False where this one is there already."""
    row = {
        "source": name.source, "delivery_id": name.delivery_id, "received_at": at, "body": body,
        "headers": dict(headers), "state": WAITING, "attempts": 0,
    }  # fmt: skip
    with writing() as connection:
        return insert_new(connection, Row, [row]) > 0


def keep_done(name: Name, body: str, headers: Mapping[str, str], at: datetime) -> bool:
    """Keep a delivery that nothing remains to be done about but to land it (`done_since`); False where it is there."""
    row = {
        "source": name.source, "delivery_id": name.delivery_id, "received_at": at, "body": body,
        "headers": dict(headers), "state": DONE, "attempts": 0, "done_at": at,
    }  # fmt: skip
    with writing() as connection:
        return insert_new(connection, Row, [row]) > 0


def take(worker: str, sources: Collection[str], at_most: int, at: datetime, lease: timedelta = LEASE) -> list[Delivery]:
    """Lease the oldest deliveries of some sources to a worker; no other gets them before the lease runs out."""
    if not _is_any_due(sources, at):  # most looks find nothing, and need no transaction that writes
        return []
    asked = (
        select(Row.source, Row.delivery_id)
        .where(_is_due(sources, at))
        .order_by(Row.received_at, Row.source, Row.delivery_id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    exhausted = and_(Row.state == LEASED, Row.lease_until <= at, Row.attempts >= MOST_ATTEMPTS)
    because = func.coalesce(Row.failed_because, "its worker never came back")
    with writing() as connection:
        connection.execute(
            update(Row).where(exhausted)
            .values(state=DEAD, leased_by=None, lease_until=None, failed_because=because)
        )  # fmt: skip
        chosen = [tuple(row) for row in connection.execute(asked)]
        if not chosen:
            return []
        taken = connection.execute(
            update(Row)
            .where(tuple_(Row.source, Row.delivery_id).in_(chosen))
            .values(state=LEASED, leased_by=worker, lease_until=at + lease, attempts=Row.attempts + 1)
            .returning(Row.source, Row.delivery_id, Row.received_at, Row.body, Row.headers, Row.attempts)
        ).all()
    listed = [Delivery(Name(r.source, r.delivery_id), r.received_at, r.body, r.headers, r.attempts) for r in taken]
    return sorted(listed, key=lambda one: (one.received_at, one.name))


def finish(worker: str, names: Iterable[Name], at: datetime) -> int:
    """Say that these are done; gives how many the worker still held."""
    return _of_worker(worker, names, state=DONE, done_at=at, failed_because=None)


def fail(worker: str, name: Name, because: str, at: datetime) -> int:
    """Say that a try failed: it waits 10 s, then each time four times as long; after the fifth it is dead."""
    with reading() as connection:
        attempts = connection.scalar(select(Row.attempts).where(_is(name))) or 1
    wait = min(FIRST_RETRY_AFTER * 4 ** (attempts - 1), LONGEST_RETRY_AFTER)
    return _of_worker(
        worker,
        [name],
        state=case((Row.attempts >= MOST_ATTEMPTS, DEAD), else_=WAITING),
        not_before=at + wait,
        failed_because=because,
    )


def put_back(worker: str, names: Iterable[Name], until: datetime, because: str | None = None) -> int:
    """Let these wait until a moment, without counting the try: nothing failed, the time was not right."""
    values = {"not_before": until, "failed_because": because, "attempts": Row.attempts - 1}
    return _of_worker(worker, names, state=WAITING, **values)


def finish_waiting(source: str, received_before: datetime, at: datetime) -> int:
    """Say that all deliveries of a source that came before a moment are done, whoever holds them; gives how many."""
    left = and_(Row.source == source, Row.state.in_((WAITING, LEASED, DEAD)), Row.received_at < received_before)
    done = update(Row).where(left).values(
        state=DONE, done_at=at, leased_by=None, lease_until=None, failed_because=None
    )  # fmt: skip
    with writing() as connection:
        return connection.execute(done).rowcount


def waits_because(source: str, because: str, at: datetime) -> bool:
    """Whether a delivery of a source was put back for this reason until a moment that is still to come."""
    put_off = and_(Row.state == WAITING, Row.source == source, Row.not_before > at, Row.failed_because == because)
    with reading() as connection:
        return connection.execute(select(Row.delivery_id).where(put_off).limit(1)).first() is not None


def requeue(names: Sequence[Name]) -> int:
    """Let dead letters be tried again, as if they never had been; gives how many."""
    mine = tuple_(Row.source, Row.delivery_id).in_([(one.source, one.delivery_id) for one in names])
    again = update(Row).where(mine, Row.state == DEAD).values(
        state=WAITING, attempts=0, not_before=None, failed_because=None
    )  # fmt: skip
    with writing() as connection:
        return connection.execute(again).rowcount


def dead_letters(at_most: int = 100) -> list[DeadLetter]:
    """What was given up, the last first."""
    asked = select(Row).where(Row.state == DEAD).order_by(Row.received_at.desc()).limit(at_most)
    with reading() as connection:
        return [
            DeadLetter(Name(r.source, r.delivery_id), r.received_at, r.attempts, r.failed_because or "")
            for r in connection.execute(asked)
        ]


def done_since(source: str, moment: datetime) -> list[Delivery]:
    """What came from a source and was worked off since a moment, however early it came; the earliest first."""
    i = Row
    asked = (
        select(i)
        .where(i.source == source, i.state == "done", i.done_at >= moment)
        .order_by(i.received_at, i.delivery_id)
    )
    with reading() as connection:
        return [
            Delivery(Name(row.source, row.delivery_id), row.received_at, row.body, row.headers, row.attempts)
            for row in connection.execute(asked)
        ]


def backlog() -> dict[str, int]:
    """How many are in each state."""
    asked = select(Row.state, func.count()).group_by(Row.state)
    with reading() as connection:
        return dict(connection.execute(asked).tuples().all())


def forget_done(before: datetime) -> int:
    """Delete what was done before a moment; gives how many. A replay of those would be taken for new."""
    old = and_(Row.state == DONE, Row.done_at < before)
    with writing() as connection:
        return connection.execute(delete(Row).where(old)).rowcount


def _is_any_due(sources: Collection[str], at: datetime) -> bool:
    with reading() as connection:
        return connection.execute(select(Row.delivery_id).where(_is_due(sources, at)).limit(1)).first() is not None


def _is_due(sources: Collection[str], at: datetime) -> ColumnElement[bool]:
    waits = and_(Row.state == WAITING, or_(Row.not_before.is_(None), Row.not_before <= at))
    came_back = and_(Row.state == LEASED, Row.lease_until <= at)
    return and_(Row.source.in_(sources), or_(waits, came_back))


def _is(name: Name) -> ColumnElement[bool]:
    return and_(Row.source == name.source, Row.delivery_id == name.delivery_id)


def _of_worker(worker: str, names: Iterable[Name], **values: object) -> int:
    listed = [(one.source, one.delivery_id) for one in names]
    if not listed:
        return 0
    held = and_(
        tuple_(Row.source, Row.delivery_id).in_(listed), Row.state == LEASED, Row.leased_by == worker
    )  # fmt: skip
    with writing() as connection:
        changed = update(Row).where(held).values(leased_by=None, lease_until=None, **values)
        return connection.execute(changed).rowcount
