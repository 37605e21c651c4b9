"""Features become numbers, and what is not known stays not known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.encoding import NOT_KNOWN, Encoding, encoding_from_json, learn_encoding
from ringback.records import Value

ROWS: list[dict[str, Value]] = [
    {"size": float(n), "constant": 1.0, "industry": "retail" if n % 2 else None, "rare": "once" if n == 0 else "often"}
    for n in range(24)
]


def test_numbers_that_differ_and_frequent_categories_become_columns() -> None:
    encoding = learn_encoding(ROWS)
    assert encoding.columns == ("size", f"industry={NOT_KNOWN}", "industry=retail", "rare=often")
    assert encoding.sources == ("size", "industry", "industry", "rare")


def test_a_row_becomes_numbers() -> None:
    matrix = learn_encoding(ROWS).encode([{"size": 3.0, "industry": "retail", "rare": "often"}, {"size": None}])
    np.testing.assert_array_equal(matrix, [[3, 0, 1, 1], [np.nan, 1, 0, 0]])
    assert matrix.dtype == np.float32


def test_a_category_never_seen_is_none_of_those_there_are() -> None:
    np.testing.assert_array_equal(learn_encoding(ROWS).encode([{"size": 3.0, "industry": "mining"}]), [[3, 0, 0, 0]])


def test_a_text_where_a_number_was_learned_is_not_known() -> None:
    assert np.isnan(learn_encoding(ROWS).encode([{"size": "large"}])[0, 0])


def test_a_feature_that_only_some_rows_have_is_learned_too() -> None:
    assert learn_encoding([{"a": 1.0}, {"a": 1.0, "b": 2.0}]).numbers == ("b",)


def test_of_many_categories_the_forty_most_frequent_are_kept() -> None:
    rows: list[dict[str, Value]] = [{"c": f"v{n:02}"} for n in range(50) for _ in range(10 + n)]
    kept = learn_encoding(rows).categories["c"]
    assert kept == tuple(f"v{n:02}" for n in range(10, 50))


NAMES = st.text(min_size=1, max_size=8)


@given(st.lists(NAMES, unique=True), st.dictionaries(NAMES, st.lists(st.text(), min_size=1, unique=True).map(tuple)))
def test_an_encoding_comes_back_from_json_as_it_was(numbers: list[str], categories: dict[str, tuple[str, ...]]) -> None:
    encoding = Encoding(tuple(numbers), categories)
    assert encoding_from_json(encoding.to_json()) == encoding
