"""Campaigns: made, listed, changed, run and looked at."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, TypeVar
from uuid import uuid4

from anyio import to_thread
from fastapi import APIRouter, Depends, Query

from api.campaign_shapes import (
    Campaign,
    CampaignChange,
    CampaignId,
    CampaignPage,
    Job,
    Joined,
    MemberList,
    NewCampaign,
    Performance,
    RunAsked,
    RunStarted,
    ScheduleAsked,
    Source,
    State,
    Status,
    TestFigures,
    shown,
)
from api.errors import ApiError, Failure
from api.finding import known_campaign, open_campaign
from api.security import require
from api.threads import LISTS, LOOK_UPS, WRITES
from campaigns import schedules
from campaigns.conduct import Conduct
from campaigns.conduct_files import strangers_in
from campaigns.judging import TestStanding, standings_of
from campaigns.performance import performance
from campaigns.sequences import sequences
from database import campaigns as stored
from database.campaigns import Planned
from database.identities import kept_as
from ringback.clock import now
from ringback.errors import BadMapping, VendorError
from ringback.settings import settings
from vendors import prefect_runs
from vendors.prefect_runs import JobRun

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"])
Answer = TypeVar("Answer")
READ, WRITE = Depends(require("read")), Depends(require("write"))
DEPLOYMENTS = {"harvest": "harvest-leads/harvest-leads", "full": schedules.DEPLOYMENT}
Responses = dict[int | str, dict[str, Any]]
NOT_RUN: Responses = {
    409: {"model": Failure, "description": "The campaign is paused or archived; the message says how it goes on."},
    502: {"model": Failure, "description": "Prefect, which runs campaigns, is away or refused; nothing was started."},
}  # fmt: skip
NOT_PUT: Responses = {
    502: {"model": Failure, "description": "Prefect, which keeps schedules, is away or refused; all is as it was."}
}
NOT_READ: Responses = {
    409: {"model": Failure, "description": "How the campaign is run cannot be read; the message says what."}
}
ARCHIVED: Responses = {409: {"model": Failure, "description": "The campaign is archived; nobody joined."}}
USUAL_SCHEDULE = "hourly, with all campaigns"


@router.get("", response_model=CampaignPage, dependencies=[READ])
async def campaigns(
    search: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="Words in name or id.")] = "",
    state: State | None = None,
    source: Source | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> CampaignPage:
    """Campaigns by name, a page at a time."""
    asked = partial(stored.page_of_campaigns, search, state, source, limit, offset)
    page = await to_thread.run_sync(asked, limiter=LISTS)
    some = [shown(one) for one in page.campaigns]
    return CampaignPage(campaigns=some, total=page.total, limit=limit, offset=offset)


@router.post("", status_code=201, response_model=Campaign, dependencies=[WRITE], responses={
    409: {"model": Failure, "description": "The id is taken, or the conduct names what the playbook lacks."},
})  # fmt: skip
async def create(campaign: NewCampaign) -> Campaign:
    """Make a campaign; `ringback run harvest_leads` looks for its leads."""
    await _refuse_strangers(campaign.conduct)
    planned = Planned(
        campaign.campaign_id, campaign.name, campaign.source, now(), campaign.external_id,
        campaign.plan.model_dump(mode="json", exclude_defaults=True), campaign.ceiling_usd,
        conduct=campaign.conduct.model_dump(mode="json", exclude_defaults=True),
    )  # fmt: skip
    if not await to_thread.run_sync(stored.save, [planned], limiter=WRITES):
        raise ApiError(409, f"There is a campaign {campaign.campaign_id} already.", "campaign_id", code="exists")
    return shown(planned)


@router.get("/{campaign_id}", response_model=Campaign, dependencies=[READ])
async def campaign(campaign_id: CampaignId) -> Campaign:
    """One campaign."""
    return shown(await _known(campaign_id))


@router.patch("/{campaign_id}", response_model=Campaign, dependencies=[WRITE], responses={
    409: {"model": Failure, "description": "The conduct names what the playbook lacks."},
})  # fmt: skip
async def change(campaign_id: CampaignId, changed: CampaignChange) -> Campaign:
    """Change a campaign: pause it, resume it, archive it, or how it is run; what is left out stays."""
    if "conduct" in changed.model_fields_set:
        await _refuse_strangers(changed.conduct)
    return shown(await put_changes(campaign_id, changed.changes()))


@router.post("/{campaign_id}/members", response_model=Joined, dependencies=[WRITE], responses=ARCHIVED)
async def add_members(campaign_id: CampaignId, members: MemberList) -> Joined:
    """Let known leads join; those that are unknown are named, and nobody joins. Nobody joins an archived campaign."""

    def join() -> int:
        open_campaign(campaign_id)
        kept = kept_as(members.lead_ids)
        known = stored.known_ids(kept.values())
        if unknown := [one for one in members.lead_ids if kept[one] not in known]:
            raise ApiError(
                404, f"There is no lead {unknown[0]!r}; 'POST /webhooks/leads' or an import brings leads in."
            )
        return stored.add_leads(campaign_id, kept.values(), now())

    return Joined(new=await to_thread.run_sync(join, limiter=WRITES))


@router.get("/{campaign_id}/performance", response_model=Performance, dependencies=[READ])
async def how_it_does(campaign_id: CampaignId) -> Performance:
    """The funnel with conversions and their intervals, goals, mails, attribution and cost.

    The funnel counts who ever came so far: `qualified` are those whose outcome is that now, and those who were enrolled
    once. By their outcome now members are counted in `/api/statistics` and `/api/campaigns/{campaign_id}/members`.
    """
    known = await _known(campaign_id)
    return Performance.model_validate(asdict(await to_thread.run_sync(performance, known, now(), limiter=LISTS)))


@router.get("/{campaign_id}/tests", response_model=list[TestFigures], dependencies=[READ], responses=NOT_READ)
async def tests(campaign_id: CampaignId) -> list[TestFigures]:
    """How the A/B tests of its sequences stand; a verdict that was reached stays."""
    conduct = _conduct(await _known(campaign_id))

    def stand() -> list[TestFigures]:
        return [_figures(one) for one in standings_of(conduct.chosen(sequences(settings())), now())]

    return await to_thread.run_sync(stand, limiter=LISTS)


@router.post("/{campaign_id}/runs", status_code=202, response_model=RunStarted, dependencies=[WRITE], responses=NOT_RUN)
async def run(campaign_id: CampaignId, asked: RunAsked) -> RunStarted:
    """Run its harvest, or all of it, now; Prefect does it, and `/status` shows what became of it."""
    known = await _known(campaign_id)
    if known.state != "active":
        raise ApiError(409, f"The campaign is {known.state}; make it active first.", "campaign_id", code="not_active")
    start = partial(
        prefect_runs.run_now, settings().prefect, DEPLOYMENTS[asked.what], {"campaign_id": campaign_id}, uuid4().hex
    )
    return RunStarted(run_id=await _asked_of_prefect(start), what=asked.what)


@router.put("/{campaign_id}/schedule", response_model=Status, dependencies=[WRITE], responses=NOT_PUT)
async def schedule(campaign_id: CampaignId, asked: ScheduleAsked) -> Status:
    """Let a campaign run by a schedule of its own, or with the others again."""
    known = await _known(campaign_id)
    told = dict(known.conduct or {}) | {"schedule": asked.cron}
    conduct = Conduct.read(told).model_dump(mode="json", exclude_defaults=True)

    def put() -> None:
        schedules.put(known, asked.cron)
        stored.change(campaign_id, {"conduct": conduct}, now())

    await _asked_of_prefect(put)
    return await status(campaign_id)


@router.get("/{campaign_id}/status", response_model=Status, dependencies=[READ])
async def status(campaign_id: CampaignId) -> Status:
    """Whether it runs, by which schedule, and its last runs."""
    known = await _known(campaign_id)
    jobs, because = await to_thread.run_sync(_jobs, campaign_id, limiter=LOOK_UPS)
    when = (known.conduct or {}).get("schedule") or USUAL_SCHEDULE
    return Status(
        campaign_id=campaign_id, state=known.state, schedule=when, jobs=jobs, jobs_unknown_because=because
    )  # fmt: skip


async def put_changes(campaign_id: str, changes: dict[str, Any]) -> Planned:
    """Change a campaign, by column; Prefect's schedule follows its state. Raises ApiError 404."""
    if changes:
        await to_thread.run_sync(stored.change, campaign_id, changes, now(), limiter=WRITES)
    known = await _known(campaign_id)
    if "state" in changes and (known.conduct or {}).get("schedule"):
        await to_thread.run_sync(schedules.follow, [known], limiter=WRITES)
    return known


