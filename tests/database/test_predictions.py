"""A prediction is kept once, and an alert is raised once."""

import pytest

from database.predictions import keep_predictions, predicted_contents, raise_alerts
from tests.factories import DAY, NOON, a_prediction

pytestmark = pytest.mark.usefixtures("home")


def test_the_same_prediction_again_is_not_new() -> None:
    assert keep_predictions([a_prediction("one"), a_prediction("two")]) == 2
    assert keep_predictions([a_prediction("two"), a_prediction("three")]) == 1


def test_the_same_content_is_answered_once_by_the_same_versions() -> None:
    keep_predictions([a_prediction("one", at=NOON)])
    assert keep_predictions([a_prediction("one", at=NOON + DAY)]) == 0


def test_a_new_champion_answers_again() -> None:
    keep_predictions([a_prediction("one", at=NOON)])
    assert keep_predictions([a_prediction("one", at=NOON + DAY, progression_version="2")]) == 1


def test_answered_contents_are_those_of_this_pair_of_versions() -> None:
    keep_predictions([a_prediction("one"), a_prediction("two", progression_version="2")])
    assert predicted_contents("1", "none") == {("fellow:one", "first")}


def test_an_alert_about_a_lead_is_raised_once() -> None:
    assert raise_alerts([("one@acme.com", "scores 90"), ("two@acme.com", "scores 85")], NOON) == 2
    assert raise_alerts([("one@acme.com", "scores 95")], NOON + DAY) == 0


def test_an_alert_of_another_kind_is_another_alert() -> None:
    raise_alerts([("one@acme.com", "scores 90")], NOON)
    assert raise_alerts([("one@acme.com", "fell silent")], NOON, kind="silent_lead") == 1
