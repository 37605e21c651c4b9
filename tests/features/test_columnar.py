"""A function of a row, evaluated over columns: the values of calling it row by row, by as few calls as rows differ."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columnar import Coded, Columnar, not_known, row_of

Columns = dict[str, list[Any]]
NAMES = ("a", "b", "c")


def coded(values: list[Any]) -> Coded:
    distinct = list(dict.fromkeys(values))
    return Coded(np.array([distinct.index(value) for value in values], dtype=np.int64), distinct)


def columnar(columns: Columns) -> Columnar:
    return Columnar({name: coded(values) for name, values in columns.items()}, len(next(iter(columns.values()))))


def row_by_row(function: Callable[[Any], Any], columns: Columns) -> list[Any]:
    class Row:
        def __init__(self, at: int) -> None:
            self.at = at

        def __getattr__(self, name: str) -> Any:
            return columns[name][self.at] if name in columns else None

    return [function(Row(at)) for at in range(len(next(iter(columns.values()))))]


def looks_further_at_some(row: Any) -> Any:
    """What it reads of a row depends on what it has read."""
    if row.a is None:
        return row.b
    return (row.a, row.c, row.nothing) if row.a > 1 else row.a


def sums(row: Any) -> Any:
    return sum(value for value in (row.c, row.a, row.b, row.a) if value is not None)


VALUES = st.sampled_from([None, 0, 1, 2, 3])
TABLES = st.integers(0, 30).flatmap(
    lambda rows: st.fixed_dictionaries({name: st.lists(VALUES, min_size=rows, max_size=rows) for name in NAMES})
)


@given(TABLES)
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("function", [looks_further_at_some, sums, lambda row: "always", lambda row: row.nothing])
def test_the_values_are_those_of_calling_it_row_by_row(function: Callable[[Any], Any], columns: Columns) -> None:
    made = columnar(columns).column(function)
    assert [made.of(row) for row in range(len(columns["a"]))] == row_by_row(function, columns)


def test_a_function_is_called_once_for_each_combination_of_what_it_reads() -> None:
    calls: list[int] = []

    def of_a_and_b(row: Any) -> int:
        calls.append(1)
        return 10 * row.a + row.b  # type: ignore[no-any-return]

    columns = {"a": [1, 2, 1, 2] * 250, "b": [0, 0, 0, 5] * 250, "c": list(range(1000))}
    columns_of = columnar(columns)
    assert columns_of.column(of_a_and_b).values == [10, 20, 25]
    assert len(calls) == 1 + 3  # one to see what it reads
    assert columns_of.column(of_a_and_b).values == [10, 20, 25]


def test_many_columns_of_many_values_do_not_overflow() -> None:
    rng = np.random.default_rng(1)
    columns = {f"c{n}": rng.integers(0, 3_000, 3_000).tolist() for n in range(12)}
    made = columnar(columns).column(lambda row: sum(getattr(row, name) for name in columns))
    assert [made.of(row) for row in range(3_000)] == [
        sum(column[row] for column in columns.values()) for row in range(3_000)
    ]


def test_what_is_not_known_is_counted_by_row() -> None:
    columns = {"a": coded([1, None, None]), "b": coded(["x", "x", None])}
    assert not_known(columns, ("a", "b", "absent", "absent too"), 3).tolist() == [0.5, 0.75, 1.0]
    assert not_known(columns, (), 3).tolist() == [0.0, 0.0, 0.0]
    assert row_of(columns, 1) == {"a": None, "b": "x"}
