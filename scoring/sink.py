"""Tables with scores, in a file that is whole or not there: CSV that no spreadsheet runs, Parquet, or JSON lines."""

import fcntl
import glob
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from intake.tables import FORMULA, guarded
from ringback.errors import RingbackError, WrongUsage
from scoring.tables import KINDS

if TYPE_CHECKING:
    import pyarrow as pa


class Sink:
    """Writes tables of one shape to a file that is whole or not there; raises RingbackError where it cannot.

    Until then the rows are in a part of its own beside it, so that several may write to one path: the last one stays.
    """

    def __init__(self, path: Path) -> None:
        """The kind of file is told by its name; raises WrongUsage for others."""
        kind = KINDS.get(path.suffix.lower())
        if kind is None:
            raise WrongUsage(f"scores can be written as .csv, .parquet or .jsonl, not as {path.name}")
        self._path, self._kind = path, kind
        self._part: Path | None = None
        self._held: IO[bytes] | None = None
        self._schema: pa.Schema | None = None
        self._write: Callable[[Any], None] | None = None
        self._close: Callable[[], None] = lambda: None

    def write(self, table: "pa.Table") -> None:
        """Add rows; all tables must have the columns of the first."""
        with written_in_words(self._path):
            if self._write is None:
                self._open(safe_cells(table).schema if self._kind == "csv" else table.schema)
            assert self._write is not None  # noqa: S101  (_open set it)
            self._write(table if self._kind == "jsonl" else self._fitted(table))

    def _fitted(self, table: "pa.Table") -> "pa.Table":
        """The table with exactly the columns of the first; raises WrongUsage where it has others."""
        import pyarrow as pa

        table = safe_cells(table) if self._kind == "csv" else table
        assert self._schema is not None  # noqa: S101  (_open set it)
        if table.schema == self._schema:
            return table
        if more := sorted(set(table.column_names) - set(self._schema.names)):
            raise WrongUsage(f"later rows have further fields ({', '.join(more[:5])}): write .jsonl instead")
        for one in self._schema:
            if one.name not in table.column_names:
                table = table.append_column(one.name, pa.nulls(len(table), one.type))
        try:
            return table.select(self._schema.names).cast(self._schema)
        except pa.ArrowInvalid as failure:
            raise WrongUsage(f"a field is of one kind in some rows and of another in others ({failure})") from None

    def close(self) -> None:
        """Write what is left to be written; after that the file lacks nothing but its name."""
        with written_in_words(self._path):
            self._close()
        self._close = lambda: None

    def finish(self) -> None:
        """Make the file appear under its name; where nothing was written, none of an earlier time stays."""
        self.close()
        with written_in_words(self._path):
            if self._part is None:
                self._remove_left()
                self._path.unlink(missing_ok=True)
            else:
                os.replace(self._part, self._path)
        self._let_go()

    def give_up(self) -> None:
        """Leave nothing behind."""
        with suppress(Exception):  # nobody misses what cannot be written any more, as on a full disk
            self._close()
        self._let_go()

    def _remove_left(self) -> None:
        remove_left(self._path.parent, f".{glob.escape(self._path.name)}.{'[0-9a-f]' * 8}.part")

    def _let_go(self) -> None:
        if self._part is not None:
            self._part.unlink(missing_ok=True)
        if self._held is not None:
            self._held.close()

    def _open(self, schema: "pa.Schema") -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._remove_left()
        self._schema = schema
        self._part, self._held = _part_of(self._path)
        if self._kind == "parquet":
            import pyarrow.parquet as pq

            parquet = pq.ParquetWriter(self._part, schema, compression="zstd")
            self._write, self._close = parquet.write_table, parquet.close
        elif self._kind == "csv":
            from pyarrow import csv as arrow_csv

            how = arrow_csv.WriteOptions(delimiter="\t" if self._path.suffix.lower() == ".tsv" else ",")
            writer = arrow_csv.CSVWriter(self._part, schema, write_options=how)
            self._write, self._close = writer.write, writer.close
        else:
            file = self._part.open("wb")
            self._write = lambda table: file.writelines(
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE, default=_words) for row in table.to_pylist()
            )
            self._close = file.close


@contextmanager
def written_in_words(path: Path) -> Iterator[None]:
    """Say in one sentence where a file cannot be written; raises RingbackError."""
    try:
        yield
    except OSError as failure:
        why = os.strerror(failure.errno) if failure.errno else str(failure)
        raise RingbackError(f"{path} cannot be written ({why}); see that there is room and that you may") from failure


def remove_left(folder: Path, pattern: str) -> None:
    """Remove the parts of runs that were killed: those that nobody holds."""
    for part in folder.glob(pattern):
        with suppress(OSError), part.open("rb") as left:  # somebody holds it, or it is gone meanwhile
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()


def _part_of(path: Path) -> tuple[Path, IO[bytes]]:
    """A new file beside a path, and what holds it: for as long as that is open, nobody takes it for left."""
    while True:
        part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        held = part.open("xb")
        with suppress(OSError):  # a file system without locks: there nobody can take it either
            fcntl.flock(held, fcntl.LOCK_EX)
        if part.exists():  # else it was taken before it was held
            return part, held
        held.close()


def safe_cells(table: "pa.Table") -> "pa.Table":
    """The table with no text that a spreadsheet would run, neither in a cell nor as a name, and lists as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for at, name in enumerate(table.column_names):
        column = as_text(table.column(at)) if _holds_text(table.column(at).type) else table.column(at)
        if pa.types.is_string(column.type):
            risky = pc.match_substring_regex(column, FORMULA.pattern).fill_null(pa.scalar(False))
            if pc.any(risky).as_py():
                cells = [None if cell is None else guarded(cell) for cell in column.to_pylist()]
                column = pa.array(cells, pa.string())
        table = table.set_column(at, guarded(name), column)
    return table


def as_text(column: Any) -> Any:
    """A column of any type as words; a list as one text."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return column
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.array([None if value is None else _words(value) for value in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def _holds_text(kind: Any) -> bool:
    import pyarrow as pa

    return not (pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(_words(one) for one in value if one is not None)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_words(one)}" for name, one in value.items() if one is not None)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
