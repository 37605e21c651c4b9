"""Measures of logged decisions: the counts that were made when their files landed, added up by week or day.

Their time does not grow with the entries, nor with what was logged before the weeks that are asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Literal, get_args

from warehouse.connect import Rows
from warehouse.decision_counts import DecisionCount, Dimension, decision_counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Figure = Literal["decisions", "success", "approval", "quality", "seconds"]
KIND_OF: dict[Figure, str] = {
    "decisions": "count", "success": "share", "approval": "share", "quality": "mean", "seconds": "mean",
}  # fmt: skip
COMPONENT = "component"
"""The dimension whose members are the kinds of decisions."""
DIMENSIONS = (COMPONENT, *(one for one in get_args(Dimension) if one))
LOST = "log_loss"
"""Not a decision: a logger tells that it had to drop some."""


@dataclass
class _Sum:
    """Observations added up: exact integers, so that their order does not matter."""

    n: int = 0
    total: int = 0
    squares: int = 0
    unit: int = 1

    def add(self, count: DecisionCount, figure: Figure) -> None:
        n, total, squares, self.unit = _observations(count, figure)
        self.n, self.total, self.squares = self.n + n, self.total + total, self.squares + squares

    @property
    def mean(self) -> float | None:
        return self.total / self.unit / self.n if self.n else None

    @property
    def deviation(self) -> float | None:
        if self.n < 2:
            return None
        return sqrt((self.n * self.squares - self.total**2) / (self.n * (self.n - 1))) / self.unit


class Counted:
    """The counts of some weeks, each read once, however many measures are made of it."""

    def __init__(self, connection: "DuckDBPyConnection", last_week: datetime, as_of: datetime) -> None:
        """Up to the week that begins on `last_week`, with what was known as of `as_of`."""
        self._connection, self.last_week, self.as_of = connection, last_week, as_of
        self._read: dict[tuple[datetime, str | None], list[tuple[str, date, DecisionCount]]] = {}

    def since(self, first_week: datetime, dimension: str | None) -> Sequence[tuple[str, date, DecisionCount]]:
        """Member, day and count, from a week on."""
        key = (first_week, None if dimension == COMPONENT else dimension)
        if key not in self._read:
            until = self.last_week + timedelta(days=7)
            self._read[key] = list(_counts(self._connection, first_week, until, self.as_of, key[1]))
        if dimension == COMPONENT:
            return [(count.log_type, day, count) for _, day, count in self._read[key]]
        return self._read[key]


def figures_by_week(counted: Counted, figure: Figure, first_week: datetime, dimension: str | None = None) -> Rows:
    """A row per week (and `member` of a dimension) with observations: n, n_so_far, mean, mean_so_far, deviation.

    `*_so_far` are of the days of each week up to the weekday that `as_of` has reached in the last one.
    """
    last_day = min((counted.as_of - counted.last_week).days, 6)
    weeks: dict[tuple[str, date], tuple[_Sum, _Sum]] = {}
    for member, day, count in counted.since(first_week, dimension):
        whole, so_far = weeks.setdefault((member, day - timedelta(days=day.weekday())), (_Sum(), _Sum()))
        whole.add(count, figure)
        if day.weekday() <= last_day:
            so_far.add(count, figure)
    return [
        {
            "member": member, "week": datetime.combine(monday, datetime.min.time()), "n": whole.n, "n_so_far": so_far.n,
            "mean": whole.mean, "mean_so_far": so_far.mean, "deviation": whole.deviation,
        }
        for (member, monday), (whole, so_far) in sorted(weeks.items())
        if whole.n
    ]  # fmt: skip


def figures_by_day(
    connection: "DuckDBPyConnection",
    figure: Figure,
    since: datetime,
    until: datetime,
    as_of: datetime,
    dimension: str | None = None,
    member: str | None = None,
    others: bool = False,
) -> Rows:
    """A row per day in [since, until) with observations: day, n, mean, deviation; of one member, or of all others."""
    days: dict[date, _Sum] = {}
    for one, day, count in _counts(connection, since, until, as_of, dimension):
        if member is None or (one == member) != others:
            days.setdefault(day, _Sum()).add(count, figure)
    return [
        {"day": datetime.combine(day, datetime.min.time()), "n": s.n, "mean": s.mean, "deviation": s.deviation}
        for day, s in sorted(days.items())
        if s.n
    ]


def _counts(
    connection: "DuckDBPyConnection", since: datetime, until: datetime, as_of: datetime, dimension: str | None
) -> Iterable[tuple[str, date, DecisionCount]]:
    asked: Dimension = dimension if dimension and dimension != COMPONENT else ""  # type: ignore[assignment]
    for count in decision_counts(connection, since, until, as_of, "day", asked):
        if count.log_type != LOST:
            yield (count.log_type if dimension == COMPONENT else count.member), count.start, count


def _observations(count: DecisionCount, figure: Figure) -> tuple[int, int, int, int]:
    """How many, their sum and sum of squares, and in which part of a unit these are."""
    if figure == "decisions":
        return count.n, count.n, count.n, 1
    if figure == "success":
        return count.n, count.successes, count.successes, 1
    if figure == "approval":
        return count.labelled, count.approved, count.approved, 1
    if figure == "quality":
        return count.quality_n, count.quality_sum, count.quality_squares, 1000
    return count.seconds_n, count.seconds_sum, count.seconds_squares, 1_000_000


def largest(rows: Rows, most: int) -> Rows:
    """The rows of the members with the most observations."""
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row["member"]] = sizes.get(row["member"], 0) + row["n"]
    kept: Sequence[str] = sorted(sizes, key=lambda name: (-sizes[name], name))[:most]
    return [row for row in rows if row["member"] in kept]
