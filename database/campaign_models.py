"""The tables of campaigns: cards, decisions, enrolments, messages, tasks; `models.py` names them with the others.

What must happen at most once is a unique key here.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from database.base import Base

NOT_ENDED = "ended_at IS NULL"
NOT_LANDED = "landed_at IS NULL"


class Campaign(Base):
    """A campaign: where its leads come from, and how much may be spent on them."""

    __tablename__ = "campaigns"

    campaign_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    source: Mapped[str]
    """Where its leads are found: apollo, aturiya or csv."""
    external_id: Mapped[str | None]
    plan: Mapped[dict[str, Any]]
    """What to look for at the source."""
    ceiling_usd: Mapped[float | None]
    """Its own spending ceiling; None for the usual one."""
    known_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="active")
    """active, paused or archived."""
    conduct: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """How it is run (`campaigns/conduct.py`): goals, rules, thresholds, sequences, owners; None for the usual way."""
    changed_at: Mapped[datetime | None]


class CampaignLead(Base):
    """A lead that a campaign found."""

    __tablename__ = "campaign_leads"

    campaign_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    joined_at: Mapped[datetime]


class LeadCard(Base):
    """What a campaign makes of a member: its dimensions, and what the rules said of it last."""

    __tablename__ = "lead_cards"
    __table_args__ = (Index("ix_lead_cards_outcome", "campaign_id", "outcome", "lead_id"),)

    campaign_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    """A hash of the rules file, thresholds and code version by which it was made: with others it is made anew."""
    prediction_id: Mapped[str | None]
    score: Mapped[int | None]
    groups: Mapped[dict[str, Any]]
    """By group (engagement, budget_fit, company_fit, need, timing) its points, None where nothing is known."""
    dimensions: Mapped[dict[str, Any]]
    """By dimension [points, value, why]."""
    outcome: Mapped[str]
    """qualified, disqualified or review."""
    rule: Mapped[str | None]
    """Which rule decided; `override` where a person did."""


class Decision(Base):
    """Something that was decided about a lead in a campaign, and why; rows are only ever added."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_lead", "lead_id", "decided_at"),
        Index("ix_decisions_campaign", "campaign_id", "kind", "decided_at"),
        Index("ix_decisions_to_land", "decided_at", sqlite_where=text(NOT_LANDED), postgresql_where=text(NOT_LANDED)),
    )  # fmt: skip

    decision_id: Mapped[str] = mapped_column(primary_key=True)
    """A hash of what was decided about whom on what grounds: the same again is no new decision."""
    kind: Mapped[str]
    """qualification, routing, override, graduation, escalation, stop."""
    campaign_id: Mapped[str]
    lead_id: Mapped[str]
    decided_at: Mapped[datetime]
    outcome: Mapped[str]
    because: Mapped[dict[str, Any]]
    """Rules with their values, alternatives with why not, or who said so."""
    decided_by: Mapped[str]
    """`rules:HASH`, `routing:HASH`, `nurture`, or a person."""
    landed_at: Mapped[datetime | None]


class Override(Base):
    """What a person decided about a member, with the reason and until when; it stands above rules and routing."""

    __tablename__ = "overrides"
    __table_args__ = (Index("ix_overrides_lead", "campaign_id", "lead_id", "kind"),)

    override_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """qualification, owner or sequence."""
    campaign_id: Mapped[str]
    lead_id: Mapped[str]
    outcome: Mapped[str]
    because: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    until: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


class Enrolment(Base):
    """A lead on its way through a sequence; a lead has at most one that is not ended."""

    __tablename__ = "enrolments"
    __table_args__ = (
        Index("uq_enrolments_lead", "lead_id", unique=True, sqlite_where=text(NOT_ENDED),
              postgresql_where=text(NOT_ENDED)),
        Index("ix_enrolments_due", "due_at", "enrolment_id", sqlite_where=text(NOT_ENDED),
              postgresql_where=text(NOT_ENDED)),
        Index("ix_enrolments_campaign", "campaign_id", "ended_at"),
        Index("ix_enrolments_lead", "lead_id", "campaign_id"),
        Index("ix_enrolments_owner", "owner", "ended_at"),
    )  # fmt: skip

    enrolment_id: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[str]
    lead_id: Mapped[str]
    sequence: Mapped[str]
    sequence_hash: Mapped[str]
    owner: Mapped[str]
    """E-mail address of the account executive."""
    zone: Mapped[str]
    """IANA name."""
    enrolled_at: Mapped[datetime]
    step: Mapped[int]
    """The step that comes next, from 0."""
    due_at: Mapped[datetime | None]
    """When that is; None while its message is under way, and once it is ended."""
    engaged_at: Mapped[datetime | None]
    """When a person last opened, clicked or replied."""
    folded_to: Mapped[datetime]
    """Events received up to then were looked at."""
    ended_at: Mapped[datetime | None]
    ended_as: Mapped[str | None]
    """finished, replied, graduated, unsubscribed, bounced, complained, stopped, escalated."""


