"""A column of somebody's file: its name without case, accents and signs, what its values are, how its moments look."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from intake.cells import EPOCH_MS, EPOCH_S, EXCEL, FALSE, NOT_KNOWN, TRUE, Unreadable, number
from intake.mapping import CustomType
from intake.tables import Table
from ringback.clock import parse_time

DateOrder = Literal["day-first", "month-first"]

SAMPLE_VALUES = 2000
MOSTLY = 0.95
HALF = 0.5
"""Enough where the name says already what a column holds: the other rows are set aside with the reason."""
LONG_TEXT = 80
MANY_VALUES = 100
MOST_FOR_CATEGORY = 0.5
LOOKS_A_NUMBER = re.compile(r"^[\s$€£+-]*\d[\d.,' \u00a0]*\s?[%€£]?$")
LEADING_ZERO = re.compile(r"^0\d")
SPELLED_NUMBER = re.compile(r"^\+?\d{1,4}[ -]\d+[ -]\d+")  # a telephone number is no quantity
NAMES_AN_ID = re.compile(r"(\b|_)ids?$|[a-z]I[dD]s?$|\bzip\b|postal|postcode|phone|fax", re.IGNORECASE)
MILLIONS = re.compile(r"\(\s*(m|mm|mn|mio|millions?)\s*\)|\b(in )?(millions|mio|mn)\b|_(m|mn|millions)$", re.IGNORECASE)
THOUSANDS = re.compile(r"\(\s*(k|tsd|thousands?)\s*\)|\b(in )?(thousands|tsd)\b|_(k|thousands)$", re.IGNORECASE)

NAMES_A_DATE = re.compile(
    r"^date|(?<!candi)date(time)?$|datum|timestamp|(created?|started?|held|closed|updated|called)(at|on)$|starttime$"
)
"""In plain names."""
COUNTED = {EXCEL: re.compile(r"^[2-6]\d{4}([.,]\d+)?$"), EPOCH_S: re.compile(r"^1\d{9}(\.\d+)?$")}
"""Days of the years 1954 to 2091 as Excel counts them, seconds of the years 2001 to 2033."""
ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:?\d{2}.*)?$")
NUMERIC = re.compile(
    r"^(?P<first>\d{1,2})(?P<sign>[/.-])(?P<second>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})"
    r"(?:(?P<gap>,? )(?P<clock>\d{1,2}:\d{2})(?P<seconds>:\d{2})?(?P<half> ?[AaPp][Mm])?)?$"
)
OTHER_FORMS = (
    "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y",
    "%b %d, %Y", "%B %d, %Y", "%d %b %Y %H:%M", "%b %d, %Y %H:%M", "%b %d, %Y %I:%M %p", "%d-%b-%Y %H:%M",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and its values that are not empty."""

    name: str
    values: Sequence[str]
    plain: str
    """The name in small letters and digits only: "E-mail" and "E_Mail" are one."""
    sample: Sequence[str] = field(repr=False)
    """Values spread over the whole column."""

    def mostly(self, fits: re.Pattern[str], share: float = MOSTLY) -> bool:
        """Whether nearly all of its values, or a share of them, look so."""
        return bool(self.sample) and sum(bool(fits.match(value)) for value in self.sample) >= share * len(self.sample)

    def is_quantity(self) -> bool:
        """Whether nearly all of its values are read as numbers."""
        return bool(self.sample) and sum(map(_reads_as_number, self.sample)) >= MOSTLY * len(self.sample)


@dataclass(frozen=True, slots=True)
class Moments:
    """How a column writes moments: `form` None is ISO 8601; `is_open` where day and month cannot be told apart."""

    form: str | None
    is_open: bool = False
    example: str = ""


def columns_of(table: Table) -> list[Column]:
    """The table's columns in their order; misshapen rows are left out."""
    straight = [cells for cells in table.cells if len(cells) == len(table.header)]
    by_place = list(zip(*straight, strict=True)) or [() for _ in table.header]
    return [column_of(name, cells) for name, cells in zip(table.header, by_place, strict=True)]


def plain(name: str) -> str:
    """A header without case, accents, signs and blanks, and without Salesforce's mark for a custom field.

    >>> plain("E-mail"), plain("# Employees"), plain("Société"), plain("LinkedIn_URL__c")
    ('email', 'employees', 'societe', 'linkedinurl')
    """
    letters = unicodedata.normalize("NFKD", re.sub(r"__c$", "", name.strip(), flags=re.IGNORECASE))
    return "".join(letter for letter in letters.lower() if letter.isalnum())


