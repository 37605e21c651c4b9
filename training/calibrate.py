"""Calibration on later data: Platt's sigmoid, learned from answers about calls that came after what was learned from.

The answers are those of the rolling-origin blocks together, each given by a model that had not seen its calls. A slope
below zero would turn a model's order of calls round because it happened to be wrong lately; it is taken as zero, which
says that the model's answers told nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEAK_PENALTY = 1e4
LEAST_ROWS = 60


def learn_sigmoid(log_odds: "NDArray[np.float64]", y: "NDArray[np.bool_]") -> tuple[float, float]:
    """Slope and intercept that bring log-odds to what happened; both arrays of shape (rows,).

    Platt 1999, "Probabilistic Outputs for Support Vector Machines". With fewer than sixty rows, or outcomes of
    one kind, the log-odds are left as they are.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    if len(y) < LEAST_ROWS or y.all() or not y.any():
        return 1.0, 0.0
    spread = float(log_odds.std()) or 1.0
    fitted = LogisticRegression(C=WEAK_PENALTY).fit((log_odds / spread)[:, None], y)
    slope = float(fitted.coef_[0, 0]) / spread
    if slope <= 0:
        rate = y.mean()
        return 0.0, float(np.log(rate / (1 - rate)))
    return slope, float(fitted.intercept_[0])
