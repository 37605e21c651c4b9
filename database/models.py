"""The tables. Uniqueness is enforced here, by constraints, so that no writer has to be trusted with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from database import health_models as health_models
from database import improvement_models as improvement_models
from database.base import Base as Base
from database.campaign_models import Campaign as Campaign
from database.campaign_models import CampaignLead as CampaignLead
from database.service_models import ApiKey as ApiKey
from database.service_models import EngagementEvent as EngagementEvent
from database.service_models import InboxDelivery as InboxDelivery
from database.service_models import KeyUsage as KeyUsage
from database.service_models import LastScore as LastScore
from database.service_models import LogMark as LogMark
from database.service_models import Published as Published
from database.service_models import ScoredFeatures as ScoredFeatures
from database.service_models import Serving as Serving

NOT_LANDED = "landed_at IS NULL AND source <> 'flow'"


class Company(Base):
    """A company, by its registered domain or, where none is known, a slug of its name."""

    __tablename__ = "companies"

    company_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    domain: Mapped[str | None]
    known_at: Mapped[datetime] = mapped_column(index=True)
    chosen: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """By field: the value that counts, with its source, confidence and time."""


class Lead(Base):
    """A contact, by e-mail address where there is one."""

    __tablename__ = "leads"

    lead_id: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[str | None] = mapped_column(index=True)
    name: Mapped[str | None]
    email: Mapped[str | None]
    job_title: Mapped[str | None]
    source: Mapped[str]
    """Who told of this contact first: what that source says is never overwritten by another."""
    known_at: Mapped[datetime] = mapped_column(index=True)
    chosen: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """As of a company."""


class Statement(Base):
    """All that one source says of one lead or company: each field's value with its confidence and time."""

    __tablename__ = "statements"

    entity_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, Any]]


class LeadKey(Base):
    """What a lead can be recognised by: an address, a profile, a vendor's id; each leads to one lead."""

    __tablename__ = "lead_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(index=True)


class MergedLead(Base):
    """The trail of a lead that turned out to be another one."""

    __tablename__ = "merged_leads"

    lead_id: Mapped[str] = mapped_column(primary_key=True)
    into_lead_id: Mapped[str] = mapped_column(index=True)
    merged_at: Mapped[datetime]
    because: Mapped[str]


class Call(Base):
    """A slim row per call, for reading by key: its latest content without the words."""

    __tablename__ = "calls"

    call_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(index=True)
    company_id: Mapped[str | None] = mapped_column(index=True)
    title: Mapped[str | None]
    called_at: Mapped[datetime] = mapped_column(index=True)
    known_at: Mapped[datetime]
    first_known_at: Mapped[datetime | None]
    """When the first of its contents became known; None of calls older than this column."""
    progressed_at: Mapped[datetime | None]
    """When it was first known that it progressed, as the scoring flow says; None where it is not known to have."""
    content_hash: Mapped[str]
    minutes: Mapped[float | None]
    sentiment: Mapped[float | None]


class SyncMark(Base):
    """How far a vendor's records of one kind were read."""

    __tablename__ = "sync_marks"

    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    high_water: Mapped[datetime]


class QueuedSubject(Base):
    """A lead or company that waits for enrichment; the highest priority first.

    `state` is waiting, leased, done or dead; a leased one whose `lease_until` is past waits again.
    """

    __tablename__ = "enrichment_queue"
    __table_args__ = (Index("ix_enrichment_queue_order", "state", "kind", "behind", "queued_at", "subject_id"),)

    subject_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """lead or company"""
    campaign_id: Mapped[str | None]
    """For which campaign it is enriched: its ceiling counts."""
    batch: Mapped[str | None] = mapped_column(index=True)
    """Who asked for it together with others, and waits for those alone."""
    priority: Mapped[int]
    behind: Mapped[int]
    """The priority with the sign that an index can be walked by: the smallest comes first."""
    reason: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    queued_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    """After a failure: when it may be tried again."""
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    failed_because: Mapped[str | None]


