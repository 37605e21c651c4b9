"""The report for machines: sorted keys, and nothing that differs between two runs as of the same moment."""

from collections.abc import Sequence
from json import dumps
from math import ceil
from typing import Any

from improvement.recommendation import Recommendation
from improvement.roi import Cumulative, Return
from improvement.tickets import HeldBack, Line
from improvement.trends import Trend
from improvement.week import Segment
from monitoring.estimate import Estimate
from monitoring.measure import Measurement
from reports import action_shapes, shapes
from reports.periods import AnyReport, PeriodFigure, PublishedReport, as_published, headline
from reports.weekly import Goal, WeeklyReport, week_name

DIGITS = 6
DAY_SECONDS = 86_400


def render_json(report: AnyReport) -> str:
    """The report as JSON text of the published schema; `generated_at` is the report's as_of, not when it was made."""
    facts = shape_of(as_published(report)).model_dump(mode="json")
    return dumps(_rounded(facts), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def render_run(report: AnyReport) -> str:
    """How the report came about, which is another story each time: the flow run, and what must be known of it."""
    week = as_published(report).report
    told = {"flow_run": week.flow_run, "notes": list(week.notes)}
    return dumps(told, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def health(report: WeeklyReport) -> shapes.Health:
    """excellent, good, needs_attention or critical, from what the rules found."""
    found = {recommendation.priority for recommendation in report.recommendations}
    if any(r.rule == "calls_stopped" and r.priority == "HIGH" for r in report.recommendations):
        return "critical"
    return "needs_attention" if "HIGH" in found else "good" if found else "excellent"


def shape_of(published: PublishedReport) -> shapes.ReportShape:
    """The report as the schema describes it."""
    week = published.report
    return shapes.ReportShape(
        report_metadata=_metadata(published),
        performance_metrics={name: _measure(series) for name, series in week.series.items()},
        trends=[shapes.TrendShape(**_trend(trend)) for trend in week.trends.values()],
        parts=[_part(trend) for _, trends in sorted(week.members.items()) for trend in trends],
        period_figures=[_period_figure(figure) for figure in published.figures],
        goals=[_goal(goal) for goal in week.goals],
        recommendations=[_recommendation(recommendation) for recommendation in week.recommendations],
        tickets=[_ticket(line) for line in week.tickets],
        held_back=[_held_back(one) for one in week.held_back],
        earned=None if week.earned is None else _earned(week.earned),
        models=[shapes.ModelShape.model_validate(model) for model in week.models],
        attempts=[shapes.ModelShape.model_validate(attempt) for attempt in week.attempts],
        estimates=[_estimate(estimate) for estimate in week.estimates],
        thresholds=None
        if week.thresholds is None
        else shapes.ThresholdsShape(
            is_change=week.thresholds.is_change, said=week.thresholds.said(), n=week.thresholds.n
        ),
        deciding_versions=[shapes.DecidingShape.model_validate(deciding) for deciding in week.deciding],
        leads=[shapes.LeadShape.model_validate(lead) for lead in week.leads],
        segments=[_segment(segment) for segment in week.segments],
        components=[shapes.ComponentShape.model_validate(component) for component in week.components],
        decision_log=None if week.decisions is None else shapes.LogQuality.model_validate(week.decisions),
        data=shapes.DataShape.model_validate(week.data),
        system_health=shapes.SystemHealth(
            overall_status=health(week),
            component_health=_components(week),
            alerts=[
                shapes.Alert(rule=r.rule, subject=r.subject, title=r.title)
                for r in week.recommendations
                if r.priority == "HIGH"
            ],
        ),
    )


def _metadata(published: PublishedReport) -> shapes.ReportMetadata:
    week, period = published.report, published.period
    begun = ceil((week.as_of - period.first_week).total_seconds() / DAY_SECONDS)
    return shapes.ReportMetadata(
        schema_version=shapes.SCHEMA_VERSION,
        report_id=f"{period.kind}-{period.name}",
        report_type=period.kind,
        name=period.name,
        generated_at=week.as_of.isoformat(),
        analysis_period=shapes.AnalysisPeriod(
            start_date=period.first_week.date().isoformat(),
            end_date=period.ends.date().isoformat(),
            days_analyzed=min(7 * period.weeks, max(0, begun)),
            weeks=period.weeks,
            is_over=published.is_over,
        ),
        week=week_name(week.week),
        zone=week.zone,
        synthetic=week.synthetic,
        headline=headline(published),
        key_measures=list(week.keys),
    )


def _estimate(estimate: Estimate) -> shapes.EstimateShape:
    figure = shapes.FigureShape.model_validate
    return shapes.EstimateShape(
        since=estimate.since.isoformat(),
        until=estimate.until.isoformat(),
        expected=[figure(one) for one in estimate.expected],
        turned_out=[figure(estimate.realised.figures[one.name]) for one in estimate.expected],
    )


def _measure(series: Sequence[Measurement]) -> shapes.MeasureValues:
    measure = series[-1].measure
    return shapes.MeasureValues(
        **_measured(series[-1]),
        title=measure.title,
        unit=measure.unit,
        kind=measure.kind,
        direction=measure.direction,
        owner=measure.owner,
        file=measure.file,
        minimum_sample=measure.minimum_sample,
        weeks=[shapes.WeekValue(**_measured(m)) for m in series],
    )


def _measured(m: Measurement) -> dict[str, Any]:
    return {"week": week_name(m.week), "value": m.value, "low": m.low, "high": m.high, "n": m.n, "enough": m.enough}


def _trend(trend: Trend) -> dict[str, Any]:
    p_value, before = trend.p_value, trend.before
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
        "before": before and shapes.Before(value=trend.before_value, n=before.n_so_far, weeks=before.weeks),
    }


def _part(trend: Trend) -> shapes.Part:
    now = trend.now
    return shapes.Part(
        **_trend(trend),
        dimension=trend.dimension,
        member=trend.member,
        value=now.value,
        value_low=now.low,
        value_high=now.high,
        enough=now.enough,
    )


def _period_figure(figure: PeriodFigure) -> shapes.PeriodShape:
    now, before = figure.now, figure.before
    return shapes.PeriodShape(
        metric_name=figure.measure.name,
        trend_direction=figure.direction,
        value=now and now.value,
        value_low=now and now.low,
        value_high=now and now.high,
        n=now.n if now else 0,
        weeks=now.weeks if now else 0,
        before=before and shapes.Before(value=before.value, n=before.n, weeks=before.weeks),
        difference=figure.difference,
        low=figure.low,
        high=figure.high,
        p_value_adjusted=figure.p_value,
    )


def _goal(goal: Goal) -> shapes.GoalShape:
    return shapes.GoalShape(
        title=goal.title,
        measure=goal.measure,
        is_one_minus_measure=goal.complement,
        baseline=goal.baseline,
        target=goal.target,
        target_is_upper_limit=goal.at_most,
        this_week=goal.now and shapes.WeekValue(**_measured(goal.now)),
        all_weeks=goal.lately and shapes.WeekValue(**_measured(goal.lately)),
        assumes=goal.assumes or None,
    )


def _recommendation(r: Recommendation) -> action_shapes.RecommendationShape:
    gains = {r.measure: action_shapes.Range.model_validate(r.expected)} if r.expected else {}
    return action_shapes.RecommendationShape(
        id=f"{r.rule}:{r.subject}",
        rule=r.rule,
        subject=r.subject,
        priority=r.priority,
        category=r.category,
        title=r.title,
        description=r.description,
        evidence=[action_shapes.Evidence(label=label, text=text) for label, text in r.evidence],
        action_items=list(r.action_items),
        measure=r.measure,
        dimension=r.dimension,
        member=r.member,
        estimated_impact=action_shapes.EstimatedImpact(
            metric_improvements=gains,
            applies_to_per_week=r.expected and r.expected.per_week_n,
            because=r.expected and r.expected.because,
            roi_estimate=r.returns.roi.value if r.returns and r.returns.roi else None,
            implementation_effort=r.effort_hours,
            returns=_returned(r.returns),
        ),
        earlier=list(r.earlier),
    )


def _returned(returns: Return | None) -> action_shapes.ReturnShape | None:
    return None if returns is None else action_shapes.ReturnShape.model_validate(returns)


def _ticket(line: Line) -> action_shapes.TicketShape:
    own = ("impact", "expected", "returned", "implemented_on")
    same = {name: getattr(line, name) for name in action_shapes.TicketShape.model_fields if name not in own}
    return action_shapes.TicketShape(
        **same,
        expected=_returned(line.expected),
        returned=_returned(line.returned),
        implemented_on=None if line.implemented_on is None else line.implemented_on.date().isoformat(),
        impact=_impact(line),
    )


def _impact(line: Line) -> action_shapes.ImpactShape | None:
    impact = line.impact
    if impact is None:
        return None
    own = ("n_before", "n_after", "reasons")
    same = {name: getattr(impact, name) for name in action_shapes.ImpactShape.model_fields if name not in own}
    return action_shapes.ImpactShape(
        **same, n_before=impact.touched.n_before, n_after=impact.touched.n_after, reasons=list(impact.reasons)
    )


def _held_back(one: HeldBack) -> action_shapes.HeldBackShape:
    proposal = one.proposal
    return action_shapes.HeldBackShape(
        rule=proposal.rule, subject=proposal.subject, title=proposal.title, ticket_id=one.ticket_id, state=one.state
    )


def _earned(earned: Cumulative) -> action_shapes.EarnedShape:
    return action_shapes.EarnedShape.model_validate(earned)


def _segment(segment: Segment) -> shapes.SegmentShape:
    low, high = segment.interval
    return shapes.SegmentShape(
        industry=segment.name,
        decided=segment.decided,
        progressed=segment.progressed,
        handed_off=segment.handed_off,
        handed_off_progressed=segment.handed_off_progressed,
        handed_off_share=segment.handed_off_share,
        low=low,
        high=high,
        verdict=segment.verdict,
    )


def _components(report: WeeklyReport) -> dict[str, shapes.Health]:
    states: dict[str, shapes.Health] = {"HIGH": "needs_attention", "MEDIUM": "good", "LOW": "good"}
    health: dict[str, shapes.Health] = dict.fromkeys(
        ("data_collection", "data_quality", "enrichment", "model", "operations", "qualification"), "excellent"
    )
    for r in reversed(report.recommendations):
        health[r.category] = states[r.priority]
    return health


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value
