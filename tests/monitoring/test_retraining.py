"""When to train again is said by rules that can be read one by one, each with its reason."""

from datetime import datetime, timedelta

import pytest

from monitoring.performance import Figure
from monitoring.retraining import Known, reasons

MONDAY = datetime(2026, 3, 16)


def known(value: float | None = 0.8, n: int = 50, days: int = 3, promoted_with: float = 0.82, **more: object) -> Known:
    low, high = (None, None) if value is None else (value - 0.1, value + 0.1)
    accuracy = Figure("accuracy", value, low, high, n)
    facts = {"commoner": 0.7, "promoted_with": promoted_with, "moved": ()} | more
    return Known(MONDAY, MONDAY - timedelta(days=days), accuracy, **facts)  # type: ignore[arg-type]


def test_a_champion_that_does_well_is_left_alone() -> None:
    assert reasons(known()) == []


def test_a_week_after_the_last_training_it_is_time() -> None:
    assert [one.because for one in reasons(known(days=7))] == ["weekly: last trained 2026-03-09"]


@pytest.mark.parametrize(
    ("accuracy", "critical"), [(0.649, [True]), (0.65, [False]), (0.749, [False]), (0.75, [])]
)  # fmt: skip
def test_accuracy_under_075_is_a_reason_and_under_065_critical(accuracy: float, critical: list[bool]) -> None:
    assert [one.critical for one in reasons(known(accuracy, promoted_with=accuracy))] == critical


def test_low_accuracy_says_what_the_commoner_outcome_would_give() -> None:
    (only,) = reasons(known(0.7, promoted_with=0.72))
    assert only.because == (
        "accuracy 0.700 [0.600, 0.800] on 50 calls, under 0.75 "
        "(always answering the commoner outcome would be right in 0.700)"
    )


@pytest.mark.parametrize(("promoted_with", "count"), [(0.9, 1), (0.89, 0)])
def test_a_decline_of_a_tenth_is_a_reason(promoted_with: float, count: int) -> None:
    assert len(reasons(known(0.8, promoted_with=promoted_with))) == count


def test_fewer_than_ten_samples_decide_nothing() -> None:
    assert reasons(known(0.2, n=9)) == []
    assert reasons(known(None, n=0)) == []


def test_drift_is_a_reason_that_names_the_costliest_move() -> None:
    (only,) = reasons(known(moved=("employees went up", "country has new values")))
    assert only.because == "drift: employees went up (and 1 more)"