async def _refuse_strangers(conduct: Conduct) -> None:
    """Raise ApiError 409 where a conduct names what the playbook does not have."""
    for key, told in await to_thread.run_sync(lambda: list(strangers_in(conduct)), limiter=LOOK_UPS):
        raise ApiError(409, told, f"conduct.{key}", code="not_in_playbook")


async def _asked_of_prefect(ask: Callable[[], Answer]) -> Answer:
    """What Prefect is asked to do; raises ApiError 502 in the words of `/status` where it does not."""
    try:
        return await to_thread.run_sync(ask, limiter=WRITES)
    except VendorError as failure:
        raise ApiError(502, f"{failure}") from failure


def _jobs(campaign_id: str) -> tuple[list[Job], str | None]:
    try:
        history = prefect_runs.jobs_of(settings().prefect, DEPLOYMENTS.values(), campaign_id)
    except VendorError as failure:
        return [], str(failure)
    return [_job(one) for one in history], None


def _job(run: JobRun) -> Job:
    what = next(name for name, deployment in DEPLOYMENTS.items() if deployment == run.deployment)
    told = {name: getattr(run, name) for name in Job.model_fields if name != "what"}
    return Job.model_validate(told | {"what": what})


async def _known(campaign_id: str) -> Planned:
    return await to_thread.run_sync(known_campaign, campaign_id, limiter=LOOK_UPS)


def _conduct(known: Planned) -> Conduct:
    try:
        return Conduct.read(known.conduct)
    except BadMapping as failure:
        raise ApiError(409, str(failure), "conduct", code="bad_conduct") from failure


def _figures(one: TestStanding) -> TestFigures:
    standing, kept = one.standing, one.verdict
    return TestFigures(
        name=one.name, sequence=one.sequence, mail=one.mail, field=one.field, goal=one.goal,
        verdict=kept.verdict if kept else standing.verdict,
        winner=kept.winner if kept else standing.winner, decided_at=kept.decided_at if kept else None,
        planned=standing.planned, said=standing.said, arms=[asdict(arm) for arm in standing.arms],
    )  # fmt: skip
