"""The tables of the scoring service; `database/models.py` names them beside the others."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.base import Base


class ApiKey(Base):
    """A key of the REST API; of its secret only a hash is kept."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[str]
    roles: Mapped[list[str]]
    per_minute: Mapped[int]
    """Requests a minute, over all processes."""
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class KeyUsage(Base):
    """How much of a minute's budget of a key was handed out to processes."""

    __tablename__ = "key_usage"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    used: Mapped[int]


class InboxDelivery(Base):
    """A webhook's delivery, kept before it is acknowledged.

    `state` is waiting, leased, done or dead; a leased one whose `lease_until` is past waits again.
    """

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_order", "state", "source", "received_at", "delivery_id"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]]
    """What of the request's headers is needed to read the body."""
    state: Mapped[str]
    attempts: Mapped[int]
    not_before: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    failed_because: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]


class EngagementEvent(Base):
    """What happened to a message: delivered, opened, clicked, bounced, complained of."""

    __tablename__ = "engagement_events"
    __table_args__ = (
        Index("ix_engagement_events_message", "message_id"),
        Index("ix_engagement_events_to_land", "received_at", "event_id", sqlite_where=text("landed_at IS NULL"),
              postgresql_where=text("landed_at IS NULL")),
    )  # fmt: skip

    event_id: Mapped[str] = mapped_column(primary_key=True)
    """The provider and its own name of the event, `sendgrid:…`."""
    provider: Mapped[str]
    kind: Mapped[str]
    message_id: Mapped[str | None]
    recipient: Mapped[str] = mapped_column(index=True)
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
    landed_at: Mapped[datetime | None]
    """When the warehouse got it as it is now; None again where another kind was found out."""


class ScoredFeatures(Base):
    """A row of features as it was scored, once for all predictions made from it."""

    __tablename__ = "scored_features"

    features_hash: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[dict[str, Any]]
    first_at: Mapped[datetime]


class LastScore(Base):
    """The last answer about a lead that counts for it, so that lists can be sorted by it."""

    __tablename__ = "last_scores"

    lead_id: Mapped[str] = mapped_column(primary_key=True)
    prediction_id: Mapped[str]
    predicted_at: Mapped[datetime]
    qualification_score: Mapped[int]
    recommendation: Mapped[str]
    priority: Mapped[str]


class Serving(Base):
    """A version pinned for the service; None for whoever is champion."""

    __tablename__ = "serving"

    target: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str | None]
    set_at: Mapped[datetime]
    set_by: Mapped[str]


class LogMark(Base):
    """How far a process's log of predictions was read into the database."""

    __tablename__ = "log_marks"

    file: Mapped[str] = mapped_column(primary_key=True)
    read_to: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    at: Mapped[datetime]


class Published(Base):
    """Figures that flows publish for reading by key."""

    __tablename__ = "published"

    name: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    value: Mapped[Any] = mapped_column(JSON)
