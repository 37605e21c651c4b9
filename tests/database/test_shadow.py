"""Shadow answers are kept once; the ledger of champions is only ever added to."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from database.predictions import keep_predictions
from database.promotions import Promotion, champion_as_of, ledger, promote
from database.session import writing
from database.shadow import (
    Pair,
    ShadowAnswer,
    champion_answers,
    keep_shadow_answers,
    pairs_in_shadow,
    shadow_answers,
    shadow_contents,
)
from tests.factories import DAY, NOON, a_prediction

pytestmark = pytest.mark.usefixtures("home")


def an_answer(name: str = "one", challenger: str = "2", p: float = 0.7, at: datetime = NOON) -> ShadowAnswer:
    return ShadowAnswer(f"fellow:{name}", "first", "progression", "1", challenger, 0.5, p, at)


def test_an_answer_given_again_changes_nothing() -> None:
    assert keep_shadow_answers([an_answer(), an_answer("two")]) == 2
    assert keep_shadow_answers([an_answer(p=0.9, at=NOON + DAY)]) == 0
    assert shadow_answers("progression", "1", "2", NOON + DAY) == [an_answer(), an_answer("two")]


def test_what_was_answered_later_is_not_known_as_of_a_moment() -> None:
    keep_shadow_answers([an_answer(), an_answer("two", at=NOON + DAY)])
    assert shadow_answers("progression", "1", "2", NOON) == [an_answer()]


def test_each_pair_and_target_stands_for_itself() -> None:
    keep_shadow_answers([an_answer(), an_answer("two"), an_answer(challenger="3", at=NOON + DAY)])
    assert pairs_in_shadow("progression", NOON + DAY) == [Pair("1", "3", 1, NOON + DAY), Pair("1", "2", 2, NOON)]
    assert pairs_in_shadow("voice_ai", NOON + DAY) == []
    assert shadow_contents("progression", "1", "3") == {("fellow:one", "first")}


def test_what_a_champion_said_is_read_from_its_predictions_by_target() -> None:
    keep_predictions([a_prediction("one", 0.3), a_prediction("two", 0.6, at=NOON + DAY)])
    assert champion_answers("progression", "1", NOON) == {("fellow:one", "first"): 0.3}
    assert champion_answers("voice_ai", "none", NOON) == {}


FORBIDDEN = {
    "an update": "UPDATE promotions SET reason = 'it was always good'",
    "a deletion": "DELETE FROM promotions",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_database_refuses_to_change_the_ledger_by(statement: str) -> None:
    promote(a_promotion())
    with pytest.raises(DBAPIError, match="rows are only ever added"), writing() as connection:
        connection.execute(text(statement))
    assert ledger("progression", NOON) == [a_promotion()]


@pytest.mark.sqlite
def test_a_row_of_the_ledger_cannot_be_replaced() -> None:
    promote(a_promotion())
    with writing() as connection:
        connection.execute(text("INSERT OR REPLACE INTO promotions SELECT target, decided_at, version, candidate, "
                                "'rewritten', evidence, recorded_at, kind, because, decided_by, flow_run_id "
                                "FROM promotions"))  # fmt: skip
    assert ledger("progression", NOON) == [a_promotion()]


def test_the_ledger_takes_further_decisions() -> None:
    promote(a_promotion())
    promote(a_promotion("2", NOON + DAY))
    champion = champion_as_of("progression", NOON + DAY)
    assert champion is not None
    assert champion.version == "2"


def a_promotion(version: str = "1", at: datetime = NOON) -> Promotion:
    return Promotion("progression", at, version, "xgboost", "better", {"roc_auc": 0.7})
