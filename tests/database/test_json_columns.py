"""Columns of JSON are written and read as Python's own way would, only quicker."""

import json
from datetime import datetime
from enum import StrEnum
from math import inf, nan
from typing import Any, NamedTuple

import pytest

from database.json_columns import from_json, to_json


class Colour(StrEnum):
    RED = "red"


class Place(NamedTuple):
    row: int


@pytest.mark.parametrize(
    "value",
    [
        {"a": nan, "b": [inf, -inf]}, {1: "one", None: 0, False: 1, 1.5: 2}, {"known": None, "listed": (1, 2.5)},
        {"colour": Colour.RED, "place": Place(3)}, {Colour.RED: 1}, "\ud800", {"größe": "ß\u2028\x00"}, None, 2**63,
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
