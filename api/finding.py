"""Leads and campaigns by their ids, as a request names them; each raises ApiError 404 where there is none."""

from api.errors import ApiError
from database import campaigns, lead_pages, people
from database.campaigns import Planned
from database.people import KnownLead


def known_lead(lead_id: str) -> KnownLead:
    """A lead, be it merged into another since."""
    kept = lead_pages.kept_under(lead_id)
    found = people.leads_by_id([kept]).get(kept)
    if found is None:
        raise ApiError(404, "There is no such lead.")
    return found


def known_campaign(campaign_id: str) -> Planned:
    """A campaign with the number of its leads."""
    found = campaigns.campaign(campaign_id)
    if found is None:
        raise ApiError(404, "There is no such campaign.")
    return found
