"""A report as pages: no script, no request to anywhere, and the same bytes for the same report."""

from collections.abc import Sequence

from improvement import wording
from improvement.members import Gap, falls, gaps
from reports.as_json import render_json
from reports.charts import CHARTED, Chart, Level, chosen, draw
from reports.front import front_of, measures_of, number_over
from reports.pages import page, shown_by
from reports.periods import AnyReport, PublishedReport, as_published
from reports.weekly import ASSUMPTIONS, Goal, WeeklyReport, says_something
from reports.words import earned_text, expected_text, measured_text

__all__ = ["render_html", "render_json", "render_technical"]

JUDGED_BESIDE_OTHERS = (("decision_approval", "template"), ("decision_quality", "template"))
"""Parts that rules hold against the others."""
JUDGED_BY_FALL = (
    ("decision_success", "method"), ("decision_success", "system"), ("progression_rate", "source"),
)  # fmt: skip
"""Parts that rules hold against the others and their own past."""


def render_html(report: AnyReport) -> str:
    """The executive report as one self-contained page."""
    published = as_published(report)
    week, measures = published.report, measures_of(published)
    return page(
        "report.html",
        report=week,
        period=published.period,
        front=front_of(published),
        figures=[number_over(one, published.period.previous.title) for one in published.figures],
        shown=shown_by(week.zone),
        charts=charts_of(published),
        measures=list(measures.values()),
        expected=lambda one: expected_text(one, measures.get(one.measure)),
        measured=lambda line: measured_text(line, measures.get(line.measure)),
        earned=earned_text(week.earned),
        segments=[segment for segment in week.segments if segment.handed_off] or week.segments,
        has_predictions=week.data.predictions > 0,
    )


def render_technical(report: AnyReport) -> str:
    """The technical report: each number with how it was computed, for who wants to check it."""
    published = as_published(report)
    week, measures = published.report, measures_of(published)
    return page(
        "technical.html",
        report=week,
        period=published.period,
        front=front_of(published),
        figures=[number_over(one, published.period.previous.title) for one in published.figures],
        shown=shown_by(week.zone),
        measures=list(measures.values()),
        parts_of=lambda name: [
            (dimension, trends) for (measure, dimension), trends in sorted(week.members.items()) if measure == name
        ],
        gaps_of=lambda name, dimension: _gaps(week, name, dimension),
        measured=lambda line: measured_text(line, measures.get(line.measure)),
        earned=earned_text(week.earned),
        assumptions=ASSUMPTIONS,
        has_predictions=week.data.predictions > 0,
    )


def charts_of(published: PublishedReport) -> list[Chart]:
    """The charts of a report, with levels to beat."""
    charted = published.charted or published.report.series
    speaking = {name: series for name, series in charted.items() if says_something(series)}
    levels = {goal.measure: _levels(goal) for goal in published.report.goals if not goal.complement}
    return [draw(speaking[name], levels.get(name, ())) for name in chosen(CHARTED, speaking)]


def _levels(goal: Goal) -> Sequence[Level]:
    target = (f"target {wording.percent(goal.target)}", goal.target)
    if goal.baseline is None:
        return (target,)
    return (target, (f"old rules {wording.percent(goal.baseline)}", goal.baseline))


def _gaps(week: WeeklyReport, measure: str, dimension: str) -> list[Gap]:
    """How far each part is from the others, where rules look at that."""
    parts = week.members.get((measure, dimension), ())
    if (measure, dimension) in JUDGED_BESIDE_OTHERS:
        return gaps(parts)
    return falls(parts) if (measure, dimension) in JUDGED_BY_FALL else []
