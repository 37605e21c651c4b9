"""Tasks of account executives: made once for a reason, done by a person, escalated where nobody acts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from database.campaign_models import Task as Row
from database.session import insert_new, reading, writing

Kind = Literal["graduation", "reply"]


@dataclass(frozen=True, slots=True)
class NewTask:
    """Something that an account executive is to do."""

    kind: Kind
    campaign_id: str
    lead_id: str
    enrolment_id: str
    owner: str
    reason: str
    """In words."""
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """A task, and what became of it."""

    task_id: str
    kind: str
    campaign_id: str
    lead_id: str
    enrolment_id: str | None
    owner: str
    reason: str
    created_at: datetime
    due_at: datetime
    escalated_at: datetime | None
    escalated_to: str | None
    done_at: datetime | None
    done_by: str | None
    outcome: str | None


def make(tasks: Iterable[NewTask], at: datetime) -> int:
    """Make tasks; gives how many are new: the same kind for the same enrolment is made once."""
    with writing() as connection:
        return make_within(connection, tasks, at)


def make_within(connection: Connection, tasks: Iterable[NewTask], at: datetime) -> int:
    """The same, in the transaction of whoever calls."""
    return insert_new(connection, Row, [_row(task, at) for task in tasks])


def tasks(
    owner: str | None = None, lead_id: str | None = None, is_done: bool | None = None, at_most: int = 100
) -> list[Task]:
    """Tasks, what is due first before the rest."""
    asked = select(Row).order_by(Row.done_at.is_not(None), Row.due_at, Row.task_id).limit(at_most)
    if owner is not None:
        asked = asked.where((Row.owner == owner) | (Row.escalated_to == owner))
    if lead_id is not None:
        asked = asked.where(Row.lead_id == lead_id)
    if is_done is not None:
        asked = asked.where(Row.done_at.is_not(None) if is_done else Row.done_at.is_(None))
    with reading() as connection:
        return [_task(row) for row in connection.execute(asked)]


def open_tasks(campaign_id: str | None = None) -> int:
    """How many tasks, of one campaign or of all, are not done."""
    asked = select(func.count()).where(Row.done_at.is_(None))
    if campaign_id is not None:
        asked = asked.where(Row.campaign_id == campaign_id)
    with reading() as connection:
        return int(connection.scalar(asked) or 0)


def finish(task_id: str, by: str, outcome: str, at: datetime) -> bool:
    """Say that a task is done; False where it is not there or was done before."""
    done = update(Row).where(Row.task_id == task_id, Row.done_at.is_(None)).values(
        done_at=at, done_by=by, outcome=outcome
    )  # fmt: skip
    with writing() as connection:
        return connection.execute(done).rowcount > 0


def escalate(at: datetime, to: Callable[[str], str | None], at_most: int = 1_000) -> list[Task]:
    """Give tasks on which nobody acted in time to somebody above the owner (`to`), each once; gives those."""
    late = (
        select(Row).where(Row.done_at.is_(None), Row.escalated_at.is_(None), Row.due_at <= at)
        .order_by(Row.due_at, Row.task_id).limit(at_most)
    )  # fmt: skip
    with reading() as connection:
        waiting = [_task(row) for row in connection.execute(late)]
    above = {one.task_id: name for one in waiting if (name := to(one.owner)) is not None}
    if not above:
        return []
    with writing() as connection:
        rows = [
            connection.execute(
                update(Row)
                .where(Row.task_id == task_id, Row.escalated_at.is_(None), Row.done_at.is_(None))
                .values(escalated_at=at, escalated_to=name)
                .returning(Row)
            ).first()
            for task_id, name in above.items()
        ]
        return [_task(row) for row in rows if row is not None]


def task_id_of(kind: str, enrolment_id: str) -> str:
    """The id of the one task of a kind for an enrolment."""
    return sha256(f"{kind}:{enrolment_id}".encode()).hexdigest()[:24]


def _row(task: NewTask, at: datetime) -> dict[str, Any]:
    return {
        "task_id": task_id_of(task.kind, task.enrolment_id), "kind": task.kind, "campaign_id": task.campaign_id,
        "lead_id": task.lead_id, "enrolment_id": task.enrolment_id, "owner": task.owner, "reason": task.reason,
        "created_at": at, "due_at": task.due_at,
    }  # fmt: skip


def _task(row: Any) -> Task:
    return Task(**{name: getattr(row, name) for name in Task.__slots__})
