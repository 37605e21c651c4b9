"""Texts become the numbers that scikit-learn's TF-IDF gives, times the directions that were learned."""

from functools import cache
from json import dumps, loads
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from features.columnar import Coded
from features.encoding import encoding_from_json, learn_encoding
from features.texts import LEAST_TEXTS, LONGEST, Parts, TextColumns, learn_text, parts_of, text_columns_from_plain
from features.texts import _vectorizer as vectorizer_of

KINDS: tuple[Parts, ...] = ("word", "char_wb")
LEARNED_FROM = tuple(
    f"{a} {b} {c}" for a in ("Über", "don't", "API", "x1", "a") for b in ("pricing", "ﬁne", "日本", "İstanbul", "naïve")
    for c in ("\u00a0call", "_under_score", "the-end")
)  # fmt: skip
ODD = ("", " ", "...", "a", "ab", "İ", "ß", "API\tapi\napi", "\u00a0", "\u2028x", "it's", "'quoted'", "123 4five",
       "\x1cab", "e\u0301te", "日本 日本語", "x" * 5_000, "pricing " * 900, "ab" * 40, "don't",
       "\x00call")  # fmt: skip


@cache
def fitted(parts: Parts) -> Any:
    """scikit-learn's vectorizer of these texts."""
    return vectorizer_of(parts).fit(LEARNED_FROM)


@cache
def the_same(parts: Parts) -> TextColumns:
    """Columns that leave each term as it is."""
    terms = tuple(fitted(parts).get_feature_names_out())
    directions = tuple(tuple(row) for row in np.eye(len(terms)).tolist())
    return TextColumns(parts, terms, tuple(map(float, fitted(parts).idf_)), directions)


@pytest.mark.parametrize("parts", KINDS)
@pytest.mark.parametrize("text", [*ODD, *LEARNED_FROM[:6]])
def test_a_text_gets_scikit_learn_s_weights(parts: Parts, text: str) -> None:
    expected = fitted(parts).transform([text[:LONGEST]]).toarray()
    assert np.abs(the_same(parts).encode([text]) - expected).max() < 1e-6


ANY_TEXT = st.text(max_size=60) | st.lists(st.sampled_from(LEARNED_FROM), max_size=3).map(" ".join)


@given(ANY_TEXT)
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("parts", KINDS)
def test_a_text_is_cut_as_scikit_learn_cuts_it(parts: Parts, text: str) -> None:
    analyse = fitted(parts).build_analyzer()
    assert sorted(parts_of(text.lower(), parts)) == sorted(analyse(text))
    expected = fitted(parts).transform([text]).toarray()
    assert np.abs(the_same(parts).encode([text]) - expected).max() < 1e-6


@pytest.mark.parametrize("parts", KINDS)
def test_what_is_learned_projects_as_the_decomposition_does(parts: Parts) -> None:
    texts = [text.replace("x1", "pricing") for text in LEARNED_FROM] * 2
    learned = learn_text(texts, parts)
    assert learned is not None
    tfidf = TfidfVectorizer(vocabulary=list(learned.terms), **_settings(parts))
    tfidf.idf_ = np.array(learned.weights)
    expected = tfidf.transform(texts).toarray() @ np.array(learned.directions).T
    assert np.abs(learned.encode(texts) - expected).max() < 1e-5


def _settings(parts: Parts) -> dict[str, Any]:
    asked = vectorizer_of(parts).get_params()
    return {name: asked[name] for name in ("analyzer", "sublinear_tf", "token_pattern", "ngram_range")}


@pytest.mark.parametrize("parts", KINDS)
def test_a_text_gets_the_same_bits_alone_as_among_others_and_from_its_file(parts: Parts) -> None:
    learned = learn_text(LEARNED_FROM * 2, parts)
    assert learned is not None
    read = text_columns_from_plain(loads(dumps(learned.to_plain())))
    together = learned.encode([*LEARNED_FROM, None, *ODD])
    for at, text in enumerate([*LEARNED_FROM, None, *ODD]):
        alone = read.encode([text])[0]
        assert (np.isnan(alone).all() and text is None) or (alone == together[at]).all()


@pytest.mark.parametrize("parts", KINDS)
def test_from_too_few_texts_or_ones_that_share_nothing_no_columns_are_learned(parts: Parts) -> None:
    assert learn_text(["the same words"] * (LEAST_TEXTS - 1), parts) is None
    assert (
        learn_text([f"{n:x}" * 3 for n in range(LEAST_TEXTS)] if parts == "word" else ["?"] * LEAST_TEXTS, parts)
        is None
    )


def test_columns_are_encoded_as_their_rows_are_to_the_last_bit() -> None:
    rng = np.random.default_rng(4)
    values: dict[str, list[Any]] = {
        "size": [1.5, None, 1e39, -0.0, True], "kind": ["a", "b", "c", None], "price": ["$1,200", "900", None, 7.0],
        "notes_text": [*LEARNED_FROM, None],
    }  # fmt: skip
    rows = [{name: some[int(rng.integers(len(some)))] for name, some in values.items()} for _ in range(600)]
    rows = [{name: value for name, value in row.items() if value is not None or rng.random() < 0.5} for row in rows]
    encoding = encoding_from_json(learn_encoding(rows).to_json())
    assert (set(encoding.texts), set(encoding.categories), encoding.numbers) == ({"notes_text"}, {"kind"}, ("size",))
    columns = {}
    for name in (*values, "further"):
        each = [row.get(name) for row in rows]
        distinct = list(dict.fromkeys(each))
        columns[name] = Coded(np.array([distinct.index(value) for value in each], dtype=np.int64), distinct)
    by_rows = encoding.encode(rows)
    assert encoding.encode_columns(columns, len(rows)).tobytes() == by_rows.tobytes()
    del columns["kind"], columns["size"], columns["notes_text"]
    without = [{"price": row.get("price")} for row in rows]
    assert encoding.encode_columns(columns, len(rows)).tobytes() == encoding.encode(without).tobytes()
    nobody = {name: Coded(np.zeros(0, dtype=np.int64), []) for name in values}
    assert encoding.encode_columns(nobody, 0).shape == encoding.encode([]).shape == (0, by_rows.shape[1])
