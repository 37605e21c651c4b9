"""The days of a measure: observations a day, for one part of it or for all others, as they were known at a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.decisions import figures_by_day
from monitoring.measure import Measure
from ringback.errors import WrongUsage
from warehouse.connect import query_text, rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A measure on one day, 00:00 to 24:00 UTC; shares are between 0 and 1."""

    day: datetime
    n: int
    """Observations; what a count measure counts."""
    mean: float | None
    """None where nothing was observed, and of a count."""
    deviation: float | None
    """Standard deviation of the day's observations; None of fewer than two."""


def measure_days(
    connection: "DuckDBPyConnection",
    measure: Measure,
    first_day: datetime,
    last_day: datetime,
    as_of: datetime,
    dimension: str | None = None,
    member: str | None = None,
    others: bool = False,
) -> list[Day]:
    """Every day from `first_day` to `last_day`, the earliest first, with what was known as of `as_of`.

    With `dimension` and `member` only that member's observations count; with `others` all the others' instead, also
    those that have no member: the control that a change of the member leaves alone. A day on which nothing was
    observed is there with n = 0.

    Raises WrongUsage where the measure has no such dimension, where a member is asked for without its dimension, and
    where the days end before they begin.
    """
    first, last = _midnight(first_day), _midnight(last_day)
    if last < first:
        raise WrongUsage(f"the last day ({last:%Y-%m-%d}) is before the first ({first:%Y-%m-%d})")
    if (dimension is None) != (member is None) or (others and member is None):
        raise WrongUsage(f"{measure.name}: a part of a measure is named by its dimension and its member, both")
    if dimension is not None and dimension not in measure.dimensions:
        there = ", ".join(measure.dimensions) or "none"
        raise WrongUsage(f"{measure.name} has no dimension {dimension!r}; it has {there} ({measure.file})")
    if measure.figure:
        found = figures_by_day(connection, measure.figure, first, last + DAY, as_of, dimension, member, others)
    else:
        asked: dict[str, object] = {"first_day": first, "last_day": last, "as_of": as_of}
        asked |= {} if dimension is None else {"member": member, "others": others}
        found = rows(connection, _sql(measure, dimension), asked)
    observed = {row["day"]: row for row in found}
    return [_day(day, observed.get(day), measure.kind == "count") for day in _between(first, last)]


def _sql(measure: Measure, dimension: str | None) -> str:
    """The measure's own SQL under the query; both are reviewed files of ours, and so is the column's name."""
    text = query_text("days_of_measure") if dimension is None else query_text("days_of_member")
    return f"WITH observations AS (\n{measure.sql}\n)\n{text.replace('{dimension}', dimension or '')}"


def _day(day: datetime, row: dict[str, object] | None, is_count: bool) -> Day:
    if row is None:
        return Day(day, 0, None, None)
    n, mean, deviation = row["n"], row["mean"], row["deviation"]
    if is_count or not isinstance(mean, float):
        return Day(day, int(str(n)), None, None)
    return Day(day, int(str(n)), mean, deviation if isinstance(deviation, float) else None)


def _between(first: datetime, last: datetime) -> Iterator[datetime]:
    yield from (first + i * DAY for i in range((last - first) // DAY + 1))


def _midnight(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day)
