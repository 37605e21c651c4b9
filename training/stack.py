"""One model out of one or several: the mean of the members' log-odds, calibrated, as a scikit-learn StackingClassifier.

It is made of scikit-learn's own parts, so that a stored model needs none of our code to be read, and its log-odds are a
weighted sum of its members' log-odds, so that what each feature contributed adds up exactly (features/attributions.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUREST = 1e-4
"""No member's probability counts as nearer to 0 or 1 than this."""


def log_odds_of(member: Any, X: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """What a fitted member says of each row, in log-odds; shape (rows,)."""
    import numpy as np
    from scipy.special import logit

    p = member.predict_proba(X)[:, 1].astype("float64")
    return np.asarray(logit(np.clip(p, SUREST, 1 - SUREST)))


def stacked(
    members: Sequence[tuple[str, Any]],
    sigmoid: tuple[float, float],
    X: "NDArray[np.float32]",
    y: "NDArray[np.bool_]",
) -> Any:
    """The fitted members as one StackingClassifier: slope times the mean of their log-odds, plus the intercept.

    `X` and `y` are some of the rows the members were fitted on; they only give the object its shape.
    """
    import numpy as np
    from scipy.special import logit
    from sklearn.ensemble import StackingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    slope, intercept = sigmoid
    final = make_pipeline(
        FunctionTransformer(np.clip, kw_args={"a_min": SUREST, "a_max": 1 - SUREST}),
        FunctionTransformer(logit),
        LogisticRegression(),
    )
    made = StackingClassifier(list(members), final, cv="prefit", stack_method="predict_proba").fit(X, y)
    line = made.final_estimator_[-1]
    line.coef_ = np.full((1, len(members)), slope / len(members))
    line.intercept_ = np.array([intercept])
    return made
