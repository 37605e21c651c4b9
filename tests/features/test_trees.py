"""A tree in XGBoost's form says what scikit-learn's says, and its contributions add up to the answer."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.attributions import attributions, by_feature
from features.trees import booster_of
from training.calibrate import calibrated, learn_sigmoid, scores_of
from training.candidates import CANDIDATES, gradient_boosting, random_forest

Matrix = NDArray[np.float32]
Answers = NDArray[np.bool_]


@pytest.fixture(scope="module")
def rows() -> tuple[Matrix, Answers]:
    """500 rows of five columns, two of them with gaps, one of whole numbers (ties on thresholds)."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 5)).astype(np.float32)
    X[:, 3] = rng.integers(0, 4, 500)
    y = 1.5 * X[:, 0] - X[:, 1] + X[:, 3] + rng.normal(size=500) > 1.5
    X[rng.random(500) < 0.3, 0] = np.nan
    X[rng.random(500) < 0.3, 3] = np.nan
    return X, y


def unlike(X: Matrix) -> Matrix:
    """Rows that were not learned from: all gaps, far outside, and on the thresholds of whole numbers."""
    odd = np.array([[np.nan] * 5, [1e30] * 5, [-1e30] * 5, [0.0, 0.0, 0.0, 1.0, 2.0]], dtype=np.float32)
    return np.concatenate([X, odd])


def test_a_forest_votes_the_same(rows: tuple[Matrix, Answers]) -> None:
    import xgboost as xgb

    model = random_forest(1).fit(*rows)
    X = unlike(rows[0])
    np.testing.assert_allclose(booster_of(model).predict(xgb.DMatrix(X)), model.predict_proba(X)[:, 1], atol=1e-5)


def test_boosted_trees_give_the_same_log_odds(rows: tuple[Matrix, Answers]) -> None:
    import xgboost as xgb

    model = gradient_boosting(1).fit(*rows)
    X = unlike(rows[0])
    np.testing.assert_allclose(booster_of(model).predict(xgb.DMatrix(X)), model.decision_function(X), atol=1e-5)


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="dict is none of the candidates"):
        booster_of({})


def fitted(candidate: Any, rows: tuple[Matrix, Answers]) -> Any:
    X, y = rows
    model = candidate(1).fit(X[:300], y[:300])
    sigmoid = learn_sigmoid([scores_of(model, X[300:])], [y[300:]])
    return calibrated(model, sigmoid, X[:300], y[:300])


def log_odds(model: Any, X: Matrix) -> NDArray[np.float64]:
    p = model.predict_proba(X)[:, 1]
    answer: NDArray[np.float64] = np.log(p / (1 - p))
    return answer


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_contributions_add_up_to_the_calibrated_log_odds(candidate: Any, rows: tuple[Matrix, Answers]) -> None:
    """All rows share the bias: what is left after the contributions is the same for each."""
    model, X = fitted(candidate, rows), rows[0]
    bias = log_odds(model, X) - attributions(model, X).sum(axis=1)
    np.testing.assert_allclose(bias, bias.mean(), atol=1e-4)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_column_that_says_nothing_contributes_least(candidate: Any, rows: tuple[Matrix, Answers]) -> None:
    strength = np.abs(attributions(fitted(candidate, rows), rows[0])).mean(axis=0)
    assert {int(at) for at in np.argsort(strength)[-3:]} == {0, 1, 3}


def test_columns_of_one_feature_are_added_up() -> None:
    summed = by_feature(np.array([[1.0, 2.0, 4.0]]), ["size", "industry", "industry"])
    assert {name: values.tolist() for name, values in summed.items()} == {"size": [1.0], "industry": [6.0]}
