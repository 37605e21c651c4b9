"""Features as numbers: categories become columns of zeros and ones, texts a few numbers, what is not known NaN.

An encoding is learned from training rows and kept beside the model as JSON; it is plain data, without code.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from json import dumps, loads
from math import nan
from typing import TYPE_CHECKING

from features.columnar import Coded
from features.texts import Parts, TextColumns, learn_text, text_columns_from_plain
from features.written import decimal_sign, is_code, number_written
from ringback.records import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row = Mapping[str, Value]

MOST_CATEGORIES = 40
LEAST_ROWS_A_CATEGORY = 10
NOT_KNOWN = "(not known)"
FREE_TEXT = frozenset({"notes_text"})
"""Never categories, however few they are."""
NEARLY_ALL = 0.95
ENOUGH_COVERED = 0.5
"""Where the frequent categories cover less of the rows, a name's letters tell more."""
A_SENTENCE = 4
"""Words, on average, from which values are free text."""
SEQUENCE = 3
"""Whole numbers that fill at least a third of their range are counted on, not measured."""
LARGEST = 3e38
"""Of single precision."""


@dataclass(frozen=True)
class Encoding:
    """Which features become which columns, in order."""

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    amounts: Mapping[str, str] = field(default_factory=dict)
    """Numbers that are written as text, each with its decimal sign."""
    texts: Mapping[str, TextColumns] = field(default_factory=dict)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: `employees`, `industry=healthcare`, `notes_text~3`."""
        return (
            *self.numbers,
            *(f"{name}={value}" for name, values in self.categories.items() for value in values),
            *self.amounts,
            *(f"{name}~{at}" for name, text in self.texts.items() for at in range(1, len(text.directions) + 1)),
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """For each column the feature that it comes from."""
        return (
            *self.numbers,
            *(name for name, values in self.categories.items() for _ in values),
            *self.amounts,
            *(name for name, text in self.texts.items() for _ in text.directions),
        )

    def without(self, features: Collection[str]) -> "Encoding":
        """The same encoding without the columns of some features."""
        return Encoding(
            numbers=tuple(name for name in self.numbers if name not in features),
            categories={name: values for name, values in self.categories.items() if name not in features},
            amounts={name: decimal for name, decimal in self.amounts.items() if name not in features},
            texts={name: text for name, text in self.texts.items() if name not in features},
        )

    def encode(self, rows: Sequence[Row]) -> "NDArray[np.float32]":
        """A matrix of shape (rows, columns); a feature that a row lacks is not known.

        A row gives the same numbers alone as among others.
        """
        import numpy as np

        matrix = np.full((len(rows), len(self.columns)), np.nan, dtype=np.float32)
        at = len(self.numbers)
        if at and rows:
            numbers = np.array([self._numbers_of(row) for row in rows], dtype=np.float64)  # None becomes NaN
            numbers[np.abs(numbers) > LARGEST] = np.nan
            matrix[:, :at] = numbers
        matrix[:, at : at + self._category_columns] = 0
        for name, places in self._places.items():
            for n, row in enumerate(rows):
                place = places.get(_category(row.get(name)))
                if place is not None:
                    matrix[n, place] = 1
        at += self._category_columns
        for name, decimal in self.amounts.items():
            matrix[:, at] = [_amount(row.get(name), decimal) for row in rows]
            at += 1
        for name, text in self.texts.items():
            matrix[:, at : at + len(text.directions)] = text.encode([_text(row.get(name)) for row in rows])
            at += len(text.directions)
        return matrix

    def _numbers_of(self, row: Row) -> list[float | None]:
        """A row's numbers as they are, which is quicker for most of them than looking closer at each."""
        values = map(row.get, self.numbers)
        return [value if value is None or value.__class__ is float else _number(value) for value in values]

    def encode_columns(self, columns: Mapping[str, Coded], rows: int) -> "NDArray[np.float32]":
        """The matrix that `encode` gives of the same rows, from the distinct values of each feature."""
        import numpy as np

        matrix = np.full((rows, len(self.columns)), np.nan, dtype=np.float32)
        for at, name in enumerate(self.numbers):
            if column := columns.get(name):
                matrix[:, at] = _each(column, _number)
        at = len(self.numbers)
        matrix[:, at : at + self._category_columns] = 0
        unknown = Coded(np.zeros(rows, dtype=np.int64), [None])
        for name, places in self._places.items():
            column = columns.get(name, unknown)
            of_value = np.array([places.get(_category(value), -1) for value in column.values], dtype=np.int64)
            place = of_value[column.codes]
            has = np.flatnonzero(place >= 0)
            matrix[has, place[has]] = 1
        at += self._category_columns
        for name, decimal in self.amounts.items():
            if column := columns.get(name):
                matrix[:, at] = _each(column, partial(_amount, decimal=decimal))
            at += 1
        for name, text in self.texts.items():
            if column := columns.get(name):
                encoded = text.encode([_text(value) for value in column.values])
                matrix[:, at : at + len(text.directions)] = encoded[column.codes]
            at += len(text.directions)
        return matrix

    @cached_property
    def _category_columns(self) -> int:
        return sum(len(values) for values in self.categories.values())

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """By feature and category its column."""
        places: dict[str, dict[str, int]] = {}
        at = len(self.numbers)
        for name, values in self.categories.items():
            places[name] = {value: at + n for n, value in enumerate(values)}
            at += len(values)
        return places

    def to_json(self) -> str:
        """The encoding as JSON text."""
        learned = {"numbers": self.numbers, "categories": self.categories, "amounts": self.amounts}
        texts = {name: text.to_plain() for name, text in self.texts.items()}
        return dumps(learned | {"texts": texts}, ensure_ascii=False)


