"""Pages for browsers: the reports as they were written, and the tickets as they stand; read only, without scripts."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from api.errors import ApiError
from database.tickets import Ticket, ticket_as_of, tickets_as_of
from improvement.roi import load_money
from improvement.tickets import Line, brought, line_of
from monitoring.measure import Measure, load_measures
from reports.archive import FILES
from reports.pages import page, shown_by
from reports.words import earned_text, errs_of, measured_text, waiting_text
from ringback.settings import settings

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)  # fmt: skip
"""Self-contained pages with styles of their own, which no script, picture or request of anybody gets into."""
INDEXES = ("index.html", "dashboard.html")
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8", ".json": "application/json", ".csv": "text/csv; charset=utf-8; header=present",
    ".pdf": "application/pdf",
}  # fmt: skip
MOST_TICKETS = 500
"""On one page; the API lists all, a page at a time."""


def report_file(kind: str, name: str, file: str) -> Path:
    """A file of a report; raises ApiError 404 for what is none, or is not inside the folder of reports."""
    if file not in FILES:
        raise ApiError(404, "There is no such file of a report.")
    return _inside(settings().reports / kind / name / file)


def index_file(name: str) -> Path:
    """The archive's index or dashboard; raises ApiError 404 where none has been made yet."""
    return _inside(settings().reports / name)


def tickets_page(moment: datetime, state: str | None) -> str:
    """All tickets, the latest first, or those in a state."""
    measures = _measures()
    found = tickets_as_of(moment)
    lines = [line_of(ticket, moment, measures, load_money(settings().money)) for ticket in found]
    shown = [line for line in lines if state in (None, line.state)]
    return page(
        "tickets.html",
        lines=shown[:MOST_TICKETS],
        total=len(shown),
        state=state,
        measured=lambda line: measured_text(line, measures.get(line.measure)),
        earned=earned_text(brought(lines)),
        waiting=waiting_text(tuple(lines)),
        errs=errs_of(is_period=False),
        shown=shown_by(settings().zone),
        moment=moment,
    )


def ticket_page(ticket_id: str, moment: datetime) -> str:
    """One ticket with its evidence, what happened to it, and what was measured; raises ApiError 404 for none."""
    ticket = ticket_as_of(ticket_id, moment)
    if ticket is None:
        raise ApiError(404, "There is no such ticket.")
    measures = _measures()
    line = line_of(ticket, moment, measures, load_money(settings().money))
    return page(
        "ticket.html",
        line=line,
        facts=_facts(ticket),
        earlier=list(ticket.recommendation.get("earlier", ())),
        events=ticket.events,
        measure=measures.get(line.measure),
        measured=_measured(line, measures),
        errs=errs_of(is_period=False),
        shown=shown_by(settings().zone),
    )


def _inside(path: Path) -> Path:
    root, found = settings().reports.resolve(), path.resolve()
    if not found.is_relative_to(root) or not found.is_file():
        raise ApiError(404, "There is no such report.")
    return found


def _measures() -> dict[str, Measure]:
    return {measure.name: measure for measure in load_measures()}


def _measured(line: Line, measures: Mapping[str, Measure]) -> str:
    return measured_text(line, measures.get(line.measure))


def _facts(ticket: Ticket) -> dict[str, object]:
    """What the recommendation said, of which only what has the expected form is shown."""
    said = ticket.recommendation.get("facts") or {}
    evidence = [pair for pair in said.get("evidence", ()) if isinstance(pair, list | tuple) and len(pair) == 2]
    items = [str(item) for item in said.get("action_items", ())]
    return {"description": str(said.get("description", "")), "evidence": evidence, "action_items": items}
