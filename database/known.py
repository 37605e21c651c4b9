"""What is stored about a lead that somebody asks a score for: one look-up, by keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from database import models
from database.identities import EMAIL, lead_of
from database.people import KnownCompany, companies_by_id, leads_by_id
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


def known_lead(lead_id: str | None, email: str | None) -> Known | None:
    """What is stored about the lead with this id or address; None where it is not known."""
    for key in (
        lead_id,
        f"{EMAIL}{email.strip().lower()}" if email else None,
        email.strip().lower() if email else None,
    ):
        if not key:
            continue
        found = leads_by_id([key]).get(key)
        if found is None and (kept_as := lead_of(key)):
            found = leads_by_id([kept_as]).get(kept_as)
        if found is not None:
            company = companies_by_id([found.company_id]).get(found.company_id) if found.company_id else None
            return Known(found.lead_id, found.company_id, found.known, company, last_features(found.lead_id))
    return None


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
