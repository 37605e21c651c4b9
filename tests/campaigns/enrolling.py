"""Qualified members of campaigns for tests, and a process that enrols them."""

import sys
from collections.abc import Sequence
from datetime import timedelta

from campaigns.turns import next_owner, pool_of
from database import campaigns, cards, routing
from database.campaigns import Planned
from database.people import publish_leads
from database.routing import Routed, Wanted
from tests.factories import NOON, a_lead

CAPACITIES = {"ana@us.example": 300, "ben@us.example": 200, "cem@us.example": 100}
REST = timedelta(days=30)


def a_campaign(campaign_id: str = "spring", leads: Sequence[str] = (), **known: object) -> None:
    """A campaign whose members are these leads."""
    campaigns.save([Planned(campaign_id, campaign_id, "csv", NOON, **known)])  # type: ignore[arg-type]
    publish_leads([a_lead(lead) for lead in leads])
    campaigns.add_leads(campaign_id, leads, NOON)


def wanted(lead_id: str, capacities: dict[str, int] | None = None, **known: object) -> Wanted:
    """A lead that is to be enrolled in the sequence `intro`."""
    facts: dict[str, object] = {
        "sequence": "intro", "sequence_hash": "1", "zone": "America/Chicago", "due_at": NOON,
        "capacities": CAPACITIES if capacities is None else capacities, "because": {"sequence": "intro"},
    }  # fmt: skip
    return Wanted(lead_id, **(facts | known))  # type: ignore[arg-type]


def enrol(campaign_id: str, *leads: Wanted) -> list[Routed]:
    """Enrol leads at noon."""
    return routing.enrol(campaign_id, leads, NOON, "routing:1", REST, next_owner, pool_of)


__all__ = ["CAPACITIES", "NOON", "a_campaign", "cards", "enrol", "wanted"]

if __name__ == "__main__":
    campaign_id, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for number in range(first, last):
        enrol(campaign_id, wanted(f"lead{number}@acme.example"))
