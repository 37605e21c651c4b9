"""Hourly: follow what came of mails, then qualify, route, write and send for every campaign that is active."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from prefect import flow

from campaigns.deliver import Delivered
from campaigns.fold import Folded
from campaigns.nurture import Written
from campaigns.qualify import Qualified
from campaigns.routing import RoutedMembers
from flows import campaign_steps as steps
from flows.campaign_landing import land_campaigns
from flows.environment import moment_of, prepare_stores, run_name
from ringback.beside import keeping_one
from ringback.collecting import collecting_seldom


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one campaign came to in a run."""

    campaign_id: str
    scored: int
    qualified: Qualified
    routed: RoutedMembers


@dataclass(frozen=True, slots=True)
class CampaignsRun:
    """What a run did."""

    followed: Folded
    campaigns: tuple[Advanced, ...]
    held_up: Mapping[str, str]
    """Campaigns that could not go on, and why."""
    written: Written
    delivered: Delivered
    tests_decided: tuple[str, ...]


@flow(name="run-campaigns", flow_run_name=run_name)
@collecting_seldom()
@keeping_one()
def run_campaigns(as_of: datetime | None = None, campaign_id: str | None = None) -> CampaignsRun:
    """Let every active campaign, or one, go on: who qualifies, whose it becomes, what is written and sent."""
    prepare_stores()
    moment = moment_of(as_of)
    playbook = steps.open_playbook()
    followed = steps.follow_events(playbook, moment)
    advanced: list[Advanced] = []
    held_up: dict[str, str] = {}
    for campaign in steps.active_campaigns(campaign_id):
        with steps.alone(campaign.campaign_id, held_up, moment):
            advanced.append(
                Advanced(
                    campaign.campaign_id,
                    steps.score(campaign, moment),
                    steps.qualify(campaign, moment),
                    steps.route(campaign, playbook, moment),
                )
            )
    written = steps.write_mails(playbook, moment)
    delivered = steps.send_mails(playbook, moment)
    decided = steps.decide_tests(playbook, moment)
    land_campaigns(moment)
    return CampaignsRun(followed, tuple(advanced), held_up, written, delivered, decided)
