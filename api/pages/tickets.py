"""The tickets as they stand, and one of them with its evidence, what happened to it, and what was measured."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.errors import ApiError
from database.tickets import Ticket, ticket_as_of, tickets_as_of
from improvement.roi import load_money
from improvement.tickets import Line, brought, line_of
from monitoring.measure import Measure, load_measures
from reports.words import (
    clipped,
    earned_text,
    errs_of,
    hours_text,
    measured_text,
    return_text,
    waiting_text,
    worth_text,
)
from ringback.settings import settings

MOST_TICKETS = 500
"""On one page; the API lists all, a page at a time."""
WORDS = {"clipped": clipped, "worth": worth_text, "returns": return_text, "effort": hours_text}
"""How a ticket's figures are said, as in the report."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Tickets in a list, the latest first."""

    lines: tuple[tuple[Line, str], ...]
    """Each with what was measured, in words."""
    total: int
    earned: str
    waiting: str


def listed(moment: datetime, state: str | None) -> Listed:
    """All tickets, or those in a state."""
    measures, money = _measures(), load_money(settings().money)
    lines = [line_of(ticket, moment, measures, money) for ticket in tickets_as_of(moment)]
    shown = [line for line in lines if state in (None, line.state)]
    told = tuple((line, measured_text(line, measures.get(line.measure))) for line in shown[:MOST_TICKETS])
    return Listed(told, len(shown), earned_text(brought(lines)), waiting_text(tuple(lines)))


def facts_of(ticket_id: str, moment: datetime) -> dict[str, Any]:
    """What the page of one ticket shows; raises ApiError 404 for none."""
    ticket = ticket_as_of(ticket_id, moment)
    if ticket is None:
        raise ApiError(404, "There is no such ticket.")
    measures = _measures()
    line = line_of(ticket, moment, measures, load_money(settings().money))
    return {
        "line": line, "facts": _facts(ticket), "earlier": list(ticket.recommendation.get("earlier", ())),
        "events": ticket.events, "measure": measures.get(line.measure),
        "measured": measured_text(line, measures.get(line.measure)), "errs": errs_of(is_period=False), "say": WORDS,
    }  # fmt: skip


def _measures() -> dict[str, Measure]:
    return {measure.name: measure for measure in load_measures()}


def _facts(ticket: Ticket) -> dict[str, object]:
    """What the recommendation said, of which only what has the expected form is shown."""
    said = ticket.recommendation.get("facts") or {}
    evidence = [pair for pair in said.get("evidence", ()) if isinstance(pair, list | tuple) and len(pair) == 2]
    items = [str(item) for item in said.get("action_items", ())]
    return {"description": str(said.get("description", "")), "evidence": evidence, "action_items": items}
