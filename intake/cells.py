"""A cell's text read as what it should be: a number as people write it, a yes or no, a moment."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.mapping import CustomType, DecimalMark
from intake.mapping import Mapping as FileMapping
from intake.tables import Row
from ringback.clock import as_utc, parse_time
from ringback.records import Value

TRUE = frozenset({"true", "yes", "y", "1", "t"})
FALSE = frozenset({"false", "no", "n", "0", "f"})
NOT_KNOWN = frozenset({"", "null", "none", "nan", "n/a", "na"})
EPOCH = datetime(1970, 1, 1)
LARGEST_SHARE = 10.0
EPOCH_MS = "epoch ms"
"""The form of a moment that is a number of milliseconds since 1970, as HubSpot's API writes it."""
EPOCH_S = "epoch s"
"""The same in seconds."""
EXCEL = "excel days"
"""The form of a moment that is a number of days as Excel counts them; the fraction is the time of day."""
EXCEL_BEGINS = datetime(1899, 12, 30)
OPEN_NUMBER = re.compile(r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$")
"""One sign with three digits after it: thousands, or decimals?"""
PEOPLE_RANGE = re.compile(
    r"^\s*(?P<least>\d[\d.,' \u00a0]*?)\s*(?:(?:-|\u2013|to|bis)\s*(?P<most>\d[\d.,' \u00a0]*?)|\+)\s*"
    r"(?:employees|mitarbeiter|people)?\s*$",
    re.IGNORECASE,
)
"""A size as CRMs write it: 50-100, 1,000+, 10.001+ employees."""


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
        return None if words is None else self._number(words, name) * self.mapping.scale.get(name, 1.0)

    def people(self, name: str) -> float | None:
        """A number of employees, also from a range."""
        words = self.text(name)
        if words is None:
            return None
        column = self.mapping.columns[name]
        return people(words, column, self.mapping.numbers.of(column)) * self.mapping.scale.get(name, 1.0)

    def share(self, name: str) -> float | None:
        """A number that is a share: `25%` says its unit itself, 25 in a column whose scale says so; at most tenfold."""
        words = self.text(name)
        if words is None:
            return None
        column, factor = self.mapping.columns[name], self.mapping.scale.get(name, 0.01 if "%" in words else 1.0)
        share = self._number(words, name) * factor
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

    def _number(self, words: str, name: str) -> float:
        column = self.mapping.columns[name]
        return number(words, column, self.mapping.numbers.of(column))

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
        return number(words, column, mapping.numbers.of(column))
    if kind == "flag":
        return flag(words, column)
    if kind == "date":
        return moment(words, column, mapping).isoformat()
    return words


def number(words: str, column: str, decimal: DecimalMark = ".") -> float:
    """A number as people write it: currency signs, blanks, per cent and thousands separators are understood.

    A number that can be read in two ways, such as 1.234 or 1,234, is read with `decimal` before its decimals; all
    others tell by themselves.

    >>> number("1.234", "seats"), number("1.234", "seats", ","), number("1.234,5", "seats")
    (1.234, 1234.0, 1234.5)
    """
    plain = plain_number(words)
    if OPEN_NUMBER.match(plain):
        plain = plain.replace(",", ".") if decimal in plain else re.sub("[.,]", "", plain)
    elif "," in plain and "." in plain:
        plain = (
            plain.replace(",", "") if plain.rfind(".") > plain.rfind(",") else plain.replace(".", "").replace(",", ".")
        )
    elif plain.count(".") > 1:
        plain = plain.replace(".", "")
    elif plain.count(",") == 1:
        plain = plain.replace(",", ".")
    try:
        number = float(plain.replace(",", ""))
    except ValueError:
        raise Unreadable(column, f"{words[:40]!r} is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise Unreadable(column, f"{words[:40]!r} is not a finite number")
    return number


def plain_number(words: str) -> str:
    """A number without what stands around it: signs of currencies and per cent, blanks, apostrophes."""
    return words.strip().strip("$€£¥%").replace("\u00a0", "").replace(" ", "").replace("'", "")


def people(said: float | str, column: str = "employees", decimal: DecimalMark = ".") -> float:
    """A number of employees from a number or a range: the middle of it, or where it starts if it has no end.

    Raises Unreadable, naming the column, for words that are neither.

    >>> people("50-100"), people("1,000+"), people("10.001+ employees"), people(12)
    (75.0, 1000.0, 10001.0, 12.0)
    """
    if not isinstance(said, str):
        return float(said)
    span = PEOPLE_RANGE.match(said)
    if span is None:
        return number(said, column, decimal)
    ends = [float(re.sub(r"\D", "", end)) for end in (span["least"], span["most"]) if end]
    return sum(ends) / len(ends)


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
        if form == EPOCH_S:
            return EPOCH + timedelta(seconds=float(words))
        if form == EXCEL:
            days = timedelta(days=float(words.replace(",", ".")))
            return as_utc(EXCEL_BEGINS + timedelta(seconds=round(days.total_seconds())), mapping.time.zone)
        return parse_time(words, form, mapping.time.zone)
    except (ValueError, OverflowError):
        wanted = form or "ISO 8601 (2026-03-18T09:30)"
        raise Unreadable(column, f"{words[:40]!r} is no moment in the form {wanted}; set [time] format") from None
