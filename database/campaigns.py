"""Campaigns: where leads are looked for, what may be spent on them, and which leads each has found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from database.models import Campaign, CampaignLead, MergedLead
from database.session import insert_new, reading, writing


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign: its source (apollo, aturiya, csv), and what is looked for there."""

    campaign_id: str
    name: str
    source: str
    known_at: datetime
    external_id: str | None = None
    plan: Mapping[str, Any] | None = None
    ceiling_usd: float | None = None
    """Its own spending ceiling; None for the usual one."""
    leads: int = 0


def save(campaigns: Iterable[Planned]) -> int:
    """Keep campaigns that are not there yet; gives how many were new."""
    with writing() as connection:
        return insert_new(connection, Campaign, [_row(one) for one in campaigns])


def campaigns() -> list[Planned]:
    """All campaigns with the number of their leads, by name."""
    counted = (
        select(CampaignLead.campaign_id, func.count().label("leads")).group_by(CampaignLead.campaign_id).subquery()
    )
    asked = (
        select(Campaign, counted.c.leads)
        .outerjoin(counted, counted.c.campaign_id == Campaign.campaign_id)
        .order_by(Campaign.name, Campaign.campaign_id)
    )
    with reading() as connection:
        return [
            Planned(r.campaign_id, r.name, r.source, r.known_at, r.external_id, r.plan, r.ceiling_usd, r.leads or 0)
            for r in connection.execute(asked)
        ]


def add_leads(campaign_id: str, lead_ids: Iterable[str], at: datetime) -> int:
    """Note that a campaign found these leads, under the ids they are kept as; gives how many are new in it."""
    listed = sorted(set(lead_ids))
    with writing() as connection:
        moved = dict(
            connection.execute(
                select(MergedLead.lead_id, MergedLead.into_lead_id).where(MergedLead.lead_id.in_(listed))
            ).tuples().all()
        )  # fmt: skip
        kept = sorted({moved.get(lead_id, lead_id) for lead_id in listed})
        rows = [{"campaign_id": campaign_id, "lead_id": lead_id, "joined_at": at} for lead_id in kept]
        return insert_new(connection, CampaignLead, rows)


def leads_of(campaign_id: str, at_most: int | None = None) -> list[str]:
    """The ids of a campaign's leads, in the order in which they joined."""
    asked = (
        select(CampaignLead.lead_id)
        .where(CampaignLead.campaign_id == campaign_id)
        .order_by(CampaignLead.joined_at, CampaignLead.lead_id)
        .limit(at_most)
    )
    with reading() as connection:
        return list(connection.scalars(asked))


def _row(campaign: Planned) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id, "name": campaign.name, "source": campaign.source,
        "external_id": campaign.external_id, "plan": dict(campaign.plan or {}), "ceiling_usd": campaign.ceiling_usd,
        "known_at": campaign.known_at,
    }  # fmt: skip
