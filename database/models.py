"""The tables. Uniqueness is enforced here, by constraints, so that no writer has to be trusted with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, DateTime, Float, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Times are UTC without zone."""

    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own form)
        datetime: DateTime,
        str: String,
        float: Float,
        int: Integer,
        bool: Boolean,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }


class Company(Base):
    """A company, by its registered domain or, where none is known, a slug of its name."""

    __tablename__ = "companies"

    company_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    domain: Mapped[str | None]
    known_at: Mapped[datetime]


class Lead(Base):
    """A contact, by e-mail address where there is one."""

    __tablename__ = "leads"

    lead_id: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[str | None] = mapped_column(index=True)
    name: Mapped[str | None]
    email: Mapped[str | None]
    job_title: Mapped[str | None]
    source: Mapped[str]
    known_at: Mapped[datetime]


class Call(Base):
    """A slim row per call, for reading by key: its latest content without the words."""

    __tablename__ = "calls"

    call_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(index=True)
    company_id: Mapped[str | None] = mapped_column(index=True)
    title: Mapped[str | None]
    called_at: Mapped[datetime] = mapped_column(index=True)
    known_at: Mapped[datetime]
    content_hash: Mapped[str]
    minutes: Mapped[float | None]
    sentiment: Mapped[float | None]


class SyncMark(Base):
    """How far a vendor's records of one kind were read."""

    __tablename__ = "sync_marks"

    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    high_water: Mapped[datetime]


class QueuedCompany(Base):
    """A company that waits for enrichment; the highest priority first.

    `state` is waiting, leased, done or dead; a leased one whose `lease_until` is past waits again.
    """

    __tablename__ = "enrichment_queue"

    company_id: Mapped[str] = mapped_column(primary_key=True)
    priority: Mapped[int] = mapped_column(index=True)
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
    )

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
    state: Mapped[str]
    source: Mapped[str]
    value: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    confidence: Mapped[float | None]
    cost: Mapped[float]
    """US dollars, of all purchases of this signal together."""
    reason: Mapped[str | None]
    """Why it was missed."""
    fetched_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    run_id: Mapped[str | None]
    """The vendor's name for the purchase under way: with it the result of a crashed worker's purchase is fetched."""
