"""Reading the lines of a block: which are entries, which repeat one that is there, and what is wrong with the others.

Nearly all lines are surely entries when they have been read once. The few that are not are read again, kind by kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from warehouse.connect import query_text, reading
from warehouse.decision_counting import DIMENSIONS
from warehouse.decision_lines import Block

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

KEYS, SURE = ["line", "key_high", "key_low", "content"], "is_sure"
LONGEST_MEMBER = 100
"""Letters."""
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

    found, judged = _parsed(scratch, block, latest)
    is_readable = pc.is_null(judged["reason"])
    wrong, read_again = judged.filter(pc.invert(is_readable)), judged.filter(is_readable)
    keys = found.select([*KEYS, SURE]).filter(found[SURE]).select(KEYS)
    repeats = _repeats(scratch, pa.concat_tables([keys, read_again.select(KEYS)]))
    used = repeats.filter(pc.invert(repeats["is_same"]))["line"]
    why = dict(zip(wrong["line"].to_pylist(), wrong["reason"].to_pylist(), strict=True))
    why |= dict.fromkeys(used.to_pylist(), USED_BEFORE)
    sure = found.filter(pc.and_(found[SURE], _is_none_of(repeats, found))).drop_columns(SURE)
    kept = _with_members(pa.concat_tables([sure, read_again.filter(_is_none_of(repeats, read_again))]))
    return ReadBlock(kept, len(repeats) - len(used), dict(sorted(why.items())))


def _parsed(scratch: "DuckDBPyConnection", block: Block, latest: datetime) -> tuple["pa.Table", "pa.Table"]:
    """A row per line, which may surely be an entry, and one per line that is not, which may say what is wrong."""
    import pyarrow.compute as pc
    from duckdb import InvalidInputException

    scratch.register("lines", block.table)
    read, asked = query_text("decision_read"), {"latest": latest}
    try:
        found = scratch.sql(read, params=asked | {"trusts": True}).to_arrow_table()
    except InvalidInputException:  # a line that looks whole is no JSON
        found = scratch.sql(read, params=asked | {"trusts": False}).to_arrow_table()
    scratch.register("doubtful", found.select(["line", SURE]).filter(pc.invert(found[SURE])))
    return found, scratch.sql(query_text("decision_doubtful"), params=asked).to_arrow_table()


def _repeats(scratch: "DuckDBPyConnection", readable: "pa.Table") -> "pa.Table":
    """A row per line that repeats an entry, and whether it is the same again."""
    with reading() as warehouse:
        warehouse.register("readable", readable)
        before = warehouse.sql(query_text("decision_before")).to_arrow_table()
    scratch.register("readable", readable)
    scratch.register("before", before)
    return scratch.sql(query_text("decision_repeats")).to_arrow_table()


def _with_members(kept: "pa.Table") -> "pa.Table":
    """With the words that entries are counted by trimmed and cut: once a word, not once an entry, since they recur."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in DIMENSIONS:
        said = pc.unique(kept[name])
        cut = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(said), 0, LONGEST_MEMBER)
        members = pc.if_else(pc.equal(cut, ""), pa.scalar(None, pa.string()), cut)
        if not members.equals(said):
            cleaned = members.take(pc.index_in(kept[name], said).combine_chunks())
            kept = kept.set_column(kept.schema.get_field_index(name), name, cleaned)
    return kept


def _is_none_of(repeats: "pa.Table", rows: "pa.Table") -> "pa.ChunkedArray":
    import pyarrow.compute as pc

    return pc.invert(pc.is_in(rows["line"], repeats["line"].combine_chunks()))
