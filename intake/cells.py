"""A cell's text read as what it should be: a number as people write it, a yes or no, a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.mapping import CustomType
from intake.mapping import Mapping as FileMapping
from intake.tables import Row
from ringback.clock import parse_time
from ringback.records import Value

TRUE = frozenset({"true", "yes", "y", "1", "t"})
FALSE = frozenset({"false", "no", "n", "0", "f"})
NOT_KNOWN = frozenset({"", "null", "none", "nan", "n/a", "na"})
EPOCH = datetime(1970, 1, 1)
LARGEST_SHARE = 10.0
EPOCH_MS = "epoch ms"
"""The form of a moment that is a number of milliseconds since 1970, as HubSpot's API writes it."""


class Unreadable(Exception):
    """A row cannot be read; says which column and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Cells:
    """A row's cells by our names, read as what they should be."""

    row: Row
    mapping: FileMapping

    def text(self, name: str) -> str | None:
        column = self.mapping.columns.get(name)
        words = self.row[column].strip() if column else ""
        return None if words.lower() in NOT_KNOWN else words

    def number(self, name: str) -> float | None:
        words = self.text(name)
        return None if words is None else number(words, self.mapping.columns[name]) * self.mapping.scale.get(name, 1.0)

    def share(self, name: str) -> float | None:
        """A number that is a share: `25%` says its unit itself, 25 in a column whose scale says so; at most tenfold."""
        words = self.text(name)
        if words is None:
            return None
        column, factor = self.mapping.columns[name], self.mapping.scale.get(name, 0.01 if "%" in words else 1.0)
        share = number(words, column) * factor
        if abs(share) > LARGEST_SHARE:
            reason = f"{words[:40]!r} is more than tenfold as a share; [scale] {name} = 0.01 says that it is per cent"
            raise Unreadable(column, reason)
        return share

    def several(self, name: str) -> tuple[str, ...] | None:
        words = self.text(name)
        return (
            None if words is None else tuple(w.strip() for w in words.split(self.mapping.list_separator) if w.strip())
        )

    def time(self, name: str) -> datetime | None:
        words = self.text(name)
        return None if words is None else moment(words, self.mapping.columns[name], self.mapping)

    def required(self, name: str) -> str:
        words = self.text(name)
        if words is None:
            raise Unreadable(self.mapping.columns[name], "is empty, and every row needs it")
        return words

    def required_time(self, name: str) -> datetime:
        return moment(self.required(name), self.mapping.columns[name], self.mapping)


def custom_value(cell: str, kind: CustomType, column: str, mapping: FileMapping) -> Value:
    words = cell.strip()
    if words.lower() in NOT_KNOWN:
        return None
    if kind == "number":
        return number(words, column)
    if kind == "flag":
        return flag(words, column)
    if kind == "date":
        return moment(words, column, mapping).isoformat()
    return words


def number(words: str, column: str) -> float:
    """A number as people write it: currency signs, blanks, per cent and thousands separators are understood.

    One comma and no point is a decimal comma, unless exactly three digits follow it and more than a zero precedes it.
    """
    plain = words.strip().strip("$€£¥%").replace("\u00a0", "").replace(" ", "").replace("'", "")
    if "," in plain and "." in plain:
        plain = (
            plain.replace(",", "") if plain.rfind(".") > plain.rfind(",") else plain.replace(".", "").replace(",", ".")
        )
    elif plain.count(".") > 1:
        plain = plain.replace(".", "")
    elif plain.count(",") == 1 and (len(plain.split(",")[1]) != 3 or plain.lstrip("+-").startswith("0,")):
        plain = plain.replace(",", ".")
    try:
        number = float(plain.replace(",", ""))
    except ValueError:
        raise Unreadable(column, f"{words[:40]!r} is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise Unreadable(column, f"{words[:40]!r} is not a finite number")
    return number


def flag(words: str, column: str) -> float:
    if words.lower() in TRUE:
        return 1.0
    if words.lower() in FALSE:
        return 0.0
    raise Unreadable(column, f"{words[:40]!r} is neither yes nor no")


def moment(words: str, column: str, mapping: FileMapping) -> datetime:
    """A moment in the form that the mapping names for its column, as UTC without zone."""
    form = mapping.time.of(column)
    try:
        if form == EPOCH_MS:
            return EPOCH + timedelta(milliseconds=int(words))
        return parse_time(words, form, mapping.time.zone)
    except (ValueError, OverflowError):
        wanted = form or "ISO 8601 (2026-03-18T09:30)"
        raise Unreadable(column, f"{words[:40]!r} is no moment in the form {wanted}; set [time] format") from None
