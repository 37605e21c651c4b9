"""The week as one record: measures, changes, leads, segments and recommendations, as they stood as of a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from improvement.rules import (
    BASELINE_ACCURACY,
    BASELINE_REJECTED,
    TARGET_ACCURACY,
    TARGET_REJECTED,
    TARGET_TIME_SAVED,
    TARGET_VOICE_AI_PRECISION,
    Recommendation,
    recommend,
)
from improvement.trends import Trend, by_measure, trends_of_week
from improvement.week import DataFacts, ModelFacts, Segment, Week, judge_segments
from improvement.wording import against_text, sample_text, value_text
from monitoring.estimate import ASSUMPTIONS, Estimate
from monitoring.measure import Measurement, measure_weeks, pooled
from ringback.clock import WEEK, week_start
from warehouse.connect import query, reading

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["ASSUMPTIONS", "DataFacts", "ModelFacts", "Segment", "WeeklyReport", "gather", "says_something", "week_name"]

WEEKS_SHOWN = 13
LEADS_SHOWN = 10
REASONS_SHOWN = 3
SENSE = {"improving": "better", "declining": "worse"}

KEY_MEASURES = ("live_accuracy", "rejection_rate", "progression_rate", "calls_held", "leads_scored",
                "voice_ai_precision", "high_value_rate", "text_coverage", "sentiment")  # fmt: skip
KEYS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead scored this week."""

    lead_id: str
    name: str | None
    company: str | None
    score: int
    progression_probability: float
    voice_ai_fit: int | None
    recommendation: str
    priority: str
    reasons: tuple[str, ...]
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class Deciding:
    """A pair of model versions and how much they decided this week."""

    progression_version: str
    voice_ai_version: str
    predictions: int


@dataclass(frozen=True, slots=True)
class Goal:
    """A business measure against the rule-based baseline and the customer's target."""

    title: str
    measure: str
    baseline: float | None
    target: float
    at_most: bool
    """Whether the target is an upper limit."""
    complement: bool
    """Whether the number is one minus the measure."""
    now: Measurement | None
    lately: Measurement | None
    """Pooled over all the weeks shown."""


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """All that a weekly report says; the same for the same stores and `as_of`."""

    week: datetime
    as_of: datetime
    zone: str
    synthetic: bool
    flow_run: str | None
    headline: str
    series: Mapping[str, Sequence[Measurement]]
    """The measures by name, oldest week first, this week last."""
    trends: Mapping[str, Trend]
    keys: tuple[str, ...]
    """The measures that come first."""
    goals: tuple[Goal, ...]
    recommendations: tuple[Recommendation, ...]
    models: tuple[ModelFacts, ...]
    attempts: tuple[ModelFacts, ...]
    """Of each target the latest training that made no champion: what was tried, and why it does not decide."""
    estimates: tuple[Estimate, ...]
    """What the progression champion expected of its own answers, the latest period first, and what turned out."""
    deciding: tuple[Deciding, ...]
    leads: tuple[Lead, ...]
    segments: tuple[Segment, ...]
    data: DataFacts

    @property
    def is_over(self) -> bool:
        """Whether the week had ended as of the report's moment."""
        return self.as_of >= self.week + WEEK

    @property
    def measurements(self) -> list[Measurement]:
        """Every measure of every week shown."""
        return [measurement for series in self.series.values() for measurement in series]


def gather(
    week: datetime,
    as_of: datetime,
    models: Sequence[ModelFacts],
    synthetic: bool,
    zone: str,
    flow_run: str | None,
    attempts: Sequence[ModelFacts] = (),
    estimates: Sequence[Estimate] = (),
) -> WeeklyReport:
    """Measure the week that contains `week` and the twelve before it as of `as_of`; say what changed and what to do.

    The warehouse is open only while it is queried. Raises NotMigrated where there is none.
    """
    week = week_start(week)
    with reading() as connection:
        first_week = week - (WEEKS_SHOWN - 1) * WEEK
        measurements = measure_weeks(connection, first_week, week, as_of)
        data = _data_facts(connection, week, as_of)
        industries = query(connection, "industries", {"since": first_week, "as_of": as_of})
        leads = query(connection, "leads_of_week", {"week": week, "as_of": as_of, "at_most": LEADS_SHOWN})
        deciding = query(connection, "deciding_versions", {"week": week, "as_of": as_of})
    series = by_measure(measurements)
    trends = {trend.measure.name: trend for trend in trends_of_week(measurements)}
    segments = judge_segments([_segment(row) for row in industries])
    seen = Week(week, as_of, data, series, trends, models=tuple(models), segments=segments)
    return WeeklyReport(
        week=week,
        as_of=as_of,
        zone=zone,
        synthetic=synthetic,
        flow_run=flow_run,
        headline=headline(seen),
        series=series,
        trends=trends,
        keys=_keys(series),
        goals=_goals(series),
        recommendations=tuple(recommend(seen)),
        models=tuple(models),
        attempts=tuple(attempts),
        estimates=tuple(estimates),
        deciding=tuple(Deciding(**row) for row in deciding),
        leads=tuple(_lead(row) for row in leads),
        segments=segments,
        data=data,
    )


