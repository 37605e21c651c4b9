"""Enrolments: leads on their way through a sequence; which are due, how they go on, and how they end.

A step goes on from the number it was read with, so that two processes that do the same do it once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, exists, or_, select, update
from sqlalchemy.orm import aliased

from database.campaign_models import Campaign, Decision, Message, Task
from database.campaign_models import Enrolment as Row
from database.models import Company, EngagementEvent, Lead
from database.outbox import SETTLED, State
from database.session import borders_of, execute_many, in_parts, insert_new, reading, writing
from database.suppressions import Suppressed, suppress_within
from database.tasks import NewTask, make_within

EndedAs = Literal[
    "finished", "replied", "graduated", "unsubscribed", "bounced", "complained", "stopped", "escalated"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A lead on its way through a sequence."""

    enrolment_id: str
    campaign_id: str
    lead_id: str
    sequence: str
    sequence_hash: str
    owner: str
    zone: str
    enrolled_at: datetime
    step: int
    due_at: datetime | None
    engaged_at: datetime | None
    folded_to: datetime
    ended_at: datetime | None
    ended_as: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """An enrolment whose step's message came to an end."""

    enrolment: Enrolment
    state: State
    settled_at: datetime
    recipient: str
    country: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """From one step to another, which is due at a moment."""

    enrolment_id: str
    from_step: int
    to_step: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How an enrolment ends, on what grounds; what follows from it is done in the same transaction."""

    enrolment: Enrolment
    ended_as: EndedAs
    because: Mapping[str, Any] = field(default_factory=dict)
    task: NewTask | None = None
    suppressed: Suppressed | None = None


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a mail is for, and what of it may stand in the mail."""

    lead_id: str
    email: str | None
    fields: Mapping[str, str | None]
    """By name as in `campaigns.templates.FIELDS`."""

    @property
    def country(self) -> str | None:
        """Of the lead, else of its company."""
        return self.fields.get("country")


def due(at: datetime, at_most: int, after: str = "", until: str | None = None) -> list[Enrolment]:
    """Enrolments of active campaigns whose step is due, the longest due first; all, or those of some ids."""
    asked = _due(select(Row), at).order_by(Row.due_at, Row.enrolment_id).limit(at_most)
    if after:
        asked = asked.where(Row.enrolment_id > after)
    if until is not None:
        asked = asked.where(Row.enrolment_id <= until)
    with reading() as connection:
        return [_enrolment(row) for row in connection.execute(asked)]


def borders_due(at: datetime, many: int, parts: int) -> list[str]:
    """The enrolments between equal parts of those whose step is due; none where there are fewer than so many."""
    with reading() as connection:
        return borders_of(connection, _due(select(Row.enrolment_id), at), many, parts)


def _due(asked: Select[Any], at: datetime) -> Select[Any]:
    return asked.outerjoin(Campaign, Campaign.campaign_id == Row.campaign_id).where(
        Row.ended_at.is_(None), Row.due_at <= at, or_(Campaign.state.is_(None), Campaign.state == "active")
    )


def settled(at_most: int) -> list[Settled]:
    """Enrolments whose step's message is settled, and that have not gone on yet."""
    asked = (
        select(Row, Message.state, Message.settled_at, Message.recipient, Message.mail)
        .join(Message, (Message.enrolment_id == Row.enrolment_id) & (Message.step == Row.step))
        .where(Row.ended_at.is_(None), Row.due_at.is_(None), Message.state.in_(SETTLED))
        .order_by(Row.enrolment_id)
        .limit(at_most)
    )
    with reading() as connection:
        return [
            Settled(_enrolment(row), row.state, row.settled_at, row.recipient, (row.mail or {}).get("country"))
            for row in connection.execute(asked)
        ]


def running(after: str, at_most: int, moved_by: Collection[str] | None = None) -> list[Enrolment]:
    """Enrolments that are not ended, by id, from the one after `after` on.

    Where kinds of events are given, only those to whose addresses one of these ever happened, or anything that was
    received after what they were marked with. The mark alone does not tell: a provider's event can be read from the
    inbox long after it was received there.
    """
    asked = (
        select(Row).where(Row.ended_at.is_(None), Row.enrolment_id > after).order_by(Row.enrolment_id).limit(at_most)
    )
    if moved_by is not None:
        happened = exists().where(
            Message.enrolment_id == Row.enrolment_id, EngagementEvent.recipient == Message.recipient,
            or_(EngagementEvent.kind.in_(moved_by), EngagementEvent.received_at > Row.folded_to),
        )  # fmt: skip
        asked = asked.where(happened)
    with reading() as connection:
        return [_enrolment(row) for row in connection.execute(asked)]


