"""A touched series and its control as one series of daily values, with what sampling alone lets each vary."""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import sqrt

from improvement.difference import Series
from monitoring.days import DAY, Day
from monitoring.measure import Kind

DAYS_IN_WEEK = 7


def series_of(kind: Kind, on: datetime, days: Sequence[Day], control: Sequence[Day] | None = None) -> Series:
    """The days around `on` as numbers, each less the control's of the same day; counts as if every day were a week.

    A control of shares and means is taken off as it is. Of a count it is taken off as many times as the touched part
    was larger than it before the change, because a count has as many ups and downs as it is large. Days on which
    either has no observation are left out; for a count they are zeros, from its first observation on.
    """
    days = [day for day in days if day.day != on]  # it is half before and half after
    control = None if control is None else [day for day in control if day.day != on]
    of_control = {day.day: day for day in _counting(kind, control or ())}
    both = [(day, of_control.get(day.day)) for day in _counting(kind, days)]
    if control is not None:
        both = [(day, other) for day, other in both if other is not None]
    times = 1.0
    if kind == "count" and control is not None:
        theirs = sum(other.n for day, other in both if other is not None and day.day < on)
        times = sum(day.n for day, _ in both if day.day < on) / max(theirs, 1)
    ours, other_ones = _sampling(kind, days), _sampling(kind, control or ())
    values, sampling = [], []
    for day, other in both:
        value, variance = _value(kind, day), ours(day)
        if other is not None:
            value, variance = value - times * _value(kind, other), variance + times**2 * other_ones(other)
        values.append(value)
        sampling.append(variance)
    return Series(
        numbers=[(day.day - on) // DAY for day, _ in both],
        weekdays=[day.day.weekday() for day, _ in both],
        values=values,
        sampling=sampling,
        weights=[1.0] * len(both) if kind == "count" else [1 / variance for variance in sampling],
        shocks=_shocks(kind, days, [day for day, _ in both]),
    )


def deviation_of(days: Sequence[Day]) -> float:
    """Standard deviation of an observation within its day, pooled; of the daily means where no day has two.

    >>> deviation_of([Day(datetime(2026, 3, 2), 3, 1.0, 2.0), Day(datetime(2026, 3, 3), 1, 5.0, None)])
    2.0
    """
    known = [(day.n - 1, day.deviation) for day in days if day.deviation is not None and day.n > 1]
    freedom = sum(n for n, _ in known)
    if freedom:
        return sqrt(sum(n * deviation**2 for n, deviation in known) / freedom)
    means = [day.mean for day in days if day.mean is not None]
    middle = sum(means) / len(means) if means else 0.0
    return sqrt(sum((mean - middle) ** 2 for mean in means) / (len(means) - 1)) if len(means) > 1 else 0.0


def _shocks(kind: Kind, days: Sequence[Day], of_days: Sequence[Day]) -> list[float]:
    """How large a shock is on each day beside other days: a count's is as large as that weekday usually is."""
    if kind != "count":
        return [1.0] * len(of_days)
    usual = _usual(days)
    middle = sum(usual.values()) / len(usual) if usual else 1.0
    return [usual[day.day.weekday()] / middle if middle else 1.0 for day in of_days]


def _usual(days: Sequence[Day]) -> dict[int, float]:
    """The mean count of each weekday."""
    by_weekday = {weekday: [day.n for day in days if day.day.weekday() == weekday] for weekday in range(DAYS_IN_WEEK)}
    return {weekday: sum(n) / len(n) for weekday, n in by_weekday.items() if n}


def _counting(kind: Kind, days: Sequence[Day]) -> list[Day]:
    if kind != "count":
        return [day for day in days if day.n and day.mean is not None]
    began = min((day.day for day in days if day.n), default=None)
    return [day for day in days if began is not None and day.day >= began]


def _value(kind: Kind, day: Day) -> float:
    return float(DAYS_IN_WEEK * day.n) if kind == "count" else day.mean or 0.0


def _sampling(kind: Kind, days: Sequence[Day]) -> Callable[[Day], float]:
    """The variance of a day's value by its number of observations alone."""
    if kind == "count":
        usual = _usual(days)
        return lambda day: DAYS_IN_WEEK**2 * max(usual[day.day.weekday()], 0.5)  # Poisson
    n = sum(day.n for day in days)
    if kind == "share":
        share = (sum(day.n * (day.mean or 0.0) for day in days) + 1) / (n + 2)
        return lambda day: share * (1 - share) / day.n
    variance = deviation_of(days) ** 2 or 1.0
    return lambda day: variance / day.n
