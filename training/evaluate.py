"""How good probabilities are: the field's metrics, with an interval for the one that decides."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

METRICS = ("roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1", "brier", "log_loss", "ece")
BINS = 10
RESAMPLES = 200


def metrics_of(y: "NDArray[np.bool_]", p: "NDArray[np.float64]", prefix: str) -> dict[str, float]:
    """All metrics of probabilities `p` against outcomes `y`, both of shape (rows,), at the threshold 0.5.

    Where all outcomes are alike, those that need both kinds (ROC AUC, PR AUC) are left out.
    """
    from sklearn import metrics as m

    said = p >= 0.5
    values = {
        "accuracy": m.accuracy_score(y, said),
        "precision": m.precision_score(y, said, zero_division=0),
        "recall": m.recall_score(y, said, zero_division=0),
        "f1": m.f1_score(y, said, zero_division=0),
        "brier": m.brier_score_loss(y, p),
        "log_loss": m.log_loss(y, p, labels=[False, True]),
        "ece": expected_calibration_error(y, p),
    }
    if 0 < y.sum() < len(y):
        values |= {"roc_auc": m.roc_auc_score(y, p), "pr_auc": m.average_precision_score(y, p)}
    return {f"{prefix}_{name}": float(value) for name, value in values.items()}


def expected_calibration_error(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> float:
    """Mean distance between what was said and what happened, over ten bins with equally many rows.

    Naeini, Cooper, Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; here the
    bins are of equal mass.
    """
    import numpy as np

    order = np.argsort(p, kind="stable")
    bins = np.array_split(order, min(BINS, len(order)))
    return float(sum(len(b) * abs(p[b].mean() - y[b].mean()) for b in bins) / len(p))


def roc_auc_interval(y: "NDArray[np.bool_]", p: "NDArray[np.float64]", level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the ROC AUC from 200 resamples of the rows (Efron 1979)."""
    import numpy as np

    rng = np.random.default_rng(0)
    aucs = [_auc(y[rows], p[rows]) for rows in rng.integers(0, len(y), size=(RESAMPLES, len(y)))]
    low, high = np.nanquantile(aucs, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def picture(y: "NDArray[np.bool_]", p: "NDArray[np.float64]", title: str) -> "Figure":
    """Two plots side by side: what was said against what happened, and the gain from calling the best first."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4))
    figure.subplots_adjust(left=0.08, right=0.98, top=0.9, bottom=0.13)
    left, right = figure.subplots(1, 2)
    order = np.argsort(p, kind="stable")
    bins = np.array_split(order, min(BINS, len(order)))
    left.plot([0, 1], [0, 1], color="grey", linewidth=1)
    left.plot([p[b].mean() for b in bins], [y[b].mean() for b in bins], marker="o")
    left.set(title=f"{title}: calibration", xlabel="probability said", ylabel="share that happened")
    found = np.cumsum(y[order[::-1]]) / max(1, y.sum())
    right.plot(np.arange(1, len(y) + 1) / len(y), found)
    right.plot([0, 1], [0, 1], color="grey", linewidth=1)
    right.set(title=f"gain, {len(y):,} rows", xlabel="share called, best first", ylabel="share of successes found")
    return figure


def _auc(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> float:
    """ROC AUC as the Mann-Whitney statistic, ties counted half; NaN where all outcomes are alike."""
    from scipy.stats import rankdata

    positives = int(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    return float((rankdata(p)[y].sum() - positives * (positives + 1) / 2) / (positives * negatives))
