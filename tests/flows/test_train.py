"""Training as a flow: what breaks off on the way says how it comes to its end."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from flows.train import learn
from ringback.errors import NotEnoughData, StoreAway
from ringback.records import TARGETS, Outcome
from scoring.lead import NOTHING
from scoring.stored import present_rates
from tests.factories import DAY, NOON, a_call
from tests.training.synthetic import training_rows
from training import registry
from warehouse.connect import writing
from warehouse.landing import land_calls, land_outcomes

flow = importlib.import_module("flows.train")  # of that name there is a flow, too


@pytest.mark.usefixtures("home")
def test_a_training_that_mlflow_breaks_off_names_the_command_that_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise StoreAway("MLflow at http://mlflow:5000 is not reached")

    monkeypatch.setattr(registry, "find", gone)
    with pytest.raises(StoreAway) as told:
        learn.fn(training_rows(), "weekly")
    assert str(told.value) == (
        "MLflow at http://mlflow:5000 is not reached; progression is not trained to the end: once that works, "
        "'ringback run train --as-of 2026-05-14T11:00:00' does so, and removes what is half done"
    )


@pytest.mark.usefixtures("home")
def test_where_no_target_can_be_trained_each_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(training_rows(), y=np.arange(600) < 3)
    none = replace(training_rows(), target="voice_ai", call_ids=[], rows=[], y=np.zeros(0, dtype=bool))
    monkeypatch.setattr(flow, "training_data", lambda _: {"progression": few, "voice_ai": none})
    monkeypatch.setattr(flow, "has_enough", lambda _: True)
    monkeypatch.setattr(flow, "learn", lambda *_: None)
    with pytest.raises(NotEnoughData) as told:
        flow.train.fn(NOON)
    assert str(told.value) == (
        "no target can be trained. progression: 3 of 600 labelled calls for progression ended well; at least 20 of "
        "each kind are needed; voice_ai: 0 labelled calls for voice_ai as of 2026-05-14, 200 needed; "
        "'ringback import' brings outcomes"
    )


@pytest.mark.usefixtures("home")
def test_how_calls_end_is_there_to_score_by_as_soon_as_there_is_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "training_data", lambda _: dict.fromkeys(TARGETS))
    monkeypatch.setattr(flow, "has_enough", lambda _: True)
    monkeypatch.setattr(flow, "learn", lambda *_: "a version")
    with writing() as warehouse:
        land_calls(warehouse, [a_call("one", NOON - 9 * DAY)])
        land_outcomes(warehouse, [Outcome("one", "progression", True, NOON - 8 * DAY, NOON - 8 * DAY, "crm", "won")])
    assert present_rates() == NOTHING
    flow.train.fn(NOON)
    assert present_rates().knows_outcomes
