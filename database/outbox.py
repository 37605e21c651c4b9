"""The outbox: mails that are each sent at most once, whoever sends them and wherever it is killed.

    waiting ── sending ─┬─ sent
       │  ▲       │     ├─ failed
       │  └───────┤     └─ in_doubt    no clear answer, or its process died: never sent again
       └──────────┴─ suppressed, skipped, canceled

Taking a mail is committed before the mail server is asked. In the same transaction, for all processes one after
the other, each mail is judged by what is true then: is the address suppressed, how many mails did this person get.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, func, select, update

from database.campaign_models import Campaign, Enrolment
from database.campaign_models import Message as Row
from database.session import execute_many, in_parts, insert_new, reading, take_turns, writing
from database.suppressions import suppressed_within

State = Literal["waiting", "sending", "sent", "failed", "in_doubt", "suppressed", "skipped", "canceled"]
SETTLED: tuple[State, ...] = ("sent", "failed", "in_doubt", "suppressed", "skipped", "canceled")
WENT_OUT: tuple[State, ...] = ("sent", "sending", "in_doubt")
"""States of mails that a person has, or may have."""
LEASE = timedelta(minutes=30)
"""After so long a process that took mails is held for dead."""
LOOK_BACK = timedelta(days=90)
"""The longest span of a cap (`campaigns.sequences.Cap`)."""
GONE = "the process that took it ended before it could say what came of it"
TURN = "outbox.take"
"""Of whoever takes mails."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail for the outbox; or, in the state skipped, a step that is left out, with the reason."""

    message_id: str
    enrolment_id: str
    step: int
    campaign_id: str
    lead_id: str
    sequence: str
    template: str
    recipient: str
    due_at: datetime
    not_after: datetime | None = None
    variants: Mapping[str, str] = field(default_factory=dict)
    mail: Mapping[str, Any] = field(default_factory=dict)
    links: Sequence[str] = ()
    state: Literal["waiting", "skipped"] = "waiting"
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A mail of the outbox as it stands."""

    message_id: str
    enrolment_id: str
    step: int
    campaign_id: str
    lead_id: str
    sequence: str
    template: str
    variants: Mapping[str, str]
    recipient: str
    mail: Mapping[str, Any]
    links: Sequence[str]
    state: State
    written_at: datetime
    due_at: datetime
    not_after: datetime | None
    attempts: int
    taken_by: str | None
    taken_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None
    because: str | None


DUE = (
    select(*(getattr(Row, name) for name in Message.__slots__))
    .where(Row.state == "waiting", Row.due_at <= bindparam("at"))
    .order_by(Row.due_at, Row.message_id)
    .limit(bindparam("at_most"))
)
"""With what a `Message` holds, in its order. The statements of taking are built once: it is done for each batch."""
STANDING = (
    select(Enrolment.enrolment_id, Enrolment.zone, Enrolment.ended_as, Enrolment.ended_at, Campaign.state)
    .outerjoin(Campaign, Campaign.campaign_id == Enrolment.campaign_id)
    .where(Enrolment.enrolment_id.in_(bindparam("some", expanding=True)))
)
WRITTEN_TO = select(Row.recipient, Row.state, func.coalesce(Row.sent_at, Row.taken_at)).where(
    Row.recipient.in_(bindparam("some", expanding=True))
)
TAKE = (
    update(Row)
    .where(Row.message_id.in_(bindparam("some", expanding=True)))
    .values(state="sending", taken_by=bindparam("by"), taken_at=bindparam("now"), attempts=Row.attempts + 1)
)
"""Whoever cancels mails takes the same turn, so the state is not asked: SQLite would walk through all that wait."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mail that is due, with all that decides whether it may go."""

    message: Message
    zone: str
    suppressed_as: str | None
    ended_as: str | None
    """How its enrolment ended, where it did."""
    campaign: str
    """active, paused or archived."""
    earlier: tuple[datetime, ...]
    """When this person was sent mails of any campaign, the earliest first."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a candidate: it is taken (None, None), waits until a moment, or comes to an end."""

    state: State = "sending"
    because: str | None = None
    due_at: datetime | None = None
    not_after: datetime | None = None


