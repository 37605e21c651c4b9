"""Counts over all calls, scores and companies, for pages that show how things stand; each one question."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, select

from database.models import Call, Company, LastScore, Lead, Measure, QueuedSubject, Signal
from database.session import reading

FOLLOWED_WITHIN = timedelta(days=30)
BAND_POINTS = 10
FEWEST_LEADS = 5
"""An industry with fewer scored leads says nothing about industries."""


@dataclass(frozen=True, slots=True)
class CallDay:
    """Calls of a day (UTC), and their mean sentiment where any is known."""

    day: date
    calls: int
    sentiment: float | None


@dataclass(frozen=True, slots=True)
class Scored:
    """How the last scores of leads are spread."""

    leads: int
    bands: tuple[int, ...]
    """Leads with 0-9, 10-19, … 90-100 points."""
    by_recommendation: dict[str, int]
    by_priority: dict[str, int]


@dataclass(frozen=True, slots=True)
class CompanyScore:
    """A company with the highest of its leads' last scores."""

    company_id: str
    name: str | None
    score: int
    leads: int


@dataclass(frozen=True, slots=True)
class IndustryScore:
    """An industry: its scored leads, their mean score, and how many are to be handed over."""

    industry: str
    leads: int
    score: float
    handed_over: int


@dataclass(frozen=True, slots=True)
class WeekMeasure:
    """A measure of a week with its 95 % interval."""

    measure: str
    week: datetime
    value: float | None
    low: float | None
    high: float | None
    n: int


def calls_by_day(since: datetime) -> list[CallDay]:
    """Days with calls since a moment, the earliest first."""
    day = func.date(Call.called_at)
    asked = select(day, func.count(), func.avg(Call.sentiment)).where(Call.called_at >= since)
    with reading() as connection:
        rows = connection.execute(asked.group_by(day).order_by(day)).tuples().all()
    return [CallDay(_as_day(day), calls, sentiment) for day, calls, sentiment in rows]


def followed_up(since: datetime, until: datetime) -> tuple[int, int]:
    """Of the calls in a time, how many were followed by another with the lead within 30 days; and their number.

    Only calls count whose 30 days are over by `until`.
    """
    follows_at = func.lead(Call.called_at, type_=Call.called_at.type).over(
        partition_by=Call.lead_id, order_by=(Call.called_at, Call.call_id)
    )
    asked = select(Call.called_at, follows_at).where(Call.called_at >= since)
    last = until - FOLLOWED_WITHIN
    with reading() as connection:
        pairs = [(called, later) for called, later in connection.execute(asked).tuples() if called < last]
    return sum(later is not None and later - called <= FOLLOWED_WITHIN for called, later in pairs), len(pairs)


def scores() -> Scored:
    """How the last scores are spread."""
    s = LastScore
    with reading() as connection:
        points = (
            connection.execute(select(s.qualification_score, func.count()).group_by(s.qualification_score))
            .tuples()
            .all()
        )
        recommended = (
            connection.execute(select(s.recommendation, func.count()).group_by(s.recommendation)).tuples().all()
        )
        prior = connection.execute(select(s.priority, func.count()).group_by(s.priority)).tuples().all()
    bands = [0] * (100 // BAND_POINTS)
    for score, count in points:
        bands[min(score // BAND_POINTS, len(bands) - 1)] += count
    return Scored(sum(bands), tuple(bands), dict(recommended), dict(prior))


def top_companies(at_most: int = 10) -> list[CompanyScore]:
    """Companies by the highest of their leads' last scores."""
    best = func.max(LastScore.qualification_score)
    asked = (
        select(Lead.company_id, Company.name, best, func.count())
        .join(LastScore, LastScore.lead_id == Lead.lead_id)
        .outerjoin(Company, Company.company_id == Lead.company_id)
        .where(Lead.company_id.is_not(None))
        .group_by(Lead.company_id, Company.name)
        .order_by(best.desc(), func.count().desc(), Lead.company_id)
        .limit(at_most)
    )
    with reading() as connection:
        return [CompanyScore(str(row[0]), row[1], row[2], row[3]) for row in connection.execute(asked)]


def industries(at_most: int = 12) -> list[IndustryScore]:
    """Industries with leads enough, the most leads first."""
    industry = Company.chosen["industry"]["value"].as_string()
    handed = func.sum(case((LastScore.recommendation == "AE_HANDOFF", 1), else_=0))
    asked = (
        select(industry, func.count(), func.avg(LastScore.qualification_score), handed)
        .select_from(LastScore)
        .join(Lead, Lead.lead_id == LastScore.lead_id)
        .join(Company, Company.company_id == Lead.company_id)
        .where(industry.is_not(None))
        .group_by(industry)
        .having(func.count() >= FEWEST_LEADS)
        .order_by(func.count().desc(), industry)
        .limit(at_most)
    )
    with reading() as connection:
        return [IndustryScore(str(r[0]), r[1], float(r[2]), int(r[3])) for r in connection.execute(asked)]


def measures_since(names: Collection[str], since: datetime) -> dict[str, list[WeekMeasure]]:
    """Measures of all leads together by week, the earliest first; of a measure without weeks an empty list."""
    found: dict[str, list[WeekMeasure]] = {name: [] for name in names}
    m = Measure
    asked = (
        select(m.measure, m.week, m.value, m.low, m.high, m.n)
        .where(m.measure.in_(list(names)), m.week >= since, m.dimension == "")
        .order_by(m.week)
    )
    with reading() as connection:
        for row in connection.execute(asked).tuples():
            found[row[0]].append(WeekMeasure(*row))
    return found


def counted() -> dict[str, int]:
    """How many leads, companies, calls and found signals there are, and how much waits for enrichment."""
    asked = {
        "leads": select(func.count()).select_from(Lead),
        "companies": select(func.count()).select_from(Company),
        "calls": select(func.count()).select_from(Call),
        "signals": select(func.count()).where(Signal.state == "found"),
        "waiting": select(func.count()).where(QueuedSubject.state.in_(("waiting", "leased"))),
    }
    with reading() as connection:
        return {name: int(connection.scalar(one) or 0) for name, one in asked.items()}


def _as_day(told: object) -> date:
    return told if isinstance(told, date) else date.fromisoformat(str(told))
