"""The tables of health: how each check stands, how it stood, and what people are to be told."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from database.base import Base


class HealthStanding(Base):
    """What the last look at one thing found."""

    __tablename__ = "health_standings"

    component: Mapped[str] = mapped_column(primary_key=True)
    check: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    """excellent, good, needs_attention, critical or not_in_use."""
    words: Mapped[str] = mapped_column(Text)
    value: Mapped[float | None]
    unit: Mapped[str | None]
    measured_at: Mapped[datetime]
    since: Mapped[datetime]
    """When it came to this status."""
    consecutive: Mapped[int]
    """Looks in a row that went wrong; in a row that went well where it is well."""


class HealthHistory(Base):
    """What each look found, for thirty days."""

    __tablename__ = "health_history"
    __table_args__ = (Index("ix_health_history_measured_at", "measured_at"),)

    component: Mapped[str] = mapped_column(primary_key=True)
    check: Mapped[str] = mapped_column(primary_key=True)
    measured_at: Mapped[datetime] = mapped_column(primary_key=True)
    status: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    value: Mapped[float | None]
    unit: Mapped[str | None]


class IncidentNotice(Base):
    """That somebody is to be told of a change of an incident, at most once.

    `state` is waiting, sending, sent, in_doubt (nobody knows whether it went out: it is not sent again), failed (given
    up) or skipped (there is nobody at this channel).
    """

    __tablename__ = "incident_notices"
    __table_args__ = (Index("ix_incident_notices_order", "state", "due_at"),)

    incident_id: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    """opened, escalated or recovered."""
    channel: Mapped[str] = mapped_column(primary_key=True)
    """slack, event, or mail."""
    recipient: Mapped[str] = mapped_column(primary_key=True)
    """Of a mail; else empty."""
    words: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Not before: the end of the quiet hours."""
    state: Mapped[str]
    attempts: Mapped[int]
    taken_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    because: Mapped[str | None] = mapped_column(Text)
