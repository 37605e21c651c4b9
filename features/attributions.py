"""What each feature contributed to an answer, in log-odds: exact Shapley values of the model itself.

For the linear model they are coefficient times distance from the training mean (Lundberg and Lee 2017, "A Unified
Approach to Interpreting Model Predictions", corollary 1). For trees they are TreeSHAP values (Lundberg et al. 2020,
"From local explanations to global understanding with explainable AI for trees"), computed by XGBoost for every tree
candidate, since scikit-learn's forests and boosted trees are translated into XGBoost's own form without loss.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def attributions(calibrated: Any, matrix: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """Contributions of shape (rows, columns) to the calibrated log-odds of each row.

    `calibrated` is a scikit-learn CalibratedClassifierCV (sigmoid) around one of the candidates. For a random forest,
    whose trees add up in probability and not in log-odds, the contributions are those to the calibrator's argument.
    XGBoost is calibrated on its probability too, but its trees add up in log-odds: the contributions of a row are
    scaled by one factor, so that they add up to its distance in probability from the model's bias.
    """
    fitted = calibrated.calibrated_classifiers_[0]
    slope = -float(fitted.calibrators[0].a_)
    model = getattr(fitted.estimator, "estimator", fitted.estimator)
    return slope * _raw(model, matrix)


def by_feature(contributions: "NDArray[np.float64]", sources: Sequence[str]) -> dict[str, "NDArray[np.float64]"]:
    """Add up the columns that come from one feature; arrays of shape (rows,)."""
    import numpy as np

    summed: dict[str, NDArray[np.float64]] = {}
    for at, name in enumerate(sources):
        summed[name] = summed.get(name, np.zeros(len(contributions))) + contributions[:, at]
    return summed


def _raw(model: Any, matrix: "NDArray[np.float32]") -> "NDArray[np.float64]":
    name = type(model).__name__
    if name == "Pipeline":
        return _linear(model, matrix)
    import xgboost

    from features.trees import booster_of

    contributions = booster_of(model).predict(xgboost.DMatrix(matrix), pred_contribs=True).astype("float64")
    if name == "XGBClassifier":
        return contributions[:, :-1] * _probability_per_log_odds(contributions)  # type: ignore[no-any-return]
    return contributions[:, :-1]  # type: ignore[no-any-return]


def _probability_per_log_odds(contributions: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The slope of the logistic curve between the bias (the last column) and each row's sum; shape (rows, 1)."""
    import numpy as np

    start, distance = contributions[:, -1:], contributions[:, :-1].sum(axis=1, keepdims=True)
    apart = np.abs(distance) > 1e-6
    p0, p1 = 1 / (1 + np.exp(-start)), 1 / (1 + np.exp(-start - distance))
    return np.where(apart, (p1 - p0) / np.where(apart, distance, 1.0), p0 * (1 - p0))


def _linear(pipeline: Any, matrix: "NDArray[np.float32]") -> "NDArray[np.float64]":
    import numpy as np

    prepared = pipeline[:-1].transform(matrix)
    by_column = prepared * pipeline[-1].coef_[0]
    summed = by_column[:, : matrix.shape[1]].copy()
    indicated = pipeline[0].indicator_.features_ if getattr(pipeline[0], "indicator_", None) is not None else []
    for at, column in enumerate(indicated):  # "is not known" counts for the column it speaks of
        summed[:, column] += by_column[:, matrix.shape[1] + at]
    return np.asarray(summed, dtype=np.float64)
