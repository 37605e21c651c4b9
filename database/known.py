"""What is stored about a lead that somebody asks a score for: one look-up, by keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from database import models
from database.identities import EMAIL, leads_of_keys
from database.lead_features import last_features_of
from database.lead_mails import SentMail, mails_to
from database.people import KnownCompany, KnownLead, companies_by_id, leads_by_id
from database.session import reading
from ringback.records import Value


@dataclass(frozen=True, slots=True)
class Known:
    """A lead, its company, the features it was last scored with, and the mails it was sent."""

    lead_id: str
    company_id: str | None
    known: Mapping[str, Any]
    company: KnownCompany | None
    features: Mapping[str, Value] = field(default_factory=dict)
    mails: tuple[SentMail, ...] = ()

    @property
    def company_name(self) -> str:
        """What its company is called, or else known by."""
        named = (self.company.name if self.company else None) or self.known.get("company_name")
        return str(named or self.company_id or self.lead_id)


Asked = tuple[str | None, str | None]
"""A lead's id and address, of which either may not be known."""


def known_lead(lead_id: str | None, email: str | None) -> Known | None:
    """What is stored about the lead with this id or address; None where it is not known."""
    return known_leads([(lead_id, email)]).get((lead_id, email))


def known_leads(asked: Iterable[Asked]) -> dict[Asked, Known]:
    """The same of many; those that are not known are left out."""
    keys = {one: keys_of_lead(*one) for one in asked}
    wanted = {key for some in keys.values() for key in some}
    moved = leads_of_keys(wanted)
    found = leads_by_id(wanted | set(moved.values()))
    leads: dict[Asked, KnownLead] = {}
    for one, some in keys.items():
        ids = (lead_id for key in some for lead_id in (key, moved.get(key)) if lead_id in found)
        if first := next(ids, None):
            leads[one] = found[first]
    companies = companies_by_id({lead.company_id for lead in leads.values() if lead.company_id})
    ids_found = {lead.lead_id for lead in leads.values()}
    features, mails = last_features_of(ids_found), mails_to(ids_found)
    return {
        one: Known(
            lead.lead_id,
            lead.company_id,
            lead.known,
            companies.get(lead.company_id or ""),
            features.get(lead.lead_id, {}),
            mails.get(lead.lead_id, ()),
        )
        for one, lead in leads.items()
    }


def keys_of_lead(lead_id: str | None, email: str | None) -> tuple[str, ...]:
    """What a lead may be found by, the surest first."""
    address = email.strip().lower() if email else None
    return tuple(key for key in (lead_id, f"{EMAIL}{address}" if address else None, address) if key)


@dataclass(frozen=True, slots=True)
class KeysSeen:
    """By what companies and leads can be found: all of it, or what has come to be known since a moment."""

    counts: tuple[int, ...]
    """Rows there are in all: companies, leads, keys of leads, former ids; as `database.people.state_of_people`."""
    latest: datetime | None
    """When the last of them came to be known."""
    companies: set[str] | None
    leads: set[str] | None
    """Ids, addresses and former ids; None, of either, where there are too many."""


def keys_since(moment: datetime | None, most: int) -> KeysSeen:
    """What has come to be known since a moment, or all, by one look: what is counted is what was found.

    Of more than `most` companies, or keys of leads, none is read. What is stated to be known since earlier than the
    moment is not found: the counts tell that something is missing.
    """
    company, lead, key, merged = models.Company, models.Lead, models.LeadKey, models.MergedLead
    of_companies, of_leads = select(company.company_id), select(lead.lead_id)
    of_keys, of_merged = select(key.key), select(merged.lead_id)
    if moment is not None:
        of_companies = of_companies.where(company.known_at >= moment)
        of_keys = of_keys.where(key.lead_id.in_(select(lead.lead_id).where(lead.known_at >= moment)))
        of_leads, of_merged = of_leads.where(lead.known_at >= moment), of_merged.where(merged.merged_at >= moment)
    with reading() as connection:
        tables = (company, lead, key, merged)
        counts = tuple(connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
        moments = (connection.scalar(select(func.max(table.known_at))) for table in (company, lead))
        latest = max((one for one in moments if one is not None), default=None)
        companies = None if counts[0] > most else set(connection.scalars(of_companies))
        if sum(counts[1:]) > most:
            return KeysSeen(counts, latest, companies, None)
        leads = {one for asked in (of_leads, of_keys, of_merged) for one in connection.scalars(asked)}
    return KeysSeen(counts, latest, companies, leads)
