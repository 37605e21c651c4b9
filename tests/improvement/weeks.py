"""Measurements and weeks made up on the spot."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from improvement.trends import Trend, by_measure, trend_of, trends_of_week
from improvement.week import DataFacts, ModelFacts, Segment, Week
from monitoring.measure import Measure, Measurement, intervals, load_measures
from tests.monitoring.weeks import AFTER, WEEK, WEEK_12


def a_share(name: str, hits: int, n: int) -> Measurement:
    return _measurement(name, hits / n, n, None)


def a_mean(name: str, value: float, deviation: float, n: int) -> Measurement:
    return _measurement(name, value, n, deviation)


def a_count(name: str, n: int, so_far: int | None = None) -> Measurement:
    return replace(_measurement(name, float(n), n, None), n_so_far=n if so_far is None else so_far)


def series_of(name: str, hits: Sequence[int], n: int = 100) -> list[Measurement]:
    """Shares of weeks that end with week 12."""
    return dated([a_share(name, hit, n) for hit in hits])


def dated(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The measurements as weeks that end with week 12."""
    last = len(measurements) - 1
    return [replace(m, week=WEEK_12 - (last - i) * WEEK) for i, m in enumerate(measurements)]


def a_week(
    *measurements: Measurement,
    data: DataFacts | None = None,
    models: tuple[ModelFacts, ...] = (ModelFacts("progression", "1"),),
    segments: tuple[Segment, ...] = (),
) -> Week:
    """A quiet week with a champion and 1,000 calls, but for what is named."""
    trends = {trend.measure.name: trend for trend in trends_of_week(measurements)}
    data = data or DataFacts(calls=1000, calls_with_company=1000, progression_labels=500)
    return Week(WEEK_12, AFTER, data, by_measure(measurements), trends, models=models, segments=segments)


def a_part(name: str, dimension: str, member: str, hits: Sequence[int], n: int = 100) -> Trend:
    """A part of a share, week by week up to week 12."""
    weeks = [replace(m, dimension=dimension, member=member) for m in series_of(name, hits, n)]
    return trend_of(weeks)


def with_parts(*parts: Trend, **more: Any) -> Week:
    """A quiet week with parts of measures."""
    members: dict[tuple[str, str], tuple[Trend, ...]] = {}
    for part in parts:
        key = (part.measure.name, part.dimension)
        members[key] = (*members.get(key, ()), part)
    return replace(a_week(), members=members, **more)


def _measurement(name: str, value: float, n: int, deviation: float | None) -> Measurement:
    measure = _measure(name)
    low, high = intervals(measure.kind, [value], [n], [deviation])[0]
    return Measurement(measure, WEEK_12, value, low, high, n, deviation, n, value)


def _measure(name: str) -> Measure:
    return next(measure for measure in load_measures() if measure.name == name)
