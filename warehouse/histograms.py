"""Counting by week and bin: what drift is judged from, one scan for all numbers and one a category.

The same code counts an Arrow table of a few hundred calls and a Parquet file of millions of rows. A week is seven days
from a given moment on, so that every window of whole weeks holds each weekday once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringback.records import Value
from warehouse.connect import query, query_text

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

JUDGED_AT = "(judged at)"
"""The column that says when a row was judged; features cannot be called so."""
ROW_NUMBER = "file_row_number"
"""As DuckDB calls it in a Parquet file."""
BINS = 10
FEW_VALUES = 12
"""A number with no more distinct values than this has a bin for each."""
SAMPLED_ROWS = 20_000
BATCH_ROWS = 100_000
MOST_VALUES = 40
MOST_OTHERS = 2_000
MEMORY = "512MB"
THREADS = 2


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """The rows of one feature in one week."""

    bins: tuple[int, ...]
    """Rows by bin: of a number by edge; of a category by value, the last for all other known values."""
    missing: int
    new: int = 0
    """Rows with a value that the reference did not know (categories); in a reference itself, with one that no week
    before had, and there they are counted in their bins too."""

    @property
    def valued(self) -> int:
        """Rows whose value has a bin."""
        return sum(self.bins)


@dataclass(frozen=True, slots=True)
class Known:
    """The values of a category: those with a bin of their own, and the others that were seen."""

    values: tuple[str, ...]
    others: tuple[str, ...]
    complete: bool
    """False where there were more values than are kept: what is new cannot be told then."""


class Counting:
    """Rows that stand open to be counted; `rows_counted` opens them."""

    def __init__(self, connection: "DuckDBPyConnection", since: datetime) -> None:
        self._connection = connection
        self._since = since
        self._by_value: str | None = None

    def edges(self, names: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """By number the upper edges of about ten bins with equally many rows, the last infinite.

        They are learned from all rows, or from a sample of about 20,000 where there are more.
        """
        if not names:
            return {}
        share = min(1.0, SAMPLED_ROWS / max(1, int(query(self._connection, "size_of_counted")[0]["n"])))
        asked = {"features": list(names), "share": share}
        sampled = self._connection.sql(query_text("sample_of_counted"), params=asked).to_arrow_table()
        return {name: _edges(_doubles(sampled[name].combine_chunks())) for name in names}

    def numbers(self, edges: Mapping[str, Sequence[float]]) -> dict[str, dict[int, WeekCounts]]:
        """By number its counts by week, given the upper edges of its bins; all numbers in one scan.

        A value falls into the first bin whose upper edge is not below it.
        """
        import numpy as np

        if not edges:
            return {}
        asked = {"features": list(edges), "since": self._since}
        scan = self._connection.sql(query_text("numbers_of_counted"), params=asked).to_arrow_reader(BATCH_ROWS)
        counted: dict[str, dict[int, NDArray[Any]]] = {name: {} for name in edges}
        for batch in scan:
            weeks = np.from_dlpack(batch["(week)"])
            for name, upper in edges.items():
                _add_batch(counted[name], weeks, _doubles(batch[name]), upper)
        return {
            name: {week: WeekCounts(tuple(n[:-1].tolist()), int(n[-1])) for week, n in sorted(found.items())}
            for name, found in counted.items()
        }

    def known(self, name: str) -> Known:
        """The values of a category: the forty most frequent, and the others by name while they are at most 2,000."""
        most = MOST_VALUES + MOST_OTHERS + 1
        self._count_by_value(name)
        listed = [row["value"] for row in query(self._connection, "values_of_category", {"most": most})]
        complete = len(listed) < most
        return Known(tuple(listed[:MOST_VALUES]), tuple(listed[MOST_VALUES : most - 1]), complete)

    def categories(self, name: str, known: Known) -> dict[int, WeekCounts]:
        """Counts of a category by week; what is not known is new, or "other" where not all values could be kept."""
        self._count_by_value(name)
        parameters = {"values": list(known.values), "others": list(known.others)}
        places: dict[int, dict[int | None, int]] = {}
        for row in query(self._connection, "histogram_of_category", parameters):
            places.setdefault(int(row["week"]), {})[row["place"]] = int(row["n"])
        return {week: _week_of_category(found, known) for week, found in places.items()}

    def new_by_week(self, name: str) -> dict[int, int]:
        """Rows of each week with a value that no week before it had."""
        self._count_by_value(name)
        return {int(row["week"]): int(row["n"]) for row in query(self._connection, "new_values_by_week")}

    def _count_by_value(self, name: str) -> None:
        if self._by_value != name:
            self._connection.execute(query_text("count_by_value"), {"feature": name, "since": self._since})
            self._by_value = name


@contextmanager
def rows_counted(source: "Path | pa.Table", since: datetime) -> Iterator[Counting]:
    """Open an Arrow table, or a Parquet file, whose column `(judged at)` says when each row was judged."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY})
    try:
        connection.execute("SET enable_progress_bar = false")
        if isinstance(source, Path):
            connection.read_parquet(str(source), file_row_number=True).create_view("counted")
        else:
            connection.register("counted", source.append_column(ROW_NUMBER, _row_numbers(len(source))))
        yield Counting(connection, since)
    finally:
        connection.close()


