"""What changed: each measure's newest week and its course, judged so that looking at many of them fools nobody.

`docs/trends.md` says what each word means and how often it is said without cause.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Literal

from improvement.restless import NOTHING_KNOWN, Usual, usual_of
from improvement.scan import LEAST_BEFORE, Scanned, scan, slope_of
from monitoring.measure import Measure, Measurement, pooled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEKS_LOOKED_AT = 13
WEEKS_OF_NOISE = 52
"""Weeks before the last thirteen say how much a measure varies by itself."""
LEAST_WEEKS = 6
"""With enough observations; fewer say nothing of how much a measure varies by itself."""
FALSE_DISCOVERY_RATE = 0.05
NEWS = timedelta(weeks=4)
"""This week and the three before it: a step in them is news."""

Direction = Literal["improving", "declining", "rising", "falling", "stable", "not enough data"]
CLEAR: frozenset[Direction] = frozenset({"improving", "declining", "rising", "falling"})


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure, or one member's part of it: its newest week against the weeks before, and its course over all."""

    measure: Measure
    now: Measurement
    before: Measurement | None
    """The weeks before, pooled."""
    before_value: float | None = None
    """What `now.value` is compared with: the pooled value; for a count the mean per week to the same point in it."""
    difference: float | None = None
    low: float | None = None
    """Lower end of the 95 % interval of the difference."""
    high: float | None = None
    slope: float | None = None
    """Change a week over all the weeks, in the measure's unit."""
    slope_low: float | None = None
    slope_high: float | None = None
    changed_in: datetime | None = None
    """The week in which a step seems to have happened; None where it went gradually or nothing is clear."""
    p_value: float | None = None
    """Adjusted for the number of series looked at, once `trends_of_week` has seen it."""
    rose: bool = False
    """Which way the clearest of its movements went."""
    direction: Direction = "not enough data"
    weeks: tuple[Measurement, ...] = ()
    """The newest week and up to twelve before it, oldest first, whatever their number of observations."""

    @property
    def is_clear(self) -> bool:
        """Whether the measure moved beyond what chance explains."""
        return self.direction in CLEAR

    @property
    def is_news(self) -> bool:
        """Whether it moved lately, or goes on moving."""
        return self.is_clear and (self.changed_in is None or self.changed_in > self.now.week - NEWS)

    @property
    def dimension(self) -> str:
        """By what the measure was split; empty for the whole."""
        return self.now.dimension

    @property
    def member(self) -> str:
        """Which part of it this is; empty for the whole."""
        return self.now.member


def trends_of_week(measurements: Iterable[Measurement]) -> list[Trend]:
    """The trend of each measure and of each member's part, all judged together.

    The share of false ones among the movements that are called clear is held at 5 % (Benjamini and Hochberg 1995,
    statsmodels `multipletests`): where nothing moved at all, one report in twenty says of anything that it did.
    """
    from statsmodels.stats.multitest import multipletests

    listed = list(by_series(measurements).values())
    usual = usual_of([_on_scale(weeks) for series in listed if len(weeks := _all_weeks(series)) >= LEAST_WEEKS])
    trends = [trend_of(series, usual) for series in listed]
    tested = [i for i, trend in enumerate(trends) if trend.p_value is not None]
    if tested:
        _, adjusted, *_ = multipletests([trends[i].p_value for i in tested], method="fdr_bh")
        for i, p_value in zip(tested, adjusted, strict=True):
            trends[i] = _judged(replace(trends[i], p_value=float(p_value)))
    return trends


def trend_of(series: Sequence[Measurement], usual: Usual = NOTHING_KNOWN) -> Trend:
    """Judge one series by itself, oldest week first, the newest of them being the week that is spoken of.

    Up to twelve earlier weeks with enough observations are what it is held against, each counted to the point in the
    week that the newest has reached. Whether anything moved: `improvement.scan`, on a scale on which sampling alone
    gives every value a known variance: arcsine of a share's root (Anscombe 1948), a count's root (Anscombe 1948), a
    mean in units of its observations' standard deviation. The intervals of difference and slope are in the measure's
    own unit, Student's t, as wide as the weeks' own variation asks for, never narrower than sampling's.
    """
    now, before = series[-1], _usable(series[-WEEKS_LOOKED_AT:-1])
    earlier = pooled(before)
    shown = tuple(series[-WEEKS_LOOKED_AT:])
    trend = Trend(now.measure, now, earlier, _per_week(earlier) if earlier else None, weeks=shown)
    if earlier is None or not now.enough or len(before) + 1 < LEAST_WEEKS:
        return trend
    weeks = [*before, now]
    values, n = _on_scale(_all_weeks(series))
    found = scan(values, n, len(weeks), usual)
    difference, low, high = _difference(now, earlier, found.scale, len(weeks) - 2)
    slope = _slope(weeks, earlier, n[-len(weeks) :])
    return _judged(
        replace(
            trend, difference=difference, low=low, high=high, slope=slope[0], slope_low=slope[1], slope_high=slope[2],
            p_value=found.p_value, rose=found.rose, changed_in=_since(weeks, found),
        )
    )  # fmt: skip


Series = tuple[str, str, str]
"""Measure, dimension, member."""


def by_series(measurements: Iterable[Measurement]) -> Mapping[Series, list[Measurement]]:
    """The measurements of each measure and member, oldest week first."""
    series: dict[Series, list[Measurement]] = {}
    for m in sorted(measurements, key=lambda m: m.week):
        series.setdefault((m.measure.name, m.dimension, m.member), []).append(m)
    return dict(sorted(series.items()))


