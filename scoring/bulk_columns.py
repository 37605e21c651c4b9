"""A table's columns as the fields of a lead: each distinct value is read once, and rows with a wrong one are named."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import TypeAdapter, ValidationError

from features.columnar import Coded
from features.texts import LONGEST
from intake.cells import NOT_KNOWN, Unreadable, number, people
from intake.mapping import DecimalMark, NumberFormat
from scoring.lead import Custom, LeadRequest, as_number

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = tuple(LeadRequest.model_fields)
LISTS = frozenset({"own_speakers", "technologies", "web_functions"})
TEXTS = frozenset({
    "company_name", "lead_id", "email", "call_id", "domain", "industry", "employees", "description", "call_notes",
    "transcript", "title", "job_title", "funding_stage", "country", "business_model", "news", "posts",
})  # fmt: skip
WHOLE = re.compile(r"(?<=[0-9])\.0+$")
"""Behind a whole number in a column that was kept as fractions: 75.0."""
SEPARATOR = ";"
"""Between the values of a cell that holds several."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be scored as it is."""

    row: int
    column: str
    because: str


def read_columns(
    table: "pa.Table", numeric: frozenset[str], numbers: NumberFormat | None = None
) -> tuple[dict[str, Coded], list[Rejected]]:
    """The table's columns, read as what they should be, each distinct value once; and the rows that cannot be.

    `numeric` names the features that are numbers, by which it is known which custom columns are; `numbers` says how
    they are written, by the names of the table's columns.
    """
    numbers = numbers or NumberFormat()
    columns: dict[str, Coded] = {}
    rejected: dict[int, Rejected] = {}
    for name in table.column_names:
        column = _coded(table.column(name))
        read, wrong = _read(name, column.values, f"custom.{name}" in numeric, numbers.of(name))
        columns[name] = Coded(column.codes, read)
        for row in _rows_with(column, wrong):
            rejected.setdefault(row, Rejected(row, name, wrong[int(column.codes[row])]))
    named = columns.get("company_name")
    nameless = {at: "" for at, value in enumerate(named.values) if value is None} if named else {}
    for row in _rows_with(named, nameless) if named else range(len(table)):
        rejected.setdefault(row, Rejected(row, "company_name", "is empty, and every row needs it"))
    return columns, [rejected[row] for row in sorted(rejected)]


def _rows_with(column: Coded, wrong: Mapping[int, str]) -> list[int]:
    import numpy as np

    return np.flatnonzero(np.isin(column.codes, list(wrong))).tolist() if wrong else []


def _coded(column: Any) -> Coded:
    """An Arrow column as its distinct values; null and NaN are None."""
    import numpy as np
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_nested(array.type) or pa.types.is_float16(array.type):
        listed = array.to_pylist()
        places: dict[Any, int] = {}
        keys = [_key(one) for one in listed]
        return Coded(np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.int64), list(places))
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values = [None if isinstance(one, float) and one != one else one for one in encoded.dictionary.to_pylist()]
    codes = encoded.indices.cast(pa.int64()).fill_null(len(values)).to_numpy()
    return Coded(codes, [*values, None])


def _key(value: Any) -> Any:
    """A list, or what has parts as a list of one: it is no text and no number."""
    if value is None or isinstance(value, float):
        return None if value is None or value != value else value
    parts = value if isinstance(value, list) else [value]
    return tuple(one if one is None or isinstance(one, (str, bool, int, float)) else str(one) for one in parts)


def _read(name: str, values: Sequence[Any], is_number: bool, decimal: DecimalMark) -> tuple[list[Any], dict[int, str]]:
    """Values of a column as its field takes them, and by place why one cannot be."""
    plain: list[Any] = []
    wrong: dict[int, str] = {}
    for at, value in enumerate(values):
        try:
            plain.append(_plain(name, value, is_number, decimal))
        except Unreadable as failure:
            plain.append(None)
            wrong[at] = failure.reason
    takes = _takes(name)
    try:
        read = takes.validate_python(plain)
    except ValidationError as failure:
        for one in failure.errors(include_url=False, include_context=False, include_input=False):
            wrong.setdefault(int(one["loc"][0]), one["msg"])
        read = takes.validate_python([None if at in wrong else value for at, value in enumerate(plain)])
    return list(read), wrong


def _plain(name: str, value: Any, is_number: bool, decimal: DecimalMark = ".") -> Any:
    """A cell as a value: words that say nothing are None, and numbers are read as people write them."""
    if name in LISTS:
        words = str(value).strip() if isinstance(value, str) else value
        parts = words.split(SEPARATOR) if isinstance(words, str) and words.lower() not in NOT_KNOWN else words
        return None if isinstance(parts, str) else _texts(parts) if isinstance(parts, (list, tuple)) else parts
    if isinstance(value, Decimal):
        value = float(value)
    is_custom = name not in FIELDS
    if isinstance(value, (bool, int, float)):
        return _written(value) if name in TEXTS and name != "employees" and not isinstance(value, bool) else value
    if isinstance(value, tuple) and is_custom:
        value = f"{SEPARATOR} ".join(_texts(value))
    if not isinstance(value, str):
        return value if isinstance(value, tuple) or value is None else _moment_or_words(value)
    words = value.strip()
    if words.lower() in NOT_KNOWN:
        return None
    if is_custom and not is_number:
        return words[:LONGEST]  # further ones count for no model
    if name in TEXTS:
        return people(WHOLE.sub("", words), name, decimal) if name == "employees" else words
    return as_number(words, name, decimal) if is_custom else number(words, name, decimal)


def _texts(parts: Sequence[Any]) -> list[str]:
    """What a list names, without what is empty."""
    written = [part.strip() if isinstance(part, str) else _written(part) for part in parts if part is not None]
    return [part for part in written if part]


def _written(number: Any) -> str:
    """A number that names something, such as an id: 17, also where the column keeps it as 17.0."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _moment_or_words(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


@lru_cache(maxsize=256)
def _takes(name: str) -> TypeAdapter[list[Any]]:
    """What a column's field takes, or nothing."""
    if name not in FIELDS:
        return TypeAdapter(list[Custom])
    one = LeadRequest.model_fields[name]
    takes: Any = Annotated[one.annotation, *one.metadata] if one.metadata else one.annotation
    return TypeAdapter(list[takes | None])
