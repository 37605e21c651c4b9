"""Training one target: every candidate is validated on later calls, the best is judged on the last fifth.

The candidate is chosen by validation alone (rolling origin); the last fifth is only looked at afterwards. The model
that is kept is then fitted again on everything, because under drift the newest calls are worth most: the test figures
are those of its twin, which had not seen the last fifth.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from features.attributions import attributions, by_feature
from features.encoding import Encoding, learn_encoding
from ringback.errors import NotEnoughData
from ringback.records import Target
from training.calibrate import calibrated, learn_sigmoid, scores_of
from training.candidates import CANDIDATES, Candidate
from training.data import TrainingData
from training.evaluate import metrics_of, roc_auc_interval
from training.split import Split, last_fifth, rolling_origin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_OF_EACH_KIND = 20
ALIKE = 0.003
"""Mean validation ROC AUC within which the simpler candidate is taken."""
EXPLAINED_ROWS = 300


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate with its validation and test figures."""

    candidate: str
    metrics: dict[str, float]
    test_probabilities: "NDArray[np.float64]"
    """Of its twin that had not seen the test rows; shape (test rows,)."""
    sigmoid: tuple[float, float]
    """Slope and intercept of the calibration."""

    @property
    def validation_auc(self) -> float:
        """Mean ROC AUC over the rolling-origin folds: what the choice is made by."""
        return self.metrics["val_roc_auc"]


@dataclass(frozen=True, slots=True)
class Trained:
    """The chosen candidate, fitted on everything, with what speaks for it."""

    target: Target
    as_of: datetime
    fingerprint: str
    source: str
    rows: int
    chosen: Tried
    tried: list[Tried]
    model: Any
    """A scikit-learn CalibratedClassifierCV over the encoding's columns."""
    encoding: Encoding
    importances: dict[str, float]
    """Mean absolute contribution to the log-odds by feature, the largest first."""
    test_call_ids: list[str]
    test_y: "NDArray[np.bool_]"
    test_judged_at: "NDArray[np.datetime64]"
    base_rate: float
    """Share of successes among the rows the twins learned from: what a model must beat."""


def train(data: TrainingData, least_rows: int, jobs: int) -> Trained:
    """Try every candidate and keep the best; raises NotEnoughData, saying how much is missing."""
    _check_enough(data, least_rows)
    split = last_fifth(data.judged_at, data.matures_at)
    encoding = learn_encoding([data.rows[at] for at in split.learn])
    X = encoding.encode(data.rows)
    folds = [fold for fold in rolling_origin(split.learn, data.judged_at, data.matures_at) if _both_kinds(data, fold)]
    if not folds or not _both_kinds(data, split):
        raise NotEnoughData(f"the labels of {data.target} are too one-sided over time to validate on later calls")
    tried = [_try(candidate, X, data, split, folds, jobs) for candidate in CANDIDATES]
    chosen = choose(tried)
    candidate = next(c for c in CANDIDATES if c.__name__ == chosen.candidate)
    model = _fit(candidate, chosen.sigmoid, X, data.y, jobs)
    return Trained(
        target=data.target,
        as_of=data.as_of,
        fingerprint=data.fingerprint,
        source=data.source,
        rows=len(data.rows),
        chosen=_with_interval(chosen, data.y[split.judge]),
        tried=tried,
        model=model,
        encoding=encoding,
        importances=_importances(model, X[-EXPLAINED_ROWS:], encoding),
        test_call_ids=[data.call_ids[at] for at in split.judge],
        test_y=data.y[split.judge],
        test_judged_at=data.judged_at[split.judge],
        base_rate=float(data.y[split.learn].mean()),
    )


def choose(tried: list[Tried]) -> Tried:
    """The candidate that validates best; of those that validate alike, the one that stands first (the simplest)."""
    best = max(one.validation_auc for one in tried)
    return next(one for one in tried if one.validation_auc >= best - ALIKE)


def _try(
    candidate: Candidate, X: "NDArray[np.float32]", data: TrainingData, split: Split, folds: list[Split], jobs: int
) -> Tried:
    import numpy as np

    models = [candidate(jobs).fit(X[fold.learn], data.y[fold.learn]) for fold in folds]
    sigmoid = learn_sigmoid(
        [scores_of(model, X[fold.judge]) for model, fold in zip(models, folds, strict=True)],
        [data.y[fold.judge] for fold in folds],
    )
    validated = [
        metrics_of(data.y[fold.judge], _probability(model, X[fold.judge]), "val")
        for model, fold in zip(models, folds, strict=True)
    ]
    mean = {name: float(np.mean([fold[name] for fold in validated])) for name in validated[0]}
    p = _probability(_fit(candidate, sigmoid, X[split.learn], data.y[split.learn], jobs), X[split.judge])
    return Tried(
        candidate=candidate.__name__,
        metrics=mean | metrics_of(data.y[split.judge], p, "test"),
        test_probabilities=p,
        sigmoid=sigmoid,
    )


def _fit(
    candidate: Candidate, sigmoid: tuple[float, float], X: "NDArray[np.float32]", y: "NDArray[np.bool_]", jobs: int
) -> Any:
    return calibrated(candidate(jobs).fit(X, y), sigmoid, X, y)


def _importances(model: Any, X: "NDArray[np.float32]", encoding: Encoding) -> dict[str, float]:
    import numpy as np

    summed = by_feature(attributions(model, X), encoding.sources)
    return dict(sorted(((n, float(np.abs(v).mean())) for n, v in summed.items()), key=lambda item: -item[1]))


def _with_interval(chosen: Tried, y: "NDArray[np.bool_]") -> Tried:
    from dataclasses import replace

    low, high = roc_auc_interval(y, chosen.test_probabilities)
    return replace(chosen, metrics=chosen.metrics | {"test_roc_auc_low": low, "test_roc_auc_high": high})


def _probability(model: Any, X: "NDArray[np.float32]") -> "NDArray[np.float64]":
    return model.predict_proba(X)[:, 1].astype("float64")  # type: ignore[no-any-return]


def _both_kinds(data: TrainingData, split: Split) -> bool:
    return all(0 < data.y[rows].sum() < len(rows) for rows in (split.learn, split.judge))


def _check_enough(data: TrainingData, least_rows: int) -> None:
    n, positives = len(data.rows), int(data.y.sum())
    if n < least_rows:
        raise NotEnoughData(
            f"{n} labelled calls for {data.target} as of {data.as_of:%Y-%m-%d}, {least_rows} needed; "
            "'ringback import' brings outcomes"
        )
    if min(positives, n - positives) < LEAST_OF_EACH_KIND:
        raise NotEnoughData(
            f"{positives} of {n} labelled calls for {data.target} ended well; "
            f"at least {LEAST_OF_EACH_KIND} of each kind are needed"
        )
