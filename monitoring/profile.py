"""What a champion learned from, in bounded size: counts by week, and a sample of rows; the reference of drift.

A profile is made when a model is trained and is kept beside it as JSON. Weeks are seven days each, counted back from
the last row, so that each holds every weekday once; the first may be a part of a week.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps, loads
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from features.encoding import Encoding
from features.written import number_written
from ringback.clock import WEEK
from ringback.errors import NotEnoughData
from ringback.records import Value
from warehouse.histograms import Counting, Known, WeekCounts, rows_counted, table_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

PROFILE_FILE = "profile.json"
"""Under this name it is kept beside the model."""
SAMPLE_ROWS = 5_000
WARM_UP = 0.25
"""Share of the reference's weeks after which a value never seen before counts as new, and not as not yet seen."""
DIGITS = 6
SCORE, OUTCOME = "(score)", "(outcome)"
NAMES = {SCORE: "the champion's scores", OUTCOME: "how calls end"}

Kind = Literal["number", "category", "score", "outcome"]


@dataclass(frozen=True, slots=True)
class Column:
    """One feature's counts by week; `weeks[0]` is the week from the profile's `since` on."""

    name: str
    kind: Kind
    edges: tuple[float, ...] = ()
    """Upper edges of the bins of a number, the last infinite."""
    known: Known = field(default_factory=lambda: Known((), (), complete=True))
    """Values of a category; its bins are these and one for the others."""
    weeks: tuple[WeekCounts, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the bins are called."""
        if self.kind == "category":
            return (*self.known.values, "(other known values)")
        if self.kind == "outcome":
            return ("did not happen", "happened")
        lows = (-inf, *self.edges[:-1])
        return tuple(_between(low, high) for low, high in zip(lows, self.edges, strict=True))


@dataclass(frozen=True, slots=True)
class Profile:
    """The reference that recent calls are held against."""

    since: datetime
    """Where week 0 begins."""
    until: datetime
    """Moment of the last row."""
    rows: int
    columns: tuple[Column, ...]
    sample: tuple[Mapping[str, Value], ...]
    """At most 5,000 rows, evenly spread over time."""
    sample_p: tuple[float | None, ...]
    """Honest probabilities of the sample's rows; None where there is none."""
    sample_y: tuple[bool | None, ...]

    def column(self, name: str) -> Column | None:
        """One column by name; `(score)` and `(outcome)` are columns too."""
        return next((column for column in self.columns if column.name == name), None)

    def to_json(self) -> str:
        """The profile as JSON text."""
        names = sorted({name for row in self.sample for name in row})
        return dumps(
            {
                "since": self.since.isoformat(),
                "until": self.until.isoformat(),
                "rows": self.rows,
                "columns": [_column_as_json(column) for column in self.columns],
                "sample": {name: [short(row.get(name)) for row in self.sample] for name in names},
                "sample_p": [short(p) for p in self.sample_p],
                "sample_y": self.sample_y,
            },
            ensure_ascii=False,
        )


def profile_from_json(text: str) -> Profile:
    """Read a profile that `to_json` wrote."""
    stored = loads(text)
    n = len(stored["sample_p"])
    return Profile(
        since=datetime.fromisoformat(stored["since"]),
        until=datetime.fromisoformat(stored["until"]),
        rows=stored["rows"],
        columns=tuple(_column_from_json(column) for column in stored["columns"]),
        sample=tuple({name: values[at] for name, values in stored["sample"].items()} for at in range(n)),
        sample_p=tuple(stored["sample_p"]),
        sample_y=tuple(stored["sample_y"]),
    )


def profile_of(
    rows: Sequence[Mapping[str, Value]],
    encoding: Encoding,
    judged_at: "NDArray[np.datetime64]",
    y: "NDArray[Any]",
    p: "NDArray[np.float64] | None" = None,
) -> Profile:
    """The profile of rows: features as `features.build` gives them, all arrays of shape (rows,).

    `y` are outcomes (booleans, or floats with NaN for calls that are open), `p` honest probabilities of the champion
    for rows that it had not learned from, NaN elsewhere. Only features that the encoding uses as numbers, categories or
    amounts are counted; texts are not. Raises NotEnoughData without any row.
    """
    import numpy as np

    if not rows:
        raise NotEnoughData("there are no rows to make a profile of; 'ringback import' brings calls with outcomes")
    happened = np.asarray(y, dtype=float)
    said = np.full(len(rows), np.nan) if p is None else np.asarray(p, dtype=float)
    at = judged_at.astype("datetime64[us]")
    until = cast(datetime, at.max().item())
    since = until - WEEK * (1 + (until - cast(datetime, at.min().item())) // WEEK) + timedelta(microseconds=1)
    numbers, categories = numbers_of(encoding), list(encoding.categories)
    columns = columns_of(table_of(used(rows, encoding), at, numbers, categories), numbers, categories, since, until)
    judged = (score_column(said, at, since, until), outcome_column(happened, at, since, until))
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(SAMPLE_ROWS, len(rows))).round().astype(int))
    chosen = np.argsort(at, kind="stable")[chosen]
    return Profile(
        since=since,
        until=until,
        rows=len(rows),
        columns=(*columns, *(column for column in judged if column is not None)),
        sample=tuple(used([rows[i] for i in chosen], encoding)),
        sample_p=tuple(None if np.isnan(said[i]) else float(said[i]) for i in chosen),
        sample_y=tuple(None if np.isnan(happened[i]) else bool(happened[i]) for i in chosen),
    )


