"""The models that compete, and how each may be varied. Each sees the encoded matrix, NaN where a thing is not known.

None of them reweights or resamples the rarer outcome: all answer with probabilities, which reweighting would spoil (van
den Goorbergh et al. 2022, "The harm of class imbalance corrections for risk prediction models"); who is called is
decided by the policy over those probabilities, not by a threshold of one half.
"""

from collections.abc import Callable, Mapping
from typing import Any

Candidate = Callable[..., Any]
"""Takes the number of processor cores and settings by name, gives an unfitted scikit-learn classifier."""

SEED = 7


def logistic_regression(jobs: int, C: float = 0.1) -> Any:
    """A line through log-odds: what is not known becomes the median and says so in a column of its own."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler(), LogisticRegression(C=C, max_iter=1000)
    )


def random_forest(jobs: int, max_samples: float = 0.3) -> Any:
    """Eighty trees, each on a part of the rows."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(80, min_samples_leaf=20, max_samples=max_samples, n_jobs=jobs, random_state=SEED)


def gradient_boosting(jobs: int, rounds: int = 80) -> Any:
    """scikit-learn's histogram gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=rounds,
        learning_rate=0.05,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=SEED,
    )


def xgboost(jobs: int, rounds: int = 100) -> Any:
    """XGBoost with shallow trees on sampled rows and columns."""
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=rounds,
        max_depth=3,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.5,
        min_child_weight=20,
        n_jobs=jobs,
        random_state=SEED,
    )


CANDIDATES: tuple[Candidate, ...] = (logistic_regression, random_forest, gradient_boosting, xgboost)
"""From the simplest to the most flexible: of two that validate alike the simpler is taken."""

VARIATIONS: Mapping[str, tuple[Mapping[str, float], ...]] = {
    "logistic_regression": ({"C": 0.003},),
    "random_forest": (),
    "gradient_boosting": ({"rounds": 30}, {"rounds": 160}),
    "xgboost": ({"rounds": 40}, {"rounds": 200}),
}
"""Settings tried where the default of a candidate does well.

How many rounds to boost is settled here, by later calls, instead of stopping early on a part of the learned rows: where
the base rate drifts, that stops after a few trees.
"""