def table_of(
    rows: Sequence[Mapping[str, Value]],
    judged_at: "NDArray[Any]",
    numbers: Sequence[str],
    categories: Sequence[str],
) -> "pa.Table":
    """Rows as an Arrow table: numbers as doubles, categories as texts; what does not fit its column is not known."""
    import pyarrow as pa

    columns: dict[str, Any] = {JUDGED_AT: pa.array(judged_at.astype("datetime64[us]"), pa.timestamp("us"))}
    for name in numbers:
        values = (row.get(name) for row in rows)
        columns[name] = pa.array([float(v) if isinstance(v, int | float) else None for v in values], pa.float64())
    for name in categories:
        values = (row.get(name) for row in rows)
        columns[name] = pa.array([None if v is None else str(v) for v in values], pa.string())
    return pa.table(columns)


def _edges(values: "NDArray[Any]") -> tuple[float, ...]:
    """A bin a value where there are few values, else quantiles that are values themselves."""
    import numpy as np

    known = values[values == values]
    distinct = np.unique(known)
    if len(distinct) <= FEW_VALUES:
        return (*distinct[:-1].tolist(), inf)
    shares = [n / BINS for n in range(1, BINS)]
    return (*np.unique(np.quantile(known, shares, method="inverted_cdf")).tolist(), inf)


def _add_batch(
    counted: "dict[int, NDArray[Any]]", week: "NDArray[Any]", values: "NDArray[Any]", edges: Sequence[float]
) -> None:
    """Add a batch's rows to the counts of each week, those without a value last."""
    import numpy as np

    if not len(week):
        return
    width = len(edges) + 1
    place = np.zeros(len(values), dtype=np.int32)
    for edge in edges[:-1]:
        place += values > edge
    place[values != values] = width - 1
    first = int(week.min())
    place += (week - first) * width
    found = np.bincount(place, minlength=(int(week.max()) - first + 1) * width).reshape(-1, width)
    for at in np.flatnonzero(found.any(axis=1)):
        counted[first + int(at)] = counted.get(first + int(at), 0) + found[at]


def _doubles(column: "pa.Array") -> "NDArray[Any]":
    """As numpy has them: NaN where there is no value. Arrow's own `to_numpy` would import pandas: a second."""
    import numpy as np

    return np.from_dlpack(column.fill_null(float("nan")))


def _row_numbers(rows: int) -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    return pa.array(np.arange(rows, dtype=np.int64))


def _week_of_category(found: Mapping[int | None, int], known: Known) -> WeekCounts:
    others, unknown = found.get(0, 0), found.get(-1, 0)
    own = [found.get(place, 0) for place in range(1, len(known.values) + 1)]
    if known.complete:
        return WeekCounts((*own, others), found.get(None, 0), unknown)
    return WeekCounts((*own, others + unknown), found.get(None, 0))
