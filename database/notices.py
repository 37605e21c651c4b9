"""What people are to be told of incidents: each notice at most once, tried again where it surely did not go out.

A notice is taken, which is committed, before it is sent. One whose process died between is never sent again: whether it
went out nobody can say, so it is called in doubt, and shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, select, update

from database.health_models import IncidentNotice as Row
from database.models import Incident
from database.session import insert_new, reading, writing

Step = Literal["opened", "escalated", "recovered"]
Outcome = Literal["sent", "in_doubt", "failed", "skipped"]
LEASE = timedelta(minutes=10)
"""After so long whoever took a notice must have died."""
MOST_ATTEMPTS = 30
"""At five checks a day that is six days."""
GONE = "whoever was to send it died while doing so"
STEPS = case({"opened": 0, "escalated": 1, "recovered": 2}, value=Row.step)


@dataclass(frozen=True, slots=True)
class Telling:
    """That a change is to be told somewhere, and from when on it may be."""

    channel: str
    due_at: datetime
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told."""

    incident_id: str
    step: Step
    channel: str
    recipient: str
    words: str
    noted_at: datetime
    attempts: int
    kind: str
    subject: str
    severity: str
    """Of the incident, as it is now."""


def note(connection: Connection, incident_id: str, step: str, words: str, at: datetime, tell: Sequence[Telling]) -> int:
    """Note, within a transaction, what is to be told; gives how much of it is new."""
    return insert_new(connection, Row, [
        {
            "incident_id": incident_id, "step": step, "channel": one.channel, "recipient": one.recipient,
            "words": words, "noted_at": at, "due_at": one.due_at, "state": "waiting", "attempts": 0,
        }
        for one in tell
    ])  # fmt: skip


def due(at: datetime) -> list[Notice]:
    """What may be sent at a moment, in the order in which it happened."""
    i = Incident
    asked = (
        select(Row, i.kind, i.subject, i.severity)
        .join(i, i.incident_id == Row.incident_id)
        .where(Row.state == "waiting", Row.due_at <= at)
        .order_by(Row.noted_at, Row.incident_id, STEPS)
    )
    with reading() as connection:
        return [_notice(row) for row in connection.execute(asked)]


def take(notice: Notice, at: datetime) -> bool:
    """Take a notice to send it; False where somebody else did."""
    taken = update(Row).where(_is(notice), Row.state == "waiting")
    with writing() as connection:
        return connection.execute(
            taken.values(state="sending", taken_at=at, attempts=Row.attempts + 1)
        ).rowcount > 0  # fmt: skip


def settle(notice: Notice, outcome: Outcome, at: datetime, because: str | None = None) -> None:
    """Note what came of a notice that was taken."""
    with writing() as connection:
        connection.execute(
            update(Row).where(_is(notice), Row.state == "sending")
            .values(state=outcome, settled_at=at, because=because)
        )  # fmt: skip


def put_back(notice: Notice, at: datetime, because: str) -> None:
    """Let a notice that surely did not go out be tried again at the next check; the thirtieth try is the last."""
    is_last = notice.attempts + 1 >= MOST_ATTEMPTS
    values: dict[str, Any] = {"state": "failed", "settled_at": at} if is_last else {"state": "waiting"}
    with writing() as connection:
        connection.execute(update(Row).where(_is(notice), Row.state == "sending").values(because=because, **values))


def give_up(at: datetime, lease: timedelta = LEASE) -> int:
    """Call in doubt what was taken so long ago that its process must have died; gives how many."""
    gone = update(Row).where(Row.state == "sending", Row.taken_at <= at - lease)
    with writing() as connection:
        return connection.execute(gone.values(state="in_doubt", settled_at=at, because=GONE)).rowcount


def told_at(incident_id: str) -> list[tuple[str, str]]:
    """Channel and recipient of all notices of an incident, each once."""
    asked = select(Row.channel, Row.recipient).where(Row.incident_id == incident_id).distinct()
    with reading() as connection:
        return sorted((row.channel, row.recipient) for row in connection.execute(asked) if row.channel != "before")


def take_over(
    incident_id: str, words: str, at: datetime, states: dict[tuple[str, str], Outcome], step: Step = "opened"
) -> None:
    """Keep what was told of a step of an incident while the database could not be asked."""
    rows = [
        {
            "incident_id": incident_id, "step": step, "channel": channel, "recipient": recipient, "words": words,
            "noted_at": at, "due_at": at, "state": outcome, "attempts": 1, "settled_at": at,
        }
        for (channel, recipient), outcome in states.items()
    ]  # fmt: skip
    with writing() as connection:
        insert_new(connection, Row, rows)


def _is(notice: Notice) -> ColumnElement[bool]:
    return and_(
        Row.incident_id == notice.incident_id, Row.step == notice.step, Row.channel == notice.channel,
        Row.recipient == notice.recipient,
    )  # fmt: skip


def _notice(row: Any) -> Notice:
    return Notice(
        row.incident_id, row.step, row.channel, row.recipient, row.words, row.noted_at, row.attempts, row.kind,
        row.subject, row.severity,
    )  # fmt: skip