def encoding_from_json(text: str) -> Encoding:
    """Read an encoding that `to_json` wrote, be it before there were amounts and texts."""
    stored = loads(text)
    return Encoding(
        numbers=tuple(stored["numbers"]),
        categories={name: tuple(values) for name, values in stored["categories"].items()},
        amounts=dict(stored.get("amounts", {})),
        texts={name: text_columns_from_plain(plain) for name, plain in stored.get("texts", {}).items()},
    )


def learn_encoding(rows: Sequence[Row]) -> Encoding:
    """Learn an encoding from training rows.

    A feature without any text is a number; one that is the same in all rows gets no column. Where nearly all texts
    write a number it is an amount. Sentences, and names of which most are rare, become text columns. All else is a
    category: those seen in fewer than ten rows, beyond the forty most frequent, or never, get no column. Values that
    are a different word in every row are taken for an id, which gets none either.
    """
    numbers: list[str] = []
    categories: dict[str, tuple[str, ...]] = {}
    amounts: dict[str, str] = {}
    texts: dict[str, TextColumns] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        written = [value for value in values if isinstance(value, str)]
        if not written:
            if len(set(values)) > 1:
                numbers.append(name)
        elif name in FREE_TEXT:
            if learned := learn_text(written, "word"):
                texts[name] = learned
        elif (decimal := _decimal_of(written)) is not None:
            if len(set(values)) > 1 and not _is_id(written):
                amounts[name] = decimal
        elif not _is_id(written):
            counted = Counter(_category(value) for value in values)
            frequent = [v for v, n in counted.most_common(MOST_CATEGORIES) if LEAST_ROWS_A_CATEGORY <= n < len(rows)]
            parts = _parts_of(written, counted, frequent)
            if parts and (learned := learn_text(written, parts)):
                texts[name] = learned
            elif frequent:
                categories[name] = tuple(sorted(frequent))
    return Encoding(tuple(numbers), categories, amounts, texts)


def _decimal_of(written: Sequence[str]) -> str | None:
    """The decimal sign where nearly all of these write a number; None where they do not, or are codes."""
    decimal = decimal_sign(written)
    read = sum(number_written(text, decimal) is not None for text in written)
    if read < NEARLY_ALL * len(written) or any(map(is_code, written)):
        return None
    return decimal


def _is_id(written: Sequence[str]) -> bool:
    """Whether every row has another value and each is one bare word, or a whole number of equal length or in sequence.

    Amounts differ in length and leave gaps.
    """
    if len(written) <= MOST_CATEGORIES or len(set(written)) < len(written):
        return False
    if all(text.isdecimal() for text in written):
        counts = sorted(map(int, written))
        return len({len(text) for text in written}) == 1 or counts[-1] - counts[0] < SEQUENCE * len(written)
    return not any(" " in text.strip() or number_written(text) is not None for text in written)


def _parts_of(written: Sequence[str], counted: Counter[str], frequent: Sequence[str]) -> Parts | None:
    """Of what a text feature is learned; None where categories do."""
    if len(counted) <= MOST_CATEGORIES:
        return None
    if sum(len(text.split()) for text in written) >= A_SENTENCE * len(written):
        return "word"
    covered = sum(counted[value] for value in frequent if value != NOT_KNOWN)
    return "char_wb" if covered < ENOUGH_COVERED * len(written) else None


def _each(column: Coded, how: Callable[[Value], float]) -> "NDArray[np.float64]":
    import numpy as np

    return np.array([how(value) for value in column.values])[column.codes]


def _number(value: Value) -> float:
    if value is None:
        return nan
    return float(value) if isinstance(value, (int, float)) and -LARGEST <= value <= LARGEST else nan


def _amount(value: Value, decimal: str) -> float:
    return _number(number_written(value, decimal) if isinstance(value, str) else value)


def _category(value: Value) -> str:
    return NOT_KNOWN if value is None else str(value)


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