class Prediction(Base):
    """What a pair of champions said of one content of one call."""

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint(
            "call_id", "content_hash", "progression_version", "voice_ai_version", name="uq_predictions_once"
        ),
        Index("ix_predictions_lead", "lead_id", "predicted_at"),
        Index("ix_predictions_to_land", "predicted_at", "prediction_id", sqlite_where=text(NOT_LANDED),
              postgresql_where=text(NOT_LANDED)),
    )  # fmt: skip

    prediction_id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str]
    content_hash: Mapped[str]
    lead_id: Mapped[str]
    company_name: Mapped[str | None]
    predicted_at: Mapped[datetime]
    progression_version: Mapped[str]
    voice_ai_version: Mapped[str]
    progression_probability: Mapped[float]
    voice_ai_probability: Mapped[float | None]
    qualification_score: Mapped[int]
    voice_ai_fit: Mapped[int | None]
    recommendation: Mapped[str]
    priority: Mapped[str]
    confidence: Mapped[float]
    reasons: Mapped[list[str]]
    features_hash: Mapped[str | None]
    """The row of `scored_features` that it was made from."""
    source: Mapped[str] = mapped_column(server_default="flow")
    """Who asked: flow, api or webhook."""
    answered_by: Mapped[str] = mapped_column(server_default="champion")
    """champion, challenger, rules or pinned."""
    points: Mapped[float | None]
    """The score before rounding."""
    voice_ai_weight: Mapped[float | None]
    challenger: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """By target what a challenger said beside: its version and probability."""
    landed_at: Mapped[datetime | None]
    """When an answer of the service was copied to the warehouse; flows land their own."""


class ShadowAnswer(Base):
    """What a challenger said beside the champion of one content of one call; nobody is shown it."""

    __tablename__ = "shadow_answers"

    target: Mapped[str] = mapped_column(primary_key=True)
    champion_version: Mapped[str] = mapped_column(primary_key=True)
    challenger_version: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    champion_probability: Mapped[float]
    challenger_probability: Mapped[float]
    answered_at: Mapped[datetime]


class Alert(Base):
    """Something worth saying once: kind and subject are its identity."""

    __tablename__ = "alerts"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    raised_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class Promotion(Base):
    """A change of champion, with its evidence; rows are only ever added."""

    __tablename__ = "promotions"

    target: Mapped[str] = mapped_column(primary_key=True)
    decided_at: Mapped[datetime] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    candidate: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(server_default="promotion")
    because: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None]
    flow_run_id: Mapped[str | None]


class Measure(Base):
    """A measure of a week, for reading by key; late facts replace it."""

    __tablename__ = "measures"

    measure: Mapped[str] = mapped_column(primary_key=True)
    week: Mapped[datetime] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True, default="")
    member: Mapped[str] = mapped_column(primary_key=True, default="")
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    n: Mapped[int]
    as_of: Mapped[datetime]


class Signal(Base):
    """What is known, or being bought, of one thing about one lead or company.

    `state` is claimed (somebody is buying it), found or missed; the pair of entity and signal is bought by one worker
    at a time, and not again before `expires_at`.
    """

    __tablename__ = "signals"

    entity_id: Mapped[str] = mapped_column(primary_key=True)
    signal: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(index=True)
    source: Mapped[str]
    value: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    confidence: Mapped[float | None]
    cost: Mapped[float]
    """US dollars, of all purchases of this signal together."""
    reason: Mapped[str | None]
    """Why it was missed."""
    fetched_at: Mapped[datetime | None] = mapped_column(index=True)
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    reserved: Mapped[float]
    """US dollars that the purchase under way may cost; they count against the ceilings."""
    campaign_id: Mapped[str | None]
    order_id: Mapped[str | None]
    """Our name for the purchase under way, given before the vendor is asked: from then on it may have been billed."""
    ordered_at: Mapped[datetime | None]
    run_id: Mapped[str | None]
    """The vendor's name for it: with that the result of a crashed worker's purchase is fetched."""


class Purchase(Base):
    """The ledger: what was asked of whom, for how much, and whether it was found; rows are only ever added."""

    __tablename__ = "purchases"

    entity_id: Mapped[str] = mapped_column(primary_key=True)
    signal: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    campaign_id: Mapped[str | None] = mapped_column(index=True)
    bought_at: Mapped[datetime] = mapped_column(index=True)
    cost: Mapped[float]
    outcome: Mapped[str]
    """found, missed or in_doubt (its worker died, or no answer came, after the order was sent)."""
    reason: Mapped[str | None]
    expires_at: Mapped[datetime]


class SpendingStop(Base):
    """Nothing is bought from this source (`*`: from any) until the row is taken away."""

    __tablename__ = "spending_stops"

    source: Mapped[str] = mapped_column(primary_key=True)
    stopped_at: Mapped[datetime]
    because: Mapped[str]


class Incident(Base):
    """Something wrong that people must know of, once, until it is closed."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("uq_incidents_open", "kind", "subject", unique=True, sqlite_where=text("closed_at IS NULL"),
              postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip

    incident_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(server_default="needs_attention")
    """needs_attention or critical."""
    escalated_at: Mapped[datetime | None]
    """When it became critical; None of one that was from the beginning."""
    recovered_words: Mapped[str | None] = mapped_column(Text)
    """How things were when it was closed, where somebody looked."""
