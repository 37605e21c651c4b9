"""Tickets: recommendations and what became of them; accepted, implemented, rejected."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.errors import ApiError, Failure
from api.moments import Moment
from api.security import require
from api.threads import LISTS, LOOK_UPS, WRITES
from database.keys import Key
from database.tickets import State, Ticket, move, ticket_as_of, tickets_as_of
from improvement.impact import Verdict
from improvement.roi import Estimate, Return, load_money
from improvement.tickets import Line, checked_day, line_of
from monitoring.measure import load_measures
from ringback.clock import now
from ringback.errors import WrongUsage
from ringback.forms import Form
from ringback.settings import settings

router = APIRouter(prefix="/api/tickets", tags=["tickets"])
READ, WRITE = Depends(require("read")), Depends(require("write"))
TicketId = Annotated[str, Path(), Form(r"^T-[0-9a-f]{8,64}$", "the id of a ticket", "T-1a2b3c4d")]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Failure, "description": "The ticket cannot come to this state from its own."}
}


class Range(BaseModel):
    """A number with its 95 % interval."""

    low: float
    value: float
    high: float


class Worth(BaseModel):
    """What a ticket brings, in US dollars; None where no money is claimed."""

    cost: float = Field(description="Of the effort.")
    per_week: Range | None
    horizon_weeks: int
    roi: Range | None = Field(description="Over the horizon: 0 earns back what it cost.")
    payback_weeks: float | None
    assumed: str = Field(description="What was assumed, or why no money is claimed.")


class TicketLine(BaseModel):
    """A ticket in a list."""

    ticket_id: str
    title: str
    state: State
    is_stale: bool = Field(description="It waits, but has not been recommended for four weeks.")
    round: int
    rule: str
    subject: str
    category: str
    priority: Literal["HIGH", "MEDIUM", "LOW"]
    measure: str
    dimension: str | None
    member: str | None
    created_at: Moment
    effort_hours: float
    expected: Worth | None
    implemented_on: date | None
    verdict: Verdict | None
    returned: Worth | None


class TicketPage(BaseModel):
    """Some tickets, the latest first."""

    tickets: list[TicketLine]
    total: int
    limit: int
    offset: int


class TicketEvent(BaseModel):
    """What happened to a ticket."""

    kind: Literal["open", "accepted", "implemented", "measured", "rejected", "seen", "stale"]
    at: Moment
    by: str
    note: str | None
    details: dict[str, Any]


class TicketInFull(TicketLine):
    """A ticket with its evidence and its history."""

    recommendation: dict[str, Any]
    events: list[TicketEvent]


class Accepted(BaseModel):
    """That it will be done."""

    model_config = ConfigDict(extra="forbid")

    note: Text | None = None


class Implemented(BaseModel):
    """That it is done."""

    model_config = ConfigDict(extra="forbid")

    on: date = Field(description="The day it took effect (UTC): at most 30 days before the ticket, not in the future.")
    note: Text | None = None


class Rejected(BaseModel):
    """That it will not be done."""

    model_config = ConfigDict(extra="forbid")

    because: Reason


@router.get("", response_model=TicketPage, dependencies=[READ])
async def tickets(
    state: Annotated[State | None, Query(description="Only tickets in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> TicketPage:
    """Tickets, the latest first, a page at a time."""
    at = now()
    listed = await to_thread.run_sync(tickets_as_of, at, limiter=LISTS)
    asked = [one for one in listed if state in (None, one.state)]
    some = [await to_thread.run_sync(_line, one, at, limiter=LISTS) for one in asked[offset : offset + limit]]
    return TicketPage(
        tickets=[TicketLine(**_shown(line)) for line in some], total=len(asked), limit=limit, offset=offset
    )


@router.get("/{ticket_id}", response_model=TicketInFull, dependencies=[READ])
async def ticket(ticket_id: TicketId) -> TicketInFull:
    """One ticket with its evidence, its history and what was measured."""
    return await to_thread.run_sync(_full, ticket_id, limiter=LOOK_UPS)


@router.post("/{ticket_id}/accept", response_model=TicketInFull, dependencies=[WRITE], responses=CONFLICT)
async def accept(ticket_id: TicketId, request: Request, body: Accepted) -> TicketInFull:
    """Say that it will be done."""
    return await to_thread.run_sync(moved, ticket_id, "accepted", _by(request), body.note, None, limiter=WRITES)


@router.post("/{ticket_id}/implement", response_model=TicketInFull, dependencies=[WRITE], responses=CONFLICT)
async def implement(ticket_id: TicketId, request: Request, body: Implemented) -> TicketInFull:
    """Say that it is done since a day; after 14 more days its impact is measured, once."""
    return await to_thread.run_sync(moved, ticket_id, "implemented", _by(request), body.note, body.on, limiter=WRITES)


@router.post("/{ticket_id}/reject", response_model=TicketInFull, dependencies=[WRITE], responses=CONFLICT)
async def reject(ticket_id: TicketId, request: Request, body: Rejected) -> TicketInFull:
    """Say that it will not be done; the same is not recommended for 90 days, unless it becomes more urgent."""
    return await to_thread.run_sync(moved, ticket_id, "rejected", _by(request), body.because, None, limiter=WRITES)


def _by(request: Request) -> str:
    key: Key = request.scope["state"]["key"]
    return f"key {key.key_id} ({key.name})"


def moved(ticket_id: str, to: State, by: str, note: str | None, on: date | None) -> TicketInFull:
    """Let a ticket come to a state, in somebody's name; raises ApiError 404, 409, 422."""
    at = now()
    found = _found(ticket_id, at)
    details = {}
    if on is not None:
        try:
            details["on"] = checked_day(datetime(on.year, on.month, on.day), found, at).isoformat()
        except WrongUsage as failure:
            raise ApiError(422, f"{failure}.", field="on") from None
    try:
        move(ticket_id, to, at, by, note, details)
    except WrongUsage as failure:
        raise ApiError(409, f"{failure}.", code="wrong_state") from None
    return _full(ticket_id)


def _found(ticket_id: str, at: datetime) -> Ticket:
    found = ticket_as_of(ticket_id, at)
    if found is None:
        raise ApiError(404, "There is no such ticket.")
    return found


def _full(ticket_id: str) -> TicketInFull:
    at = now()
    found = _found(ticket_id, at)
    events = [
        TicketEvent(kind=one.kind, at=one.at, by=one.by, note=one.note, details=dict(one.details))
        for one in found.events
    ]
    return TicketInFull(**_shown(_line(found, at)), recommendation=dict(found.recommendation), events=events)


def _line(ticket: Ticket, at: datetime) -> Line:
    return line_of(ticket, at, {one.name: one for one in load_measures()}, load_money(settings().money))


def _shown(line: Line) -> dict[str, Any]:
    same = {name: getattr(line, name) for name in TicketLine.model_fields if name not in ("expected", "returned")}
    on = line.implemented_on.date() if line.implemented_on else None
    return same | {"implemented_on": on, "expected": _worth(line.expected), "returned": _worth(line.returned)}


def _worth(one: Return | None) -> Worth | None:
    if one is None:
        return None
    return Worth(
        cost=one.cost, per_week=_range(one.per_week), horizon_weeks=one.horizon_weeks, roi=_range(one.roi),
        payback_weeks=one.payback_weeks, assumed=one.assumed,
    )  # fmt: skip


def _range(one: Estimate | None) -> Range | None:
    return Range(low=one.low, value=one.value, high=one.high) if one else None
