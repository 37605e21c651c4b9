"""How far the members of campaigns came, counted where they stand: one question each, all over indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select

from database.campaign_models import CampaignLead, Enrolment, LeadCard, Message
from database.models import Call, EngagementEvent, LastScore
from database.session import reading

PEOPLE_DID = ("opened", "clicked", "replied")
"""Kinds of events that a person made; those of machines have other names."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How many members came so far."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Mailed:
    """A template of a sequence, and what came of its mails."""

    sequence: str
    template: str
    sent: int
    opened: int
    clicked: int
    replied: int
    bounced: int
    unsubscribed: int


def funnel(campaign_id: str) -> list[Stage]:
    """Members by how far they came.

    harvested, scored, qualified, routed, contacted, engaged, meeting, progressed. Qualified are those whose outcome is
    that now, and those who were enrolled once: they came so far, whatever they are now (`database/statistics.py` counts
    outcomes as they are). A meeting counts from the lead's enrolment on, and what became of the call likewise.
    """
    enrolled = select(Enrolment.lead_id, func.min(Enrolment.enrolled_at).label("since")).where(
        Enrolment.campaign_id == campaign_id
    ).group_by(Enrolment.lead_id).subquery()  # fmt: skip
    met = (
        select(distinct(enrolled.c.lead_id).label("lead_id"), func.max(Call.progressed_at).label("progressed_at"))
        .join(Call, and_(Call.lead_id == enrolled.c.lead_id, Call.called_at >= enrolled.c.since))
        .group_by(enrolled.c.lead_id)
        .subquery()
    )
    sent = and_(Message.campaign_id == campaign_id, Message.sent_at.is_not(None))
    engaged = exists().where(
        and_(EngagementEvent.message_id == Message.message_id, EngagementEvent.kind.in_(PEOPLE_DID))
    )
    counts: list[tuple[str, Select[Any]]] = [
        ("harvested", _count(CampaignLead.lead_id, CampaignLead.campaign_id == campaign_id)),
        (
            "scored",
            select(func.count())
            .select_from(CampaignLead)
            .join(LastScore, LastScore.lead_id == CampaignLead.lead_id)
            .where(CampaignLead.campaign_id == campaign_id),
        ),
        (
            "qualified",
            _count(
                LeadCard.lead_id,
                LeadCard.campaign_id == campaign_id,
                or_(LeadCard.outcome == "qualified", _was_enrolled(campaign_id)),
            ),
        ),
        ("routed", select(func.count()).select_from(enrolled)),
        ("contacted", _count(Message.lead_id, sent)),
        ("engaged", _count(Message.lead_id, sent, engaged)),
        ("meeting", select(func.count()).select_from(met)),
        ("progressed", select(func.count()).select_from(met).where(met.c.progressed_at.is_not(None))),
    ]
    with reading() as connection:
        return [Stage(name, int(connection.scalar(asked) or 0)) for name, asked in counts]


def by_template(campaign_id: str) -> list[Mailed]:
    """What came of the mails of each template; a mail counts once for each thing that a person did with it.

    One that the mail server refused because the address is not there came back, though it never was sent.
    """
    kinds = (*PEOPLE_DID, "bounced", "unsubscribed")
    mails, was_sent = func.count(distinct(Message.message_id)), Message.sent_at.is_not(None)
    did = [mails.filter(EngagementEvent.kind == kind).label(kind) for kind in kinds]
    asked = (
        select(Message.sequence, Message.template, mails.filter(was_sent).label("sent"), *did)
        .outerjoin(EngagementEvent, EngagementEvent.message_id == Message.message_id)
        .where(Message.campaign_id == campaign_id, or_(was_sent, EngagementEvent.kind == "bounced"))
        .group_by(Message.sequence, Message.template)
        .order_by(Message.sequence, Message.template)
    )
    with reading() as connection:
        return [Mailed(**row) for row in connection.execute(asked).mappings()]


def states_of_messages(campaign_id: str) -> dict[str, int]:
    """How many messages are in which state."""
    return _grouped(Message.state, Message.campaign_id == campaign_id)


def ends(campaign_id: str) -> dict[str, int]:
    """How enrolments ended; `on the way` for those that did not."""
    return _grouped(func.coalesce(Enrolment.ended_as, "on the way"), Enrolment.campaign_id == campaign_id)


@dataclass(frozen=True, slots=True)
class Touch:
    """A mail that a lead was sent before a call that progressed."""

    lead_id: str
    call_id: str
    progressed_at: datetime
    sequence: str
    template: str
    sent_at: datetime


def touches(campaign_id: str, lead_ids: Sequence[str] | None = None) -> list[Touch]:
    """Mails sent before calls that progressed, by lead, call and moment of sending."""
    asked = (
        select(
            Message.lead_id, Call.call_id, Call.progressed_at, Message.sequence, Message.template, Message.sent_at
        )
        .join(Call, and_(Call.lead_id == Message.lead_id, Call.called_at >= Message.sent_at))
        .where(
            Message.campaign_id == campaign_id, Message.sent_at.is_not(None), Call.progressed_at.is_not(None),
            *([Message.lead_id.in_(lead_ids)] if lead_ids is not None else []),
        )
        .order_by(Message.lead_id, Call.call_id, Message.sent_at)
    )  # fmt: skip
    with reading() as connection:
        return [Touch(*row) for row in connection.execute(asked)]


def _was_enrolled(campaign_id: str) -> ColumnElement[bool]:
    return exists().where(and_(Enrolment.campaign_id == campaign_id, Enrolment.lead_id == LeadCard.lead_id))


def _count(column: Any, *where: ColumnElement[bool]) -> Select[Any]:
    return select(func.count(distinct(column))).where(*where)


def _grouped(column: Any, *where: ColumnElement[bool]) -> dict[str, int]:
    with reading() as connection:
        rows = connection.execute(select(column, func.count()).where(*where).group_by(column).order_by(column))
        return {str(name): int(count) for name, count in rows}