def week_name(week: datetime) -> str:
    """The ISO week.

    >>> week_name(datetime(2026, 3, 16))
    '2026-W12'
    """
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02}"


def headline(seen: Week) -> str:
    """The week in one sentence: what changed most, or that nothing clearly did."""
    calls = seen.trends.get("calls_held")
    if not seen.data.calls:
        return "No calls have come in yet, so there is nothing to report."
    if calls is not None and calls.now.n == 0:
        last = seen.data.last_call_at
        return f"No calls were held this week; the last one was on {last:%-d %B %Y}." if last else "No calls were held."
    clear = sorted((c for c in seen.trends.values() if c.is_clear), key=_weight)
    if clear:
        return _said(clear[0])
    n = calls.now.n if calls is not None else 0
    held = "1 call was held" if n == 1 else f"{n:,} calls were held"
    if all(trend.direction == "not enough data" for trend in seen.trends.values() if trend.measure.kind != "count"):
        return f"{held}; there is not enough data yet to say what changed."
    return f"{held}; no measure moved beyond what chance explains."


def says_something(series: Sequence[Measurement]) -> bool:
    """Whether a measure is about anything in this data: a share or count that is zero in every week is not."""
    return any(m.value for m in series)


def _weight(trend: Trend) -> tuple[bool, bool, float, str]:
    """Good or bad news before mere news, the business's numbers before the machine's, the clearest first."""
    name = trend.measure.name
    return trend.direction not in ("improving", "declining"), name not in KEY_MEASURES, trend.p_value or 0.0, name


def _said(trend: Trend) -> str:
    moved = "rose" if (trend.difference or 0) > 0 else "fell"
    now = value_text(trend.measure, trend.now.value)
    sample = "" if trend.measure.kind == "count" else f" ({sample_text(trend.now)})"
    sense = f" That is {SENSE[trend.direction]}." if trend.direction in ("improving", "declining") else ""
    return f"{trend.measure.title} {moved} to {now}{sample}, from {against_text(trend)}.{sense}"


def _keys(series: Mapping[str, Sequence[Measurement]]) -> tuple[str, ...]:
    """The first measures of the list that have a value this week, those with enough data before the others."""
    known = [name for name in KEY_MEASURES if name in series and series[name][-1].value is not None]
    speaking = [name for name in known if says_something(series[name])]
    chosen = sorted(speaking, key=lambda name: not series[name][-1].enough)[:KEYS_SHOWN]
    return tuple(name for name in KEY_MEASURES if name in chosen)


def _goals(series: Mapping[str, Sequence[Measurement]]) -> tuple[Goal, ...]:
    aims = (
        ("Live accuracy", "live_accuracy", BASELINE_ACCURACY, TARGET_ACCURACY, False, False),
        ("Voice AI precision", "voice_ai_precision", None, TARGET_VOICE_AI_PRECISION, False, False),
        ("Hand-offs rejected", "rejection_rate", BASELINE_REJECTED, TARGET_REJECTED, True, False),
        ("Scored calls that no AE had to take", "handoff_rate", None, TARGET_TIME_SAVED, False, True),
    )
    goals = (
        Goal(title, name, baseline, target, at_most, complement, series[name][-1], pooled(series[name]))
        for title, name, baseline, target, at_most, complement in aims
        if name in series
    )
    return tuple(goal for goal in goals if goal.lately is not None)


def _data_facts(connection: "DuckDBPyConnection", week: datetime, as_of: datetime) -> DataFacts:
    facts = query(connection, "data_facts", {"as_of": as_of})[0]
    reasons = query(connection, "quarantine_reasons", {"since": week, "as_of": as_of})
    return DataFacts(
        **facts,
        quarantine_reasons=tuple(
            f"{row['records']:,} from {row['source']}, {row['field']}: {row['reason'][:200]}" for row in reasons
        ),
    )


def _segment(row: Mapping[str, Any]) -> Segment:
    return Segment(
        name=row["industry"],
        decided=row["decided"],
        progressed=row["progressed"],
        handed_off=row["handed_off"],
        handed_off_progressed=row["handed_off_progressed"],
    )


def _lead(row: Mapping[str, Any]) -> Lead:
    return Lead(
        lead_id=row["lead_id"],
        name=row["lead_name"],
        company=row["company_name"],
        score=row["qualification_score"],
        progression_probability=row["progression_probability"],
        voice_ai_fit=row["voice_ai_fit"],
        recommendation=row["recommendation"],
        priority=row["priority"],
        reasons=tuple(row["reasons"][:REASONS_SHOWN]),
        scored_at=row["predicted_at"],
    )
