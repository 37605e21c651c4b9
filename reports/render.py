"""A report as a page and as JSON: no script, no request to anywhere, and the same bytes for the same report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from improvement import wording
from improvement.trends import Trend
from monitoring.measure import Measurement
from reports.as_json import render_json
from reports.charts import CHARTED, Chart, chosen, draw
from reports.weekly import ASSUMPTIONS, Goal, WeeklyReport, says_something, week_name
from ringback.clock import WEEK, shown_in

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page", "render_html", "render_json"]

FIRST_RECOMMENDATIONS = 3


def render_html(report: WeeklyReport) -> str:
    """The report as one self-contained page."""
    from markupsafe import Markup

    charts = _charts(report)
    return page(
        "weekly.html",
        report=report,
        name=week_name(report.week),
        last_day=report.week + WEEK,
        shown=lambda moment, pattern="%a %-d %b %Y, %H:%M %Z": shown_in(moment, report.zone).strftime(pattern),
        keys=[report.trends[key] for key in report.keys],
        first_recommendations=FIRST_RECOMMENDATIONS,
        charts=[(chart, Markup(chart.svg)) for chart in charts],  # noqa: S704  (drawn by us from numbers and our titles)
        measures=[series[-1].measure for series in report.series.values()],
        segments=[segment for segment in report.segments if segment.handed_off] or report.segments,
        has_predictions=report.data.predictions > 0,
        assumptions=ASSUMPTIONS,
    )


def page(template: str, **facts: object) -> str:
    """Fill one of our templates; every name from outside is escaped."""
    return _environment().get_template(template).render(**facts)


def _charts(report: WeeklyReport) -> list[Chart]:
    speaking = {name: series for name, series in report.series.items() if says_something(series)}
    lines = {goal.measure: _levels(goal) for goal in report.goals if not goal.complement}
    return [draw(speaking[name], lines.get(name, ())) for name in chosen(CHARTED, speaking)]


def _levels(goal: Goal) -> Sequence[tuple[str, float]]:
    target = (f"target {wording.percent(goal.target)}", goal.target)
    if goal.baseline is None:
        return (target,)
    return (target, (f"old rules {wording.percent(goal.baseline)}", goal.baseline))


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": _unbroken(wording.percent),
        "evidence": _unbroken(wording.evidence_text),
        "sample": _unbroken(wording.sample_text),
        "against": _unbroken(wording.against_text),
        "difference": _unbroken(wording.difference_text),
        "value": _unbroken(_value),
        "interval": _unbroken(_interval),
        "verdict": _verdict,
        "goal": _unbroken(_goal),
        "day": _day,
    }
    return environment


Said = ParamSpec("Said")


def _unbroken(say: Callable[Said, str]) -> Callable[Said, str]:
    """Keep `n = 70` and `61 %` on one line."""

    def said(*args: Said.args, **kwargs: Said.kwargs) -> str:
        return (
            say(*args, **kwargs)
            .replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
            .replace(" %", "\N{NO-BREAK SPACE}%")
        )

    return said


def _value(measurement: Measurement) -> str:
    return wording.value_text(measurement.measure, measurement.value)


def _interval(measurement: Measurement) -> str:
    return wording.range_text(measurement.measure, measurement.low, measurement.high)


def _verdict(trend: Trend) -> str:
    signs = {"up": "\N{UPWARDS ARROW}", "down": "\N{DOWNWARDS ARROW}"}
    moved = "up" if (trend.difference or 0) > 0 else "down"
    return f"{signs[moved]} {trend.direction}" if trend.is_clear else trend.direction


def _goal(goal: Goal, measurement: Measurement | None) -> str:
    """A goal's number with interval and sample, turned round where it is one minus the measure."""
    if measurement is None or measurement.value is None or measurement.low is None or measurement.high is None:
        return wording.NOT_ENOUGH
    value, low, high = measurement.value, measurement.low, measurement.high
    if goal.complement:
        value, low, high = 1 - value, 1 - high, 1 - low
    few = "" if measurement.enough else f"; {wording.NOT_ENOUGH}"
    interval = wording.range_text(measurement.measure, low, high)
    return f"{wording.percent(value)} ({interval}; n = {measurement.n:,}{few})"


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"
