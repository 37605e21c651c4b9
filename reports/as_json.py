"""The report for machines: sorted keys, and nothing that differs between two runs as of the same moment."""

from dataclasses import asdict
from datetime import datetime
from json import dumps
from typing import Any

from improvement.recommendation import Recommendation
from improvement.trends import Trend
from improvement.week import Segment
from monitoring.estimate import Estimate
from monitoring.measure import Measurement
from reports.weekly import Goal, WeeklyReport, week_name
from ringback.clock import WEEK

DIGITS = 6


def render_json(report: WeeklyReport) -> str:
    """The report as JSON text; times are UTC, shares between 0 and 1, `generated_at` is the report's as_of."""
    return dumps(_rounded(_shape(report)), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def health(report: WeeklyReport) -> str:
    """excellent, good, needs_attention or critical, from what the rules found."""
    found = {recommendation.priority for recommendation in report.recommendations}
    if any(r.rule == "calls_stopped" and r.priority == "HIGH" for r in report.recommendations):
        return "critical"
    return "needs_attention" if "HIGH" in found else "good" if found else "excellent"


def _shape(report: WeeklyReport) -> dict[str, Any]:
    return {
        "report_metadata": {
            "report_id": f"weekly-{week_name(report.week)}",
            "report_type": "weekly",
            "generated_at": report.as_of,
            "analysis_period": {
                "start_date": report.week.date().isoformat(),
                "end_date": (report.week + WEEK).date().isoformat(),
                "days_analyzed": min(7, max(0, -(-(report.as_of - report.week).total_seconds() // 86400))),
                "is_over": report.is_over,
            },
            "week": week_name(report.week),
            "zone": report.zone,
            "synthetic": report.synthetic,
            "flow_run": report.flow_run,
            "headline": report.headline,
            "key_measures": list(report.keys),
        },
        "performance_metrics": {
            name: _measure(series[-1]) | {"weeks": [_measured(m) for m in series]}
            for name, series in report.series.items()
        },
        "trends": [_trend(trend) for trend in report.trends.values()],
        "goals": [_goal(goal) for goal in report.goals],
        "recommendations": [_recommendation(recommendation) for recommendation in report.recommendations],
        "models": [asdict(model) for model in report.models],
        "attempts": [asdict(attempt) for attempt in report.attempts],
        "estimates": [_estimate(estimate) for estimate in report.estimates],
        "deciding_versions": [asdict(deciding) for deciding in report.deciding],
        "leads": [asdict(lead) for lead in report.leads],
        "segments": [_segment(segment) for segment in report.segments],
        "data": asdict(report.data),
        "system_health": {
            "overall_status": health(report),
            "component_health": _components(report),
            "alerts": [
                {"rule": r.rule, "subject": r.subject, "title": r.title}
                for r in report.recommendations
                if r.priority == "HIGH"
            ],
        },
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "since": estimate.since,
        "until": estimate.until,
        "expected": [asdict(one) for one in estimate.expected],
        "turned_out": [asdict(estimate.realised.figures[one.name]) for one in estimate.expected],
    }


def _measure(now: Measurement) -> dict[str, Any]:
    measure = now.measure
    return _measured(now) | {
        "title": measure.title,
        "unit": measure.unit,
        "kind": measure.kind,
        "direction": measure.direction,
        "owner": measure.owner,
        "file": measure.file,
        "minimum_sample": measure.minimum_sample,
    }


def _measured(m: Measurement) -> dict[str, Any]:
    return {"week": week_name(m.week), "value": m.value, "low": m.low, "high": m.high, "n": m.n, "enough": m.enough}


def _trend(trend: Trend) -> dict[str, Any]:
    p_value = trend.p_value
    relative = trend.difference / trend.before_value if trend.difference is not None and trend.before_value else None
    return {
        "metric_name": trend.measure.name,
        "trend_direction": trend.direction,
        "change_percentage": None if relative is None else 100 * relative,
        "significance": "low" if p_value is None or p_value >= 0.05 else "medium" if p_value >= 0.01 else "high",
        "p_value_adjusted": p_value,
        "difference": trend.difference,
        "low": trend.low,
        "high": trend.high,
        "slope_a_week": trend.slope,
        "slope_low": trend.slope_low,
        "slope_high": trend.slope_high,
        "changed_in": None if trend.changed_in is None else week_name(trend.changed_in),
        "n": trend.now.n,
        "before": None
        if trend.before is None
        else {"value": trend.before_value, "n": trend.before.n, "weeks": trend.before.weeks},
    }


def _goal(goal: Goal) -> dict[str, Any]:
    return {
        "title": goal.title,
        "measure": goal.measure,
        "is_one_minus_measure": goal.complement,
        "baseline": goal.baseline,
        "target": goal.target,
        "target_is_upper_limit": goal.at_most,
        "this_week": None if goal.now is None else _measured(goal.now),
        "all_weeks": None if goal.lately is None else _measured(goal.lately),
    }


def _recommendation(r: Recommendation) -> dict[str, Any]:
    return {
        "id": f"{r.rule}:{r.subject}",
        "rule": r.rule,
        "subject": r.subject,
        "priority": r.priority,
        "category": r.category,
        "title": r.title,
        "description": r.description,
        "evidence": [{"label": label, "text": text} for label, text in r.evidence],
        "action_items": list(r.action_items),
        "measure": r.measure,
        "estimated_impact": {"metric_improvements": {}, "roi_estimate": None, "implementation_effort": r.effort_hours},
    }


def _segment(segment: Segment) -> dict[str, Any]:
    low, high = segment.interval
    return {
        "industry": segment.name,
        "decided": segment.decided,
        "progressed": segment.progressed,
        "handed_off": segment.handed_off,
        "handed_off_progressed": segment.handed_off_progressed,
        "handed_off_share": segment.handed_off_share,
        "low": low,
        "high": high,
        "verdict": segment.verdict,
    }


def _components(report: WeeklyReport) -> dict[str, str]:
    states = {"HIGH": "needs_attention", "MEDIUM": "good", "LOW": "good"}
    health = dict.fromkeys(
        ("data_collection", "data_quality", "enrichment", "model", "operations", "qualification"), "excellent"
    )
    for r in reversed(report.recommendations):
        health[r.category] = states[r.priority]
    return health


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
