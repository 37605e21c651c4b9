"""The features that each of many leads was last scored with by a flow are found in a few questions."""

import pytest

from database.lead_features import last_features_of
from database.prediction_log import Logged, keep_features
from database.predictions import keep_predictions
from tests.factories import HOUR, NOON, a_prediction

pytestmark = pytest.mark.usefixtures("home")


def test_each_lead_has_those_of_its_last_score_by_a_flow_of_which_they_were_kept() -> None:
    asked = [
        ("ana", 0, "flow", "a"), ("ana", 2, "flow", "b"), ("ana", 3, "api", "c"), ("ana", 4, "flow", None),
        ("bo", 1, "flow", "a"), ("cy", 1, "api", "c"), *((f"lead {n}", 1, "flow", "b") for n in range(400)),
    ]  # fmt: skip
    kept = [
        a_prediction(f"{lead} {hours}", lead_id=lead, at=NOON + hours * HOUR, source=source, features_hash=name)
        for lead, hours, source, name in asked
    ]
    rows = {"a": 1.0, "b": 2.0, "c": 3.0}
    keep_features(Logged(one, {"minutes": rows[one.features_hash]}) for one in kept if one.features_hash)
    keep_predictions(kept)
    expected = {"ana": 2.0, "bo": 1.0} | {f"lead {n}": 2.0 for n in range(400)}
    found = last_features_of(["ana", "bo", "cy", "nobody", *(f"lead {n}" for n in range(400))])
    assert found == {lead: {"minutes": minutes} for lead, minutes in expected.items()}
