"""Gathering a week: measures, trends, parts, leads, segments and what the rules say, as they stood as of a moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from improvement.roi import Money
from improvement.rules import recommend
from improvement.rules.targets import (
    BASELINE_ACCURACY,
    BASELINE_REJECTED,
    TARGET_ACCURACY,
    TARGET_REJECTED,
    TARGET_TIME_SAVED,
    TARGET_VOICE_AI_PRECISION,
    TIME_SAVED_ASSUMES,
)
from improvement.trends import WEEKS_OF_NOISE, Trend, by_measure, trends_of_week
from improvement.week import DataFacts, ModelFacts, Segment, Signals, Week, judge_segments
from improvement.wording import moved_text, step_text
from monitoring.decisions import LOST, Counted
from monitoring.estimate import Estimate
from monitoring.measure import Measurement, load_measures, measure_members, measure_weeks, pooled
from monitoring.thresholds import Proposal
from reports.weekly import Component, Deciding, Goal, Lead, WeeklyReport, says_something
from ringback.clock import WEEK, week_start
from warehouse.connect import query, reading
from warehouse.decision_counts import DecisionCount, decision_counts, decision_quality

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WEEKS_SHOWN = 13
LEADS_SHOWN = 10
REASONS_SHOWN = 3
SENSE = {"improving": "better", "declining": "worse"}

KEY_MEASURES = ("live_accuracy", "rejection_rate", "progression_rate", "calls_held", "leads_scored",
                "voice_ai_precision", "high_value_rate", "text_coverage", "sentiment")  # fmt: skip
KEYS_SHOWN = 5


def gather(
    week: datetime,
    as_of: datetime,
    models: Sequence[ModelFacts],
    synthetic: bool,
    zone: str,
    flow_run: str | None,
    attempts: Sequence[ModelFacts] = (),
    estimates: Sequence[Estimate] = (),
    thresholds: Proposal | None = None,
    signals: Signals | None = None,
    money: Money | None = None,
) -> WeeklyReport:
    """Measure the week that contains `week` and those before it as of `as_of`; say what changed and what to do.

    Twelve weeks before it are shown and split into parts; up to a year more says how much each measure varies by
    itself. The warehouse is open only while it is queried. Raises NotMigrated where there is none.
    """
    week = week_start(week)
    with reading() as connection:
        first_week = week - (WEEKS_SHOWN - 1) * WEEK
        counted = Counted(connection, week, as_of)
        measured = measure_weeks(connection, first_week - WEEKS_OF_NOISE * WEEK, week, as_of, counted=counted)
        parts = _parts(connection, first_week, week, as_of, counted)
        data = _data_facts(connection, week, as_of)
        industries = query(connection, "industries", {"since": first_week, "as_of": as_of})
        leads = query(connection, "leads_of_week", {"week": week, "as_of": as_of, "at_most": LEADS_SHOWN})
        deciding = query(connection, "deciding_versions", {"week": week, "as_of": as_of})
        components = tuple(_component(count) for count in decision_counts(connection, week, week + WEEK, as_of, "week"))
        decisions = decision_quality(connection, as_of, week)
    trends = trends_of_week([*measured, *parts])
    series = {name: of_one[-WEEKS_SHOWN:] for name, of_one in by_measure(measured).items()}
    whole = {trend.measure.name: trend for trend in trends if not trend.dimension}
    members = _by_dimension(trends)
    segments = judge_segments([_segment(row) for row in industries])
    bought = signals or Signals()
    seen = Week(
        week, as_of, data, series, whole, members, tuple(models), segments, decisions, thresholds,
        bought.signals, bought.weeks, bought.attributed,
    )  # fmt: skip
    measures = {measure.name: measure for measure in load_measures()}
    return WeeklyReport(
        week=week,
        as_of=as_of,
        zone=zone,
        synthetic=synthetic,
        flow_run=flow_run,
        headline=headline(seen),
        series=series,
        trends=whole,
        keys=_keys(series),
        goals=_goals(series),
        recommendations=tuple(recommend(seen, money, measures)),
        models=tuple(models),
        attempts=tuple(attempts),
        estimates=tuple(estimates),
        deciding=tuple(Deciding(**row) for row in deciding),
        leads=tuple(_lead(row) for row in leads),
        segments=segments,
        data=data,
        members=members,
        components=tuple(one for one in components if one.name != LOST),
        decisions=decisions,
        thresholds=thresholds,
    )


def _parts(
    connection: "DuckDBPyConnection", first_week: datetime, week: datetime, as_of: datetime, counted: Counted
) -> list[Measurement]:
    return [
        part
        for measure in load_measures()
        for dimension in measure.dimensions
        for part in measure_members(connection, measure, dimension, first_week, week, as_of, counted)
    ]


def _by_dimension(trends: Sequence[Trend]) -> dict[tuple[str, str], tuple[Trend, ...]]:
    found: dict[tuple[str, str], tuple[Trend, ...]] = {}
    for trend in trends:
        if trend.dimension:
            key = (trend.measure.name, trend.dimension)
            found[key] = (*found.get(key, ()), trend)
    return found


def _component(count: DecisionCount) -> Component:
    return Component(
        count.log_type, count.n, count.success_rate, count.approval_rate, count.labelled, count.mean_quality,
        count.quality_n, count.seconds_within(0.5), count.seconds_within(0.95), count.seconds_n,
    )  # fmt: skip


def headline(seen: Week) -> str:
    """The week in one sentence: what changed most, or that nothing clearly did."""
    calls = seen.trends.get("calls_held")
    if not seen.data.calls:
        return "No calls have come in yet, so there is nothing to report."
    if calls is not None and calls.now.n == 0:
        last = seen.data.last_call_at
        return f"No calls were held this week; the last one was on {last:%-d %B %Y}." if last else "No calls were held."
    clear = sorted((c for c in seen.trends.values() if c.is_clear), key=_weight)
    if news := [trend for trend in clear if trend.is_news]:
        return _said(news[0])
    n = calls.now.n if calls is not None else 0
    held = "1 call was held" if n == 1 else f"{n:,} calls were held"
    if clear:
        latest = max(clear, key=lambda trend: trend.changed_in or trend.now.week)  # of one week the weightiest
        return f"{held}; no measure moved beyond what chance explains since {latest.measure.title} {step_text(latest)}."
    if all(trend.direction == "not enough data" for trend in seen.trends.values() if trend.measure.kind != "count"):
        return f"{held}; there is not enough data yet to say what changed."
    return f"{held}; no measure moved beyond what chance explains."


def _weight(trend: Trend) -> tuple[bool, bool, float, str]:
    """Good or bad news before mere news, the business's numbers before the machine's, the clearest first."""
    name = trend.measure.name
    return trend.direction not in ("improving", "declining"), name not in KEY_MEASURES, trend.p_value or 0.0, name


def _said(trend: Trend) -> str:
    sense = f" That is {SENSE[trend.direction]}." if trend.direction in ("improving", "declining") else ""
    return f"{trend.measure.title} {moved_text(trend)}.{sense}"


def _keys(series: Mapping[str, Sequence[Measurement]]) -> tuple[str, ...]:
    """The first measures of the list that have a value this week, those with enough data before the others."""
    known = [name for name in KEY_MEASURES if name in series and series[name][-1].value is not None]
    speaking = [name for name in known if says_something(series[name])]
    chosen = sorted(speaking, key=lambda name: not series[name][-1].enough)[:KEYS_SHOWN]
    return tuple(name for name in KEY_MEASURES if name in chosen)


def _goals(series: Mapping[str, Sequence[Measurement]]) -> tuple[Goal, ...]:
    aims = (
        ("Live accuracy", "live_accuracy", BASELINE_ACCURACY, TARGET_ACCURACY, False, False, ""),
        ("Voice AI precision", "voice_ai_precision", None, TARGET_VOICE_AI_PRECISION, False, False, ""),
        ("Hand-offs rejected", "rejection_rate", BASELINE_REJECTED, TARGET_REJECTED, True, False, ""),
        ("AE time saved: scored calls that no AE had to take", "handoff_rate", None, TARGET_TIME_SAVED, False, True,
         TIME_SAVED_ASSUMES),
    )  # fmt: skip
    goals = (
        Goal(title, name, baseline, target, at_most, complement, series[name][-1], pooled(series[name]), assumes)
        for title, name, baseline, target, at_most, complement, assumes in aims
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
