"""Leads and campaigns by their ids, as a request names them; each raises ApiError 404 where there is none."""

from api.errors import ApiError
from database import campaigns, cards, lead_pages, people
from database.campaigns import Planned
from database.cards import KeptCard
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


def open_campaign(campaign_id: str) -> Planned:
    """A campaign that leads may join; raises ApiError 409 for an archived one, too."""
    found = known_campaign(campaign_id)
    if found.state == "archived":
        raise ApiError(
            409, f"The campaign is archived, so nobody joins it; 'PATCH /api/campaigns/{campaign_id}' with the state "
            "active or paused opens it again.", "campaign_id", code="archived",
        )  # fmt: skip
    return found


def looked_at_last(campaign_id: str, after: str | None) -> KeptCard | None:
    """The member after whom a page of members begins, None for the first page.

    Raises ApiError 422 for somebody who is no member, or one that nobody has looked at yet.
    """
    if not after:
        return None
    found = cards.card_of_member(campaign_id, lead_pages.kept_under(after))
    if found is None:
        raise ApiError(
            422, f"query.after: {after[:100]!r} is no member that was looked at; without it the first page is shown.",
            "query.after",
        )  # fmt: skip
    return found
