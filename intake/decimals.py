"""Whether 1.234 is a thousand or a little more than one: what a file's numbers say about each other.

A number with three digits after its only sign can be read in two ways. One that cannot, such as 1.234,5 or 3,5, proves
how its column is written, and where all that prove anything agree, how the file is. Nobody employs fractions of people:
in a column of whole things three digits after the sign are thousands.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from intake.cells import OPEN_NUMBER, number, plain_number
from intake.columns import LOOKS_A_NUMBER, NAMES_AN_ID, Column
from intake.mapping import DecimalMark, NumberFormat

DECIMAL_COMMA = re.compile(
    r"^[+-]?(\d{1,3}(\.\d{3})+,\d+|\d+,\d{1,2}|\d+,\d{4,}|0,\d+|\d{4,},\d+|[1-9]\d{0,2}(\.\d{3}){2,})$"
)
DECIMAL_POINT = re.compile(
    r"^[+-]?(\d{1,3}(,\d{3})+\.\d+|\d+\.\d{1,2}|\d+\.\d{4,}|0\.\d+|\d{4,}\.\d+|[1-9]\d{0,2}(,\d{3}){2,})$"
)
MARKS: Mapping[DecimalMark, str] = {",": "comma", ".": "point"}


@dataclass(frozen=True, slots=True)
class Signs:
    """What the numbers of a column say of their signs."""

    proves: frozenset[DecimalMark]
    """The marks before decimals that some of them prove."""
    opened: frozenset[str] = field(default_factory=frozenset)
    """The signs of those that can be read in two ways."""
    example: str = ""
    """The first of those."""


@dataclass(frozen=True, slots=True)
class Decimals:
    """How a file's numbers are written, and by column what of that is a guess."""

    format: NumberFormat
    doubts: Mapping[str, str]


def decimals_of(columns: Sequence[Column], whole: Collection[str] = (), given: NumberFormat | None = None) -> Decimals:
    """How numbers are written in each column, `whole` naming those that count whole things; `given` is left as it is.

    >>> from intake.columns import column_of
    >>> decimals_of([column_of("Budget", ["71.560,80"]), column_of("Seats", ["1.234"])]).format.of("Seats")
    ','
    """
    given = given or NumberFormat()
    if "decimal" in given.model_fields_set:
        return Decimals(given, {})
    signs = {
        column.name: signs_in(column.values) for column in columns if column.name in whole or _holds_numbers(column)
    }
    proofs = {mark for one in signs.values() if len(one.proves) == 1 for mark in one.proves}
    of_file = next(iter(proofs)) if len(proofs) == 1 else None
    marks: dict[str, DecimalMark] = {}
    doubts: dict[str, str] = {}
    for name, one in signs.items():
        if name in given.decimals:
            continue
        marks[name], why = _mark(one, name in whole, of_file)
        if why:
            read = number(one.example, name, marks[name])
            doubts[name] = f"{name!r} has numbers such as {one.example}, which is read as {read:.12g} because {why}"
    usual = of_file or "."
    unusual = {name: mark for name, mark in marks.items() if mark != usual and signs[name].opened}
    return Decimals(NumberFormat(decimal=usual, decimals=unusual | given.decimals), doubts)


def signs_in(values: Sequence[str]) -> Signs:
    """What numbers say of their signs; those without any say nothing."""
    proves: set[DecimalMark] = set()
    opened: dict[str, str] = {}
    for value in dict.fromkeys(values):
        words = plain_number(value)
        if OPEN_NUMBER.match(words):
            opened.setdefault("," if "," in words else ".", value)
        elif DECIMAL_COMMA.match(words):
            proves.add(",")
        elif DECIMAL_POINT.match(words):
            proves.add(".")
    return Signs(frozenset(proves), frozenset(opened), next(iter(opened.values()), ""))


def _holds_numbers(column: Column) -> bool:
    return column.mostly(LOOKS_A_NUMBER) and not NAMES_AN_ID.search(column.name)


def _mark(signs: Signs, is_whole: bool, of_file: DecimalMark | None) -> tuple[DecimalMark, str]:
    """The mark before decimals, and why, where that is a guess."""
    if len(signs.proves) == 1:
        return next(iter(signs.proves)), ""
    usual = of_file or "."
    if not signs.opened:
        return usual, ""
    if signs.proves:
        return usual, "the column has points and commas before decimals"
    if is_whole and len(signs.opened) == 1:
        mark: DecimalMark = "," if "." in signs.opened else "."
        return mark, "it counts whole things" if mark == "," and of_file != "," else ""
    if of_file == "," or len(signs.opened) == 2:
        return usual, f"the file's other numbers have a decimal {MARKS[usual]}" if of_file else "no other number tells"
    return usual, "" if of_file or "," in signs.opened else "no number of the file tells"