def by_measure(measurements: Iterable[Measurement]) -> Mapping[str, list[Measurement]]:
    """The measurements of each measure as a whole by name, oldest week first."""
    return {name: series for (name, dimension, _), series in by_series(measurements).items() if not dimension}


def share_p_value(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """How likely chance alone makes two shares differ this much (pooled z test, two-sided)."""
    from statsmodels.stats.proportion import proportions_ztest

    if hits + other_hits in (0, n + other_n):
        return 1.0
    _, p_value = proportions_ztest([hits, other_hits], [n, other_n])
    return float(p_value)


def count_p_value(trend: Trend) -> float | None:
    """How likely chance alone makes a count differ this much from the weeks before, be they few.

    Exact conditional test of two Poisson rates (Przyborowski and Wilenski 1940), each week counted to the point that
    the newest has reached. Events that come in bursts vary more than Poisson says: ask for a small value.
    """
    from scipy.stats import binomtest

    if trend.before is None:
        return None
    count, earlier = trend.now.n_so_far, trend.before.n_so_far
    if count + earlier == 0:
        return 1.0
    return float(binomtest(count, count + earlier, 1 / (1 + trend.before.weeks)).pvalue)


def _usable(series: Sequence[Measurement]) -> list[Measurement]:
    """Weeks with observations enough, as far into each as the newest has come."""
    return [m for m in series if m.enough and m.n_so_far >= min(m.measure.minimum_sample, 1)]


def _all_weeks(series: Sequence[Measurement]) -> list[Measurement]:
    """The newest week and all before it that have observations enough; none where the newest has not."""
    return [*_usable(series[:-1]), series[-1]] if series[-1].enough else []


def _on_scale(weeks: Sequence[Measurement]) -> tuple["Floats", "Floats"]:
    """Values of which sampling explains a variance of one over n, and those n; shapes (weeks,).

    Weeks with many observations count more, but not in proportion: what varies between weeks does so however many
    there are.
    """
    import numpy as np

    n = np.array([float(m.n_so_far) for m in weeks])
    if weeks[0].measure.kind == "count":
        return 2 * np.sqrt(n + 3 / 8), np.ones(len(n))
    values = np.array([_so_far(m) for m in weeks])
    weights = 2 / (1 / n + 1 / np.median(n))
    if weeks[0].measure.kind == "share":
        return 2 * np.arcsin(np.sqrt((values * n + 3 / 8) / (n + 3 / 4))), weights
    together = pooled(weeks[-WEEKS_LOOKED_AT:-1])
    return values / ((together.deviation if together else None) or 1.0), weights


def _difference(now: Measurement, before: Measurement, scale: float, freedom: int) -> tuple[float, float, float]:
    """The newest week less the weeks before, with its 95 % interval."""
    from scipy.stats import t

    value = float(now.n_so_far) if now.measure.kind == "count" else _so_far(now)
    compared_with = _per_week(before) or 0.0
    half = float(t.ppf(0.975, freedom)) * scale * sqrt(_variance(now, before) + _variance_before(before))
    return value - compared_with, value - compared_with - half, value - compared_with + half


def _variance(now: Measurement, before: Measurement) -> float:
    """What sampling alone gives one week's value, at the level of the weeks before."""
    level = _per_week(before) or 0.0
    if now.measure.kind == "count":
        return max(level, 1.0)
    n = max(now.n_so_far, 1)
    if now.measure.kind == "share":
        level = (level * before.n + 1) / (before.n + 2)  # a share of nought or one varies, too
        return level * (1 - level) / n
    return (before.deviation or 0.0) ** 2 / n


def _variance_before(before: Measurement) -> float:
    of_one = replace(before, n_so_far=max(before.n_so_far, 1))
    if before.measure.kind == "count":
        return max(_per_week(before) or 0.0, 1.0) / before.weeks
    return _variance(of_one, before)


def _slope(weeks: Sequence[Measurement], earlier: Measurement, n: "Floats") -> tuple[float, float, float]:
    import numpy as np

    is_count = weeks[0].measure.kind == "count"
    values = np.array([float(m.n_so_far) if is_count else _so_far(m) for m in weeks])
    return slope_of(values, n, sqrt(_variance(replace(weeks[-1], n_so_far=1), earlier)))


def _since(weeks: Sequence[Measurement], found: Scanned) -> datetime | None:
    return weeks[-found.weeks_since].week if found.weeks_since else None


def _judged(trend: Trend) -> Trend:
    if trend.p_value is None:
        return replace(trend, direction="not enough data")
    if trend.p_value >= FALSE_DISCOVERY_RATE:
        return replace(trend, direction="stable", changed_in=None)
    if trend.measure.direction == "neutral":
        return replace(trend, direction="rising" if trend.rose else "falling")
    is_better = trend.rose == (trend.measure.direction == "higher_is_better")
    return replace(trend, direction="improving" if is_better else "declining")


def _per_week(before: Measurement) -> float | None:
    return before.n_so_far / before.weeks if before.measure.kind == "count" else before.value_so_far


def _so_far(measurement: Measurement) -> float:
    if measurement.value_so_far is None:
        raise ValueError(f"{measurement.measure.name} has no value in the week of {measurement.week:%Y-%m-%d}")
    return measurement.value_so_far


assert LEAST_WEEKS > LEAST_BEFORE  # noqa: S101  (a step needs a week after it, too)
