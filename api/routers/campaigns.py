"""Campaigns: listed, made, looked at."""

from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.errors import ApiError, Failure
from api.moments import Moment
from api.security import require
from api.threads import LISTS, WRITES
from campaigns.harvest import Plan
from database import campaigns as stored
from database.campaigns import Planned
from ringback.clock import now

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"])
READ, WRITE = Depends(require("read")), Depends(require("write"))
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
CampaignId = Annotated[str, Path(pattern=NAME)]
Source = Literal["apollo", "aturiya", "csv"]


class NewCampaign(BaseModel):
    """A campaign to be made."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: Annotated[str, StringConstraints(pattern=NAME)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    source: Source = Field(description="Where its leads are looked for.")
    external_id: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] | None = None
    plan: Plan = Field(default_factory=Plan, description="What is looked for at Apollo; empty for other sources.")
    ceiling_usd: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = Field(
        None, description="Its own spending ceiling; none: the usual one."
    )


class Campaign(BaseModel):
    """A campaign with the number of its leads."""

    campaign_id: str
    name: str
    source: str
    external_id: str | None
    plan: dict[str, Any]
    ceiling_usd: float | None
    known_at: Moment
    leads: int


class CampaignPage(BaseModel):
    """Some campaigns, by name."""

    campaigns: list[Campaign]
    total: int
    limit: int
    offset: int


@router.get("", response_model=CampaignPage, dependencies=[READ])
async def campaigns(
    limit: Annotated[int, Query(ge=1, le=200)] = 50, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0
) -> CampaignPage:
    """Campaigns by name, a page at a time."""
    listed = await to_thread.run_sync(stored.campaigns, limiter=LISTS)
    some = [_shown(one) for one in listed[offset : offset + limit]]
    return CampaignPage(campaigns=some, total=len(listed), limit=limit, offset=offset)


@router.post("", status_code=201, response_model=Campaign, dependencies=[WRITE], responses={
    409: {"model": Failure, "description": "There is a campaign with this id already."},
})  # fmt: skip
async def create(campaign: NewCampaign) -> Campaign:
    """Make a campaign; `ringback run harvest_leads` looks for its leads."""
    planned = Planned(
        campaign.campaign_id, campaign.name, campaign.source, now(), campaign.external_id,
        campaign.plan.model_dump(mode="json", exclude_defaults=True), campaign.ceiling_usd,
    )  # fmt: skip
    if not await to_thread.run_sync(stored.save, [planned], limiter=WRITES):
        raise ApiError(409, f"There is a campaign {campaign.campaign_id} already.", "campaign_id", code="exists")
    return _shown(planned)


@router.get("/{campaign_id}", response_model=Campaign, dependencies=[READ])
async def campaign(campaign_id: CampaignId) -> Campaign:
    """One campaign."""
    listed = await to_thread.run_sync(stored.campaigns, limiter=LISTS)
    for one in listed:
        if one.campaign_id == campaign_id:
            return _shown(one)
    raise ApiError(404, "There is no such campaign.")


def _shown(one: Planned) -> Campaign:
    return Campaign(
        campaign_id=one.campaign_id, name=one.name, source=one.source, external_id=one.external_id,
        plan=dict(one.plan or {}), ceiling_usd=one.ceiling_usd, known_at=one.known_at, leads=one.leads,
    )  # fmt: skip
