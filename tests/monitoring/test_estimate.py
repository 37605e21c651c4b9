"""Performance is estimated from the champion's own probabilities, and held against outcomes once they are known."""

from pathlib import Path

import numpy as np
import pytest

from monitoring.estimate import days_until_known, estimates_as_of, expected_of, when_known
from monitoring.performance import PERIOD, Answers, Performance, performance_of
from ringback.settings import settings
from tests.monitoring.weeks import AFTER, TUESDAY, WEEK, World, a_call, a_prediction, an_outcome, land


def expected(p: list[float], handed_over: list[bool] | None = None) -> dict[str, float | None]:
    found = expected_of(np.array(p), np.array(handed_over or [False] * len(p)))
    return {one.name: one.value and round(one.value, 6) for one in found}


def test_a_call_answered_with_09_is_right_in_nine_of_ten() -> None:
    figures = expected([0.9] * 10 + [0.2] * 10, [True] * 10 + [False] * 10)
    assert figures["accuracy"] == 0.85  # (10 x 0.9 + 10 x 0.8) / 20
    assert figures["precision at hand-over"] == 0.9
    assert figures["Brier"] == 0.125  # (0.9 x 0.1 + 0.2 x 0.8) / 2


def test_expected_roc_auc_counts_pairs_by_their_probability() -> None:
    # 11 successes and 9 failures expected; pairs in order: 9 x 8 between the groups, half of 9 x 1 and 2 x 8 within
    assert expected([0.9] * 10 + [0.2] * 10)["ROC AUC"] == pytest.approx((72 + 4.5 + 8) / (11 * 9), abs=1e-6)


def test_calibrated_answers_turn_out_as_expected() -> None:
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 2_000)
    y = rng.random(2_000) < p
    accuracy = expected_of(p, p > 0.5)[0]
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low <= ((p >= 0.5) == y).mean() <= accuracy.high
    assert accuracy.high - accuracy.low < 0.05


def test_fewer_than_ten_calls_are_not_enough() -> None:
    assert set(expected([0.9] * 9).values()) == {None}


def test_an_estimate_stands_beside_what_turned_out(home: Path) -> None:
    names = [str(n) for n in range(20)]
    land(settings().warehouse, World(
        calls=[a_call(n) for n in names],
        predictions=[a_prediction(n, 0.8, at=TUESDAY - WEEK) for n in names],
        outcomes=[an_outcome(n, happened=int(n) < 6) for n in names[:12]],
    ))  # fmt: skip
    newest = estimates_as_of(AFTER, "1", periods=1)[0]
    assert newest.said()[0] == (
        "accuracy 0.800 [0.600, 0.950] expected on 20 calls; so far accuracy 0.500 [0.254, 0.746] on 12 calls"
    )
    assert newest.expected_of_matured[0].n == 12
    assert estimates_as_of(AFTER, "2", periods=1)[0].expected[0].value is None


def test_the_estimate_of_a_past_period_does_not_change_when_outcomes_come(home: Path) -> None:
    world = World(calls=[a_call(str(n)) for n in range(20)],
                  predictions=[a_prediction(str(n), 0.8, at=TUESDAY - WEEK) for n in range(20)])  # fmt: skip
    land(settings().warehouse, world)
    before = estimates_as_of(AFTER, "1", periods=1)[0].expected
    land(settings().warehouse, World(outcomes=[an_outcome(str(n), happened=False) for n in range(20)]))
    assert estimates_as_of(AFTER, "1", periods=1)[0].expected == before


def test_days_until_a_comparison_can_be_decided() -> None:
    # (2.801585 x 0.5 / 0.05)^2 = 784.9 labels: 40 days at 20 a day, after 30 days of maturing
    assert days_until_known(0.0, 0.5, 0.05, labels_per_day=20, maturity_days=30) == 70
    assert days_until_known(0.0, 0.5, 0.05, 20, 30, labels_so_far=385, running_days=30) == 20
    assert days_until_known(0.1, 0.5, 0.05, 20, 30) == 40  # a larger difference is seen: 197 labels, 10 days
    assert days_until_known(0.0, 0.5, 0.05, 20, 30, labels_so_far=800) == 0
    assert days_until_known(0.0, 0.5, 0.05, labels_per_day=0, maturity_days=30) is None


def a_period(right: int, calls: int) -> Performance:
    """A period in which so many of the calls were answered rightly; none was handed over."""
    answers = Answers(np.full(calls, 0.8), np.arange(calls) < right, np.zeros(calls, dtype=bool))
    return performance_of(answers, AFTER - PERIOD, AFTER)


def test_a_change_within_chance_says_when_it_could_be_told() -> None:
    # 140 of 200: the deviation is 0.458, (2.801585 x 0.458 x 1.414 / 0.1)^2 = 330 calls; 230 are left, 100 in 28 days
    assert when_known(a_period(70, 100), a_period(70, 100)) == [
        "accuracy changed by +0.000 (100 and 100 calls), which chance alone explains; "
        "to see a change of 0.1 takes 330 calls a period, 65 more days at this rate"
    ]
    assert when_known(a_period(400, 500), a_period(401, 500))[0].endswith("would have been seen in four cases of five")


def test_a_change_beyond_chance_has_nothing_to_wait_for() -> None:
    assert when_known(a_period(50, 100), a_period(90, 100)) == []
