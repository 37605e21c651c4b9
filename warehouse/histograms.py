"""Counting by week and bin: what drift is judged from, in one pass a column and bounded memory.

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
BINS = 10
FEW_VALUES = 12
"""A number with no more distinct values than this has a bin for each."""
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
        self._sampled = False
        self._by_value: str | None = None

    def edges(self, name: str) -> tuple[float, ...]:
        """Upper edges of about ten bins with equally many rows, the last infinite; from a sample of 20,000 rows."""
        if not self._sampled:
            self._connection.execute(query_text("sample_of_counted"))
            self._sampled = True
        shares = [n / BINS for n in range(1, BINS)]
        found = query(self._connection, "quantiles_of_number", {"feature": name, "shares": shares})[0]
        first = found["first_values"] or []
        if len(first) <= FEW_VALUES:
            return (*first[:-1], inf)
        return (*sorted(set(found["quantiles"])), inf)

    def numbers(self, name: str, edges: Sequence[float]) -> dict[int, WeekCounts]:
        """Counts of a number by week; a value falls into the first bin whose upper edge is not below it."""
        parameters = {"feature": name, "edges": list(edges), "since": self._since}
        counted = {}
        for row in query(self._connection, "histogram_of_number", parameters):
            bins: Mapping[float, int] = row["bins"] or {}
            found = tuple(bins.get(edge, 0) for edge in edges)
            counted[int(row["week"])] = WeekCounts(found, int(row["n"]) - sum(found))
        return counted

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
            connection.read_parquet(str(source)).create_view("counted")
        else:
            connection.register("counted", source)
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


def _week_of_category(found: Mapping[int | None, int], known: Known) -> WeekCounts:
    others, unknown = found.get(0, 0), found.get(-1, 0)
    own = [found.get(place, 0) for place in range(1, len(known.values) + 1)]
    if known.complete:
        return WeekCounts((*own, others), found.get(None, 0), unknown)
    return WeekCounts((*own, others + unknown), found.get(None, 0))
