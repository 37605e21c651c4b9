"""The tables of tickets; `database/models.py` names them beside the others."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from database.base import Base


class Ticket(Base):
    """A recommendation that was made: what was said then; the row never changes."""

    __tablename__ = "tickets"
    __table_args__ = (UniqueConstraint("rule", "subject", "round", name="uq_tickets_once"),)

    ticket_id: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]
    subject: Mapped[str]
    round: Mapped[int]
    """1 the first time, 2 when it is recommended again after the first was measured or turned down."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    recommendation: Mapped[dict[str, Any]]


class TicketEvent(Base):
    """What happened to a ticket; rows are only ever added."""

    __tablename__ = "ticket_events"

    ticket_id: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    """The state that it came to, which happens once; what can happen often has its day behind it."""
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str]
    note: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
