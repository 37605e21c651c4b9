"""A prediction is kept once, and an alert is raised once."""

from datetime import datetime

import pytest
from sqlalchemy import select

from database import models
from database.predictions import keep_predictions, mark_landed, predicted_contents, raise_alerts, to_land
from database.session import reading
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


def last_scores() -> dict[str, int]:
    with reading() as connection:
        asked = select(models.LastScore.lead_id, models.LastScore.qualification_score)
        return dict(connection.execute(asked).tuples().all())


def test_the_last_score_of_a_lead_is_of_its_latest_answer_that_counts_in_whatever_order_they_come() -> None:
    ana = {"lead_id": "ana"}
    keep_predictions([a_prediction("two", 0.6, NOON + DAY, **ana), a_prediction("one", 0.9, NOON, **ana)])
    assert last_scores() == {"ana": 60}
    keep_predictions([a_prediction("late", 0.2, NOON - DAY, **ana)])
    asked = {"source": "api", "call_id": "request:1"}
    keep_predictions([a_prediction("what if", 0.99, NOON + 2 * DAY, **ana, **asked), a_prediction("bo", 0.5, NOON)])
    assert last_scores() == {"ana": 60, "bo@acme.com": 50}
    keep_predictions([a_prediction("one", 0.9, NOON + 3 * DAY, **ana)])  # known already: no new answer
    assert last_scores()["ana"] == 60
    keep_predictions(
        [a_prediction("three", 0.7, NOON + DAY, **ana, prediction_id="zzz")]
    )  # of one moment the greater id
    assert last_scores()["ana"] == 70


def test_what_is_to_be_landed_is_marked_by_the_row_so_that_late_answers_are_not_left_out() -> None:
    def to_come(until: datetime) -> list[str]:
        return [one.lead_id.split("@")[0] for one in to_land(until, 2)]

    keep_predictions([
        a_prediction("flow"), a_prediction("b", at=NOON + DAY, source="api"), a_prediction("a", source="webhook"),
        a_prediction("c", at=NOON + 2 * DAY, source="api"),
    ])  # fmt: skip
    assert (to_come(NOON + DAY), to_come(NOON + 9 * DAY)) == (["a", "b"], ["a", "b"])
    mark_landed(to_land(NOON + DAY, 9), NOON + DAY)
    keep_predictions([a_prediction("late", at=NOON - 30 * DAY, source="api")])
    assert to_come(NOON + 9 * DAY) == ["late", "c"]
