"""The features of a snapshot: complete, the same one by one and together, and open to fields of an import."""

from inspect import signature

from features import FEATURES, build
from features.encoding import learn_encoding
from tests.factories import a_snapshot, company_facts

FULL = a_snapshot(company=company_facts(industry="Retail", employees=10.0), notes="Urgent pricing.", sentiment=0.2)


def test_every_feature_is_there_under_its_name() -> None:
    assert list(build(a_snapshot())) == [feature.__name__ for feature in FEATURES]
    assert len({feature.__name__ for feature in FEATURES}) == len(FEATURES)


def test_every_feature_says_what_it_is_and_gives_a_value() -> None:
    assert [
        f.__name__
        for f in FEATURES
        if not f.__doc__ or "return" not in f.__annotations__ or len(signature(f).parameters) != 1
    ] == []


def test_custom_fields_are_features_under_a_name_of_their_own() -> None:
    row = build(a_snapshot(custom={"age": 40.0, "industry": "mine"}))
    assert (row["custom.age"], row["custom.industry"], row["industry"]) == (40.0, "mine", None)


def test_a_call_alone_has_the_same_features_as_in_a_batch() -> None:
    batch = [a_snapshot("a", notes="Price?"), FULL, a_snapshot("b")]
    assert [build(snapshot) for snapshot in batch][1] == build(FULL)


def test_a_row_alone_is_encoded_as_in_a_batch() -> None:
    import numpy as np

    rows = [build(FULL), build(a_snapshot())] * 10
    encoding = learn_encoding(rows)
    np.testing.assert_array_equal(encoding.encode(rows)[:1], encoding.encode(rows[:1]))
