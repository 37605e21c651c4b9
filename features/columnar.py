"""The features of very many rows at once: each function is called once for each distinct thing that it looked at.

A feature is a plain function of what it reads. While it is called, what it reads is noted; rows that agree in all of
that have the same value, so it is called for one of them. That needs no list of what each feature reads, and gives for
every row what calling it for that row alone would give.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringback.records import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as its distinct values and, for each row, which of them it has."""

    codes: "NDArray[np.int64]"
    values: Sequence[Any]

    def of(self, row: int) -> Any:
        """The value of a row."""
        return self.values[self.codes[row]]


Listed = tuple[Sequence[int], Sequence[Any]]
"""A column's codes and values as plain lists, which are read one by one in less time."""


class Watched:
    """A row whose fields are read by name; what is not a column is None, and what was read is noted."""

    def __init__(self, columns: Mapping[str, Listed], row: int) -> None:
        """A row of the columns."""
        self._columns, self._row = columns, row
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """Asked for the first time; from then on the value is at hand."""
        column = self._columns.get(name)
        if column is None:
            return None
        self.read.add(name)
        value = column[1][column[0][self._row]]
        setattr(self, name, value)
        return value


class Columnar:
    """Functions of a row, evaluated over columns of equal length."""

    def __init__(self, columns: Mapping[str, Coded], rows: int) -> None:
        """`rows` is the length of every column."""
        self._columns, self.rows = columns, rows
        self._listed = {name: (column.codes.tolist(), column.values) for name, column in columns.items()}
        self._distinct: dict[tuple[str, ...], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def column(self, function: Callable[[Watched], Any]) -> Coded:
        """The function's value for every row."""
        depends: tuple[str, ...] = ()
        while True:
            examples, codes = self._examples(depends)
            values: list[Any] = []
            for example in examples.tolist():
                row = Watched(self._listed, example)
                values.append(function(row))
                if not row.read.issubset(depends):
                    depends = tuple(sorted({*depends, *row.read}))
                    break
            else:
                return Coded(codes, values)

    def _examples(self, depends: tuple[str, ...]) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """A row for each distinct combination of some columns, and for each row which combination it has."""
        import numpy as np

        if depends not in self._distinct:
            together = np.zeros(self.rows, dtype=np.int64)
            for name in depends:
                column = self._columns[name]
                together = together * len(column.values) + column.codes
                if len(depends) > 1:  # numbers stay small, however many columns there are
                    together = np.unique(together, return_inverse=True)[1]
            _, examples, codes = np.unique(together, return_index=True, return_inverse=True)
            self._distinct[depends] = examples, codes
        return self._distinct[depends]


def not_known(columns: Mapping[str, Coded], names: Sequence[str], rows: int) -> "NDArray[np.float64]":
    """Share of the named features that each row does not know, shape (rows,)."""
    import numpy as np

    missing = np.zeros(rows)
    for name in names:
        column = columns.get(name)
        missing += 1.0 if column is None else np.array([value is None for value in column.values])[column.codes]
    return missing / max(1, len(names))


def row_of(columns: Mapping[str, Coded], row: int) -> dict[str, Value]:
    """The features of one row."""
    return {name: column.of(row) for name, column in columns.items()}
