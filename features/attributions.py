"""What each feature contributed to an answer, in log-odds: exact Shapley values of the model itself.

For the linear model they are coefficient times distance from the training mean (Lundberg and Lee 2017, "A Unified
Approach to Interpreting Model Predictions", corollary 1). For trees they are TreeSHAP values (Lundberg et al. 2020,
"From local explanations to global understanding with explainable AI for trees"), computed by XGBoost for every tree
candidate, since scikit-learn's forests and boosted trees are translated into XGBoost's own form without loss. A stack
adds up its members' log-odds with weights, and so do the contributions.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def attributions(stack: Any, matrix: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """Contributions of shape (rows, columns) to the log-odds of each row; they add up to its distance from the bias.

    `stack` is a scikit-learn StackingClassifier (training/stack.py). The trees of a random forest add up in
    probability and not in log-odds: their contributions are scaled, row by row, to the distance in log-odds.
    """
    import numpy as np

    surest = stack.final_estimator_.steps[0][1].kw_args["a_min"]
    summed = np.zeros(matrix.shape, dtype=np.float64)
    for weight, member in zip(stack.final_estimator_[-1].coef_[0], stack.estimators_, strict=True):
        used = list(member[0].transformers_[0][2])
        summed[:, used] += weight * _of_member(member[-1], matrix[:, used], surest)
    return summed


def by_feature(contributions: "NDArray[np.float64]", sources: Sequence[str]) -> dict[str, "NDArray[np.float64]"]:
    """Add up the columns that come from one feature; arrays of shape (rows,)."""
    import numpy as np

    summed: dict[str, NDArray[np.float64]] = {}
    for at, name in enumerate(sources):
        summed[name] = summed.get(name, np.zeros(len(contributions))) + contributions[:, at]
    return summed


def _of_member(model: Any, matrix: "NDArray[np.float32]", surest: float) -> "NDArray[np.float64]":
    if type(model).__name__ == "Pipeline":
        return _linear(model, matrix)
    import xgboost

    from features.trees import booster_of

    contributions = booster_of(model).predict(xgboost.DMatrix(matrix), pred_contribs=True).astype("float64")
    if type(model).__name__ == "RandomForestClassifier":
        return contributions[:, :-1] * _log_odds_per_probability(contributions, surest)  # type: ignore[no-any-return]
    return contributions[:, :-1]  # type: ignore[no-any-return]


def _log_odds_per_probability(contributions: "NDArray[np.float64]", surest: float) -> "NDArray[np.float64]":
    """The slope of the log-odds between the bias (the last column) and each row's sum; shape (rows, 1)."""
    import numpy as np
    from scipy.special import logit

    start, distance = contributions[:, -1:], contributions[:, :-1].sum(axis=1, keepdims=True)
    apart = np.abs(distance) > 1e-6
    from_, to = np.clip(start, surest, 1 - surest), np.clip(start + distance, surest, 1 - surest)
    return np.where(apart, (logit(to) - logit(from_)) / np.where(apart, distance, 1.0), 1 / (from_ * (1 - from_)))


def _linear(pipeline: Any, matrix: "NDArray[np.float32]") -> "NDArray[np.float64]":
    import numpy as np

    prepared = pipeline[:-1].transform(matrix)
    by_column = prepared * pipeline[-1].coef_[0]
    known = np.flatnonzero(~np.isnan(pipeline[0].statistics_))  # a column without any value is dropped by the imputer
    summed = np.zeros(matrix.shape, dtype=np.float64)
    summed[:, known] = by_column[:, : len(known)]
    indicated = pipeline[0].indicator_.features_ if getattr(pipeline[0], "indicator_", None) is not None else []
    for at, column in enumerate(indicated):  # "is not known" counts for the column it speaks of
        summed[:, column] += by_column[:, len(known) + at]
    return summed
