"""The prequential record: what the champion of the day said of the next period's calls, and how they ended.

Dawid 1984, "Statistical theory: the prequential approach": a forecaster is judged by what it said before it could know.
Beside the system stand the same system had it never retrained, and the rate at which the last calls ended well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from training.evaluate import expected_calibration_error, roc_auc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 500
LEAST_WITHIN = 2
"""Calls of each kind that a period needs for a ROC AUC of its own."""
SYSTEM, FROZEN, RATE = "system", "first champion, never retrained", "rate of the last 2,000 outcomes"


@dataclass(frozen=True, slots=True)
class Period:
    """The calls of one period that have ended, as each forecaster saw them beforehand; arrays of shape (calls,)."""

    start: datetime
    champion: str
    """Who decided: `version 3, logistic_regression`, or `rules`."""
    y: "NDArray[np.bool_]"
    said: Mapping[str, "NDArray[np.float64]"]
    """Probabilities by forecaster."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How one forecaster did over all periods together."""

    forecaster: str
    roc_auc: float
    brier: float
    ece: float
    within_roc_auc: float
    """Mean ROC AUC within periods: what it knows beyond how calls are going in general."""
    difference: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    """What it loses against the system by metric, with a 95 % interval: better for the system where above nought."""


@dataclass(frozen=True, slots=True)
class Record:
    """All periods together."""

    calls: int
    periods: int
    figures: tuple[Figures, ...]


def record_of(periods: Sequence[Period]) -> Record:
    """Pool the periods; differences by a bootstrap of calls within their periods, the same calls for both sides."""
    import numpy as np

    y = np.concatenate([period.y for period in periods])
    said = {name: np.concatenate([p.said[name] for p in periods]) for name in periods[0].said}
    edges = np.cumsum([0, *(len(period.y) for period in periods)])
    blocks = [np.arange(start, end) for start, end in pairwise(edges) if end > start]
    rng = np.random.default_rng(0)
    drawn = [np.concatenate([rng.choice(block, len(block)) for block in blocks]) for _ in range(RESAMPLES)]
    figures = []
    for name, p in said.items():
        against = {} if name == SYSTEM else _differences(y, said[SYSTEM], p, drawn)
        figures.append(
            Figures(
                forecaster=name,
                roc_auc=roc_auc(y, p),
                brier=float(((p - y) ** 2).mean()),
                ece=expected_calibration_error(y, p),
                within_roc_auc=_within(y, p, blocks),
                difference=against,
            )
        )
    return Record(len(y), len(periods), tuple(figures))


def _within(y: "NDArray[np.bool_]", p: "NDArray[np.float64]", blocks: "Sequence[NDArray[np.int64]]") -> float:
    import numpy as np

    aucs = [roc_auc(y[b], p[b]) for b in blocks if min(y[b].sum(), (~y[b]).sum()) >= LEAST_WITHIN]
    return float(np.mean(aucs)) if aucs else float("nan")


def _differences(
    y: "NDArray[np.bool_]",
    system: "NDArray[np.float64]",
    other: "NDArray[np.float64]",
    drawn: "Sequence[NDArray[np.int64]]",
) -> dict[str, tuple[float, float, float]]:
    """ROC AUC gained and Brier score saved by the system, with percentile intervals over the draws."""
    import numpy as np

    off = (other - y) ** 2 - (system - y) ** 2
    briers = [float(off[rows].mean()) for rows in drawn]
    aucs = [roc_auc(y[rows], system[rows]) - roc_auc(y[rows], other[rows]) for rows in drawn]
    low, high = np.quantile(briers, [0.025, 0.975])
    auc_low, auc_high = np.quantile(aucs, [0.025, 0.975])
    return {
        "roc_auc": (roc_auc(y, system) - roc_auc(y, other), float(auc_low), float(auc_high)),
        "brier": (float(off.mean()), float(low), float(high)),
    }
