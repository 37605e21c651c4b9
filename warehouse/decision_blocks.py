"""Reading the lines of a block: which are entries, which repeat one that is there, and what is wrong with the others.

Nearly all lines are surely entries when they have been read once. The few that are not are read again, kind by kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from warehouse.connect import query_text, reading
from warehouse.decision_lines import Block

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

USED_BEFORE = "entry_id: was used before with other content"


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """What became of the lines of a block; each is in one of `kept`, `duplicates` and `rejected`."""

    kept: "pa.Table"
    """A row per entry that counts: `line`, what it is known by, and what is counted of it."""
    duplicates: int
    rejected: Mapping[int, str]
    """The reason by line, in order."""

    @property
    def lost(self) -> int:
        """Entries that a logger had to drop, by its own count."""
        import pyarrow.compute as pc

        return int(pc.sum(self.kept["lost"]).as_py() or 0)

    @property
    def days(self) -> frozenset[date]:
        """The first and the last day of the kept entries."""
        import pyarrow.compute as pc

        return frozenset(pc.min_max(self.kept["day"]).as_py().values()) - {None}


def read_block(scratch: "DuckDBPyConnection", block: Block, latest: datetime) -> ReadBlock:
    """Read a block, given a DuckDB that has `seen` the entries of the blocks before; none is later than `latest`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sure, judged = _parsed(scratch, block, latest)
    is_readable = pc.is_null(judged["reason"])
    readable, wrong = pa.concat_tables([sure, judged.filter(is_readable)]), judged.filter(pc.invert(is_readable))
    repeats = _repeats(scratch, readable)
    used = repeats.filter(pc.invert(repeats["is_same"]))["line"]
    why = dict(zip(wrong["line"].to_pylist(), wrong["reason"].to_pylist(), strict=True))
    why |= dict.fromkeys(used.to_pylist(), USED_BEFORE)
    kept: pa.Table = readable
    if repeats:
        kept = readable.filter(pc.invert(pc.is_in(readable["line"], repeats["line"])))
    return ReadBlock(kept, len(repeats) - len(used), dict(sorted(why.items())))


def _parsed(scratch: "DuckDBPyConnection", block: Block, latest: datetime) -> tuple["pa.Table", "pa.Table"]:
    """A row per line that is surely an entry, and one per further line, which may say what is wrong with it."""
    import pyarrow.compute as pc
    from duckdb import InvalidInputException

    scratch.register("lines", block.table)
    read, asked = query_text("decision_read"), {"latest": latest}
    try:
        found = scratch.sql(read, params=asked | {"trusts": True}).to_arrow_table()
    except InvalidInputException:  # a line that looks whole is no JSON
        found = scratch.sql(read, params=asked | {"trusts": False}).to_arrow_table()
    sure = found.filter(found["is_sure"]).drop_columns("is_sure")
    scratch.register("doubtful", found.filter(pc.invert(found["is_sure"])).select(["line"]))
    judged = scratch.sql(query_text("decision_doubtful"), params=asked).to_arrow_table()
    return sure, judged


def _repeats(scratch: "DuckDBPyConnection", readable: "pa.Table") -> "pa.Table":
    """A row per line that repeats an entry, and whether it is the same again."""
    keys = readable.select(["line", "key_high", "key_low", "content"])
    with reading() as warehouse:
        warehouse.register("readable", keys)
        before = warehouse.sql(query_text("decision_before")).to_arrow_table()
    scratch.register("readable", keys)
    scratch.register("before", before)
    return scratch.sql(query_text("decision_repeats")).to_arrow_table()
