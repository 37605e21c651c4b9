"""What came of mails that were taken from the outbox, noted in one transaction with what the mail server said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from database.campaign_models import Message as Row
from database.campaign_models import SendAttempt
from database.outbox import TURN, Judge, State, Taken, take, take_within
from database.session import in_parts, insert_new, reading, take_turns, writing

Outcome = Literal["accepted", "refused", "later", "in_doubt"]
STATE_AFTER: dict[Outcome, State] = {
    "accepted": "sent", "refused": "failed", "later": "waiting", "in_doubt": "in_doubt",
}  # fmt: skip
MOST_ATTEMPTS = 8
FIRST_RETRY_AFTER = timedelta(minutes=1)
LONGEST_RETRY_AFTER = timedelta(hours=6)
LONGEST_SAID = 500
IS_HELD: tuple[ColumnElement[bool], ...] = (
    Row.message_id == bindparam("which"), Row.taken_by == bindparam("whose"),
    or_(Row.state == "sending", Row.state == "in_doubt"),
)  # fmt: skip
"""By its worker, though it may have been called in doubt meanwhile."""
SENT = (
    update(Row)
    .where(*IS_HELD)
    .values(state="sent", sent_at=bindparam("moment"), settled_at=bindparam("moment"), because=None, landed_at=None)
)
"""One that was landed as in doubt is landed again."""
NOT_SENT = (
    update(Row)
    .where(*IS_HELD)
    .values(state=bindparam("to"), because=bindparam("why"), settled_at=bindparam("settled"), landed_at=None,
            due_at=func.coalesce(bindparam("when", type_=Row.due_at.type), Row.due_at))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the mail server said to one try."""

    message_id: str
    attempt: int
    at: datetime
    by: str
    outcome: Outcome
    said: str | None = None


def settle(attempts: Iterable[Attempt]) -> int:
    """Note what came of mails that a worker held; gives how many it still held.

    One that was called in doubt meanwhile is settled all the same: its own worker knows better. `later` waits, a minute
    after the first try and then four times as long each time; after the eighth it has failed.
    """
    with writing() as connection:
        return _settle(connection, list(attempts))


def settle_and_take(attempts: Iterable[Attempt], worker: str, at: datetime, at_most: int, judge: Judge) -> Taken:
    """`settle`, and `outbox.take` those that come next, both or neither: one commit where each would have its own.

    The turn is taken before rows are locked, as whoever merges leads does: two that wait for each other wait for ever.
    """
    if not (listed := list(attempts)):
        return take(worker, at, at_most, judge)
    with writing() as connection:
        take_turns(connection, TURN)
        _settle(connection, listed)
        return take_within(connection, worker, at, at_most, judge)


def put_back(worker: str, message_ids: Iterable[str]) -> int:
    """Let mails wait again that were never handed to the server; the try does not count."""
    with writing() as connection:
        return sum(
            connection.execute(
                update(Row)
                .where(Row.message_id.in_(some), Row.state == "sending", Row.taken_by == worker)
                .values(state="waiting", taken_by=None, taken_at=None, attempts=Row.attempts - 1)
            ).rowcount
            for some in in_parts(message_ids)
        )


def attempts_of(message_ids: Iterable[str]) -> list[Attempt]:
    """All tries of mails, in order."""
    found = []
    with reading() as connection:
        for some in in_parts(message_ids):
            asked = select(SendAttempt).where(SendAttempt.message_id.in_(some))
            found += [
                Attempt(row.message_id, row.attempt, row.at, row.by, row.outcome, row.said)
                for row in connection.execute(asked.order_by(SendAttempt.message_id, SendAttempt.attempt))
            ]
    return found


def wait_after(attempt: int) -> timedelta:
    """How long a mail waits after its first, second … try."""
    times: int = 4 ** (min(attempt, MOST_ATTEMPTS) - 1)
    return min(FIRST_RETRY_AFTER * times, LONGEST_RETRY_AFTER)


def _settle(connection: Connection, attempts: Sequence[Attempt]) -> int:
    insert_new(connection, SendAttempt, [_attempt_row(one) for one in attempts])
    held = _note_sent(connection, [one for one in attempts if one.outcome == "accepted"])
    return held + _note_others(connection, [one for one in attempts if one.outcome != "accepted"])


def _note_sent(connection: Connection, sent: Sequence[Attempt]) -> int:
    if not sent:
        return 0
    rows = [{"which": one.message_id, "whose": one.by, "moment": one.at} for one in sent]
    return connection.execute(SENT, rows).rowcount


def _note_others(connection: Connection, others: Sequence[Attempt]) -> int:
    if not others:
        return 0
    return connection.execute(NOT_SENT, [_note_row(one) for one in others]).rowcount


def _note_row(one: Attempt) -> dict[str, Any]:
    is_over = one.outcome == "later" and one.attempt >= MOST_ATTEMPTS
    state = "failed" if is_over else STATE_AFTER[one.outcome]
    waits = state == "waiting"
    return {
        "which": one.message_id, "whose": one.by, "to": state, "settled": None if waits else one.at,
        "why": f"given up after {one.attempt} tries: {one.said}" if is_over else one.said,
        "when": one.at + wait_after(one.attempt) if waits else None,
    }  # fmt: skip


def _attempt_row(one: Attempt) -> dict[str, Any]:
    return {
        "message_id": one.message_id, "attempt": one.attempt, "at": one.at, "by": one.by, "outcome": one.outcome,
        "said": (one.said or "").replace("\x00", "")[:LONGEST_SAID] or None,
    }  # fmt: skip
