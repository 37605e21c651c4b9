"""Files of leads, read a part at a time: CSV, Parquet and JSON lines, also gzipped; lines that are no row are kept."""

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import orjson

from intake.columns import column_of, plain
from intake.decimals import Decimals, decimals_of
from intake.lead_columns import NAMES, whole_among
from intake.mapping import NumberFormat
from intake.wide_text import refuse_wide
from ringback.errors import BadMapping, WrongUsage
from scoring.lead import LeadRequest

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 20_000
BLOCK_BYTES = 4 * 1024 * 1024
LONGEST_HEADER = 1 << 20
KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
         ".jsonl": "jsonl", ".ndjson": "jsonl"}  # fmt: skip
ALSO: dict[str, tuple[str, ...]] = {name: NAMES[name] for name in LeadRequest.model_fields if name in NAMES} | {
    "company_name": NAMES["company"], "domain": (*NAMES["domain"], *NAMES["website"]),
    "call_notes": ("notes", "callnotes", "meetingnotes"),
}  # fmt: skip
"""Other names under which a field comes, as CRMs write them."""
REJECTED_COLUMN, REJECTED_BECAUSE = "rejected_column", "rejected_because"


@dataclass(slots=True)
class Source:
    """A file of leads."""

    path: Path
    kind: str
    columns: Sequence[str]
    """Names of the columns; of JSON lines those of the first lines."""
    fields: Mapping[str, str]
    """By column of the file the field it holds; all others are custom fields."""
    numbers: NumberFormat = field(default_factory=NumberFormat)
    """How numbers are written, by the first rows, as an import reads them."""
    doubts: Sequence[str] = ()
    """What of that is a guess."""
    encoding: str = "utf-8"
    not_utf8_line: int | None = None
    """The first line that is no UTF-8, for which the file is read in another encoding."""
    misshapen: list[tuple[int, str]] = field(default_factory=list)
    """Lines that are no row, with their number and text, as far as the file was read."""

    def batches(self) -> Iterator["pa.Table"]:
        """The rows, some at a time, with the columns of the file; of a file without rows one part without any."""
        import pyarrow as pa

        read = {"parquet": _parquet_batches, "jsonl": _json_batches, "csv": _csv_batches}[self.kind]
        any_yet = False
        for table in read(self):
            any_yet = True
            yield table
        if not any_yet:
            yield pa.table({name: pa.nulls(0, pa.string()) for name in self.columns})

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
    if kind is None or (kind == "parquet" and suffixes[-1] == ".gz"):
        raise WrongUsage(f"{path.name} is none of .csv, .tsv, .parquet, .jsonl (each also .gz, but Parquet)")
    refuse_wide(path)
    import pyarrow as pa

    try:
        encoding, not_utf8_line = _encoding(path) if kind == "csv" else ("utf-8", None)
        columns = _columns(path, kind, encoding)
    except (pa.ArrowException, EOFError, zlib.error, gzip.BadGzipFile) as failure:
        raise BadMapping(f"{path.name} is damaged, or not the kind of file that its name says ({failure})") from None
    if not columns:
        raise BadMapping(f"{path.name} is empty")
    repeated = [name for name in dict.fromkeys(columns) if columns.count(name) > 1]
    if repeated:
        raise BadMapping(f"{path.name} has two columns called {repeated[0]!r}; which is meant cannot be known")
    found = _fields(columns)
    if "company_name" not in found.values():
        raise BadMapping(
            f"{path.name} has no column of company names among {', '.join(columns[:12])}; call one company_name"
        )
    source = Source(path, kind, columns, found, encoding=encoding, not_utf8_line=not_utf8_line)
    if kind != "csv":
        return source
    decimals = _decimals(source)
    return replace(source, numbers=decimals.format, doubts=tuple(decimals.doubts.values()))


def _decimals(source: Source) -> Decimals:
    """How the first rows of a CSV file write numbers."""
    try:
        table = next(iter(replace(source, misshapen=[]).batches()))
    except BadMapping:  # who reads all rows is told
        return Decimals(NumberFormat(), {})
    columns = [column_of(name, filter(None, table.column(name).to_pylist())) for name in table.column_names]
    return decimals_of(columns, whole_among(columns))


def stem_of(path: Path) -> str:
    """The name of a file of leads without what says its kind.

    >>> stem_of(Path("leads.2026-03.csv.gz")), stem_of(Path("leads.parquet"))
    ('leads.2026-03', 'leads')
    """
    name = path.name.removesuffix(path.suffix) if path.suffix.lower() == ".gz" else path.name
    kind = Path(name).suffix
    return name.removesuffix(kind) if kind.lower() in KINDS else name


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


def _columns(path: Path, kind: str, encoding: str) -> list[str]:
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
    header, _ = _header(path, encoding)
    return header


def _header(path: Path, encoding: str) -> tuple[list[str], str]:
    """The names of the columns and what separates them; raises BadMapping where a name breaks the line."""
    with _opened(path) as file:
        line = file.readline(LONGEST_HEADER).decode(encoding, "replace").lstrip("\ufeff").rstrip("\r\n")
    if line.count('"') % 2 or "\r" in line:
        raise BadMapping(f"the names of the columns of {path.name} are not all in one line; write each without a break")
    separator = max(",;\t|", key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])], separator


def _encoding(path: Path) -> tuple[str, int | None]:
    """UTF-8 where all of it is, else Windows-1252 and the first line that is no UTF-8; raises BadMapping for others."""
    not_utf8_line = _first_line_not(path, "utf-8")
    if not_utf8_line is None:
        return "utf-8", None
    if _first_line_not(path, "cp1252") is None:
        return "cp1252", not_utf8_line
    raise BadMapping(f"{path.name} is neither UTF-8 nor Windows-1252 text; save it as UTF-8")


def _first_line_not(path: Path, encoding: str) -> int | None:
    """The number of the first line that cannot be read so, None where all can; in parts."""
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 0
    with _opened(path) as file:
        try:
            while part := file.read(BLOCK_BYTES):
                decoder.decode(part)
                lines += part.count(b"\n")
            decoder.decode(b"", True)
        except UnicodeDecodeError as failure:
            return lines + failure.object[: failure.start].count(b"\n") + 1
    return None


def _parquet_batches(source: Source) -> Iterator["pa.Table"]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(source.path).iter_batches(ROWS_AT_ONCE):
        yield pa.Table.from_batches([batch])


def _csv_batches(source: Source) -> Iterator["pa.Table"]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    header, separator = _header(source.path, source.encoding)

    def misshapen(row: Any) -> str:
        source.misshapen.append((row.number or 0, row.text))
        return "skip"

    with _opened(source.path) as file:
        if not _has_more_lines(file):
            return
        try:
            reader = arrow_csv.open_csv(
                file,
                arrow_csv.ReadOptions(
                    block_size=BLOCK_BYTES, column_names=header, skip_rows=1, encoding=source.encoding,
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
        except pa.ArrowInvalid as failure:
            raise BadMapping(
                f"{source.path.name} cannot be read on ({failure}); is there a quotation mark that is never closed?"
            ) from None


def _has_more_lines(file: IO[bytes]) -> bool:
    """Whether anything comes after the first line; the file is at its beginning again."""
    file.readline()
    more = bool(file.read(1))
    file.seek(0)
    return more


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
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([value if value is None or isinstance(value, str) else str(value) for value in values])


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        told = orjson.loads(line.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")
