"""Calibration brings answers to what happened, and never turns their order round."""

import numpy as np
import pytest

from training.calibrate import calibrated, learn_sigmoid, scores_of
from training.candidates import gradient_boosting

RNG = np.random.default_rng(3)
SCORES = RNG.normal(size=2000)


def happened(log_odds: "np.typing.NDArray[np.float64]") -> "np.typing.NDArray[np.bool_]":
    answer: np.typing.NDArray[np.bool_] = RNG.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))
    return answer


def test_the_slope_and_intercept_that_made_the_outcomes_are_found() -> None:
    slope, intercept = learn_sigmoid([SCORES[:1000], SCORES[1000:]], [(y := happened(2 * SCORES - 1))[:1000], y[1000:]])
    assert (slope, intercept) == (pytest.approx(2, abs=0.3), pytest.approx(-1, abs=0.3))


def test_scores_of_any_scale_are_calibrated_alike() -> None:
    y = happened(2 * SCORES)
    slope, _ = learn_sigmoid([SCORES], [y])
    thousandfold, _ = learn_sigmoid([1000 * SCORES], [y])
    assert 1000 * thousandfold == pytest.approx(slope, rel=1e-3)


def test_a_model_that_was_wrong_lately_says_the_rate_and_not_the_opposite() -> None:
    y = happened(-2 * SCORES - 1)
    slope, intercept = learn_sigmoid([SCORES], [y])
    assert (slope, 1 / (1 + np.exp(-intercept))) == (0.0, pytest.approx(y.mean()))


def test_the_model_answers_with_the_learned_sigmoid_over_its_scores() -> None:
    X, y = SCORES.reshape(-1, 1).astype(np.float32), happened(SCORES)
    model = gradient_boosting(1).fit(X, y)
    said = calibrated(model, (0.5, -0.2), X[:100], y[:100]).predict_proba(X)[:, 1]
    np.testing.assert_allclose(said, 1 / (1 + np.exp(-(0.5 * scores_of(model, X) - 0.2))), rtol=1e-6)
