"""How good probabilities are: the field's metrics, with an interval for the one that decides."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
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


def intervals_of(
    y: "NDArray[np.bool_]", p: "NDArray[np.float64]", prefix: str, level: float = 0.95
) -> dict[str, float]:
    """Percentile bootstrap intervals from 200 resamples of the rows (Efron 1979): `test_brier_low`, `test_brier_high`.

    Of the metrics by which models are compared: ROC AUC, Brier, log loss, ECE and accuracy; that of ECE as
    `interval_of_ece` has it.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    loss = -np.log(np.clip(np.where(y, p, 1 - p), 1e-15, 1))
    brier, right = (p - y) ** 2, (p >= 0.5) == y
    drawn: dict[str, list[float]] = {name: [] for name in ("roc_auc", "brier", "log_loss", "ece", "accuracy")}
    for rows in rng.integers(0, len(y), size=(RESAMPLES, len(y))):
        drawn["roc_auc"].append(roc_auc(y[rows], p[rows]))
        drawn["brier"].append(float(brier[rows].mean()))
        drawn["log_loss"].append(float(loss[rows].mean()))
        drawn["ece"].append(expected_calibration_error(y[rows], p[rows]))
        drawn["accuracy"].append(float(right[rows].mean()))
    values: dict[str, float] = {}
    for name, figures in drawn.items():
        low, high = np.nanquantile(figures, [(1 - level) / 2, (1 + level) / 2])
        if name == "ece":
            low, high = interval_of_ece(expected_calibration_error(y, p), figures, level)
        values |= {f"{prefix}_{name}_low": float(low), f"{prefix}_{name}_high": float(high)}
    return values


def interval_of_ece(ece: float, drawn: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The interval of an ECE, given that of resamples: their percentiles less what resampling alone adds to it.

    Distances do not cancel, so that a resample's ECE is larger than that of the rows it is drawn from; the bootstrap's
    own estimate of that bias (Efron and Tibshirani 1993, chapter 10) is taken away. Never below nought.
    """
    import numpy as np

    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) - (np.mean(drawn) - ece)
    return max(0.0, float(low)), float(high)


def reliability(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> list[dict[str, float]]:
    """In ten bins with equally many rows: what was `said`, the share that `happened` with its Wilson interval, and `n`.

    Murphy and Winkler 1977, "Reliability of Subjective Probability Forecasts"; the bins are of equal mass as above.
    """
    import numpy as np
    from statsmodels.stats.proportion import proportion_confint

    told = []
    for rows in np.array_split(np.argsort(p, kind="stable"), min(BINS, len(p))):
        low, high = proportion_confint(int(y[rows].sum()), len(rows), method="wilson")
        told.append({"said": float(p[rows].mean()), "happened": float(y[rows].mean()), "low": float(low),
                     "high": float(high), "n": len(rows)})  # fmt: skip
    return told


def pictures(y: "NDArray[np.bool_]", p: "NDArray[np.float64]", title: str) -> dict[str, "Figure"]:
    """Two plots by name: `calibration`, what was said against what happened, and `gain` from calling the best first."""
    import numpy as np

    order = np.argsort(p, kind="stable")
    bins = np.array_split(order, min(BINS, len(order)))
    happened, n = np.array([y[b].mean() for b in bins]), np.array([len(b) for b in bins])
    calibration, axes = _plot(f"{title}: calibration", "probability said", "share that happened")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    error = 1.96 * np.sqrt(happened * (1 - happened) / n)
    axes.errorbar([p[b].mean() for b in bins], happened, yerr=error, marker="o", capsize=2)
    gain, axes = _plot(f"{title}: gain, {len(y):,} calls", "share called, best first", "share of successes found")
    axes.plot(np.arange(1, len(y) + 1) / len(y), np.cumsum(y[order[::-1]]) / max(1, y.sum()))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    return {"calibration": calibration, "gain": gain}


def bars(importances: Mapping[str, float], title: str, most: int = 20) -> "Figure":
    """The strongest features as bars: mean absolute contribution to the log-odds (SHAP)."""
    figure, axes = _plot(title, "mean absolute contribution to the log-odds", "")
    shown = list(importances.items())[:most][::-1]
    axes.barh([name for name, _ in shown], [value for _, value in shown])
    axes.tick_params(axis="y", labelsize=7)
    figure.subplots_adjust(left=0.35)
    return figure


def _plot(title: str, x: str, y: str) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5))
    figure.subplots_adjust(left=0.12, right=0.97, top=0.92, bottom=0.12)
    axes = figure.subplots()
    axes.set_title(title, fontsize=9)
    axes.set(xlabel=x, ylabel=y)
    return figure, axes


def roc_auc(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> float:
    """ROC AUC as the Mann-Whitney statistic, ties counted half; NaN where all outcomes are alike."""
    from scipy.stats import rankdata

    positives = int(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    return float((rankdata(p)[y].sum() - positives * (positives + 1) / 2) / (positives * negatives))