Judge = Callable[[Candidate], Judgement]


@dataclass(frozen=True, slots=True)
class Taken:
    """Mails that a worker holds, and how many were looked at to find them."""

    messages: tuple[Message, ...]
    looked_at: int


def write(drafts: Iterable[Draft], at: datetime) -> int:
    """Put mails into the outbox, and let their enrolments wait for them; gives how many are new.

    A step that was written already, by whomever, is not written again.
    """
    listed = list(drafts)
    with writing() as connection:
        new = insert_new(connection, Row, [_row(draft, at) for draft in listed])
        if listed:
            waits = (
                update(Enrolment)
                .where(Enrolment.enrolment_id == bindparam("whose"), Enrolment.step == bindparam("now_at"),
                       Enrolment.ended_at.is_(None))
                .values(due_at=None)
            )  # fmt: skip
            execute_many(connection, waits, [{"whose": one.enrolment_id, "now_at": one.step} for one in listed])
    return new


def take(worker: str, at: datetime, at_most: int, judge: Judge) -> Taken:
    """Take mails that are due, the longest due first, and settle or put off those that may not go.

    What is taken is `sending` and committed. `looked_at` is 0 where nothing is due; it may be that of what was looked
    at nothing could be taken.
    """
    if not are_due(at):
        return Taken((), 0)
    with writing() as connection:
        take_turns(connection, TURN)
        return take_within(connection, worker, at, at_most, judge)


def take_within(connection: Connection, worker: str, at: datetime, at_most: int, judge: Judge) -> Taken:
    """The same, in the transaction of whoever calls, whose turn it must be (`TURN`)."""
    due = [Message(*row) for row in connection.execute(DUE, {"at": at, "at_most": at_most})]
    judged = _judged(_candidates(connection, due, at), judge, at)
    taken = [replace(one, state="sending", attempts=one.attempts + 1, taken_by=worker, taken_at=at)
             for one, said in judged if said.state == "sending"]  # fmt: skip
    for some in in_parts(one.message_id for one in taken):
        connection.execute(TAKE, {"some": some, "by": worker, "now": at})
    _put_aside(connection, [(one, said) for one, said in judged if said.state != "sending"], at)
    return Taken(tuple(taken), len(due))


def are_due(at: datetime, many: int = 1) -> bool:
    """Whether so many mails are due."""
    asked = select(Row.message_id).where(Row.state == "waiting", Row.due_at <= at).limit(1).offset(many - 1)
    with reading() as connection:
        return connection.execute(asked).first() is not None


def give_up(at: datetime, lease: timedelta = LEASE) -> list[str]:
    """Call in doubt what was taken so long ago that its process must have died; gives the ids."""
    late = select(Row.message_id).where(Row.state == "sending", Row.taken_at <= at - lease)
    with reading() as connection:
        if connection.execute(late.limit(1)).first() is None:
            return []
    with writing() as connection:
        gone = (
            update(Row).where(Row.state == "sending", Row.taken_at <= at - lease)
            .values(state="in_doubt", settled_at=at, because=GONE).returning(Row.message_id)
        )  # fmt: skip
        return sorted(connection.scalars(gone))


def message(message_id: str) -> Message | None:
    """One mail; None where there is none of this id."""
    with reading() as connection:
        row = connection.execute(select(Row).where(Row.message_id == message_id)).first()
    return _message(row) if row else None


def messages(
    state: State | None = None, campaign_id: str | None = None, lead_id: str | None = None, at_most: int = 100,
    after: str = "",
) -> list[Message]:  # fmt: skip
    """Mails by id, from the one after `after` on."""
    asked = select(Row).where(Row.message_id > after).order_by(Row.message_id).limit(at_most)
    wanted = ((Row.state, state), (Row.campaign_id, campaign_id), (Row.lead_id, lead_id))
    for column, value in wanted:
        if value is not None:
            asked = asked.where(column == value)
    with reading() as connection:
        return [_message(row) for row in connection.execute(asked)]


