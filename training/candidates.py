"""The models that compete. Each sees the encoded matrix, with NaN where something is not known."""

from collections.abc import Callable
from typing import Any

Candidate = Callable[[int], Any]
"""Takes the number of processor cores, gives an unfitted scikit-learn classifier."""

SEED = 7


def logistic_regression(jobs: int) -> Any:
    """A line through log-odds: what is not known becomes the median and says so in a column of its own."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=1000),
    )


def random_forest(jobs: int) -> Any:
    """A hundred trees on resampled rows."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, min_samples_leaf=20, n_jobs=jobs, random_state=SEED)


def gradient_boosting(jobs: int) -> Any:
    """scikit-learn's histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.05,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=SEED,
    )


def xgboost(jobs: int) -> Any:
    """XGBoost with shallow trees on sampled rows and columns."""
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=150,
        max_depth=4,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.8,
        min_child_weight=5,
        n_jobs=jobs,
        random_state=SEED,
    )


CANDIDATES: tuple[Candidate, ...] = (logistic_regression, random_forest, gradient_boosting, xgboost)
"""From the simplest to the most flexible: of two that validate alike the simpler is taken."""