def numbers_of(encoding: Encoding) -> list[str]:
    """The features that are counted as numbers, those that are written as text among them."""
    return [*encoding.numbers, *encoding.amounts]


def used(rows: Sequence[Mapping[str, Value]], encoding: Encoding) -> list[dict[str, Value]]:
    """The rows with the features that drift looks at, and amounts that are written as text as numbers."""
    names = (*encoding.numbers, *encoding.categories)
    return [
        {name: row.get(name) for name in names}
        | {name: _amount(row.get(name), decimal) for name, decimal in encoding.amounts.items()}
        for row in rows
    ]


def columns_of(
    source: "Path | pa.Table", numbers: Sequence[str], categories: Sequence[str], since: datetime, until: datetime
) -> tuple[Column, ...]:
    """Count reference rows (an Arrow table or a Parquet file) by week, with bins and known values learned from them."""
    weeks = _weeks_between(since, until)
    with rows_counted(source, since) as counting:
        return (
            *_numbers(counting, counting.edges(numbers), "number", weeks),
            *(_category(counting, name, weeks) for name in categories),
        )


def score_column(
    p: "NDArray[np.float64]", at: "NDArray[np.datetime64]", since: datetime, until: datetime
) -> Column | None:
    """The histogram of honest scores by week; None where there are none."""
    known = p == p
    if not known.any():
        return None
    scores: list[dict[str, Value]] = [{SCORE: float(value)} for value in p[known]]
    with rows_counted(table_of(scores, at[known], [SCORE], []), since) as counting:
        return _numbers(counting, counting.edges([SCORE]), "score", _weeks_between(since, until))[0]


def outcome_column(
    y: "NDArray[np.float64]", at: "NDArray[np.datetime64]", since: datetime, until: datetime
) -> Column | None:
    """How many calls of each week did and did not end well, of those whose outcome is known; None without any."""
    known = y == y
    if not known.any():
        return None
    ended: list[dict[str, Value]] = [{OUTCOME: float(value)} for value in y[known]]
    with rows_counted(table_of(ended, at[known], [OUTCOME], []), since) as counting:
        return _numbers(counting, {OUTCOME: (0.0, inf)}, "outcome", _weeks_between(since, until))[0]


def recount(columns: Sequence[Column], counting: Counting) -> dict[str, dict[int, WeekCounts]]:
    """Count other rows with the columns' own bins and known values; each by week from the rows' own `since` on."""
    numbers = counting.numbers({column.name: column.edges for column in columns if column.kind != "category"})
    categories = [column for column in columns if column.kind == "category"]
    return numbers | {column.name: counting.categories(column.name, column.known) for column in categories}


def warm_up(weeks: int) -> int:
    """The first week in which a value can be called new."""
    return min(weeks - 1, max(1, round(WARM_UP * weeks)))


def _numbers(counting: Counting, edges: Mapping[str, tuple[float, ...]], kind: Kind, weeks: int) -> list[Column]:
    made = []
    for name, counted in counting.numbers(edges).items():
        empty = WeekCounts((0,) * len(edges[name]), 0)
        by_week = tuple(counted.get(week, empty) for week in range(weeks))
        made.append(Column(name, kind, edges[name], weeks=by_week))
    return made


def _category(counting: Counting, name: str, weeks: int) -> Column:
    """The reference's own rate of new values is that of values which no week before had, after a warm-up."""
    known = counting.known(name)
    counted, new = counting.categories(name, known), counting.new_by_week(name)
    empty = WeekCounts((0,) * (len(known.values) + 1), 0)
    warm = warm_up(weeks)
    made = []
    for week in range(weeks):
        there = counted.get(week, empty)
        made.append(WeekCounts(there.bins, there.missing, new.get(week, 0) if week >= warm else 0))
    return Column(name, "category", known=known, weeks=tuple(made))


def _weeks_between(since: datetime, until: datetime) -> int:
    return (until - since) // WEEK + 1


def _between(low: float, high: float) -> str:
    if not isfinite(low) and not isfinite(high):
        return "any value"
    if not isfinite(low):
        return f"at most {high:.4g}"
    return f"above {low:.4g}" if not isfinite(high) else f"{low:.4g} to {high:.4g}"


def _amount(value: Value, decimal: str) -> Value:
    return number_written(value, decimal) if isinstance(value, str) else value


def short(value: Value) -> Value:
    """Six significant digits do for a sample."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) and isfinite(value) else value


def _column_as_json(column: Column) -> dict[str, object]:
    return {
        "name": column.name,
        "kind": column.kind,
        "edges": [edge for edge in column.edges if isfinite(edge)],
        "values": column.known.values,
        "others": column.known.others,
        "complete": column.known.complete,
        "weeks": [[*week.bins, week.missing, week.new] for week in column.weeks],
    }


def _column_from_json(stored: Mapping[str, Any]) -> Column:
    edges = () if stored["kind"] == "category" else (*stored["edges"], inf)
    weeks = tuple(WeekCounts(tuple(week[:-2]), week[-2], week[-1]) for week in stored["weeks"])
    known = Known(tuple(stored["values"]), tuple(stored["others"]), stored["complete"])
    return Column(stored["name"], stored["kind"], edges, known, weeks)
