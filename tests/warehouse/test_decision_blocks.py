"""Reading a block quickly: a line that is surely an entry is read as it is when it is read kind by kind."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.decisions import BAD, an_entry, write_log
from tests.factories import NOON
from tests.warehouse.test_decisions import RIGHT, WRONG, entry, land, parquet, put
from warehouse.connect import query_text
from warehouse.decision_lines import Block, Lines
from warehouse.decisions import _scratch, land_decisions

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

LATEST = datetime(2027, 1, 1)


@pytest.fixture
def scratch(home: Path) -> Iterator["DuckDBPyConnection"]:
    with _scratch() as connection:
        yield connection


def block_of(lines: Sequence[Any]) -> Block:
    return next(iter(Lines(put("log.jsonl", *lines), block_bytes=4_000_000).blocks()))


def both_ways(scratch: "DuckDBPyConnection", lines: Sequence[Any]) -> tuple["pa.Table", "pa.Table"]:
    """The lines that are surely entries: as they are read at once, and as they are read kind by kind."""
    block = block_of(lines)
    scratch.register("lines", block.table)
    asked = {"latest": LATEST, "trusts": False}
    quick = scratch.sql(query_text("decision_read"), params=asked).to_arrow_table()
    quick = quick.filter(quick["is_sure"]).drop_columns("is_sure")
    scratch.register("doubtful", quick.select(["line"]))
    careful = scratch.sql(query_text("decision_doubtful"), params={"latest": LATEST}).to_arrow_table()
    return quick.sort_by("line"), careful.sort_by("line")


def test_what_is_surely_an_entry_is_read_as_it_is_kind_by_kind(scratch: "DuckDBPyConnection") -> None:
    quick, careful = both_ways(scratch, [*RIGHT.values(), *WRONG.values()])
    assert quick.num_rows > 3
    assert quick.to_pylist() == careful.to_pylist()


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "a duplicate"])
def test_no_bad_line_is_surely_an_entry(kind: str, scratch: "DuckDBPyConnection") -> None:
    dice = random.Random(kind)
    quick, _ = both_ways(scratch, [BAD[kind](an_entry(n, dice)) for n in range(3)] + [json.dumps(entry()).encode()])
    assert quick["line"].to_pylist() == [4]


@pytest.mark.parametrize("field", ["lead_identifier", "input_data", "output_data", "training_labels"])
@pytest.mark.parametrize("value", [False, 0, "text", [1]])
def test_what_is_to_be_an_object_and_is_none_is_noticed_beside_others_that_are(
    field: str, value: object, scratch: "DuckDBPyConnection"
) -> None:
    quick, _ = both_ways(scratch, [WHOLE | {field: value}, WHOLE])
    assert quick["line"].to_pylist() == [2]


def test_an_output_that_is_deep_or_holds_no_number_is_kept(home: Path) -> None:
    deep = json.dumps(entry()).encode()[:-1] + b', "output_data": {"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}"
    assert land(deep, entry(output_data={"a": [float("nan"), float("-inf")], "template": "t"})).kept == 2


def test_a_number_with_an_exponent_is_the_same_entry_id_however_it_is_read(home: Path) -> None:
    twice = [
        json.dumps(entry(entry_id=1e16, **more)).encode() for more in ({}, {"input_data": None, "session_id": "{"})
    ]
    assert land(*twice).reasons == {"entry_id: was used before with other content": 1}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 150), st.sampled_from([0.5, -80.25, float("nan"), float("inf")]),
    st.text(max_size=5),
    st.sampled_from(["high", "true", "false", "null", "{x}", "[x]", "1.5", "-1", "1e3", "nan", " ", "\u00a0",
                     "a" * 120]),
    st.just([]), st.just({}), st.just({"a": 1}), st.just({"template": "t"}),
)  # fmt: skip
TIMES = st.one_of(
    st.sampled_from(["2026-03-18", "2026-03-18T10:00:00Z", "2026-3-1", "epoch", "2026-03-18 10:00", "infinity", "today",
                     "1999-12-31T23:59:59Z", "2026-02-30", "2026-03-18T10:00:00+02"]),
    VALUES,
)  # fmt: skip
WHOLE = {
    "log_type": "website_analysis", "session_id": "s", "timestamp": "2026-03-18T10:00:00Z", "entry_id": "e",
    "system": "bot", "template": "t", "campaign_id": "c", "model_version": "3",
    "lead_identifier": {"name": "Ana", "company": "Acme", "industry": "SaaS"},
    "input_data": {"template": "u"}, "output_data": {"model_version": 4},
    "decision_reasoning": {
        "method_used": "crawler", "success": True, "confidence_level": "low", "processing_time": 1.5,
    },
    "training_labels": {"quality_score": 80, "success_indicator": False, "improvement_potential": "low"},
}  # fmt: skip
PLACES = [(field,) for field in WHOLE] + [
    (field, inner) for field, value in WHOLE.items() if isinstance(value, dict) for inner in value
]


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """An entry with a few of its values changed, or gone."""
    made: dict[str, Any] = json.loads(json.dumps(WHOLE))
    for place in draw(st.lists(st.sampled_from(PLACES), max_size=3)):
        holder = made if len(place) == 1 else made.get(place[0])
        if not isinstance(holder, dict):
            continue
        if draw(st.booleans()):
            holder[place[-1]] = draw(TIMES if place == ("timestamp",) else VALUES)
        else:
            holder.pop(place[-1], None)
    return made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(changed(), min_size=1, max_size=30))
def test_however_values_are_changed_both_ways_agree(scratch: "DuckDBPyConnection", lines: list[dict[str, Any]]) -> None:
    quick, careful = both_ways(scratch, lines)
    assert quick.to_pylist() == careful.to_pylist()


def test_a_line_that_looks_whole_and_is_no_json_is_set_aside_and_its_neighbours_are_kept(home: Path) -> None:
    landed = land(entry(session_id="a"), b'{"log_type": }', entry(session_id="b"), b'{"a": "\x01"}')
    assert (landed.kept, landed.reasons) == (2, {"line: is no JSON": 2})


@pytest.mark.parametrize("letters", [1, 10_000])
def test_few_or_many_letters_beyond_ascii_are_kept_unless_they_are_no_utf_8(letters: int, home: Path) -> None:
    said = json.dumps(entry(output_data={"text": "\u00e9" * letters}), ensure_ascii=False)
    landed = land(said.encode(), said.encode("latin-1"), entry(session_id="plain"))
    assert (landed.kept, landed.reasons) == (2, {"line: is no UTF-8": 1})
    assert [row["entry"] for row in parquet() if "text" in row["entry"]] == [said + "\n"]


def test_each_kept_entry_is_in_parquet_as_it_came_whatever_is_read_meanwhile(home: Path) -> None:
    path = put("log.jsonl")
    write_log(path, 15_000, seed=5, bad_share=0.0)
    lines = path.read_text().splitlines(keepends=True)
    land_decisions(NOON, block_bytes=2_200_000)
    assert {row["line"]: row["entry"] for row in parquet()} == dict(enumerate(lines, 1))