def messages_of(enrolment_ids: Collection[str]) -> dict[str, list[Message]]:
    """The mails of enrolments, by enrolment, in the order of steps."""
    found: dict[str, list[Message]] = {}
    with reading() as connection:
        for some in in_parts(enrolment_ids):
            asked = select(Row).where(Row.enrolment_id.in_(some)).order_by(Row.enrolment_id, Row.step)
            for row in connection.execute(asked):
                found.setdefault(row.enrolment_id, []).append(_message(row))
    return found


def counts(campaign_id: str | None = None) -> dict[State, int]:
    """How many mails are in each state."""
    asked = select(Row.state, func.count()).group_by(Row.state)
    if campaign_id is not None:
        asked = asked.where(Row.campaign_id == campaign_id)
    with reading() as connection:
        return {row.state: row[1] for row in connection.execute(asked)}


def _candidates(connection: Connection, due: Sequence[Message], at: datetime) -> list[Candidate]:
    recipients = {one.recipient for one in due}
    left_alone = suppressed_within(connection, recipients)
    earlier = _went_out(connection, recipients, at)
    standing: dict[str, Any] = {}
    for some in in_parts(one.enrolment_id for one in due):
        standing |= {row.enrolment_id: row for row in connection.execute(STANDING, {"some": some})}
    found = []
    for one in due:
        row, why_not = standing.get(one.enrolment_id), left_alone.get(one.recipient)
        ended_as = "gone" if row is None else (row.ended_as or "ended") if row.ended_at else None
        found.append(
            Candidate(one, row.zone if row else "UTC", why_not.reason if why_not else None, ended_as,
                      (row.state if row else None) or "active", tuple(sorted(earlier.get(one.recipient, ()))))
        )  # fmt: skip
    return found


def _went_out(connection: Connection, recipients: Collection[str], at: datetime) -> dict[str, list[datetime]]:
    """By recipient, when mails of any campaign went out, or may have.

    Asked by recipient alone: given states, SQLite walks through all that was ever sent instead.
    """
    found: dict[str, list[datetime]] = {}
    for some in in_parts(recipients):
        for recipient, state, moment in connection.execute(WRITTEN_TO, {"some": some}):
            if state in WENT_OUT and moment is not None and moment > at - LOOK_BACK:
                found.setdefault(recipient, []).append(moment)
    return found


def _judged(candidates: Sequence[Candidate], judge: Judge, at: datetime) -> list[tuple[Message, Judgement]]:
    """What becomes of each; a mail that is taken counts for those after it."""
    taken: dict[str, tuple[datetime, ...]] = {}
    judged = []
    for one in candidates:
        recipient = one.message.recipient
        said = judge(replace(one, earlier=(*one.earlier, *taken[recipient])) if recipient in taken else one)
        if said.state == "sending":
            taken[recipient] = (*taken.get(recipient, ()), at)
        judged.append((one.message, said))
    return judged


def _put_aside(connection: Connection, judged: Sequence[tuple[Message, Judgement]], at: datetime) -> None:
    """Note of mails that may not go what becomes of them."""
    if not judged:
        return
    change = update(Row).where(Row.message_id == bindparam("which")).values(
        state=bindparam("to"), because=bindparam("why"), due_at=bindparam("when"), not_after=bindparam("until"),
        settled_at=bindparam("settled"),
    )  # fmt: skip
    connection.execute(change, [
        {"which": one.message_id, "to": said.state, "why": said.because, "when": said.due_at or one.due_at,
         "until": said.not_after or one.not_after, "settled": at if said.state in SETTLED else None}
        for one, said in judged
    ])  # fmt: skip


def _row(draft: Draft, at: datetime) -> dict[str, Any]:
    return {
        "message_id": draft.message_id, "enrolment_id": draft.enrolment_id, "step": draft.step,
        "campaign_id": draft.campaign_id, "lead_id": draft.lead_id, "sequence": draft.sequence,
        "template": draft.template, "variants": dict(draft.variants), "recipient": draft.recipient.lower(),
        "mail": dict(draft.mail), "links": list(draft.links), "state": draft.state, "written_at": at,
        "due_at": draft.due_at, "not_after": draft.not_after, "attempts": 0, "because": draft.because,
        "settled_at": at if draft.state == "skipped" else None,
    }  # fmt: skip


def _message(row: Any) -> Message:
    return Message(**{name: getattr(row, name) for name in Message.__slots__})
