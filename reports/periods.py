"""Weeks, months and quarters: which weeks they have, and what changed from one to the next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import sqrt
from typing import Literal

from improvement.trends import FALSE_DISCOVERY_RATE, LEAST_WEEKS, Direction, by_measure
from monitoring.measure import Measure, Measurement, measure_weeks, pooled
from reports.weekly import WeeklyReport, week_name
from ringback.clock import WEEK, week_start
from warehouse.connect import reading

Kind = Literal["weekly", "monthly", "quarterly"]
KINDS: tuple[Kind, ...] = ("weekly", "monthly", "quarterly")
MONTHS: Mapping[Kind, int] = {"monthly": 1, "quarterly": 3}
WEEKS_CHARTED: Mapping[Kind, int] = {"weekly": 13, "monthly": 13, "quarterly": 26}
WHOLE_AFTER = timedelta(days=6)
"""On a Sunday the week that ends counts as whole."""
NAMES: Mapping[Kind, re.Pattern[str]] = {
    "weekly": re.compile(r"(\d{4})-W(0[1-9]|[1-4]\d|5[0-3])"), "monthly": re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    "quarterly": re.compile(r"(\d{4})-Q([1-4])"),
}  # fmt: skip
NEIGHBOURS = 1 / 3
"""Correlation with the week before that is allowed for, of what varies between weeks beyond sampling."""
UNCLEAR: frozenset[Direction] = frozenset({"stable", "not enough data"})


@dataclass(frozen=True, slots=True)
class Period:
    """A week, or the whole weeks whose Thursday lies in a month or quarter, as ISO weeks belong to years."""

    kind: Kind
    name: str
    """`2026-W12`, `2026-03` or `2026-Q1`."""
    first_week: datetime
    """The Monday it begins."""
    last_week: datetime

    @property
    def weeks(self) -> int:
        """How many it has."""
        return (self.last_week - self.first_week) // WEEK + 1

    @property
    def ends(self) -> datetime:
        """The moment after its last."""
        return self.last_week + WEEK

    @property
    def previous(self) -> "Period":
        """The one before it."""
        return period_with(self.kind, self.first_week - WEEK)

    @property
    def title(self) -> str:
        """What people call it: `Week 2026-W12`, `March 2026`, `Quarter 1 of 2026`."""
        if self.kind == "weekly":
            return f"Week {self.name}"
        if self.kind == "monthly":
            return f"{self.first_week + timedelta(days=3):%B %Y}"
        return f"Quarter {self.name[-1]} of {self.name[:4]}"


@dataclass(frozen=True, slots=True)
class PeriodFigure:
    """A measure over a period against the period before."""

    measure: Measure
    now: Measurement | None
    """Its weeks pooled; a count is the sum of them. None where nothing was observed."""
    before: Measurement | None
    difference: float | None = None
    """In the measure's own unit; of a count, how many a week."""
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    """Adjusted for the number of measures."""
    direction: Direction = "not enough data"


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """A report of a period: that of its last week, and what the period as a whole shows."""

    report: WeeklyReport
    period: Period
    figures: tuple[PeriodFigure, ...] = ()
    """Of each measure; empty for a week."""
    charted: Mapping[str, Sequence[Measurement]] = field(default_factory=dict)
    """The weeks that charts show, by measure, the oldest first."""

    @property
    def is_over(self) -> bool:
        """Whether the period had ended as of the report's moment."""
        return self.report.as_of >= self.period.ends

    def figure(self, measure: str) -> PeriodFigure | None:
        """A measure over the period; None in a weekly report."""
        return next((one for one in self.figures if one.measure.name == measure), None)


AnyReport = WeeklyReport | PublishedReport


def as_published(report: AnyReport) -> PublishedReport:
    """A week's report as that of its period."""
    if isinstance(report, PublishedReport):
        return report
    return PublishedReport(report, period_with("weekly", report.week), (), report.series)


def period_of(kind: Kind, moment: datetime) -> Period:
    """The last whole week, month or quarter as of a moment; on a Sunday the week that ends is whole.

    >>> period_of("weekly", datetime(2026, 3, 22, 14)).name, period_of("monthly", datetime(2026, 4, 5, 14)).name
    ('2026-W12', '2026-03')
    >>> period_of("quarterly", datetime(2026, 3, 22, 14)).name
    '2025-Q4'
    """
    last_whole = week_start(moment - WHOLE_AFTER)
    period = period_with(kind, last_whole)
    return period if period.last_week <= last_whole else period.previous


