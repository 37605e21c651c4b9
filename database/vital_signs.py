"""How the database is, what is newest in it, and what waits in it: asked with a bound on the time that it takes."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, make_url, select, text

from database.health_models import HealthStanding
from database.improvement_models import ReportRun
from database.models import Call, InboxDelivery, Measure, Prediction, Purchase, QueuedSubject, ScoredFeatures
from database.session import reading
from database.spending import STOPPED
from ringback.settings import settings

PATIENCE_SECONDS = 5.0
INTEGRITY_SECONDS = 10.0
"""So long the database is looked through at most; the nightly backup looks through all of it."""
OPEN_FOR = timedelta(days=14)
STEPS_BETWEEN_LOOKS = 20_000
PROBLEMS_SHOWN = 5
SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class DatabaseSigns:
    """How the database is."""

    seconds: float
    """Until it answered."""
    lock_seconds: float | None
    """Until a writer got its turn; None where it did not in five seconds."""
    problems: tuple[str, ...]
    """What is broken in its file."""
    is_looked_through: bool
    """False where it is too large to be looked through in ten seconds, or is a server's own affair."""


@dataclass(frozen=True, slots=True)
class Newest:
    """When something came last, UTC; None where nothing ever did."""

    call: datetime | None
    open_call: datetime | None
    """Of those held in the last two weeks that are not known to have progressed: which scoring answers."""
    score: datetime | None
    features: datetime | None
    report: datetime | None
    """When the last weekly report was made."""
    of_all: datetime | None
    """The latest moment of all that is kept."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, was given up, or is in doubt."""

    enrichment_waiting: int
    enrichment_oldest: datetime | None
    inbox_waiting: int
    inbox_oldest: datetime | None
    dead_letters: int
    """Leads and deliveries that were given up."""
    mails_in_doubt: int
    questions: int
    """Of enrichment in 24 hours, and what waits to be asked again."""
    questions_failed: int


def database_signs(patience_seconds: float = PATIENCE_SECONDS) -> DatabaseSigns:
    """Ask the database; raises what its driver raises where it does not answer at all."""
    url = make_url(settings().database)
    if url.get_backend_name() == SQLITE:
        return _sqlite_signs(Path(url.database or ""), patience_seconds)
    began = time.monotonic()
    with reading() as connection:
        connection.execute(text("SELECT 1"))
        seconds = time.monotonic() - began
        waits = connection.scalar(text(
            "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - query_start)), 0)"
            " FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        ))  # fmt: skip
    lock = float(waits or 0.0)
    return DatabaseSigns(seconds, lock if lock < patience_seconds else None, (), is_looked_through=False)


def sqlite_answers(path: Path) -> float:
    """Seconds until an SQLite file of another program answers, without changing anything about it; raises OSError."""
    began = time.monotonic()
    try:
        with _sqlite(path, PATIENCE_SECONDS, "ro") as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as failure:
        raise OSError(f"{path.name} cannot be read: {failure}") from failure
    return time.monotonic() - began


def newest(at: datetime) -> Newest:
    """What came last, up to a moment and beyond it: a clock may have been wrong."""
    is_open = (Call.called_at > at - OPEN_FOR) & Call.progressed_at.is_(None)
    with reading() as connection:

        def last(column: Any) -> datetime | None:
            return connection.scalar(select(func.max(column)))

        call, score = last(Call.known_at), last(Prediction.predicted_at)
        open_call = connection.scalar(select(func.max(Call.known_at)).where(is_open))
        features = last(ScoredFeatures.first_at)
        report = connection.scalar(select(func.max(ReportRun.done_at)).where(ReportRun.kind == "weekly"))
        others = (last(Purchase.bought_at), last(InboxDelivery.received_at), last(HealthStanding.measured_at))
    known = [moment for moment in (call, score, features, report, *others) if moment is not None]
    return Newest(call, open_call, score, features, report, max(known, default=None))


def backlog(at: datetime) -> Backlog:
    """What waits at a moment."""
    from database.campaign_models import Message

    q, i, p = QueuedSubject, InboxDelivery, Purchase
    is_failing = q.failed_because.is_not(None) & ~q.failed_because.startswith(STOPPED)
    with reading() as connection:

        def count(asked: Select[Any]) -> int:
            return int(connection.scalar(asked) or 0)

        n = func.count()
        waiting = connection.execute(select(n, func.min(q.queued_at)).where(q.state.in_(("waiting", "leased")))).one()
        arrived = connection.execute(select(n, func.min(i.received_at)).where(
            i.state.in_(("waiting", "leased")), i.not_before.is_(None) | (i.not_before <= at)
        )).one()  # fmt: skip
        dead = count(select(n).where(q.state == "dead")) + count(select(n).where(i.state == "dead"))
        doubtful = count(select(n).where(Message.state == "in_doubt"))
        lately = select(n).where(p.bought_at > at - timedelta(days=1))
        failing = count(select(n).where(q.state == "waiting", is_failing))
        asked, in_doubt = count(lately), count(lately.where(p.outcome == "in_doubt"))
    return Backlog(
        waiting[0], waiting[1], arrived[0], arrived[1], dead, doubtful, asked + failing, in_doubt + failing
    )  # fmt: skip


def last_measure(name: str) -> tuple[float, int, datetime] | None:
    """The value of a measure in the last week that has one, on how many, and that week's Monday."""
    m = Measure
    asked = select(m.value, m.n, m.week).where(m.measure == name, m.dimension == "", m.value.is_not(None))
    with reading() as connection:
        row = connection.execute(asked.order_by(m.week.desc()).limit(1)).first()
    return None if row is None or row.value is None else (row.value, row.n, row.week)


def _sqlite_signs(path: Path, patience_seconds: float) -> DatabaseSigns:
    began = time.monotonic()
    with _sqlite(path, patience_seconds, "rw") as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        answered = time.monotonic() - began
        asked = time.monotonic()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            lock: float | None = time.monotonic() - asked
        except sqlite3.OperationalError as failure:
            if "locked" not in str(failure) and "busy" not in str(failure):
                raise
            lock = None
        problems, is_whole = _problems(connection)
    return DatabaseSigns(answered, lock, problems, is_whole)


def _problems(connection: sqlite3.Connection) -> tuple[tuple[str, ...], bool]:
    """What is broken in the file, and whether all of it was looked at."""
    until = time.monotonic() + INTEGRITY_SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > until), STEPS_BETWEEN_LOOKS)
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({PROBLEMS_SHOWN})")]
    except sqlite3.OperationalError as failure:
        if "interrupted" in str(failure):
            return (), False
        raise
    return tuple(one for one in found if one != "ok"), True


@contextmanager
def _sqlite(path: Path, patience_seconds: float, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection that makes no file where there is none."""
    address = f"{path.resolve().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, timeout=patience_seconds, isolation_level=None, uri=True)) as connection:
        yield connection
