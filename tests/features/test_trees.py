"""A tree in XGBoost's form says what scikit-learn's says, and its contributions add up to the answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from features.attributions import attributions, by_feature
from features.trees import booster_of
from training.calibrate import learn_sigmoid
from training.candidates import CANDIDATES, Candidate, gradient_boosting, random_forest
from training.stack import log_odds_of, stacked
from training.trials import Learning, Trial

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


def fitted(candidates: Sequence[Candidate], rows: tuple[Matrix, Answers]) -> Any:
    """A stack of candidates, each on all columns but the third, which says nothing."""
    X, y = rows
    names = [f"custom {at}" for at in range(X.shape[1])]
    learning = Learning(
        X, y, [], {"all": [0, 1, 3, 4], "most": [0, 1, 2, 3]}, (), names, np.full(len(names), np.nan, np.float32)
    )
    first = np.arange(300)
    members = [
        (f"m{n}", Trial(one.__name__, columns="most" if n else "all").fit(learning, first, 1))
        for n, one in enumerate(candidates)
    ]
    said = np.mean([log_odds_of(member, X[300:]) for _, member in members], axis=0)
    return stacked(members, learn_sigmoid(said, y[300:]), X[:300], y[:300])


def log_odds(model: Any, X: Matrix) -> NDArray[np.float64]:
    p = model.predict_proba(X)[:, 1]
    answer: NDArray[np.float64] = np.log(p / (1 - p))
    return answer


@pytest.mark.parametrize("members", [*((one,) for one in CANDIDATES), CANDIDATES])
def test_contributions_add_up_to_the_calibrated_log_odds(
    members: tuple[Candidate, ...], rows: tuple[Matrix, Answers]
) -> None:
    """All rows share the bias: what is left after the contributions is the same for each, of a blend too."""
    model, X = fitted(members, rows), rows[0]
    bias = log_odds(model, X) - attributions(model, X).sum(axis=1)
    np.testing.assert_allclose(bias, bias.mean(), atol=1e-4)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_column_that_says_nothing_contributes_least(candidate: Any, rows: tuple[Matrix, Answers]) -> None:
    strength = np.abs(attributions(fitted([candidate], rows), rows[0])).mean(axis=0)
    assert {int(at) for at in np.argsort(strength)[-3:]} == {0, 1, 3}


def test_columns_of_one_feature_are_added_up() -> None:
    summed = by_feature(np.array([[1.0, 2.0, 4.0]]), ["size", "industry", "industry"])
    assert {name: values.tolist() for name, values in summed.items()} == {"size": [1.0], "industry": [6.0]}
