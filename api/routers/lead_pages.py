"""Pages of leads and tasks, and what people do on them."""

import asyncio
from functools import partial
from typing import Annotated, Literal, cast, get_args

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from api import enriching
from api.as_sent import AsSent, in_address
from api.campaign_shapes import NO_NUL
from api.errors import ApiError
from api.finding import known_lead
from api.pages import leads as pages
from api.pages.forms import sent_by_us, text_of, wants_part
from api.pages.leads import Asked
from api.pages.rendering import back_to, show
from api.routers.history import AT_ONCE, told
from api.routers.members import OVERRIDE, TASK, possible_outcome
from api.routers.signing import inside
from api.security import require
from api.serving import score_now
from api.threads import LISTS, LOOK_UPS, WRITES
from campaigns.team import team
from database import campaigns, overrides, tasks
from database.keys import Key
from database.lead_pages import Order
from database.overrides import Kind, Override
from database.people import KnownLead
from ringback.clock import now
from ringback.errors import BadPlaybook
from ringback.names import spoken

router = APIRouter(include_in_schema=False, dependencies=[Depends(require("read"))], route_class=AsSent)
WRITE = Depends(require("write"))
LeadId = Annotated[str, Path(max_length=500, pattern=r"^[^\x00]+$")]
Words = Annotated[str, Query(max_length=200, pattern=NO_NUL)]
Fields = Annotated[dict[str, str], Depends(sent_by_us)]
WAITED_SECONDS = 2.0
ROUNDS = 30
"""So often the signals of a lead are asked for while its enrichment goes on: for a minute."""
TASKS_SHOWN = 200


@router.get("/leads")
async def leads(
    request: Request, search: Words = "", sort: Annotated[Order, Query()] = "score",
    direction: Literal["asc", "desc"] = "desc", campaign: Words = "", recommendation: Words = "",
    priority: Words = "", page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:  # fmt: skip
    """The list."""
    asked = Asked(search, sort, direction, campaign, recommendation, priority, page)
    facts = await to_thread.run_sync(pages.listed, asked, limiter=LISTS)
    return show(request, "leads.html", facts=facts, columns=pages.COLUMNS, recommendations=pages.RECOMMENDATIONS,
                priorities=pages.PRIORITIES)  # fmt: skip


@router.get("/leads/{lead_id:path}/changes")
async def changes(request: Request, lead_id: LeadId) -> HTMLResponse:
    """Why its score changed."""
    lead = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    answers = await to_thread.run_sync(partial(told, lead.lead_id, 20), limiter=AT_ONCE)
    return show(request, "changes.html", lead_id=lead.lead_id, answers=answers)


@router.get("/leads/{lead_id:path}/signals")
async def signals(request: Request, lead_id: LeadId, round: Annotated[int, Query(ge=0, le=1_000)] = 0) -> HTMLResponse:
    """The part of a lead's page with what enrichment knows; asked again while it goes on."""
    lead = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    is_waiting = round < ROUNDS and await to_thread.run_sync(enriching.is_under_way, lead.lead_id, limiter=LOOK_UPS)
    return await _signals(request, lead, is_waiting, round)


@router.post("/leads/{lead_id:path}/enrich", dependencies=[WRITE])
async def enrich(request: Request, lead_id: LeadId, _fields: Fields) -> Response:
    """Buy what is missing; the page shows it as it comes."""
    lead = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    work = await to_thread.run_sync(enriching.enrich_now, lead.lead_id, lead.company_id, now(), limiter=WRITES)
    await asyncio.wait({asyncio.wrap_future(work)}, timeout=WAITED_SECONDS)
    if not wants_part(request):
        return back_to(address_of(lead.lead_id), "Enriched." if work.done() else "Enrichment is under way.")
    if request.query_params.get("from") == "row":
        found = await to_thread.run_sync(pages.found_signals, lead, now(), limiter=LOOK_UPS)
        count = sum(one.value is not None for one in found)
        return show(request, "row_enriched.html", is_done=work.done(), found=count, missed=len(found) - count)
    return await _signals(request, lead, not work.done(), 0)


@router.post("/leads/{lead_id:path}/score", dependencies=[WRITE])
async def score(lead_id: LeadId, _fields: Fields) -> Response:
    """Score it now, by what is stored about it."""
    lead = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    await to_thread.run_sync(score_now, lead.lead_id, limiter=WRITES)
    return back_to(address_of(lead.lead_id), "Scored by what is known of it.")


@router.post("/leads/{lead_id:path}/overrides/{override_id}/withdraw", dependencies=[WRITE])
async def withdraw(
    request: Request, lead_id: LeadId, override_id: Annotated[str, Path(), OVERRIDE], _fields: Fields
) -> Response:
    """Let an override of this lead hold no longer."""
    lead = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    mine = await to_thread.run_sync(overrides.overrides_of, text_of(_fields, "campaign_id"), lead.lead_id)
    if not any(one.override_id == override_id for one in mine):
        raise ApiError(404, "There is no such override of this lead.")
    await to_thread.run_sync(overrides.withdraw, override_id, who(request), now(), limiter=WRITES)
    return back_to(address_of(lead.lead_id), "Withdrawn: rules and routing decide again.")


@router.post("/leads/{lead_id:path}/overrides", dependencies=[WRITE])
async def override(request: Request, lead_id: LeadId, fields: Fields) -> Response:
    """Decide about a lead in a campaign; it stands above rules and routing."""
    kind, _, outcome = text_of(fields, "what").partition(":")
    because, campaign_id = text_of(fields, "because", 1_000), text_of(fields, "campaign_id", 100)
    if kind not in get_args(Kind):
        raise ApiError(422, f"{kind[:40]!r} cannot be decided; choose one of the list.", field="what")
    until = pages.until_of(fields.get("until", ""))
    lead = await to_thread.run_sync(known_lead, lead_id, limiter=LOOK_UPS)
    joined = await to_thread.run_sync(campaigns.campaigns_of, lead.lead_id, limiter=LOOK_UPS)
    known = next((one for one in joined if one.campaign_id == campaign_id), None)
    if known is None:
        raise ApiError(404, "The lead is not in this campaign.", field="campaign_id")

    def made() -> Override:
        kept = possible_outcome(known, cast(Kind, kind), outcome, "what")
        return overrides.make(
            cast(Kind, kind), campaign_id, lead.lead_id, kept, because, who(request), now(), until
        )  # fmt: skip

    decided = await to_thread.run_sync(made, limiter=WRITES)
    return back_to(address_of(lead.lead_id), f"From now on the {spoken(kind)} is {decided.outcome}, as you decided.")


@router.get("/leads/{lead_id:path}")
async def lead(request: Request, lead_id: LeadId) -> HTMLResponse:
    """One lead."""
    facts = await to_thread.run_sync(pages.facts_of, lead_id, now(), limiter=LOOK_UPS)
    known = {name: one.get("value") for name, one in facts.known.items()}
    company = {name: one.get("value") for name, one in facts.company.items()}
    return show(
        request, "lead.html", facts=facts, found=facts.signals, old=facts.old_signals, waiting=False,
        done=False, round=0, title=known.get("job_title"),
        name=known.get("name") or known.get("email") or facts.lead.lead_id,
        company=company.get("name") or known.get("company_name") or facts.lead.company_id or "company not known",
    )  # fmt: skip


@router.get("/tasks")
async def listed_tasks(request: Request, owner: Words = "", done: Literal["", "yes"] = "") -> HTMLResponse:
    """What account executives are to do."""
    asked = partial(tasks.tasks, owner or None, None, done == "yes", TASKS_SHOWN)
    found = await to_thread.run_sync(asked, limiter=LISTS)
    return show(request, "tasks.html", tasks=found, owners=_owners(), owner=owner, done=done,
                back=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""))  # fmt: skip


