"""Which part of a measure stays behind the others, or has fallen behind them: a template, a source, a method.

A part is held against all the others in the same weeks, so that what moves all of them is nobody's fault. Weeks vary
more than sampling says; by how much is taken from all the parts together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import sqrt
from typing import TypeAlias

from improvement.trends import FALSE_DISCOVERY_RATE, Trend
from monitoring.measure import Measure, Measurement, pooled

WINDOWS = (1, 3, 5)
"""Weeks, up to the newest, in which a part may lag: a sudden fall shows in one, a small gap needs five."""
LEAST_EARLIER_WEEKS = 3


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a part is from the others, or how much farther than before."""

    measure: Measure
    dimension: str
    member: str
    weeks: int
    """The newest so many weeks, in which it is clearest."""
    now: Measurement
    """The part over these weeks."""
    others: Measurement
    before: Measurement | None
    """The part over the weeks before these; None where it is not held against its own past."""
    difference: float
    """In the measure's unit; below nought is behind where higher is better."""
    low: float
    high: float
    p_value: float
    """Adjusted for the windows and parts looked at."""

    @property
    def is_behind(self) -> bool:
        """Whether it is clearly worse off than the others."""
        worse = self.difference > 0 if self.measure.direction == "lower_is_better" else self.difference < 0
        return worse and self.p_value < FALSE_DISCOVERY_RATE and self.measure.direction != "neutral"

    @property
    def per_week_n(self) -> float:
        """Observations of the part a week."""
        return self.now.n / self.weeks


def gaps(members: Sequence[Trend]) -> list[Gap]:
    """Each part against all others over the same recent weeks, the farthest behind first; shares and means only.

    The difference has a 95 % interval and a p-value by Student's t, whose variance is sampling's times the dispersion
    of the parts' own weeks (Pearson's, at least 1; McCullagh and Nelder 1989, section 4.5). Of three windows the
    clearest counts, its p-value times three (Bonferroni); over the parts the false discovery rate is held
    (Benjamini-Hochberg).
    """
    return _judged(members, _gap)


def falls(members: Sequence[Trend]) -> list[Gap]:
    """How much each part's distance from the others grew, recent weeks against those before: as `gaps`, in differences.

    Parts that have always differed, as industries do, are not behind by that.
    """
    return _judged(members, _fall)


Over: TypeAlias = Callable[[int, int | None, int | None], Measurement | None]
"""The weeks of a part, by its place, from one on and up to another, as one measurement."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a measure, and by how much more than sampling says their weeks vary."""

    known: Sequence[Trend]
    over: Over
    dispersion: float
    freedom: int

    def others(self, place: int, start: int | None, stop: int | None) -> Measurement | None:
        """All but one part over these weeks."""
        each = (self.over(other, start, stop) for other in range(len(self.known)) if other != place)
        return pooled([part for part in each if part is not None])


Compare = Callable[[_Parts, int, int], Gap | None]


def _judged(members: Sequence[Trend], compare: Compare) -> list[Gap]:
    from statsmodels.stats.multitest import multipletests

    known = [one for one in members if one.measure.kind != "count" and len(one.weeks) > 0]
    if len(known) < 2:
        return []
    over = cache(lambda place, start, stop: pooled(known[place].weeks[start:stop]))
    parts = _Parts(known, over, *_dispersion(known))
    found = []
    for place in range(len(known)):
        tried = [gap for weeks in WINDOWS if (gap := compare(parts, place, weeks)) is not None]
        if tried:
            clearest = min(tried, key=lambda gap: (gap.p_value, gap.weeks))
            found.append(replace(clearest, p_value=min(1.0, clearest.p_value * len(WINDOWS))))
    if not found:
        return []
    _, adjusted, *_ = multipletests([gap.p_value for gap in found], method="fdr_bh")
    judged = [replace(gap, p_value=float(p)) for gap, p in zip(found, adjusted, strict=True)]
    return sorted(judged, key=lambda gap: (gap.p_value, gap.member))


def _gap(parts: _Parts, place: int, weeks: int) -> Gap | None:
    now, others = parts.over(place, -weeks, None), parts.others(place, -weeks, None)
    if now is None or others is None or not now.enough or not others.enough:
        return None
    difference = (now.value or 0.0) - (others.value or 0.0)
    return _tested(parts, place, weeks, (now, others, None), difference, _variance(now, others))


def _fall(parts: _Parts, place: int, weeks: int) -> Gap | None:
    if len(parts.known[place].weeks) - weeks < LEAST_EARLIER_WEEKS:
        return None
    now, before = parts.over(place, -weeks, None), parts.over(place, None, -weeks)
    others, others_before = parts.others(place, -weeks, None), parts.others(place, None, -weeks)
    if now is None or before is None or others is None or others_before is None:
        return None
    if not all(m.enough for m in (now, before, others, others_before)):
        return None
    moved, others_moved = (now.value or 0) - (before.value or 0), (others.value or 0) - (others_before.value or 0)
    variance = _variance(now, others) + _variance(before, others_before)
    return _tested(parts, place, weeks, (now, others, before), moved - others_moved, variance)


def _tested(
    parts: _Parts, place: int, weeks: int, held: tuple[Measurement, Measurement, Measurement | None],
    difference: float, variance: float,
) -> Gap | None:  # fmt: skip
    from scipy.stats import t

    error = sqrt(variance * parts.dispersion)
    if error <= 0:
        return None
    half = float(t.ppf(0.975, parts.freedom)) * error
    p_value = float(2 * t.sf(abs(difference) / error, parts.freedom))
    one, (now, others, before) = parts.known[place], held
    return Gap(
        one.measure, one.dimension, one.member, weeks, now, others, before,
        difference, difference - half, difference + half, p_value,
    )  # fmt: skip


def _variance(one: Measurement, other: Measurement) -> float:
    """What sampling alone gives the difference of two."""
    if one.measure.kind == "share":
        n = one.n + other.n
        level = (one.n * (one.value or 0.0) + other.n * (other.value or 0.0) + 1) / (n + 2)
        return level * (1 - level) * (1 / one.n + 1 / other.n)
    return sum((part.deviation or 0.0) ** 2 / part.n for part in (one, other))


def _dispersion(members: Sequence[Trend]) -> tuple[float, int]:
    """By how much the parts' weeks vary more than sampling says, at least 1, and on how many degrees of freedom."""
    squares, freedom = 0.0, 0
    for trend in members:
        weeks = [m for m in trend.weeks if m.value is not None and m.n > 1]
        together = pooled(weeks)
        if together is None or len(weeks) < 2:
            continue
        for m in weeks:
            variance = _of_one(together) / m.n
            squares += ((m.value or 0.0) - (together.value or 0.0)) ** 2 / variance if variance > 0 else 0.0
        freedom += len(weeks) - 1
    return (max(1.0, squares / freedom), freedom) if freedom else (1.0, 1)


def _of_one(together: Measurement) -> float:
    """The variance of one observation."""
    if together.measure.kind == "share":
        level = ((together.value or 0.0) * together.n + 1) / (together.n + 2)
        return level * (1 - level)
    return (together.deviation or 0.0) ** 2
