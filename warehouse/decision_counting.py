"""Counting the kept entries of a file by day, kind of decision, dimension and member.

DuckDB adds up the sums. How many entries are in each bin of seconds is counted by NumPy: a sixth of the work where
there are many bins.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from warehouse.connect import query_text
from warehouse.decision_counts import Dimension

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

MOST_MEMBERS = 200
"""Of a dimension that a file's counts name; the rest of them is counted as `other`."""
DIMENSIONS = [dimension for dimension in get_args(Dimension) if dimension]
COUNTED = ["cell", *DIMENSIONS, "success", "approved", "quality", "microseconds"]
AT_ONCE = 500_000
"""Entries; more than a block may have, since counting a few costs as much as it does for many."""
MOST_PLACES = 10_000_000
"""Pairs of bin and member that are counted in an array that has a place for each."""


class Counting:
    """Counts entries, given a DuckDB that has the tables for it."""

    def __init__(self, scratch: "DuckDBPyConnection") -> None:
        self._scratch = scratch
        self._waiting: list[pa.Table] = []

    def add(self, kept: "pa.Table") -> None:
        """Entries as `read_block` gives them."""
        self._waiting.append(kept.select(COUNTED))
        if sum(len(table) for table in self._waiting) >= AT_ONCE:
            self._count()

    def sums(self) -> "pa.Table":
        """A row per day, kind of decision, dimension and member of all that was added."""
        if self._waiting:
            self._count()
        return self._scratch.sql(query_text("decision_sums"), params={"most": MOST_MEMBERS}).to_arrow_table()

    def _count(self) -> None:
        import pyarrow as pa

        uncounted = pa.concat_tables(self._waiting)
        self._waiting.clear()
        self._scratch.register("uncounted", uncounted)
        self._scratch.register("bins", pa.concat_tables(_bins(uncounted)))
        self._scratch.execute(query_text("decision_count"))
        self._scratch.unregister("uncounted")
        self._scratch.unregister("bins")


def _bins(uncounted: "pa.Table") -> Iterator["pa.Table"]:
    """How many entries are in each cell (a day, a kind of decision and a bin): in all, and by member of a dimension."""
    import numpy as np
    import pyarrow as pa

    cells, cell_of = _coded(uncounted["cell"])
    yield _table(cells, "", pa.repeat("", len(cells)), np.bincount(cell_of))
    for dimension in DIMENSIONS:
        is_said = uncounted[dimension].is_valid()
        members, member_of = _coded(uncounted[dimension].filter(is_said))
        if len(members):
            found, n = _counted(cell_of[is_said.to_numpy()] * len(members) + member_of, len(cells) * len(members))
            yield _table(cells.take(found // len(members)), dimension, members.take(found % len(members)), n)


def _coded(column: "pa.ChunkedArray") -> tuple["pa.Array", "NDArray[Any]"]:
    """The different values of a column, and which of them each row has."""
    import numpy as np

    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy().astype(np.int64)


def _counted(places: "NDArray[Any]", of: int) -> tuple["NDArray[Any]", "NDArray[Any]"]:
    """The different places, of so many there may be, and how often each is there."""
    import numpy as np

    if of > MOST_PLACES:
        return np.unique(places, return_counts=True)
    n = np.bincount(places)
    found = np.flatnonzero(n)
    return found, n[found]


def _table(cells: "pa.Array", dimension: str, members: "pa.Array", n: "NDArray[Any]") -> "pa.Table":
    import pyarrow as pa

    return pa.table({"cell": cells, "dimension": pa.repeat(dimension, len(n)), "member": members, "n": n})
