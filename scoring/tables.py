"""Files of leads, read a part at a time and written back with their scores: CSV, Parquet and JSON lines, also gzipped.

A line that is no row, and a row that cannot be scored, go to a file of rejects with the reason; nothing is dropped.
"""

import csv
import gzip
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import orjson

from intake.columns import plain
from intake.lead_columns import NAMES
from intake.tables import FORMULA, guarded
from ringback.errors import BadMapping, WrongUsage
from scoring.lead import LeadRequest

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 20_000
BLOCK_BYTES = 4 * 1024 * 1024
LONGEST_HEADER = 1 << 20
KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
         ".jsonl": "jsonl", ".ndjson": "jsonl"}  # fmt: skip
ALSO: dict[str, tuple[str, ...]] = {
    "company_name": NAMES["company"], "domain": (*NAMES["domain"], *NAMES["website"]),
    "call_notes": ("notes", "callnotes", "meetingnotes"), "job_title": NAMES["job_title"], "email": NAMES["email"],
} | {name: NAMES[name] for name in LeadRequest.model_fields if name in NAMES}  # fmt: skip
"""Other names under which a field comes, as CRMs write them."""
REJECTED_COLUMN, REJECTED_BECAUSE = "rejected_column", "rejected_because"


@dataclass(slots=True)
class Source:
    """A file of leads."""

    path: Path
    kind: str
    fields: Mapping[str, str]
    """By column of the file the field it holds; all others are custom fields."""
    misshapen: list[tuple[int, str]] = field(default_factory=list)
    """Lines that are no row, with their number and text, as far as the file was read."""

    def batches(self) -> Iterator["pa.Table"]:
        """The rows, some at a time, with the columns of the file."""
        if self.kind == "parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            for batch in pq.ParquetFile(self.path).iter_batches(ROWS_AT_ONCE):
                yield pa.Table.from_batches([batch])
        elif self.kind == "jsonl":
            yield from _json_batches(self)
        else:
            yield from _csv_batches(self)

    def rows(self) -> int | None:
        """How many rows there are, where the file says so."""
        if self.kind != "parquet":
            return None
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(self.path).metadata.num_rows)


def source_of(path: Path) -> Source:
    """What a file of leads holds, by its first rows; raises WrongUsage and BadMapping that say what is wrong."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = KINDS.get(suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else (suffixes or [""])[-1])
    if kind is None:
        raise WrongUsage(f"{path.name} is none of .csv, .tsv, .parquet, .jsonl (each also .gz, but Parquet)")
    columns = _columns(path, kind)
    found = _fields(columns)
    if "company_name" not in found.values():
        raise BadMapping(
            f"{path.name} has no column of company names among {', '.join(columns[:12])}; call one company_name"
        )
    return Source(path, kind, found)


def renamed(table: "pa.Table", fields: Mapping[str, str]) -> "pa.Table":
    """The table with its columns called by the fields they hold."""
    return table.rename_columns([fields.get(name, name) for name in table.column_names])


def _fields(columns: Sequence[str]) -> dict[str, str]:
    """Which column holds which field: by the field's own name, else by the most specific other name."""
    found = {name: name for name in columns if name in LeadRequest.model_fields}
    for field_name, names in ALSO.items():
        if field_name in found.values():
            continue
        by_plain = {plain(name): name for name in reversed(columns) if name not in found}
        column = next((by_plain[one] for one in (plain(field_name), *names) if one in by_plain), None)
        if column is not None:
            found[column] = field_name
    return found


def _columns(path: Path, kind: str) -> list[str]:
    if kind == "parquet":
        import pyarrow.parquet as pq

        return list(pq.ParquetFile(path).schema_arrow.names)
    if kind == "jsonl":
        names: dict[str, None] = {}
        with _opened(path) as file:
            for line in islice(file, 1000):
                told = _object(line)
                names |= dict.fromkeys(told or {})
        return list(names)
    header, _ = _header(path)
    repeated = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if repeated:
        raise BadMapping(f"{path.name} has two columns called {repeated[0]!r}; which is meant cannot be known")
    return header


