"""Campaigns: where leads are looked for, how they are run, what may be spent on them, and which leads each has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, func, select, update

from database.models import Campaign, CampaignLead, LastScore, Lead, MergedLead
from database.session import borders_of, in_parts, insert_new, reading, take_turns, writing

State = Literal["active", "paused", "archived"]


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
    state: State = "active"
    conduct: Mapping[str, Any] | None = None
    """As `campaigns.conduct.Conduct` reads it; None for the usual way."""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """Some campaigns, and how many there are in all."""

    campaigns: tuple[Planned, ...]
    total: int


def save(campaigns: Iterable[Planned]) -> int:
    """Keep campaigns that are not there yet; gives how many were new."""
    with writing() as connection:
        return insert_new(connection, Campaign, [_row(one) for one in campaigns])


def campaigns() -> list[Planned]:
    """All campaigns with the number of their leads, by name."""
    with reading() as connection:
        return [_planned(row) for row in connection.execute(_listed())]


def campaign(campaign_id: str) -> Planned | None:
    """One campaign with the number of its leads."""
    with reading() as connection:
        row = connection.execute(_listed().where(Campaign.campaign_id == campaign_id)).first()
    return _planned(row) if row else None


def page_of_campaigns(search: str, state: State | None, source: str | None, limit: int, offset: int) -> CampaignPage:
    """Campaigns whose name or id has the words in it, by name."""
    fits: list[ColumnElement[bool]] = [
        func.lower(Campaign.name).contains(word, autoescape=True)
        | func.lower(Campaign.campaign_id).contains(word, autoescape=True)
        for word in search.lower().split()
    ]
    if state is not None:
        fits.append(Campaign.state == state)
    if source is not None:
        fits.append(Campaign.source == source)
    with reading() as connection:
        total = connection.scalar(select(func.count()).select_from(Campaign).where(*fits)) or 0
        rows = connection.execute(_listed().where(*fits).limit(limit).offset(offset)).all()
    return CampaignPage(tuple(_planned(row) for row in rows), total)


def change(campaign_id: str, changes: Mapping[str, Any], at: datetime) -> bool:
    """Change some of name, external_id, plan, ceiling_usd, conduct and state; False where there is no such campaign.

    Nobody is enrolled and nothing is sent any more once the change to paused or archived is committed.
    """
    with writing() as connection:
        changed = connection.execute(
            update(Campaign).where(Campaign.campaign_id == campaign_id).values(changed_at=at, **changes)
        )
    return changed.rowcount > 0


def add_leads(campaign_id: str, lead_ids: Iterable[str], at: datetime) -> int:
    """Note that a campaign found these leads, under the ids they are kept as; gives how many are new in it."""
    listed = sorted(set(lead_ids))
    with writing() as connection:
        take_turns(connection, "people")  # nobody is merged meanwhile
        moved: dict[str, str] = {}
        for some in in_parts(listed):
            asked = select(MergedLead.lead_id, MergedLead.into_lead_id).where(MergedLead.lead_id.in_(some))
            moved |= dict(connection.execute(asked).tuples().all())
        kept = sorted({moved.get(lead_id, lead_id) for lead_id in listed})
        rows = [{"campaign_id": campaign_id, "lead_id": lead_id, "joined_at": at} for lead_id in kept]
        return insert_new(connection, CampaignLead, rows)


def campaigns_of(lead_id: str) -> list[Planned]:
    """The campaigns that a lead has joined, by name."""
    mine = select(CampaignLead.campaign_id).where(CampaignLead.lead_id == lead_id)
    with reading() as connection:
        return [_planned(row) for row in connection.execute(_listed().where(Campaign.campaign_id.in_(mine)))]


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


def known_ids(lead_ids: Iterable[str]) -> set[str]:
    """Of these ids those under which a lead is kept."""
    with reading() as connection:
        return {
            lead_id
            for some in in_parts(lead_ids)
            for lead_id in connection.scalars(select(Lead.lead_id).where(Lead.lead_id.in_(some)))
        }


def unscored_members(campaign_id: str, after: str, at_most: int, until: str | None = None) -> list[str]:
    """Members after one, and up to another, that no answer counts for, by id, some at a time."""
    asked = _unscored(campaign_id).where(CampaignLead.lead_id > after).order_by(CampaignLead.lead_id).limit(at_most)
    if until is not None:
        asked = asked.where(CampaignLead.lead_id <= until)
    with reading() as connection:
        return list(connection.scalars(asked))


def borders_unscored(campaign_id: str, many: int, parts: int) -> list[str]:
    """The members between equal parts of those that no answer counts for; none where there are fewer than so many."""
    with reading() as connection:
        return borders_of(connection, _unscored(campaign_id), many, parts)


def _unscored(campaign_id: str) -> Select[tuple[str]]:
    return (
        select(CampaignLead.lead_id)
        .outerjoin(LastScore, LastScore.lead_id == CampaignLead.lead_id)
        .where(CampaignLead.campaign_id == campaign_id, LastScore.lead_id.is_(None))
    )


def _listed() -> Select[Any]:
    counted = (
        select(func.count())
        .select_from(CampaignLead)
        .where(CampaignLead.campaign_id == Campaign.campaign_id)
        .scalar_subquery()
    )
    return select(Campaign, counted.label("leads")).order_by(Campaign.name, Campaign.campaign_id)


def _planned(row: Row[Any]) -> Planned:
    return Planned(
        row.campaign_id, row.name, row.source, row.known_at, row.external_id, row.plan, row.ceiling_usd, row.leads or 0,
        row.state, row.conduct, row.changed_at,
    )  # fmt: skip


def _row(campaign: Planned) -> dict[str, Any]:
    return {
        "campaign_id": campaign.campaign_id, "name": campaign.name, "source": campaign.source,
        "external_id": campaign.external_id, "plan": dict(campaign.plan or {}), "ceiling_usd": campaign.ceiling_usd,
        "known_at": campaign.known_at, "state": campaign.state,
        "conduct": None if campaign.conduct is None else dict(campaign.conduct), "changed_at": campaign.changed_at,
    }  # fmt: skip
