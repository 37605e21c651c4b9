"""Calibration brings answers to what happened, and never turns their order round."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.calibrate import learn_sigmoid

RNG = np.random.default_rng(3)
SCORES = RNG.normal(size=2000)


def happened(log_odds: NDArray[np.float64]) -> NDArray[np.bool_]:
    answer: NDArray[np.bool_] = RNG.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))
    return answer


def test_the_slope_and_intercept_that_made_the_outcomes_are_found() -> None:
    slope, intercept = learn_sigmoid(SCORES, happened(2 * SCORES - 1))
    assert (slope, intercept) == (pytest.approx(2, abs=0.3), pytest.approx(-1, abs=0.3))


def test_scores_of_any_scale_are_calibrated_alike() -> None:
    y = happened(2 * SCORES)
    slope, _ = learn_sigmoid(SCORES, y)
    thousandfold, _ = learn_sigmoid(1000 * SCORES, y)
    assert 1000 * thousandfold == pytest.approx(slope, rel=1e-3)


def test_a_model_that_was_wrong_lately_says_the_rate_and_not_the_opposite() -> None:
    y = happened(-2 * SCORES - 1)
    slope, intercept = learn_sigmoid(SCORES, y)
    assert (slope, 1 / (1 + np.exp(-intercept))) == (0.0, pytest.approx(y.mean()))


@pytest.mark.parametrize("y", [happened(SCORES[:59]), np.ones(500, dtype=bool), np.zeros(500, dtype=bool)])
def test_too_few_answers_or_outcomes_of_one_kind_change_nothing(y: NDArray[np.bool_]) -> None:
    assert learn_sigmoid(SCORES[: len(y)], y) == (1.0, 0.0)