def period_with(kind: Kind, moment: datetime) -> Period:
    """The period that the moment's week belongs to.

    >>> period = period_with("monthly", datetime(2026, 3, 30))  # its Thursday is the 2nd of April
    >>> period.name, period.first_week.day, period.weeks
    ('2026-04', 30, 5)
    """
    week = week_start(moment)
    if kind == "weekly":
        return Period(kind, week_name(week), week, week)
    thursday, months = week + timedelta(days=3), MONTHS[kind]
    first = datetime(thursday.year, (thursday.month - 1) // months * months + 1, 1)
    month = first.month + months
    end = datetime(first.year + month // 13, (month - 1) % 12 + 1, 1)
    name = f"{first.year:04}-{first.month:02}" if kind == "monthly" else f"{first.year:04}-Q{first.month // 3 + 1}"
    return Period(kind, name, _first_week(first), _first_week(end) - WEEK)


def period_named(kind: Kind, name: str) -> Period | None:
    """The period that a name means; None where it means none.

    >>> period_named("quarterly", "2026-Q1").weeks, period_named("weekly", "2026-W60"), period_named("monthly", "x")
    (13, None, None)
    """
    found = NAMES[kind].fullmatch(name)
    if found is None:
        return None
    year, number = int(found[1]), int(found[2])
    try:
        if kind == "weekly":
            return period_with(kind, datetime.fromisocalendar(year, number, 1))
        return period_with(kind, _first_week(datetime(year, (number - 1) * MONTHS[kind] + 1, 1)))
    except ValueError:
        return None


def gather_period(report: WeeklyReport, period: Period) -> PublishedReport:
    """What the period shows beside the report of its last week, as known as of the report's moment.

    The warehouse is open only while it is queried. Raises NotMigrated where there is none.
    """
    if period.kind == "weekly":
        return as_published(report)
    before = period.previous
    first_charted = period.last_week - (WEEKS_CHARTED[period.kind] - 1) * WEEK
    with reading() as connection:
        measured = measure_weeks(connection, min(before.first_week, first_charted), period.last_week, report.as_of)
    series = by_measure(measured)
    figures = judged(
        [
            compared(
                [m for m in weeks if m.week >= period.first_week],
                [m for m in weeks if before.first_week <= m.week <= before.last_week],
            )
            for weeks in series.values()
        ]
    )
    charted = {name: [m for m in weeks if m.week >= first_charted] for name, weeks in series.items()}
    return PublishedReport(report, period, tuple(figures), charted)


def compared(now: Sequence[Measurement], before: Sequence[Measurement]) -> PeriodFigure:
    """A measure's weeks of a period against those of the period before; `now` has at least one.

    The 95 % interval of the difference and the p-value are Student's t, with the weeks' number less two as degrees of
    freedom; the variance is sampling's times the dispersion of the weeks around their period's level (Pearson's, at
    least 1; McCullagh and Nelder 1989, section 4.5), of which what sampling does not explain counts for more, because
    weeks resemble their neighbours: (1 + r) / (1 - r) times, as for a mean of an autoregressive series. Fewer than
    `LEAST_WEEKS` weeks with values, or too small a sample on either side, are not enough data.
    """
    from scipy.stats import t

    of_now, of_before = pooled(now), pooled(before)
    figure = PeriodFigure(now[0].measure, of_now, of_before)
    if of_now is None or of_before is None or not (of_now.enough and of_before.enough):
        return figure
    weeks = of_now.weeks + of_before.weeks
    if weeks < LEAST_WEEKS or min(of_now.weeks, of_before.weeks) < 2:
        return figure
    freedom = weeks - 2
    beyond_sampling = max(0.0, (_squares(now, of_now) + _squares(before, of_before)) / freedom - 1)
    dispersion = 1 + (1 + NEIGHBOURS) / (1 - NEIGHBOURS) * beyond_sampling
    error = sqrt(dispersion * sum(_of_one(one) / _observations(one) for one in (of_now, of_before)))
    difference = _level(of_now) - _level(of_before)
    if error <= 0:
        return figure
    half = float(t.ppf(0.975, freedom)) * error
    p_value = float(2 * t.sf(abs(difference) / error, freedom))
    return replace(figure, difference=difference, low=difference - half, high=difference + half, p_value=p_value)


def judged(figures: Sequence[PeriodFigure]) -> list[PeriodFigure]:
    """Say which way each measure went; the share of false ones among what is called clear is held at 5 %.

    Benjamini and Hochberg 1995, over all measures of the period.
    """
    from statsmodels.stats.multitest import multipletests

    p_values = [one.p_value for one in figures if one.p_value is not None]
    adjusted = iter(multipletests(p_values, method="fdr_bh")[1] if p_values else ())
    return [one if one.p_value is None else _directed(replace(one, p_value=float(next(adjusted)))) for one in figures]


def headline(published: PublishedReport) -> str:
    """The period in one sentence: what changed most, or that nothing clearly did."""
    from improvement.wording import value_text

    period, report = published.period, published.report
    if period.kind == "weekly" or not report.data.calls:
        return report.headline
    clear = [one for one in published.figures if one.direction not in UNCLEAR]
    if not clear:
        known = any(one.direction == "stable" for one in published.figures)
        told = "no measure moved beyond what chance explains" if known else "there is not enough data to say what moved"
        return f"{period.title}: {told}, against {period.previous.title}."
    first = min(clear, key=lambda one: (one.direction in ("rising", "falling"), one.p_value or 0.0, one.measure.name))
    moved = "rose" if (first.difference or 0) > 0 else "fell"
    sense = {"improving": " That is better.", "declining": " That is worse."}.get(first.direction, "")
    now, before = (value_text(first.measure, _said_level(one)) for one in (first.now, first.before))
    a_week = " a week" if first.measure.kind == "count" else ""
    sample = "" if first.measure.kind == "count" or first.now is None else f" (n = {first.now.n:,})"
    return (
        f"{period.title}: {first.measure.title} {moved} to {now}{a_week}{sample}, from {before} in "
        f"{period.previous.title}.{sense}"
    )


def _first_week(day: datetime) -> datetime:
    """The Monday of the first week whose Thursday is not before the day."""
    return week_start(day + timedelta(days=3))


def _said_level(pooled_weeks: Measurement | None) -> float | None:
    return None if pooled_weeks is None else _level(pooled_weeks)


def _level(one: Measurement) -> float:
    """A share or mean as it is; of a count how many a week, each week to the point that the newest has reached."""
    return one.n_so_far / one.weeks if one.measure.kind == "count" else (one.value or 0.0)


def _observations(one: Measurement) -> int:
    """What the variance of one is divided by: weeks of a count, else observations."""
    return one.weeks if one.measure.kind == "count" else max(one.n, 1)


def _of_one(together: Measurement) -> float:
    """The variance that sampling gives one observation, or one week's count, at the level of a period."""
    if together.measure.kind == "count":
        return max(_level(together), 1.0)
    if together.measure.kind == "share":
        level = ((together.value or 0.0) * together.n + 1) / (together.n + 2)  # a share of nought or one varies, too
        return level * (1 - level)
    return (together.deviation or 0.0) ** 2


def _squares(weeks: Sequence[Measurement], together: Measurement) -> float:
    """How far weeks are from their period's level, in squares of what sampling explains."""
    known = [m for m in weeks if m.value is not None and (m.n or m.measure.kind == "count")]
    variance, level = _of_one(together), _level(together)
    if variance <= 0:
        return 0.0
    return sum((_level(m) - level) ** 2 * _observations(m) for m in known) / variance


def _directed(figure: PeriodFigure) -> PeriodFigure:
    if figure.p_value is None or figure.p_value >= FALSE_DISCOVERY_RATE:
        return replace(figure, direction="stable")
    rose = (figure.difference or 0.0) > 0
    if figure.measure.direction == "neutral":
        return replace(figure, direction="rising" if rose else "falling")
    is_better = rose == (figure.measure.direction == "higher_is_better")
    return replace(figure, direction="improving" if is_better else "declining")
