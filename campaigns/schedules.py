"""When campaigns run by themselves: a schedule of its own at Prefect where one says so, else hourly with the others.

What counts is the campaign's conduct in the database; Prefect's schedules follow it, and are put back when Prefect was
set up anew.
"""

import logging
from collections.abc import Iterable
from http import HTTPStatus

from database.campaigns import Planned
from ringback.errors import VendorError, VendorRefused, WrongUsage
from ringback.settings import settings
from vendors import prefect_runs
from vendors.prefect_runs import Schedule

DEPLOYMENT = "run-campaigns/run-campaigns"
log = logging.getLogger("ringback.campaigns")


def put(campaign: Planned, cron: str | None) -> None:
    """Let a campaign run by a cron expression, or by none of its own.

    Raises WrongUsage for an expression that Prefect does not take, VendorError where Prefect takes nothing.
    """
    if cron is None:
        prefect_runs.drop_schedule(settings().prefect, DEPLOYMENT, campaign.campaign_id)
        return
    wanted = Schedule(campaign.campaign_id, cron, settings().zone, campaign.state == "active")
    try:
        prefect_runs.put_schedule(settings().prefect, DEPLOYMENT, wanted)
    except VendorRefused as failure:
        if failure.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        raise WrongUsage(f"Prefect takes no schedule {cron!r}; '0 9 * * 1-5' is at nine on weekdays") from failure


def follow(campaigns: Iterable[Planned]) -> int:
    """Let Prefect's schedules be those of these campaigns, off where one is paused; gives how many have one.

    Where Prefect does not answer, that is said and nothing else: the flow itself does nothing for who is not active.
    """
    scheduled = [(one, cron) for one in campaigns if (cron := (one.conduct or {}).get("schedule"))]
    for one, cron in scheduled:
        try:
            put(one, str(cron))
        except (VendorError, WrongUsage) as failure:
            log.warning("the schedule of %s could not be put to Prefect: %s", one.campaign_id, failure)
    return len(scheduled)