class Message(Base):
    """A mail that is to be sent at most once: the outbox. `state` says how far it is.

    waiting, sending (since `taken_at`), sent, failed, in_doubt, suppressed, skipped (a cap, a stop or a window that
    was missed), canceled.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "step", name="uq_outbox_once"),
        Index("ix_outbox_order", "state", "due_at", "message_id"),
        Index("ix_outbox_recipient", "recipient"),
        Index("ix_outbox_lead", "lead_id"),
        Index("ix_outbox_to_land", "settled_at", "message_id", sqlite_where=text(NOT_LANDED),
              postgresql_where=text(NOT_LANDED)),
    )  # fmt: skip

    message_id: Mapped[str] = mapped_column(primary_key=True)
    """Our own, as in Message-ID without brackets."""
    enrolment_id: Mapped[str]
    step: Mapped[int]
    campaign_id: Mapped[str]
    lead_id: Mapped[str]
    sequence: Mapped[str]
    template: Mapped[str]
    variants: Mapped[dict[str, Any]]
    """By experiment the variant that this lead is given."""
    recipient: Mapped[str]
    """In lower case."""
    mail: Mapped[dict[str, Any]]
    """Subject, text, html, name of the recipient; emptied when retention asks for it."""
    links: Mapped[list[str]]
    """Targets by number."""
    state: Mapped[str]
    written_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]
    """The end of the window in which it may be sent; later it waits for the next."""
    attempts: Mapped[int]
    taken_by: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    """When it came to a state that it does not leave."""
    because: Mapped[str | None] = mapped_column(Text)
    landed_at: Mapped[datetime | None]


class SendAttempt(Base):
    """What the mail server said at each attempt; rows are only ever added."""

    __tablename__ = "send_attempts"

    message_id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str]
    outcome: Mapped[str]
    """accepted, refused, later or in_doubt."""
    said: Mapped[str | None] = mapped_column(Text)


class Suppression(Base):
    """An address that nothing is sent to, and why."""

    __tablename__ = "suppressions"

    address: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    """unsubscribed, bounced, complained or by_hand."""
    since: Mapped[datetime]
    source: Mapped[str]
    detail: Mapped[str | None] = mapped_column(Text)


class Task(Base):
    """Something that an account executive is to do about a lead."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_owner", "owner", "done_at", "due_at"),
        Index("ix_tasks_lead", "lead_id"),
        Index("ix_tasks_to_land", "created_at", sqlite_where=text(NOT_LANDED), postgresql_where=text(NOT_LANDED)),
    )

    task_id: Mapped[str] = mapped_column(primary_key=True)
    """A hash of kind and enrolment: the same is asked for once."""
    kind: Mapped[str]
    """graduation or reply."""
    campaign_id: Mapped[str]
    lead_id: Mapped[str]
    enrolment_id: Mapped[str | None]
    owner: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    escalated_to: Mapped[str | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    outcome: Mapped[str | None]
    landed_at: Mapped[datetime | None]


class Turn(Base):
    """How many leads an owner was given in a pool, by which the next is chosen."""

    __tablename__ = "routing_turns"

    pool: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    given: Mapped[int]
    last_at: Mapped[datetime]


class ExperimentVerdict(Base):
    """What came of an A/B test, once; rows are only ever added."""

    __tablename__ = "experiment_verdicts"

    experiment: Mapped[str] = mapped_column(primary_key=True)
    decided_at: Mapped[datetime]
    verdict: Mapped[str]
    """better, no_difference or stopped (the shares of the variants are not those that were planned)."""
    winner: Mapped[str | None]
    evidence: Mapped[dict[str, Any]]
