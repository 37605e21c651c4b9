"""What somebody merely asked the service is no score of a lead and says nothing about calls."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ringback.records import Prediction
from tests.monitoring.weeks import AFTER, TUESDAY, WEEK_12, World, a_call, a_prediction, an_outcome, land
from warehouse.connect import query, reading

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_question(name: str, probability: float, at: timedelta, **known: Any) -> Prediction:
    facts = {"lead_id": "one@example.com", "source": "api", "call_id": f"request:{name}"} | known
    return a_prediction(name, probability, TUESDAY + at, **facts)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return land(
        tmp_path / "warehouse.duckdb",
        World(
            calls=[a_call("one", TUESDAY - DAY), a_call("two")],
            predictions=[a_prediction("one", 0.4, TUESDAY), a_question("what if", 0.99, HOUR, progression_version="2")],
        ),
    )


def asked(path: Path, name: str, **parameters: object) -> list[dict[str, Any]]:
    with reading(path) as connection:
        return query(connection, name, parameters)


def scores(path: Path) -> list[tuple[str, int]]:
    rows = asked(path, "leads_of_week", week=WEEK_12, as_of=AFTER, at_most=9)
    return [(row["lead_id"], row["qualification_score"]) for row in rows]


def test_the_week_s_leads_have_the_score_of_what_is_known_of_them(warehouse: Path) -> None:
    assert scores(warehouse) == [("one@example.com", 40)]
    land(warehouse, World(predictions=[a_question("what if she had said", 0.98, 2 * HOUR)]))
    assert scores(warehouse) == [("one@example.com", 40)]
    land(warehouse, World(predictions=[a_question("command line", 0.45, 2 * HOUR, source="cli")]))
    assert scores(warehouse) == [("one@example.com", 45)]
    land(warehouse, World(predictions=[a_question("hook", 0.5, 3 * HOUR, source="webhook")]))
    assert scores(warehouse) == [("one@example.com", 50)]
    land(warehouse, World(predictions=[a_question("about a call", 0.6, 4 * HOUR, call_id="fellow:two")]))
    assert scores(warehouse) == [("one@example.com", 60)]


def test_who_decides_and_how_much_was_scored_speak_of_calls(warehouse: Path) -> None:
    decided = asked(warehouse, "deciding_versions", week=WEEK_12, as_of=AFTER)
    assert decided == [{"progression_version": "1", "voice_ai_version": "none", "predictions": 1}]
    (facts,) = asked(warehouse, "data_facts", as_of=AFTER)
    assert (facts["predictions"], facts["last_prediction_at"]) == (1, TUESDAY)


def test_a_question_to_a_version_does_not_begin_its_answers_about_calls(tmp_path: Path) -> None:
    early = a_question("early", 0.5, -9 * DAY, progression_version="1")
    world = World(
        calls=[a_call("open", TUESDAY - 2 * DAY), a_call("new", TUESDAY)],
        outcomes=[an_outcome(name, True, TUESDAY + DAY) for name in ("open", "new")],
        predictions=[early, a_prediction("open", 0.4, TUESDAY), a_prediction("new", 0.4, TUESDAY)],
    )
    path = land(tmp_path / "warehouse.duckdb", world)
    rows = asked(path, "scored_matured", as_of=AFTER + 9 * DAY, version="1")
    assert [row["call_id"] for row in rows] == ["fellow:new"]
