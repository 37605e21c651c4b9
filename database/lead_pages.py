"""Leads as pages of a list, with the last score of each: searched, sorted, counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, or_, select

from database.models import Call, CampaignLead, Company, LastScore, Lead, MergedLead, Prediction
from database.session import in_parts, reading

Order = Literal["known_at", "name", "company", "score"]
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ListedLead:
    """A lead as a row of a list."""

    lead_id: str
    name: str | None
    email: str | None
    job_title: str | None
    company_id: str | None
    company_name: str | None
    source: str
    known_at: datetime
    qualification_score: int | None = None
    recommendation: str | None = None
    priority: str | None = None
    predicted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Only:
    """Which leads are listed; None is all of them."""

    campaign_id: str | None = None
    recommendation: str | None = None
    priority: str | None = None


ALL = Only()


@dataclass(frozen=True, slots=True)
class Page:
    """Some leads, and how many there are in all."""

    leads: tuple[ListedLead, ...]
    total: int


def page_of_leads(search: str, order: Order, is_descending: bool, limit: int, offset: int, only: Only = ALL) -> Page:
    """Leads whose name, address, title or company has the words in it; without a score last, where scores order."""
    chosen = _fitting(search, order, only)
    key: Any = {
        "known_at": Lead.known_at, "name": func.lower(Lead.name), "company": func.lower(Company.name),
        "score": LastScore.qualification_score,
    }[order]  # fmt: skip
    ordered = (key.desc() if is_descending else key.asc()).nulls_last()
    asked = chosen.with_only_columns(Lead.lead_id).order_by(ordered, Lead.lead_id)
    counted = select(func.count()).select_from(chosen.with_only_columns(Lead.lead_id).subquery())
    if search.split():  # every lead is looked at: once for both
        asked = asked.add_columns(func.count().over())
    with reading() as connection:
        found = connection.execute(asked.limit(limit).offset(offset)).all()
        total = found[0][1] if found and search.split() else connection.scalar(counted)
    return Page(tuple(_listed([row[0] for row in found])), total or 0)


def all_leads() -> Iterator[list[ListedLead]]:
    """All leads by id, some at a time; each time one short question, so that nothing is held while they are sent."""
    after = ""
    while True:
        asked = select(Lead.lead_id).where(Lead.lead_id > after).order_by(Lead.lead_id).limit(AT_ONCE)
        with reading() as connection:
            ids = list(connection.scalars(asked))
        if not ids:
            return
        yield _listed(ids)
        after = ids[-1]


def kept_under(lead_id: str) -> str:
    """The id under which a lead is kept, be it merged into another since."""
    with reading() as connection:
        into = connection.scalar(select(MergedLead.into_lead_id).where(MergedLead.lead_id == lead_id))
    return into or lead_id


def last_prediction(lead_id: str) -> dict[str, Any] | None:
    """The last prediction that counts for a lead, by its columns; what somebody merely asked is in its history."""
    asked = (
        select(Prediction)
        .join(LastScore, LastScore.prediction_id == Prediction.prediction_id)
        .where(LastScore.lead_id == lead_id)
    )
    with reading() as connection:
        row = connection.execute(asked).mappings().first()
    return dict(row) if row else None


def calls_of(lead_id: str, at_most: int = 50) -> list[dict[str, Any]]:
    """The last calls of a lead, without their words."""
    asked = (
        select(Call.call_id, Call.title, Call.called_at, Call.minutes, Call.sentiment)
        .where(Call.lead_id == lead_id)
        .order_by(Call.called_at.desc())
        .limit(at_most)
    )
    with reading() as connection:
        return [dict(row) for row in connection.execute(asked).mappings()]


def chosen_values(lead_id: str, company_id: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """By field the value that counts of a lead and of its company, with whose it is, how sure and since when."""
    with reading() as connection:
        lead = connection.scalar(select(Lead.chosen).where(Lead.lead_id == lead_id))
        company = connection.scalar(select(Company.chosen).where(Company.company_id == company_id))
    return lead or {}, company or {}


def _fitting(search: str, order: Order, only: Only) -> Select[Any]:
    words = search.lower().split()
    asked = select(Lead.lead_id).select_from(Lead)
    if words or order == "company":
        asked = asked.outerjoin(Company, Company.company_id == Lead.company_id)
    if order == "score" or only.recommendation or only.priority:
        asked = asked.outerjoin(LastScore, LastScore.lead_id == Lead.lead_id)
    if only.campaign_id:
        members = select(CampaignLead.lead_id).where(CampaignLead.campaign_id == only.campaign_id)
        asked = asked.where(Lead.lead_id.in_(members))
    if only.recommendation:
        asked = asked.where(LastScore.recommendation == only.recommendation)
    if only.priority:
        asked = asked.where(LastScore.priority == only.priority)
    for word in words:
        places = (Lead.name, Lead.email, Lead.job_title, Lead.company_id, Company.name)
        asked = asked.where(or_(*(func.lower(place).contains(word, autoescape=True) for place in places)))
    return asked


def _listed(lead_ids: Sequence[str]) -> list[ListedLead]:
    """Rows for these ids, in their order."""
    found: dict[str, ListedLead] = {}
    scores = (LastScore.qualification_score, LastScore.recommendation, LastScore.priority, LastScore.predicted_at)
    for some in in_parts(lead_ids):
        asked = (
            select(Lead, Company.name.label("company_name"), *scores)
            .outerjoin(Company, Company.company_id == Lead.company_id)
            .outerjoin(LastScore, LastScore.lead_id == Lead.lead_id)
            .where(Lead.lead_id.in_(some))
        )
        with reading() as connection:
            for row in connection.execute(asked):
                found[row.lead_id] = ListedLead(
                    row.lead_id, row.name, row.email, row.job_title, row.company_id, row.company_name, row.source,
                    row.known_at, row.qualification_score, row.recommendation, row.priority, row.predicted_at,
                )  # fmt: skip
    return [found[one] for one in lead_ids if one in found]
