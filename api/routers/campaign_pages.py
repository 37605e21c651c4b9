"""Pages of campaigns, and what people do on them."""

from functools import partial
from typing import Annotated, Any, Literal, get_args

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from api.campaign_shapes import CampaignId, NewCampaign, State
from api.errors import ApiError, words_of
from api.finding import known_campaign
from api.pages import campaigns as pages
from api.pages import runs
from api.pages.forms import sent_by_us, text_of
from api.pages.rendering import back_to, show
from api.routers.campaigns import DEPLOYMENTS, put_changes
from api.security import require
from api.threads import LISTS, LOOK_UPS, WRITES
from database import campaigns as stored
from database.campaigns import Planned
from ringback.clock import now
from ringback.forms import Form

router = APIRouter(include_in_schema=False, dependencies=[Depends(require("read"))])
WRITE = Depends(require("write"))
Fields = Annotated[dict[str, str], Depends(sent_by_us)]
RUN = Form(r"^[0-9a-f-]{36}$", "the id of a run at Prefect", "0197d3c4-5b1e-7a20-9c41-3f6a8e2d9b10")
RunId = Annotated[Annotated[str, RUN] | None, Query()]
STATES = get_args(State)
SAID = {"active": "It goes on.", "paused": "Paused: nobody is enrolled and nothing is sent.", "archived": "Archived."}


@router.get("/campaigns")
async def campaigns(request: Request) -> HTMLResponse:
    """All campaigns."""
    return show(request, "campaigns.html", campaigns=await to_thread.run_sync(stored.campaigns, limiter=LISTS))


@router.post("/campaigns", dependencies=[WRITE])
async def create(fields: Fields) -> Response:
    """Make a campaign."""
    asked: dict[str, Any] = {name: fields.get(name, "").strip() for name in ("campaign_id", "name", "source")}
    try:
        new = NewCampaign(**asked)
    except ValidationError as failure:
        first = failure.errors()[0]
        raise ApiError(422, f"{first['loc'][0]}: {words_of(first)}", field=str(first["loc"][0])) from None
    planned = Planned(new.campaign_id, new.name, new.source, now(), None, {})
    if not await to_thread.run_sync(stored.save, [planned], limiter=WRITES):
        raise ApiError(409, f"There is a campaign {new.campaign_id} already.", "campaign_id", code="exists")
    return back_to(f"/campaigns/{new.campaign_id}", "Made. 'Run now' works on its leads; 'harvest-leads' finds them.")


@router.get("/campaigns/{campaign_id}")
async def campaign(
    request: Request, campaign_id: CampaignId,
    outcome: Literal["qualified", "disqualified", "review"] | None = None,
    after: Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")] = None, run: RunId = None,
) -> HTMLResponse:  # fmt: skip
    """One campaign."""
    known = await _known(campaign_id)
    facts = await to_thread.run_sync(pages.facts_of, known, outcome, after, now(), limiter=LISTS)
    going = await run_shown(run, f"/campaigns/{campaign_id}")
    return show(request, "campaign.html", facts=facts, outcome=outcome, shown_members=pages.MEMBERS_SHOWN, run=going)


@router.post("/campaigns/{campaign_id}/state", dependencies=[WRITE])
async def change_state(campaign_id: CampaignId, fields: Fields) -> Response:
    """Pause, resume or archive it; Prefect's schedule follows."""
    state = text_of(fields, "state")
    if state not in STATES:
        raise ApiError(422, f"{state[:40]!r} is no state; one is {', '.join(STATES)}.", field="state")
    await put_changes(campaign_id, {"state": state})
    return back_to(f"/campaigns/{campaign_id}", SAID[state])


@router.post("/campaigns/{campaign_id}/runs", dependencies=[WRITE])
async def run_now(campaign_id: CampaignId, _fields: Fields) -> Response:
    """Let Prefect run all of it now."""
    known = await _known(campaign_id)
    if known.state != "active":
        raise ApiError(409, f"The campaign is {known.state}; resume it first.", "campaign_id", code="not_active")
    begin = partial(runs.start, DEPLOYMENTS["full"], {"campaign_id": campaign_id})
    return back_to(f"/campaigns/{campaign_id}?run={await to_thread.run_sync(begin, limiter=WRITES)}")


async def run_shown(run_id: str | None, back: str) -> runs.AskedRun | None:
    """The run that a page asked for, if it did; where Prefect cannot say, that it cannot."""
    return await to_thread.run_sync(runs.run_or_why_not, run_id, back, limiter=LOOK_UPS) if run_id else None


async def _known(campaign_id: str) -> Planned:
    return await to_thread.run_sync(known_campaign, campaign_id, limiter=LOOK_UPS)
