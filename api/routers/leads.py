"""Leads: in pages, one with all that is known of it, and enriched on demand."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from api import enriching
from api.as_sent import AsSent
from api.errors import Failure
from api.finding import known_lead
from api.moments import Moment, as_text
from api.security import require
from api.threads import LISTS, LOOK_UPS, WRITES
from database import lead_pages, signals
from database.lead_pages import Order
from database.people import KnownLead
from database.wanted import Known
from ringback.clock import now

router = APIRouter(prefix="/api/leads", tags=["leads"], route_class=AsSent)
READ, WRITE = Depends(require("read")), Depends(require("write"))
LeadId = Annotated[str, Path(max_length=500, pattern=r"^[^\x00]+$", description="The lead's id; a merged one's too.")]
Words = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
LONGEST_WAIT_SECONDS = 30


class LeadRow(BaseModel):
    """A lead in a list, with its last score."""

    lead_id: str
    name: str | None
    email: str | None
    job_title: str | None
    company_id: str | None
    company_name: str | None
    source: str
    known_at: Moment
    qualification_score: int | None
    recommendation: str | None
    priority: str | None
    predicted_at: Moment | None


class LeadPage(BaseModel):
    """Some leads of a list."""

    leads: list[LeadRow]
    total: int = Field(description="How many leads fit in all.")
    limit: int
    offset: int


class Stated(BaseModel):
    """A value with whose word it is."""

    value: Any
    source: str
    confidence: float | None = None
    known_at: Moment | None = None


class SignalFound(BaseModel):
    """A signal that enrichment looked for: found with its value, or missed with the reason."""

    about: Literal["lead", "company"]
    signal: str
    found: bool
    value: dict[str, Any] | None
    reason: str | None
    source: str
    fetched_at: Moment
    expired: bool = Field(
        description="Too old: it counts in no score any more, and the next purchase takes its place. Such come last."
    )


class CallRow(BaseModel):
    """A call without its words."""

    call_id: str
    title: str | None
    called_at: Moment
    minutes: float | None
    sentiment: float | None


class LeadDetail(BaseModel):
    """All that is known of a lead."""

    lead_id: str
    source: str = Field(description="Who told of it first.")
    known: dict[str, Stated] = Field(description="By field the value that counts.")
    company_id: str | None
    company: dict[str, Stated]
    signals: list[SignalFound]
    calls: list[CallRow] = Field(description="The last 50.")
    prediction: dict[str, Any] | None = Field(description="The last one.")


class Enriching(BaseModel):
    """How far an enrichment is."""

    state: Literal["queued", "done"] = Field(description="queued: it goes on; ask for the lead later.")
    lead_id: str
    signals: list[SignalFound] = Field(description="What is known by now.")


@router.get("", response_model=LeadPage, dependencies=[READ])
async def leads(
    search: Annotated[Words, Query(description="Words in name, address, title or company.")] = "",
    sort: Annotated[Order, Query()] = "known_at",
    direction: Annotated[Literal["asc", "desc"], Query()] = "desc",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> LeadPage:
    """Leads with their last scores, a page at a time."""
    asked = (search, sort, direction == "desc", limit, offset)
    page = await to_thread.run_sync(lead_pages.page_of_leads, *asked, limiter=LISTS)
    rows = [LeadRow(**asdict(one)) for one in page.leads]
    return LeadPage(leads=rows, total=page.total, limit=limit, offset=offset)


@router.get("/{lead_id:path}", response_model=LeadDetail, dependencies=[READ])
async def lead(lead_id: LeadId) -> LeadDetail:
    """One lead: what each source says that counts, its company, signals, calls and last score."""
    return await to_thread.run_sync(_detail, lead_id, limiter=LOOK_UPS)


@router.post("/{lead_id:path}/enrich", response_model=Enriching, dependencies=[WRITE], responses={
    202: {"model": Enriching, "description": "It is under way."},
    409: {"model": Failure, "description": "Nothing may be bought: a stop is in force; the message says why."},
})  # fmt: skip
async def enrich(
    lead_id: LeadId,
    response: Response,
    wait: Annotated[int, Query(ge=0, le=LONGEST_WAIT_SECONDS, description="Seconds to wait for the end.")] = 0,
) -> Enriching:
    """Buy what is missing about a lead and its company, within the spending ceilings."""
    known = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    work = await to_thread.run_sync(enriching.enrich_now, known.lead_id, known.company_id, now(), limiter=WRITES)
    if wait:
        await asyncio.wait({asyncio.wrap_future(work)}, timeout=wait)
    is_done = work.done()
    if not is_done:
        response.status_code = 202
    found = await to_thread.run_sync(_signals, known, limiter=LOOK_UPS)
    return Enriching(state="done" if is_done else "queued", lead_id=known.lead_id, signals=found)


def _detail(lead_id: str) -> LeadDetail:
    known = known_lead(lead_id)
    of_lead, of_company = lead_pages.chosen_values(known.lead_id, known.company_id)
    slim = {name: {"value": value, "source": known.source} for name, value in known.known.items()}
    return LeadDetail(
        lead_id=known.lead_id,
        source=known.source,
        known={name: Stated.model_validate(one) for name, one in (slim | of_lead).items()},
        company_id=known.company_id,
        company={name: Stated.model_validate(one) for name, one in of_company.items()},
        signals=_signals(known),
        calls=[CallRow(**one) for one in lead_pages.calls_of(known.lead_id)],
        prediction=_plain(lead_pages.last_prediction(known.lead_id)),
    )


def _plain(prediction: dict[str, Any] | None) -> dict[str, Any] | None:
    if prediction is None:
        return None
    told = {name: value for name, value in prediction.items() if name != "landed_at"}
    return told | {"predicted_at": as_text(prediction["predicted_at"])}


def _signals(lead: KnownLead) -> list[SignalFound]:
    entities, at = [lead.lead_id, *([lead.company_id] if lead.company_id else [])], now()
    found, old = signals.known(entities, at), signals.expired(entities, at)
    return [_signal(lead, one, expired=False) for one in found] + [_signal(lead, one, expired=True) for one in old]


def _signal(lead: KnownLead, one: Known, expired: bool) -> SignalFound:
    return SignalFound(
        about="lead" if one.wanted.entity_id == lead.lead_id else "company",
        signal=one.wanted.signal,
        found=one.value is not None,
        value=dict(one.value) if one.value is not None else None,
        reason=one.reason,
        source=one.source,
        fetched_at=one.fetched_at,
        expired=expired,
    )
