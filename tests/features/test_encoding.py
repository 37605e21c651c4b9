"""Features become numbers, and what is not known stays not known."""

import numpy as np
import pytest
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


DICE = np.random.default_rng(3)
WORDS = (
    "voice",
    "messages",
    "price",
    "budget",
    "call",
    "agent",
    "desk",
    "team",
    "cost",
    "month",
    "year",
    "help",
    "phone",
)
CITIES = [f"{side}{end} {n}" for side in ("North", "South") for end in ("ville", "town") for n in range(60)]
WRITTEN: list[dict[str, Value]] = [
    {
        "notes_text": None if n % 10 == 9 else " ".join(DICE.choice(WORDS, 20)),
        "city": str(DICE.choice(CITIES)),
        "seats": "tbd" if n == 7 else f"{int(DICE.integers(1, 9000)):,}",
        "size": float(n),
        "contract": f"AB-{n:05}",
        "number": str(50_000 + 7 * n),
    }
    for n in range(300)
]


def test_numbers_as_text_are_numbers_where_nearly_all_of_them_are() -> None:
    encoding = learn_encoding([{"seats": row["seats"]} for row in WRITTEN])
    matrix = encoding.encode([{"seats": "1,200"}, {"seats": "€ 3.5k"}, {"seats": 7.0}, {"seats": "tbd"}, {}])
    assert encoding.columns == ("seats",)
    np.testing.assert_array_equal(matrix[:, 0], [1200, 3500, 7, np.nan, np.nan])


def test_how_decimals_are_written_is_learned_from_the_column() -> None:
    german = learn_encoding([{"a": text} for text in ("1,5", "2,25", "1.200", "7")])
    assert german.encode([{"a": "1.200"}, {"a": "1,200"}]).tolist() == [[1200.0], [np.float32(1.2)]]


def test_where_a_tenth_writes_no_number_it_is_a_category() -> None:
    assert learn_encoding([{"a": "12" if n % 10 else "none"} for n in range(100)]).columns == ("a=12", "a=none")


@pytest.mark.parametrize("name", ["contract", "number"])
def test_an_id_gets_no_column(name: str) -> None:
    assert learn_encoding([{name: row[name]} for row in WRITTEN]).columns == ()


def test_codes_with_leading_zeros_are_no_numbers() -> None:
    assert learn_encoding([{"zip": f"{n % 3:05}"} for n in range(60)]).columns == (
        "zip=00000",
        "zip=00001",
        "zip=00002",
    )


def test_notes_become_a_few_numbers_of_one_feature() -> None:
    encoding = learn_encoding([{"notes_text": row["notes_text"]} for row in WRITTEN])
    assert set(encoding.sources) == {"notes_text"}
    assert encoding.columns == tuple(f"notes_text~{n}" for n in range(1, 13))
    assert np.isnan(encoding.encode([{}])).all()


def test_too_few_notes_are_not_learned_from_and_never_categories() -> None:
    assert learn_encoding([{"notes_text": "quiet"}, {"notes_text": "loud"}] * 20).columns == ()


def test_names_of_which_most_are_rare_are_told_by_their_parts() -> None:
    encoding = learn_encoding([{"city": row["city"]} for row in WRITTEN])
    near, same, far = encoding.encode([{"city": "Northville 999"}, {"city": "Northville 12"}, {"city": "Southtown 12"}])
    assert len(encoding.columns) <= 12
    assert np.abs(near - same).sum() < np.abs(near - far).sum()


def test_text_of_which_nothing_was_seen_before_is_told_from_no_text() -> None:
    encoding = learn_encoding(WRITTEN)
    place = encoding.columns.index("notes_text~1")
    assert encoding.encode([{"notes_text": "zzz"}])[0, place] == 0.0


def test_a_row_gives_the_same_bits_alone_as_among_others() -> None:
    encoding = learn_encoding(WRITTEN)
    together = encoding.encode(WRITTEN)
    alone = np.concatenate([encoding.encode([row]) for row in WRITTEN])
    assert together.tobytes() == alone.tobytes()
    assert encoding.encode(WRITTEN[::-1])[::-1].tobytes() == alone.tobytes()


def test_all_that_was_learned_comes_back_from_json() -> None:
    encoding = learn_encoding(WRITTEN)
    again = encoding_from_json(encoding.to_json())
    assert again == encoding
    assert again.encode(WRITTEN).tobytes() == encoding.encode(WRITTEN).tobytes()


def test_an_encoding_from_before_there_were_texts_is_read() -> None:
    old = '{"numbers": ["size"], "categories": {"industry": ["retail"]}}'
    assert encoding_from_json(old) == Encoding(("size",), {"industry": ("retail",)})


def test_features_can_be_left_out() -> None:
    encoding = learn_encoding(WRITTEN)
    assert set(encoding.without({"notes_text", "seats"}).sources) == {"size", "city"}


def test_what_is_beyond_single_precision_is_not_known() -> None:
    assert np.isnan(Encoding(("a",), {}).encode([{"a": 1e39}, {"a": float("-inf")}])).all()


NAMES = st.text(min_size=1, max_size=8)


@given(st.lists(NAMES, unique=True), st.dictionaries(NAMES, st.lists(st.text(), min_size=1, unique=True).map(tuple)))
def test_an_encoding_comes_back_from_json_as_it_was(numbers: list[str], categories: dict[str, tuple[str, ...]]) -> None:
    encoding = Encoding(tuple(numbers), categories)
    assert encoding_from_json(encoding.to_json()) == encoding
