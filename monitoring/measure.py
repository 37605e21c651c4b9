"""Measures are data: one TOML file each in `measures/`, measured for every week of a range as of a moment.

A measure's SQL gives one row per observation (`at`, `value`); this module turns the observations into one number a
week with a 95 % interval. Weeks begin on Monday, 00:00 UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from monitoring.decisions import DIMENSIONS, KIND_OF, Counted, Figure, figures_by_week, largest
from ringback.clock import WEEK, week_start
from ringback.errors import WrongUsage
from ringback.forms import Form
from ringback.toml_files import read_toml
from warehouse.connect import Rows, query, query_text, rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDER = Path(__file__).parent / "measures"
MEMBERS_SHOWN = 12

Direction = Literal["higher_is_better", "lower_is_better", "neutral"]
Kind = Literal["share", "mean", "count"]


class Measure(BaseModel):
    """What one measure counts, why, and which way is good; the content of one file in `measures/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The file's name; what code, tickets and charts call the measure.")
    title: str = Field(min_length=1, description="What people call it.")
    why: str = Field(min_length=1, description="Why anybody should look at it.")
    unit: str = Field(min_length=1, description="'%' for shares, else what a value is counted in.")
    sample: str = Field(min_length=1, description="What one observation is, in the plural, to say behind n.")
    direction: Direction
    owner: str = Field(min_length=1)
    minimum_sample: int = Field(ge=0, description="Weeks with fewer observations are 'not enough data'.")
    kind: Kind
    dimensions: tuple[Annotated[str, Form("^[a-z_]+$", "the name of a column", "model_version")], ...] = Field(
        (), description="By what it can be split: columns that the SQL gives beside `at` and `value`."
    )
    worth: str | None = Field(None, description="What one unit of it is worth: a key of improvement/money.toml.")
    figure: Figure | None = Field(None, description="What of logged decisions it measures, where it has no SQL.")
    sql: str = ""

    @field_validator("sql")
    @classmethod
    def _asks_as_of(cls, sql: str) -> str:
        if "$as_of" not in sql:
            raise ValueError("the SQL must use $as_of, or it would see later than the moment it is asked for")
        return sql.strip()

    @model_validator(mode="after")
    def _has_one_source(self) -> "Measure":
        if bool(self.sql) == (self.figure is not None):
            raise ValueError("a measure has either 'sql' or 'figure'")
        if self.figure and KIND_OF[self.figure] != self.kind:
            raise ValueError(f"the kind of figure {self.figure!r} is {KIND_OF[self.figure]!r}")
        if self.figure and (unknown := set(self.dimensions) - set(DIMENSIONS)):
            raise ValueError(f"decisions have no dimension {min(unknown)!r}; they have {', '.join(DIMENSIONS)}")
        return self

    @property
    def file(self) -> str:
        """Where the definition is, from the top of the checkout."""
        return f"monitoring/measures/{self.name}.toml"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measure in one week, or pooled over several; shares are between 0 and 1."""

    measure: Measure
    week: datetime
    """The Monday it begins; the first of them where weeks are pooled."""
    value: float | None
    low: float | None
    """Lower end of the 95 % interval."""
    high: float | None
    n: int
    deviation: float | None = None
    """Standard deviation of the observations (means only)."""
    n_so_far: int = 0
    """Observations up to the point that as_of has reached in the newest week; weeks are compared by them."""
    value_so_far: float | None = None
    """Their share or mean."""
    weeks: int = 1
    dimension: str = ""
    """By what the measure is split; empty for the whole."""
    member: str = ""
    """Which part of it this is."""

    @property
    def enough(self) -> bool:
        """Whether there are observations enough to judge by."""
        return self.value is not None and self.n >= self.measure.minimum_sample


def load_measures(folder: Path = FOLDER) -> list[Measure]:
    """Read every measure, by name; raises WrongUsage naming the file and the key that is wrong."""
    return list(_load(folder))


def measure_weeks(
    connection: "DuckDBPyConnection",
    first_week: datetime,
    last_week: datetime,
    as_of: datetime,
    measures: Sequence[Measure] | None = None,
    counted: Counted | None = None,
) -> list[Measurement]:
    """Measure every week from `first_week` to `last_week` with what was known as of `as_of`, one pass per measure.

    Gives one Measurement for each measure and week, by measure and then by week. A week in which nothing was observed
    has no value, except that a count is 0 from the week of the first call on.

    `counted` are the counts of logged decisions where they have been read already.

    The 95 % intervals are Wilson's for shares (Wilson 1927, statsmodels `proportion_confint`), Student's t for means
    and the exact one for Poisson counts (Garwood 1936, statsmodels `confint_poisson`, `exact-c`).
    """
    weeks = _weeks(week_start(first_week), week_start(last_week))
    began = query(connection, "first_call", {"as_of": as_of})[0]["called_at"]
    counted = counted or Counted(connection, weeks[-1], as_of)
    return [
        measurement
        for measure in (load_measures() if measures is None else measures)
        for measurement in _with_intervals(measure, weeks, _observed(connection, measure, weeks, as_of, counted), began)
    ]


def measure_members(
    connection: "DuckDBPyConnection",
    measure: Measure,
    dimension: str,
    first_week: datetime,
    last_week: datetime,
    as_of: datetime,
    counted: Counted | None = None,
) -> list[Measurement]:
    """Measure every week as `measure_weeks` does, for each of the largest members of a dimension by itself.

    At most `MEMBERS_SHOWN`, those with the most observations; what is not known is a member, too. Counts are not split.
    """
    weeks = _weeks(week_start(first_week), week_start(last_week))
    if measure.figure:
        counted = counted or Counted(connection, weeks[-1], as_of)
        found = figures_by_week(counted, measure.figure, weeks[0], dimension)
        return _of_members(measure, weeks, dimension, largest(found, MEMBERS_SHOWN))
    # Both come from a reviewed file of ours, never from outside; values are parameters.
    split = f"split AS (SELECT observations.at, value, {dimension} AS member FROM observations)"  # noqa: S608
    sql = f"WITH observations AS (\n{measure.sql}\n), {split}\n{query_text('weeks_of_members')}"
    asked = {"first_week": weeks[0], "last_week": weeks[-1], "as_of": as_of, "most": MEMBERS_SHOWN}
    return _of_members(measure, weeks, dimension, rows(connection, sql, asked))


def _of_members(measure: Measure, weeks: Sequence[datetime], dimension: str, found: Rows) -> list[Measurement]:
    of_member: dict[str, Rows] = {}
    for row in found:
        of_member.setdefault(row["member"], []).append(row)
    return [
        replace(measurement, dimension=dimension, member=member)
        for member, observed in of_member.items()
        for measurement in _with_intervals(measure, weeks, observed, None)
    ]


def pooled(measurements: Sequence[Measurement]) -> Measurement | None:
    """One measurement over the weeks that have a value, or None where none has; a count becomes the sum of its weeks.

    Means are pooled with the standard deviation of all observations together (sum of squares within and between weeks).
    """
    known = [m for m in measurements if m.value is not None and (m.n or m.measure.kind == "count")]
    if not known:
        return None
    measure, n = known[0].measure, sum(m.n for m in known)
    mean = sum(m.n * (m.value or 0.0) for m in known) / n if n else 0.0
    within = sum((m.n - 1) * (m.deviation or 0.0) ** 2 + m.n * ((m.value or 0.0) - mean) ** 2 for m in known)
    deviation = sqrt(within / (n - 1)) if n > 1 else None
    value = float(n) if measure.kind == "count" else mean
    low, high = intervals(measure.kind, [value], [n], [deviation])[0]
    so_far = sum(m.n_so_far for m in known)
    mean_so_far = sum(m.n_so_far * (m.value_so_far or 0.0) for m in known) / so_far if so_far else None
    return Measurement(
        measure, known[0].week, value, low, high, n, deviation, so_far, mean_so_far, len(known),
        known[0].dimension, known[0].member,
    )  # fmt: skip


Interval = tuple[float | None, float | None]


def intervals(
    kind: Kind, values: Sequence[float], counts: Sequence[int], deviations: Sequence[float | None]
) -> list[Interval]:
    """The 95 % interval of each value; (None, None) for a mean of fewer than two observations.

    >>> low, high = intervals("share", [0.5], [10], [None])[0]
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    import numpy as np
    from scipy import stats

    if not values:
        return []
    n = np.asarray(counts, dtype=float)
    value = np.asarray(values, dtype=float)
    if kind == "share":
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(np.round(value * n), n, method="wilson")
    elif kind == "count":
        from statsmodels.stats.rates import confint_poisson

        low, high = confint_poisson(n, 1, method="exact-c")
        low = np.where(n == 0, 0.0, low)
    else:
        deviation = np.asarray([np.nan if d is None else d for d in deviations], dtype=float)
        half = stats.t.ppf(0.975, np.maximum(n - 1, 1)) * deviation / np.sqrt(n)
        low, high = value - half, value + half
    return [(_number(lower), _number(upper)) for lower, upper in zip(low, high, strict=True)]


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _observed(
    connection: "DuckDBPyConnection", measure: Measure, weeks: Sequence[datetime], as_of: datetime, counted: Counted
) -> Rows:
    if measure.figure:
        return figures_by_week(counted, measure.figure, weeks[0])
    # The measure's SQL comes from a reviewed file of ours, never from outside; values are parameters.
    sql = f"WITH observations AS (\n{measure.sql}\n)\n{query_text('weeks_of_measure')}"
    return rows(connection, sql, {"first_week": weeks[0], "last_week": weeks[-1], "as_of": as_of})


def _with_intervals(
    measure: Measure, weeks: Sequence[datetime], observed: Rows, began: datetime | None
) -> Iterable[Measurement]:
    of_week = {row["week"]: row for row in observed}
    if measure.kind == "count" and began is not None:
        for week in weeks:
            if week >= week_start(began):
                of_week.setdefault(week, {"n": 0, "n_so_far": 0, "mean": None, "mean_so_far": None, "deviation": None})
    known = [week for week in weeks if week in of_week]
    counts = [int(of_week[week]["n"]) for week in known]
    values = [float(of_week[week]["n"] if measure.kind == "count" else of_week[week]["mean"]) for week in known]
    deviations = [of_week[week]["deviation"] if measure.kind == "mean" else None for week in known]
    limits = dict(zip(known, intervals(measure.kind, values, counts, deviations), strict=True))
    for week in weeks:
        if week not in limits:
            yield Measurement(measure, week, None, None, None, 0)
            continue
        at = known.index(week)
        low, high = limits[week]
        n_so_far, so_far = int(of_week[week]["n_so_far"]), of_week[week]["mean_so_far"]
        yield Measurement(measure, week, values[at], low, high, counts[at], deviations[at], n_so_far, so_far)


def _weeks(first: datetime, last: datetime) -> list[datetime]:
    if last < first:
        raise WrongUsage(f"the last week ({last:%Y-%m-%d}) is before the first ({first:%Y-%m-%d})")
    return [first + i * WEEK for i in range((last - first) // WEEK + 1)]


@cache
def _load(folder: Path) -> tuple[Measure, ...]:
    return tuple(_read(file) for file in sorted(folder.glob("*.toml")))


def _read(file: Path) -> Measure:
    try:
        return Measure.model_validate({**read_toml(file), "name": file.stem})
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(str(part) for part in wrong["loc"])
        raise WrongUsage(f"{file}, key '{key}': {wrong['msg']}") from None
