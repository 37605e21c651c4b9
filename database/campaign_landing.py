"""What of campaigns the warehouse may not have yet, and the marks of what it has: on the rows, not on a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update

from database.campaign_models import NOT_LANDED, Decision, Message
from database.models import EngagementEvent
from database.session import execute_many, reading, writing

Rows = list[dict[str, Any]]


def mails_to_land(until: datetime, at_most: int) -> Rows:
    """Mails that came to an end up to a moment, as `warehouse.campaigns.land_mails` takes them."""
    m = Message
    asked = (
        select(m.message_id, m.enrolment_id, m.campaign_id, m.lead_id, m.sequence, m.template, m.step, m.variants,
               m.state, m.sent_at, m.settled_at.label("known_at"))
        .where(text(NOT_LANDED), m.settled_at <= until)
        .order_by(m.settled_at, m.message_id)
        .limit(at_most)
    )  # fmt: skip
    return _rows(asked)


def events_to_land(until: datetime, at_most: int) -> Rows:
    """Events received up to a moment."""
    e = EngagementEvent
    asked = (
        select(e.event_id, e.kind, e.message_id, e.recipient, e.happened_at, e.received_at.label("known_at"))
        .where(text(NOT_LANDED), e.received_at <= until)
        .order_by(e.received_at, e.event_id)
        .limit(at_most)
    )
    return _rows(asked)


def decisions_to_land(until: datetime, at_most: int) -> Rows:
    """Decisions up to a moment; of their grounds only the rule."""
    d = Decision
    asked = (
        select(d.decision_id, d.kind, d.campaign_id, d.lead_id, d.outcome, d.because["rule"].as_string().label("rule"),
               d.decided_by, d.decided_at.label("known_at"))
        .where(text(NOT_LANDED), d.decided_at <= until)
        .order_by(d.decided_at)
        .limit(at_most)
    )  # fmt: skip
    return _rows(asked)


def mark_mails(rows: Iterable[Mapping[str, Any]], at: datetime) -> None:
    """Note that the warehouse has these mails; to be said after it has committed them."""
    _mark(Message, Message.message_id, [{"landed": row["message_id"]} for row in rows], at)


def mark_events(rows: Iterable[Mapping[str, Any]], at: datetime) -> None:
    """The same of events; one that was found out to be of another kind meanwhile is landed again."""
    e = EngagementEvent
    keys = [{"landed": row["event_id"], "as_kind": row["kind"]} for row in rows]
    if keys:
        marked = update(e).where(e.event_id == bindparam("landed"), e.kind == bindparam("as_kind")).values(landed_at=at)
        with writing() as connection:
            execute_many(connection, marked, keys)


def mark_decisions(rows: Iterable[Mapping[str, Any]], at: datetime) -> None:
    """The same of decisions."""
    _mark(Decision, Decision.decision_id, [{"landed": row["decision_id"]} for row in rows], at)


def _rows(asked: Any) -> Rows:
    with reading() as connection:
        return [dict(row) for row in connection.execute(asked).mappings()]


def _mark(model: Any, column: Any, keys: Sequence[Mapping[str, str]], at: datetime) -> None:
    if keys:
        with writing() as connection:
            execute_many(connection, update(model).where(column == bindparam("landed")).values(landed_at=at), keys)


ToLand = Callable[[datetime, int], Rows]
Mark = Callable[[Iterable[Mapping[str, Any]], datetime], None]
KINDS: tuple[tuple[str, ToLand, Mark], ...] = (
    ("sent_mails", mails_to_land, mark_mails),
    ("mail_events", events_to_land, mark_events),
)
"""By table of the warehouse; decisions are logged, too."""
