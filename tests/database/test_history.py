"""What was answered about a lead is read back whole, and live answers count for the shadow test."""

from datetime import datetime
from typing import Any

import pytest

from database.history import answer_standing, answers_about, ids_of_lead
from database.identities import Merge, move
from database.prediction_log import Logged, keep_logged
from database.predictions import keep_predictions
from database.session import writing
from database.shadow import ShadowAnswer, shadow_answers
from ringback.records import Target
from tests.factories import DAY, HOUR, NOON, a_prediction

pytestmark = pytest.mark.usefixtures("home")
ANA = "ana@acme.com"


def named(lead_id: str, at_most: int = 9, before: datetime | None = None, before_id: str | None = None) -> list[str]:
    return [one.prediction.prediction_id for one in answers_about(lead_id, at_most, before, before_id)]


def about_ana(name: str, at: datetime, lead_id: str = ANA, **known: Any) -> None:
    keep_predictions([a_prediction(name, at=at, lead_id=lead_id, prediction_id=name, **known)])


def test_answers_about_a_lead_come_newest_first_whoever_asked() -> None:
    about_ana("a", NOON)
    about_ana("b", NOON + DAY, source="api")
    about_ana("c", NOON + HOUR, source="webhook")
    about_ana("d", NOON, lead_id="bo@acme.com")
    assert named(ANA) == ["b", "c", "a"]
    assert named(ANA, at_most=2) == ["b", "c"]
    assert named("nobody") == []


def test_pages_lose_and_repeat_nothing_even_among_answers_of_one_moment() -> None:
    for name in "abcde":
        about_ana(name, NOON)
    about_ana("f", NOON - HOUR)
    assert named(ANA, 2) == ["e", "d"]
    assert named(ANA, 3, NOON, "d") == ["c", "b", "a"]
    assert named(ANA, 3, NOON, "a") == ["f"]
    assert named(ANA, 3, NOON) == ["f"]


def test_a_lead_that_was_merged_has_one_history_under_either_id() -> None:
    about_ana("a", NOON, lead_id="apollo:67bd")
    about_ana("b", NOON + DAY)
    with writing() as connection:
        move(connection, [Merge("apollo:67bd", ANA, "the same e-mail address")], NOON + DAY)
    assert ids_of_lead("apollo:67bd") == ids_of_lead(ANA) == [ANA, "apollo:67bd"]
    assert named("apollo:67bd") == named(ANA) == ["b", "a"]


def test_an_answer_comes_with_the_features_it_was_made_from_where_they_were_kept() -> None:
    log(a_prediction("new", at=NOON + DAY, lead_id=ANA, features_hash="f"))
    about_ana("old", NOON)
    assert [one.row for one in answers_about(ANA, 9)] == [{"sentiment": 0.5, "industry": None}, None]


def test_the_answer_that_stood_at_a_moment_is_the_last_one_given_by_then() -> None:
    about_ana("a", NOON)
    about_ana("b", NOON + DAY)
    standing = [answer_standing(ANA, at) for at in (NOON - HOUR, NOON, NOON + HOUR, NOON + DAY)]
    assert [one and one.prediction.prediction_id for one in standing] == [None, "a", "a", "b"]


def log(prediction: Any, start: int = 0) -> None:
    """Bring in one line of a file."""
    assert keep_logged("log", start, start + 1, [Logged(prediction, {"sentiment": 0.5, "industry": None})], NOON)


def shadows(target: Target = "progression", champion: str = "1", challenger: str = "2") -> list[ShadowAnswer]:
    return shadow_answers(target, champion, challenger, NOON + DAY)


BESIDE = {"progression": {"version": "2", "probability": 0.7}}


def test_what_a_challenger_said_beside_a_live_answer_counts_for_the_shadow_test() -> None:
    live = a_prediction(challenger=BESIDE, source="api")
    log(live)
    log(live, start=1)
    assert shadows() == [ShadowAnswer("fellow:one", "first", "progression", "1", "2", 0.5, 0.7, NOON)]


def test_where_the_challenger_answered_itself_the_champion_is_the_one_beside() -> None:
    beside = {"progression": {"version": "1", "probability": 0.4}, "voice_ai": {"version": "5", "probability": 0.1}}
    log(a_prediction(
        probability=0.9, progression_version="2", voice_ai_version="6", voice_ai_probability=0.2,
        answered_by="challenger", challenger=beside,
    ))  # fmt: skip
    assert shadows() == [ShadowAnswer("fellow:one", "first", "progression", "1", "2", 0.4, 0.9, NOON)]
    assert shadows("voice_ai", "5", "6") == [ShadowAnswer("fellow:one", "first", "voice_ai", "5", "6", 0.1, 0.2, NOON)]


def test_an_answer_without_a_call_or_a_challenger_casts_no_shadow() -> None:
    log(a_prediction(call_id="request:one", challenger=BESIDE))
    log(a_prediction("two"), start=1)
    log(a_prediction("three", challenger={"voice_ai": {"version": "5", "probability": 0.1}}), start=2)
    assert shadows() == shadows("voice_ai", "none", "5") == []