def answered_late(since: datetime) -> list[tuple[Enrolment, bool]]:
    """Enrolments that ended without an answer though one was received, since a moment, of which nobody was told.

    With whether it is the lead's last, and none goes on or was answered: an answer that does not say to which mail it
    is, is to that.
    """
    other, e = aliased(Row), EngagementEvent
    has_other = exists().where(
        other.lead_id == Row.lead_id, other.enrolment_id != Row.enrolment_id,
        or_(other.enrolled_at > Row.enrolled_at, other.ended_at.is_(None), other.ended_as == "replied"),
    )  # fmt: skip
    asked = (
        select(Row, (~has_other).label("is_last"))
        .join(Message, Message.enrolment_id == Row.enrolment_id)
        .join(e, (e.recipient == Message.recipient) & (e.kind == "replied"))
        .where(Row.ended_as.in_(("finished", "stopped")), e.received_at > since)
        .where(~exists().where(Task.enrolment_id == Row.enrolment_id, Task.kind == "reply"))
        .order_by(Row.enrolment_id)
        .distinct()
    )
    with reading() as connection:
        return [(_enrolment(row), bool(row.is_last)) for row in connection.execute(asked)]


def move(moves: Iterable[Move]) -> int:
    """Let enrolments go on; gives how many were still where they were read."""
    rows = [{"whose": one.enrolment_id, "was": one.from_step, "to": one.to_step, "when": one.due_at} for one in moves]
    if not rows:
        return 0
    change = (
        update(Row)
        .where(Row.enrolment_id == bindparam("whose"), Row.step == bindparam("was"), Row.ended_at.is_(None))
        .values(step=bindparam("to"), due_at=bindparam("when"))
    )
    with writing() as connection:
        return execute_many(connection, change, rows)


def end(endings: Iterable[Ending], at: datetime) -> int:
    """End enrolments, each once: with the decision, the task and the suppression that belong to it."""
    with writing() as connection:
        return sum(_end(connection, one, at) for one in endings)


def mark(folded: Mapping[str, tuple[datetime, datetime | None]]) -> None:
    """Note up to which event enrolments were looked at, and when a person last showed interest."""
    if not folded:
        return
    change = update(Row).where(Row.enrolment_id == bindparam("whose")).values(
        folded_to=bindparam("to"), engaged_at=bindparam("engaged")
    )  # fmt: skip
    rows = [{"whose": key, "to": to, "engaged": engaged} for key, (to, engaged) in sorted(folded.items())]
    with writing() as connection:
        execute_many(connection, change, rows)


def addressees(lead_ids: Collection[str]) -> dict[str, Addressee]:
    """Whom mails are for, by lead; a lead that is not kept any more is left out."""
    found: dict[str, Addressee] = {}
    with reading() as connection:
        for some in in_parts(lead_ids):
            asked = (
                select(Lead.lead_id, Lead.name, Lead.email, Lead.job_title, Lead.chosen, Company.name.label("company"),
                       Company.chosen.label("of_company"))
                .outerjoin(Company, Company.company_id == Lead.company_id)
                .where(Lead.lead_id.in_(some))
            )  # fmt: skip
            for row in connection.execute(asked):
                found[row.lead_id] = _addressee(row)
    return found


def _end(connection: Connection, ending: Ending, at: datetime) -> int:
    """The ending of one enrolment; a task and a suppression come too where somebody else ended it meanwhile."""
    one = ending.enrolment
    if ending.suppressed is not None:
        suppress_within(connection, [ending.suppressed])
    change = update(Row).where(Row.enrolment_id == one.enrolment_id, Row.ended_at.is_(None))
    has_ended = connection.execute(change.values(ended_at=at, ended_as=ending.ended_as, due_at=None)).rowcount
    if ending.task is not None:
        make_within(connection, [ending.task], at)
    if has_ended:
        insert_new(connection, Decision, [_decision(ending, at)])
    return has_ended


def _decision(ending: Ending, at: datetime) -> dict[str, Any]:
    one = ending.enrolment
    kind = "graduation" if ending.ended_as == "graduated" else "stop"
    return {
        "decision_id": sha256(f"{kind}:{one.enrolment_id}".encode()).hexdigest()[:32], "kind": kind,
        "campaign_id": one.campaign_id, "lead_id": one.lead_id, "decided_at": at, "outcome": ending.ended_as,
        "because": {"enrolment_id": one.enrolment_id, "sequence": one.sequence, **ending.because},
        "decided_by": "nurture",
    }  # fmt: skip


def _addressee(row: Any) -> Addressee:
    lead, company = _values(row.chosen), _values(row.of_company)
    first, last = _names(row.name, lead)
    fields = {
        "first_name": first, "last_name": last, "job_title": row.job_title or lead.get("job_title"),
        "company": row.company or company.get("name") or lead.get("company_name"),
        "industry": company.get("industry"), "country": lead.get("country") or company.get("country"),
        "state": lead.get("state") or company.get("state"),
    }  # fmt: skip
    return Addressee(row.lead_id, row.email, fields)


def _names(name: str | None, lead: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """First and last name; of a whole name its first and last word, where it has two."""
    parts: Sequence[str] = (name or "").split()
    guessed = (parts[0], parts[-1]) if len(parts) >= 2 and "," not in (name or "") else (None, None)
    return lead.get("first_name") or guessed[0], lead.get("last_name") or guessed[1]


def _values(chosen: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    return {name: one["value"] for name, one in (chosen or {}).items()}


def _enrolment(row: Any) -> Enrolment:
    return Enrolment(**{name: getattr(row, name) for name in Enrolment.__slots__})
