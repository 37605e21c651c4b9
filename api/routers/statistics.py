"""How many there are of everything, by state: for dashboards of other systems."""

from collections import Counter
from dataclasses import asdict

from anyio import to_thread
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.moments import Moment
from api.security import require
from api.threads import LISTS
from database.statistics import counts
from database.tickets import tickets_as_of
from ringback.clock import now

router = APIRouter(tags=["service"])


class Statistics(BaseModel):
    """Counts of one moment; a state that nothing is in is left out."""

    as_of: Moment
    leads: int
    campaigns: dict[str, int] = Field(description="By state.")
    members: dict[str, int] = Field(
        description="Of all campaigns, by their outcome now; not_looked_at before there is one. Who ever was qualified "
        "is counted by the funnel of `/api/campaigns/{campaign_id}/performance`."
    )
    recommendations: dict[str, int] = Field(description="Leads by what their last score recommends.")
    priorities: dict[str, int] = Field(description="Leads by the priority of their last score.")
    mails: dict[str, int] = Field(description="Of campaigns, by state of the outbox.")
    tickets: dict[str, int] = Field(description="By state.")


@router.get("/api/statistics", response_model=Statistics, dependencies=[Depends(require("read"))])
async def statistics() -> Statistics:
    """How many leads, campaigns, members, scores, mails and tickets there are, by state."""
    return await to_thread.run_sync(_counted, limiter=LISTS)


def _counted() -> Statistics:
    at = now()
    tickets = Counter(one.state for one in tickets_as_of(at))
    return Statistics(as_of=at, tickets=dict(sorted(tickets.items())), **asdict(counts()))