def scale_of(name: str) -> tuple[str, float]:
    """The plain name of a quantity without its unit, and what one unit counts.

    >>> scale_of("Revenue (in millions)"), scale_of("revenue")
    (('revenue', 1000000.0), ('revenue', 1.0))
    """
    for pattern, factor in ((MILLIONS, 1e6), (THOUSANDS, 1e3)):
        if pattern.search(name):
            return plain(re.sub(r"\b(in|usd|us\$)\b", "", pattern.sub("", name), flags=re.IGNORECASE)), factor
    return plain(name), 1.0


def type_of(column: Column) -> CustomType:
    """What a column nobody named holds, guessed from its values and, for ids and telephone numbers, its name."""
    few = {value.lower() for value in column.sample}
    if few and few <= TRUE | FALSE and not few <= {"0", "1"} and {v.lower() for v in column.values} <= TRUE | FALSE:
        return "flag"
    is_code = NAMES_AN_ID.search(column.name) or any(LEADING_ZERO.match(value) for value in column.sample)
    is_no_quantity = is_code or column.mostly(SPELLED_NUMBER) or column.mostly(NUMERIC)
    if column.mostly(LOOKS_A_NUMBER) and not is_no_quantity:
        return "number"
    moments = moments_of(column)
    if moments and not moments.is_open:
        return "date"
    average_length = sum(map(len, column.sample)) / max(1, len(column.sample))
    if average_length > LONG_TEXT or (len(few) > MANY_VALUES and len(few) > MOST_FOR_CATEGORY * len(column.sample)):
        return "text"
    return "category"


def moments_of(column: Column, order: DateOrder | None = None, share: float = MOSTLY) -> Moments | None:
    """How a column writes moments; None where fewer than a share of its values are any.

    The order of day and month is taken from the whole column where one of its values has a day over 12, from `order`
    where none has, and is otherwise left open: it is never guessed. Points (31.12.2026) are day first everywhere.
    Numbers are moments, as Excel or Unix count them, only where the column is named like a date and all values fit.
    """
    if column.mostly(ISO, share):
        return Moments(None)
    if column.mostly(NUMERIC, share):
        return _numeric(column, order)
    if column.mostly(re.compile(r"^\d{13}$"), share) and not NAMES_AN_ID.search(column.name):
        return Moments(EPOCH_MS)
    if counted := _counted_in(column):
        return Moments(counted, example=column.values[0])
    few = column.sample[:200]
    form = next((f for f in OTHER_FORMS if sum(_reads(v, f) for v in few) >= share * max(1, len(few))), None)
    return Moments(form) if few and form else None


def says_no_zone(column: Column) -> bool:
    """Whether its moments have a time of day and do not say in which zone."""
    return any(":" in value and not re.search(r"(Z|[+-]\d{2}:?\d{2})$", value) for value in column.sample)


def column_of(name: str, cells: Iterable[str]) -> Column:
    """A column by its name and cells; those that say nothing are left out."""
    values = [value for cell in cells if (value := cell.strip()) and value.lower() not in NOT_KNOWN]
    step = -(-len(values) // SAMPLE_VALUES) or 1
    return Column(name, values, plain(name), values[::step])


def _counted_in(column: Column) -> str | None:
    """The form of moments that are numbers of days or seconds; None where there are none, or one is something else."""
    if not column.values or not NAMES_A_DATE.search(column.plain):
        return None
    return next((form for form, fits in COUNTED.items() if all(map(fits.match, column.values))), None)


def _numeric(column: Column, order: DateOrder | None) -> Moments:
    found = [match for value in column.values if (match := NUMERIC.match(value))]
    sign, tail = Counter((match["sign"], _tail(match)) for match in found).most_common(1)[0][0]
    over_12_first = any(int(match["first"]) > 12 for match in found)
    over_12_second = any(int(match["second"]) > 12 for match in found)
    if sign == "." and not over_12_second:
        decided: DateOrder | None = "day-first"
    elif over_12_first != over_12_second:
        decided = "day-first" if over_12_first else "month-first"
    else:
        decided = order
    day_and_month = f"%m{sign}%d{sign}" if decided == "month-first" else f"%d{sign}%m{sign}"
    return Moments(day_and_month + tail, decided is None, found[0][0])


def _tail(match: re.Match[str]) -> str:
    year = "%Y" if len(match["year"]) == 4 else "%y"
    if not match["clock"]:
        return year
    half = match["half"]
    clock = f"%{'I' if half else 'H'}:%M{':%S' if match['seconds'] else ''}"
    return f"{year}{match['gap']}{clock}{' ' * (len(half) - 2) + '%p' if half else ''}"


def _reads(value: str, form: str) -> bool:
    try:
        parse_time(value, form)
    except ValueError:
        return False
    return True


def _reads_as_number(value: str) -> bool:
    try:
        number(value, "")
    except Unreadable:
        return False
    return True
