"""Columns of JSON are written and read as Python's own way would, only quicker."""

import json
from datetime import datetime
from enum import StrEnum
from math import inf, nan
from typing import Any, NamedTuple

import pytest

from database.json_columns import from_json, sound_text, to_json


class Colour(StrEnum):
    RED = "red"


class Place(NamedTuple):
    row: int


@pytest.mark.parametrize(
    "value",
    [
        {1: "one", None: 0, False: 1, 1.5: 2}, {"known": None, "listed": (1, 2.5)},
        {"colour": Colour.RED, "place": Place(3)}, {Colour.RED: 1}, {"größe": "ß\u2028"}, None, 2**63,
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_comes_back_as_pythons_own_way_brings_it_back(value: Any) -> None:
    assert repr(from_json(to_json(value))) == repr(json.loads(json.dumps(value)))


def test_what_was_written_by_pythons_own_way_is_read() -> None:
    assert repr(from_json(json.dumps({"a": nan, "b": "\ud800"}))) == repr({"a": nan, "b": "\ud800"})


@pytest.mark.parametrize("value", [datetime(2026, 3, 17), {1, 2}, object()])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_json({"a": value})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a\x00": ["b\x00c", nan, -inf], "d": None}, {"a": ["bc", None, None], "d": None}),
        ({"half": "x\ud83d", "whole": "😀"}, {"half": "x", "whole": "😀"}),
        ({"a": nan, "b": [inf, -inf], 1: nan}, {"a": None, "b": [None, None], "1": None}),
        ({"only looks like it": "NaN \\u0000 \\ud83d"}, {"only looks like it": "NaN \\u0000 \\ud83d"}),
    ],
    ids=["nul and no number", "half a letter", "no numbers", "harmless"],
)
def test_a_database_is_given_only_what_it_takes(value: Any, kept: Any) -> None:
    assert json.loads(to_json(value)) == kept


def test_a_text_loses_only_what_no_database_text_may_hold() -> None:
    assert sound_text("Zoë\x00 \ud83d😀\n") == "Zoë 😀\n"
