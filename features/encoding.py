"""Features as numbers: categories become columns of zeros and ones, what is not known becomes NaN.

An encoding is learned from training rows and kept beside the model as JSON; it is plain data, without code.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import dumps, loads
from typing import TYPE_CHECKING

from ringback.records import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Row = Mapping[str, Value]

MOST_CATEGORIES = 40
LEAST_ROWS_A_CATEGORY = 10
NOT_KNOWN = "(not known)"


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which features become which columns, in order."""

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: `employees`, `industry=healthcare`."""
        return self.numbers + tuple(f"{name}={value}" for name, values in self.categories.items() for value in values)

    @property
    def sources(self) -> tuple[str, ...]:
        """For each column the feature that it comes from."""
        return self.numbers + tuple(name for name, values in self.categories.items() for _ in values)

    def encode(self, rows: Sequence[Row]) -> "NDArray[np.float32]":
        """A matrix of shape (rows, columns); a feature that a row lacks is not known."""
        import numpy as np

        matrix = np.full((len(rows), len(self.columns)), np.nan, dtype=np.float32)
        for at, name in enumerate(self.numbers):
            matrix[:, at] = [_number(row.get(name)) for row in rows]
        at = len(self.numbers)
        for name, values in self.categories.items():
            found = np.array([_category(row.get(name)) for row in rows], dtype=object)
            for value in values:
                matrix[:, at] = found == value
                at += 1
        return matrix

    def to_json(self) -> str:
        """The encoding as JSON text."""
        return dumps({"numbers": self.numbers, "categories": self.categories}, ensure_ascii=False, indent=1)


def encoding_from_json(text: str) -> Encoding:
    """Read an encoding that `to_json` wrote."""
    stored = loads(text)
    return Encoding(
        numbers=tuple(stored["numbers"]),
        categories={name: tuple(values) for name, values in stored["categories"].items()},
    )


def learn_encoding(rows: Sequence[Row]) -> Encoding:
    """Learn an encoding from training rows.

    A feature is a category where any of its values is a text. Categories seen in fewer than ten rows, beyond the forty
    most frequent, or never, get no column; neither does a number that is the same in all rows.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    numbers: list[str] = []
    categories: dict[str, tuple[str, ...]] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if any(isinstance(value, str) for value in values):
            counted = Counter(_category(value) for value in values)
            frequent = [v for v, n in counted.most_common(MOST_CATEGORIES) if LEAST_ROWS_A_CATEGORY <= n < len(rows)]
            if frequent:
                categories[name] = tuple(sorted(frequent))
        elif len(set(values)) > 1:
            numbers.append(name)
    return Encoding(tuple(numbers), categories)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _category(value: Value) -> str:
    return NOT_KNOWN if value is None else str(value)
