"""When reports were tried and what became of them, so that one that is missing is found, and tried again in time.

A run notes that it begins, with the moment at which somebody else may try again: a run that is killed says nothing
more, and is tried again then like one that failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from database.improvement_models import ReportRun
from database.session import insert_new, reading, take_turns, writing

RETRY_AFTER = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Run:
    """A report as the runs know it."""

    kind: str
    name: str
    attempts: int
    tried_at: datetime
    next_at: datetime | None
    done_at: datetime | None
    sent_at: datetime | None
    failure: str | None
    note: str | None

    @property
    def is_given_up(self) -> bool:
        """Whether it failed as often as it is tried."""
        return self.done_at is None and self.next_at is None


def begin(kind: str, name: str, at: datetime) -> int:
    """Note that a report is tried now; gives how often it was, this time included."""
    mine = (ReportRun.kind == kind, ReportRun.name == name)
    with writing() as connection:
        take_turns(connection, "report runs")
        insert_new(connection, ReportRun, [_row(kind, name, at)])
        tried = connection.scalar(select(ReportRun.attempts).where(*mine)) or 0
        after = RETRY_AFTER[tried] if tried < len(RETRY_AFTER) else None
        connection.execute(
            update(ReportRun)
            .where(*mine)
            .values(attempts=tried + 1, tried_at=at, next_at=None if after is None else at + after, done_at=None)
        )
    return tried + 1


def finish(kind: str, name: str, at: datetime, note: str | None = None) -> None:
    """Note that a report is there, with what the next one has to say of it; its attempts begin anew."""
    _change(kind, name, attempts=0, next_at=None, done_at=at, failure=None, note=note)


def fail(kind: str, name: str, words: str) -> Run:
    """Note why a report failed; gives the run, of which `next_at` says when it is tried again."""
    _change(kind, name, failure=words)
    (run,) = [one for one in runs() if (one.kind, one.name) == (kind, name)]
    return run


def mark_sent(kind: str, name: str, at: datetime) -> bool:
    """Note that a report is being sent; False where it was before: nobody is sent the same report twice."""
    mine = (ReportRun.kind == kind, ReportRun.name == name, ReportRun.sent_at.is_(None))
    with writing() as connection:
        return connection.execute(update(ReportRun).where(*mine).values(sent_at=at)).rowcount > 0


def runs() -> Sequence[Run]:
    """All runs, by kind and name."""
    asked = select(ReportRun).where(ReportRun.kind != HEARTBEAT).order_by(ReportRun.kind, ReportRun.name)
    with reading() as connection:
        return [Run(**dict(row._mapping)) for row in connection.execute(asked)]


def beat(at: datetime) -> tuple[datetime, datetime]:
    """Note that somebody looks now; gives when somebody looked first, and last before this."""
    with writing() as connection:
        insert_new(connection, ReportRun, [_row(HEARTBEAT, name, at) for name in ("first", "last")])
        asked = select(ReportRun.name, ReportRun.tried_at).where(ReportRun.kind == HEARTBEAT)
        seen: dict[str, datetime] = dict(connection.execute(asked).tuples().all())
        connection.execute(
            update(ReportRun).where(ReportRun.kind == HEARTBEAT, ReportRun.name == "last").values(tried_at=at)
        )
    return seen["first"], seen["last"]


def first_look(otherwise: datetime) -> datetime:
    """When somebody looked for the first time: reports that were due before were nobody's to make."""
    asked = select(ReportRun.tried_at).where(ReportRun.kind == HEARTBEAT, ReportRun.name == "first")
    with reading() as connection:
        return connection.scalar(asked) or otherwise


def _row(kind: str, name: str, at: datetime) -> dict[str, object]:
    return {
        "kind": kind, "name": name, "attempts": 0, "tried_at": at, "next_at": None, "done_at": None, "sent_at": None,
        "failure": None, "note": None,
    }  # fmt: skip


def _change(kind: str, name: str, **values: object) -> None:
    with writing() as connection:
        connection.execute(update(ReportRun).where(ReportRun.kind == kind, ReportRun.name == name).values(**values))
