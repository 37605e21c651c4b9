"""The features of a snapshot: complete, the same one by one and together, and open to fields of an import."""

from inspect import signature

import pytest

from features import FEATURES, build
from features.conversation import talk_share
from features.encoding import learn_encoding
from features.page import PAGE, described, page
from tests.factories import NOON, a_snapshot, company_facts

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


def test_the_page_of_features_is_what_the_functions_say() -> None:
    assert PAGE.read_text() == page(), "docs/features.md is old; 'python -m features.page' writes it anew"


def test_the_page_names_unit_source_and_missing_of_every_feature() -> None:
    assert [one.name for one in described()] == [feature.__name__ for feature in FEATURES]
    assert [one.name for one in described() if not (one.unit and one.source and one.missing)] == []


def test_a_feature_that_does_not_say_its_unit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk_share, "__doc__", "The customer's share.")
    with pytest.raises(ValueError, match="talk_share does not say its unit"):
        described()


def test_a_date_says_how_far_it_was_from_the_call_and_not_when_that_was() -> None:
    row = build(a_snapshot(at=NOON, custom={"renewal": "2026-04-02T00:00", "signed": "2026-03-17 12:00:00"}))
    assert {name: row[name] for name in row if name.startswith("custom.")} == {
        "custom.renewal (days before the call)": -14.5,
        "custom.renewal (month)": "April",
        "custom.renewal (weekday)": "Thursday",
        "custom.signed (days before the call)": 1.0,
        "custom.signed (month)": "March",
        "custom.signed (weekday)": "Tuesday",
    }


@pytest.mark.parametrize("text", ["2026-13-40", "2026", "20260402", "around 2026-04-02", "9999-99-99"])
def test_what_only_looks_like_a_date_stays_text(text: str) -> None:
    assert build(a_snapshot(custom={"when": text}))["custom.when"] == text


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