@router.post("/tasks/{task_id}/done", dependencies=[WRITE])
async def finish(request: Request, task_id: Annotated[str, Path(), TASK], fields: Fields) -> Response:
    """Say what came of a task."""
    outcome = text_of(fields, "outcome", 1_000)
    if not await to_thread.run_sync(tasks.finish, task_id, who(request), outcome, now(), limiter=WRITES):
        raise ApiError(409, "This task was done before, or is not there any more.", code="done_before")
    return back_to(inside(fields.get("back", "/tasks")), "Done.")


def address_of(lead_id: str) -> str:
    """Of a lead's page; an id may have characters that mean something in an address.

    >>> address_of("a/b?c#d%e")
    '/leads/a%2Fb%3Fc%23d%25e'
    """
    return f"/leads/{in_address(lead_id)}"


def who(request: Request) -> str:
    """The name of the key with which somebody signed in."""
    key: Key = request.scope["state"]["key"]
    return f"{key.name} (key {key.key_id})"


async def _signals(request: Request, lead: KnownLead, is_waiting: bool, round: int) -> HTMLResponse:
    found = await to_thread.run_sync(pages.found_signals, lead, now(), limiter=LOOK_UPS)
    old = await to_thread.run_sync(pages.old_signals, lead, now(), limiter=LOOK_UPS)
    count = sum(one.value is not None for one in found)
    return show(
        request, "signals.html", facts={"lead": lead}, found=found, old=old, waiting=is_waiting, done=not is_waiting,
        round=round, found_count=count, missed_count=len(found) - count,
    )  # fmt: skip


def _owners() -> list[str]:
    try:
        return sorted(one.email for one in team()[0].owners)
    except BadPlaybook:
        return []
