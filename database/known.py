"""What is stored about a lead that somebody asks a score for: one look-up, by keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from database import models
from database.identities import EMAIL, leads_of_keys
from database.people import KnownCompany, KnownLead, companies_by_id, leads_by_id
from database.session import reading
from ringback.records import Value


@dataclass(frozen=True, slots=True)
class Known:
    """A lead, its company and the features it was last scored with."""

    lead_id: str
    company_id: str | None
    known: Mapping[str, Any]
    company: KnownCompany | None
    features: Mapping[str, Value] = field(default_factory=dict)


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
    features = {lead_id: last_features(lead_id) for lead_id in {lead.lead_id for lead in leads.values()}}
    return {
        one: Known(
            lead.lead_id, lead.company_id, lead.known, companies.get(lead.company_id or ""), features[lead.lead_id]
        )
        for one, lead in leads.items()
    }


def keys_of_lead(lead_id: str | None, email: str | None) -> tuple[str, ...]:
    """What a lead may be found by, the surest first."""
    address = email.strip().lower() if email else None
    return tuple(key for key in (lead_id, f"{EMAIL}{address}" if address else None, address) if key)


def all_lead_keys(most: int) -> frozenset[str] | None:
    """Everything that any lead can be found by; None where that is more than so many."""
    tables = (
        (models.Lead, models.Lead.lead_id),
        (models.LeadKey, models.LeadKey.key),
        (models.MergedLead, models.MergedLead.lead_id),
    )
    with reading() as connection:
        if sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table, _ in tables) > most:
            return None
        return frozenset(key for _, column in tables for key in connection.scalars(select(column)))


def last_features(lead_id: str) -> Mapping[str, Value]:
    """The features that a lead was last scored with; none where it never was."""
    p = models.Prediction
    asked = (
        select(models.ScoredFeatures.row)
        .join(p, p.features_hash == models.ScoredFeatures.features_hash)
        .where(p.lead_id == lead_id, p.source == "flow")
        .order_by(p.predicted_at.desc(), p.prediction_id)
        .limit(1)
    )
    with reading() as connection:
        return dict(connection.scalar(asked) or {})
