"""Calibration on later data: Platt's sigmoid, learned from answers about calls that came after what was learned from.

The answers are those of the rolling-origin folds together, each given by a model that had not seen its calls. A slope
below zero would turn a model's order of calls round because it happened to be wrong lately; it is taken as zero, which
says that the model's answers told nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEAK_PENALTY = 1e4


def scores_of(model: Any, X: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """What a sigmoid is laid over: log-odds where the model has them, else the probability; shape (rows,)."""
    if hasattr(model, "decision_function"):
        return model.decision_function(X).astype("float64")  # type: ignore[no-any-return]
    return model.predict_proba(X)[:, 1].astype("float64")  # type: ignore[no-any-return]


def learn_sigmoid(scores: Sequence["NDArray[np.float64]"], y: Sequence["NDArray[np.bool_]"]) -> tuple[float, float]:
    """Slope and intercept of the log-odds of success over the pooled scores of the folds.

    Platt 1999, "Probabilistic Outputs for Support Vector Machines".
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    pooled, happened = np.concatenate(scores), np.concatenate(y)
    spread = float(pooled.std()) or 1.0
    fitted = LogisticRegression(C=WEAK_PENALTY).fit((pooled / spread)[:, None], happened)
    slope = float(fitted.coef_[0, 0]) / spread
    if slope <= 0:
        rate = happened.mean()
        return 0.0, float(np.log(rate / (1 - rate)))
    return slope, float(fitted.intercept_[0])


def calibrated(model: Any, sigmoid: tuple[float, float], X: "NDArray[np.float32]", y: "NDArray[np.bool_]") -> Any:
    """A scikit-learn CalibratedClassifierCV that lays the learned sigmoid over a fitted model.

    `X` and `y` are some of the rows the model was fitted on; they only give the object its shape.
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    made = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid").fit(X, y)
    platt = made.calibrated_classifiers_[0].calibrators[0]
    platt.a_, platt.b_ = -sigmoid[0], -sigmoid[1]  # scikit-learn's sigmoid is 1 / (1 + exp(a * score + b))
    return made