def _header(path: Path) -> tuple[list[str], str]:
    """The names of the columns and what separates them."""
    with _opened(path) as file:
        line = file.readline(LONGEST_HEADER).decode(_encoding(path), "replace").lstrip("\ufeff").rstrip("\r\n")
    separator = max(",;\t|", key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])], separator


def _encoding(path: Path) -> str:
    """UTF-8 where all of it is, else Windows-1252; read in parts."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opened(path) as file:
        try:
            while part := file.read(BLOCK_BYTES):
                decoder.decode(part)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _csv_batches(source: Source) -> Iterator["pa.Table"]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    header, separator = _header(source.path)

    def misshapen(row: Any) -> str:
        source.misshapen.append((row.number or 0, row.text))
        return "skip"

    with _opened(source.path) as file:
        reader = arrow_csv.open_csv(
            file,
            arrow_csv.ReadOptions(
                block_size=BLOCK_BYTES, column_names=header, skip_rows=1, encoding=_encoding(source.path),
                use_threads=False,
            ),
            arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=misshapen),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _json_batches(source: Source) -> Iterator["pa.Table"]:
    import pyarrow as pa

    number = 0
    with _opened(source.path) as file:
        while lines := list(islice(file, ROWS_AT_ONCE)):
            columns: dict[str, list[Any]] = {name: [] for name in source.fields}
            count = 0
            for line in lines:
                number += 1
                told = _object(line)
                if told is None:
                    if line.strip():
                        source.misshapen.append((number, line.decode("utf-8", "replace").rstrip("\n")))
                    continue
                for name in told.keys() - columns.keys():
                    columns[name] = [None] * count
                for name, values in columns.items():
                    values.append(told.get(name))
                count += 1
            yield pa.table({name: _json_column(values) for name, values in columns.items()})


def _json_column(values: list[Any]) -> "pa.Array":
    """Values of mixed kinds stay what they are, as far as Arrow can hold them together; else their words."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([value if value is None or isinstance(value, str) else str(value) for value in values])


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


class Sink:
    """Writes tables of one shape to a file that is whole or not there."""

    def __init__(self, path: Path) -> None:
        """The kind of file is told by its name; raises WrongUsage for others."""
        kind = KINDS.get(path.suffix.lower())
        if kind is None:
            raise WrongUsage(f"scores can be written as .csv, .parquet or .jsonl, not as {path.name}")
        self._path, self._kind = path, kind
        self._part = path.with_name(f".{path.name}.part")
        self._schema: pa.Schema | None = None
        self._write: Callable[[Any], None] | None = None
        self._close: Callable[[], None] = lambda: None

    def write(self, table: "pa.Table") -> None:
        """Add rows; all tables must have the columns of the first."""
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

    def finish(self) -> None:
        """Make the file appear under its name."""
        self._close()
        if self._write is not None:
            os.replace(self._part, self._path)

    def give_up(self) -> None:
        """Leave nothing behind."""
        self._close()
        self._part.unlink(missing_ok=True)

    def _open(self, schema: "pa.Schema") -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema
        if self._kind == "parquet":
            import pyarrow.parquet as pq

            parquet = pq.ParquetWriter(self._part, schema, compression="zstd")
            self._write, self._close = parquet.write_table, parquet.close
        elif self._kind == "csv":
            from pyarrow import csv as arrow_csv

            writer = arrow_csv.CSVWriter(self._part, schema)
            self._write, self._close = writer.write, writer.close
        else:
            file = self._part.open("wb")
            self._write = lambda table: file.writelines(
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in table.to_pylist()
            )
            self._close = file.close


def safe_cells(table: "pa.Table") -> "pa.Table":
    """The table with no text that a spreadsheet would run, and lists as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for at, name in enumerate(table.column_names):
        column = table.column(at)
        if pa.types.is_nested(column.type):
            listed = column.to_pylist()
            column = pa.array([None if value is None else "; ".join(map(str, value)) for value in listed], pa.string())
        if pa.types.is_string(column.type):
            risky = pc.match_substring_regex(column, FORMULA.pattern).fill_null(pa.scalar(False))
            if pc.any(risky).as_py():
                column = pa.array([None if cell is None else guarded(cell) for cell in column.to_pylist()])
        table = table.set_column(at, name, column)
    return table
