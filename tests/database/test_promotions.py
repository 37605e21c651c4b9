"""The ledger answers who was champion when."""

from datetime import datetime

import pytest

from database.promotions import Promotion, champion_as_of, ledger, promote, promote_over
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")


def a_promotion(version: str, decided_at: datetime, target: str = "progression", reason: str = "better") -> Promotion:
    return Promotion(target, decided_at, version, "xgboost", reason, {"roc_auc": 0.7})


def champion_version(moment: datetime) -> str | None:
    champion = champion_as_of("progression", moment)
    return champion.version if champion else None


def test_the_champion_of_a_moment_is_the_last_promoted_by_then() -> None:
    promote(a_promotion("1", NOON))
    promote(a_promotion("2", NOON + 7 * DAY))
    moments = [NOON - DAY, NOON, NOON + 6 * DAY, NOON + 7 * DAY, NOON + 99 * DAY]
    assert [champion_version(moment) for moment in moments] == [None, "1", "1", "2", "2"]


def test_a_promotion_recorded_late_counts_from_its_own_moment() -> None:
    promote(a_promotion("2", NOON + 7 * DAY))
    promote(a_promotion("1", NOON))
    assert [champion_version(NOON + days * DAY) for days in (0, 7)] == ["1", "2"]


def test_the_evidence_comes_back_as_it_was_written() -> None:
    promote(a_promotion("1", NOON))
    assert champion_as_of("progression", NOON) == a_promotion("1", NOON)


def test_the_same_promotion_again_changes_nothing() -> None:
    promote(a_promotion("1", NOON, reason="first told"))
    promote(a_promotion("1", NOON, reason="told again"))
    champion = champion_as_of("progression", NOON)
    assert champion is not None
    assert champion.reason == "first told"


def test_targets_have_champions_of_their_own() -> None:
    promote(a_promotion("9", NOON, target="voice_ai"))
    assert champion_version(NOON) is None


def test_whoever_decided_while_another_became_champion_is_refused() -> None:
    promote(a_promotion("1", NOON))
    seen = champion_as_of("progression", NOON + 9 * DAY)
    assert promote_over(seen, a_promotion("2", NOON + DAY))
    assert not promote_over(seen, a_promotion("3", NOON + 2 * DAY))
    assert not promote_over(None, a_promotion("3", NOON + 2 * DAY))
    assert [one.version for one in ledger("progression", NOON + 9 * DAY)] == ["2", "1"]
    assert promote_over(None, a_promotion("1", NOON, target="voice_ai"))
