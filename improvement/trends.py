"""What changed: this week against the weeks before it, judged so that looking at many measures fools nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

from monitoring.measure import Measure, Measurement, pooled

WEEKS_BEFORE = 4
FALSE_DISCOVERY_RATE = 0.05

Verdict = Literal["better", "worse", "up", "down", "no clear change", "not enough data"]


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of this week against the weeks before, pooled; a count is compared per week."""

    measure: Measure
    now: Measurement
    before: Measurement | None
    before_value: float | None
    """What `now.value` is compared with: the pooled value; for a count the mean per week to the same point in it."""
    difference: float | None
    low: float | None
    """Lower end of the 95 % interval of the difference."""
    high: float | None
    p_value: float | None
    """Adjusted for the number of measures looked at, once `changes_of_week` has seen it."""
    verdict: Verdict

    @property
    def is_clear(self) -> bool:
        """Whether the measure moved beyond what chance explains."""
        return self.verdict in ("better", "worse", "up", "down")


def changes_of_week(measurements: Iterable[Measurement]) -> list[Change]:
    """Compare the newest week of each measure with the up to four before it, and judge all of them together.

    The verdicts hold the false discovery rate of the week's measures at 5 % (Benjamini and Hochberg 1995, statsmodels
    `multipletests`): of the changes called clear, about one in twenty is chance, however many measures there are.
    """
    from statsmodels.stats.multitest import multipletests

    changes = [compare(series[-1], series[-1 - WEEKS_BEFORE : -1]) for series in by_measure(measurements).values()]
    tested = [i for i, change in enumerate(changes) if change.p_value is not None]
    if tested:
        _, adjusted, *_ = multipletests([changes[i].p_value for i in tested], method="fdr_bh")
        for i, p_value in zip(tested, adjusted, strict=True):
            changes[i] = _judged(replace(changes[i], p_value=float(p_value)))
    return changes


def compare(now: Measurement, before: Sequence[Measurement]) -> Change:
    """Set one week against earlier weeks, pooled: difference, its 95 % interval, and a verdict on its own.

    Shares: Newcombe's hybrid score interval (Newcombe 1998, method 10; statsmodels `confint_proportions_2indep`) and
    the pooled z test. Means: Welch's t. Counts: difference of Poisson rates per week (MOVER, Li, Tang and Wong 2014;
    statsmodels `confint_poisson_2indep`) and the exact conditional test (Przyborowski and Wilenski 1940), each week
    counted to the point that the newest has reached. Calls that come in bursts vary more than Poisson says, so
    the change of a count is called clear somewhat too easily.
    """
    earlier = pooled(before)
    unknown = Change(now.measure, now, earlier, None, None, None, None, None, "not enough data")
    if earlier is None or not now.enough or not earlier.enough:
        return unknown if earlier is None else replace(unknown, before_value=_per_week(earlier))
    test = {"share": _shares, "mean": _means, "count": _counts}[now.measure.kind]
    difference, low, high, p_value = test(now, earlier)
    return _judged(replace(unknown, before_value=_per_week(earlier), difference=difference, low=low, high=high,
                           p_value=p_value))  # fmt: skip


def by_measure(measurements: Iterable[Measurement]) -> Mapping[str, list[Measurement]]:
    """The measurements of each measure by name, oldest week first."""
    series: dict[str, list[Measurement]] = {}
    for measurement in sorted(measurements, key=lambda m: m.week):
        series.setdefault(measurement.measure.name, []).append(measurement)
    return dict(sorted(series.items()))


Tested = tuple[float, float | None, float | None, float | None]


def _shares(now: Measurement, before: Measurement) -> Tested:
    from statsmodels.stats.proportion import confint_proportions_2indep

    hits, hits_before = _hits(now), _hits(before)
    low, high = confint_proportions_2indep(hits, now.n, hits_before, before.n, method="newcomb", compare="diff")
    return _value(now) - _value(before), float(low), float(high), share_p_value(hits, now.n, hits_before, before.n)


def share_p_value(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """How likely chance alone makes two shares differ this much (pooled z test, two-sided)."""
    from statsmodels.stats.proportion import proportions_ztest

    if hits + other_hits in (0, n + other_n):
        return 1.0
    _, p_value = proportions_ztest([hits, other_hits], [n, other_n])
    return float(p_value)


def _means(now: Measurement, before: Measurement) -> Tested:
    from scipy.stats import t

    difference = _value(now) - _value(before)
    if now.n < 2 or before.n < 2:
        return difference, None, None, None
    parts = [(m.deviation or 0.0) ** 2 / m.n for m in (now, before)]
    error = sqrt(sum(parts))
    if error == 0:
        return difference, difference, difference, 1.0 if difference == 0 else 0.0
    # Welch-Satterthwaite degrees of freedom (Welch 1947).
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (now.n - 1) + parts[1] ** 2 / (before.n - 1))
    half = float(t.ppf(0.975, freedom)) * error
    return difference, difference - half, difference + half, float(2 * t.sf(abs(difference) / error, freedom))


def _counts(now: Measurement, before: Measurement) -> Tested:
    from scipy.stats import binomtest
    from statsmodels.stats.rates import confint_poisson_2indep

    count, count_before, weeks = now.n_so_far, before.n_so_far, before.weeks
    if count + count_before == 0:
        return 0.0, 0.0, 0.0, 1.0
    low, high = confint_poisson_2indep(count, 1, count_before, weeks, method="mover", compare="diff")
    p_value = binomtest(count, count + count_before, 1 / (1 + weeks)).pvalue
    return count - count_before / weeks, float(low), float(high), float(p_value)


def _judged(change: Change) -> Change:
    if change.p_value is None or change.difference is None:
        return replace(change, verdict="not enough data")
    if change.p_value >= FALSE_DISCOVERY_RATE or change.difference == 0:
        return replace(change, verdict="no clear change")
    rose = change.difference > 0
    if change.measure.direction == "neutral":
        return replace(change, verdict="up" if rose else "down")
    return replace(change, verdict="better" if rose == (change.measure.direction == "higher_is_better") else "worse")


def _per_week(before: Measurement) -> float | None:
    return before.n_so_far / before.weeks if before.measure.kind == "count" else before.value


def _hits(measurement: Measurement) -> int:
    return round(_value(measurement) * measurement.n)


def _value(measurement: Measurement) -> float:
    if measurement.value is None:
        raise ValueError(f"{measurement.measure.name} has no value in the week of {measurement.week:%Y-%m-%d}")
    return measurement.value
