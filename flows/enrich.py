"""In business hours, and when leads came in: what is missing about those that wait is bought, within the ceilings."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from prefect import flow, task
from pydantic import Field

from database import campaigns, queue
from database.people import leads_by_id
from database.queue import Waiting
from database.spending import spent, stops
from enrichment.publish import land_found
from enrichment.worker import Worked, work
from flows.environment import prepare_stores, run_name
from ringback.clock import as_utc, now
from ringback.errors import WrongUsage
from ringback.settings import settings

Limit = Annotated[int | None, Field(ge=1)]
ASKED_FOR = 80
"""Priority of what a person asks for: before what was harvested."""
RECENTLY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Enriched:
    """What a run came to."""

    batch: str | None
    finished: int
    put_back: int
    failed: int
    given_up: int
    found: int
    missed: int
    cost_usd: float
    new_facts: int
    stopped: tuple[str, ...]
    """Why nothing is bought from a source, and what is put off."""


@flow(name="enrich", flow_run_name=run_name)
def enrich(as_of: datetime | None = None, campaign_id: str | None = None, limit: Limit = None) -> Enriched:
    """Buy what is missing about the leads of a campaign, or about all that wait."""
    prepare_stores()
    clock = clock_from(as_of)
    began = clock()
    batch = None
    if campaign_id or limit:
        batch, _ = queue_leads(leads_asked_for(campaign_id, limit), campaign_id, began)
    worked = work_queue(batch, clock)
    new_facts = land(clock())
    bought = spent(campaign_id, since=began)
    return Enriched(
        batch,
        worked.finished,
        worked.put_back,
        worked.failed,
        worked.given_up,
        sum(one.found for one in bought),
        sum(one.missed for one in bought),
        sum(one.cost for one in bought),
        new_facts,
        why_not(batch),
    )


def why_not(batch: str | None) -> tuple[str, ...]:
    """Why nothing is bought from a source, and what of a batch, or of all that waits, is put off and why."""
    waits = (
        f"{one.subjects:,} wait until {one.until:%Y-%m-%d %H:%M} UTC: {one.because}" for one in queue.put_off(batch)
    )
    return (*(one.because for one in stops()), *waits)


def clock_from(as_of: datetime | None) -> Callable[[], datetime]:
    """The present, or for the sandbox a past moment from which time goes on.

    Raises WrongUsage where real money would be spent in the past.
    """
    if as_of is None:
        return now
    start, since = as_utc(as_of), time.monotonic()
    if settings().has_vendor_keys and start < now() - RECENTLY:
        raise WrongUsage("nothing can be bought in the past; run enrich without --as-of")
    return lambda: start + timedelta(seconds=time.monotonic() - since)


def leads_asked_for(campaign_id: str | None, limit: int | None) -> list[str]:
    """The first leads of a campaign, or of those that wait."""
    if campaign_id is None:
        return queue.waiting("lead", limit)
    if campaign_id not in {one.campaign_id for one in campaigns.campaigns()}:
        raise WrongUsage(f"there is no campaign {campaign_id!r}; 'ringback campaigns list' shows those there are")
    return campaigns.leads_of(campaign_id, limit)


def queue_leads(lead_ids: Sequence[str], campaign_id: str | None, at: datetime) -> tuple[str, int]:
    """Queue leads and their companies as a batch of their own; gives its name, and how many both are."""
    batch = f"enrich {campaign_id or 'leads'} {at.isoformat(timespec='seconds')} {os.getpid()}"
    known = {one.company_id for one in leads_by_id(lead_ids).values()}
    companies = sorted(one for one in known if one and ":" not in one)
    queue.enqueue(
        [
            *(Waiting(one, ASKED_FOR, "asked for", "lead", campaign_id) for one in lead_ids),
            *(Waiting(one, ASKED_FOR, "asked for", "company", campaign_id) for one in companies),
        ],
        at,
        batch,
    )
    return batch, len(lead_ids) + len(companies)


def worker_name() -> str:
    """A name that no other worker has, in any process of any machine."""
    return f"{socket.gethostname()}:{os.getpid()}:{time.monotonic_ns()}"


@task
def work_queue(batch: str | None, clock: Callable[[], datetime]) -> Worked:
    """Take from the queue until nothing is left."""
    return work(settings(), worker_name(), clock, batch)


@task(retries=2, retry_delay_seconds=[5, 30])
def land(moment: datetime) -> int:
    """Copy what was found into the warehouse."""
    return land_found(moment)
