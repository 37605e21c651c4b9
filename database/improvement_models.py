"""The tables of the improvement loop, tickets and runs of reports; `database/models.py` names them with the others."""

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


class ReportRun(Base):
    """A report that is due once: when it was tried, and what became of it."""

    __tablename__ = "report_runs"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """weekly, monthly, quarterly; `heartbeat` for the row that says when anybody last looked."""
    name: Mapped[str] = mapped_column(primary_key=True)
    """2026-W12, 2026-03, 2026-Q1."""
    attempts: Mapped[int]
    tried_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    """When it is tried again; None where it is done or given up."""
    done_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    """What the next report has to say of this run."""
