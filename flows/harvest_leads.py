"""Per campaign: leads come in from Aturiya and Apollo, and wait for what is missing about them."""

from dataclasses import dataclass
from datetime import datetime

from prefect import flow, task

from campaigns.harvest import Harvested, campaigns_at_aturiya, harvest
from database.campaigns import Planned, campaigns
from flows.asking_again import may_help
from flows.environment import moment_of, prepare_stores, run_name
from ringback.errors import WrongUsage
from ringback.settings import settings

PATIENCE: list[float] = [10, 60, 300]
"""Seconds before a page is asked for again, after the client itself gave up; what came before is kept."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """What all campaigns of a run brought."""

    campaigns: int
    read: int
    new: int
    rejected: int
    queued: int


@flow(name="harvest-leads", flow_run_name=run_name)
def harvest_leads(as_of: datetime | None = None, campaign_id: str | None = None) -> Harvest:
    """Bring in the leads of one campaign, or of all that have a source."""
    prepare_stores()
    moment = moment_of(as_of)
    if settings().asks("aturiya") and campaign_id is None:
        look_for_campaigns(moment)
    brought = [harvest_campaign(campaign, moment) for campaign in chosen(campaign_id)]
    return Harvest(
        len(brought),
        sum(one.read for one in brought),
        sum(one.new for one in brought),
        sum(one.rejected for one in brought),
        sum(one.queued for one in brought),
    )


@task(retries=len(PATIENCE), retry_delay_seconds=PATIENCE, retry_condition_fn=may_help)
def look_for_campaigns(moment: datetime) -> int:
    """Keep the campaigns that Aturiya has."""
    return campaigns_at_aturiya(settings(), moment)


@task(retries=len(PATIENCE), retry_delay_seconds=PATIENCE, retry_condition_fn=may_help)
def harvest_campaign(campaign: Planned, moment: datetime) -> Harvested:
    """Bring in one campaign's leads."""
    return harvest(campaign, settings(), moment)


def chosen(campaign_id: str | None) -> list[Planned]:
    """One campaign, or all that have a source; raises WrongUsage for one that is not there."""
    listed = campaigns()
    if campaign_id is None:
        return [one for one in listed if one.source != "csv"]
    mine = [one for one in listed if one.campaign_id == campaign_id]
    if not mine:
        raise WrongUsage(f"there is no campaign {campaign_id!r}; 'ringback campaigns list' shows those there are")
    return mine
