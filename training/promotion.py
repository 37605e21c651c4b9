"""Whether a newly trained model takes over: on evidence from calls that neither it nor the champion learned from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

from training.train import Trained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_COMMON_ROWS = 100
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, why, and the figures that say so."""

    promote: bool
    reason: str
    evidence: Mapping[str, float] = field(default_factory=dict)


def first_champion(trained: Trained) -> Verdict:
    """A first champion must order later calls better than chance, and be less wrong than the base rate alone."""
    m = trained.chosen.metrics
    n = len(trained.test_y)
    evidence = {
        "roc_auc": m["test_roc_auc"],
        "roc_auc_low": m["test_roc_auc_low"],
        "roc_auc_high": m["test_roc_auc_high"],
        "brier": m["test_brier"],
        "brier_of_base_rate": float(((trained.base_rate - trained.test_y) ** 2).mean()),
        "test_rows": n,
    }
    interval = f"ROC AUC {m['test_roc_auc']:.3f} [{m['test_roc_auc_low']:.3f}, {m['test_roc_auc_high']:.3f}]"
    if m["test_roc_auc_low"] <= 0.5:
        return Verdict(False, f"no better than chance on {n:,} later calls: {interval} reaches 0.5", evidence)
    if evidence["brier"] >= evidence["brier_of_base_rate"]:
        return Verdict(
            False,
            f"its probabilities are no better than the base rate on {n:,} later calls: Brier {evidence['brier']:.4f} "
            f"against {evidence['brier_of_base_rate']:.4f}",
            evidence,
        )
    return Verdict(True, f"first champion: {interval} on {n:,} later calls, Brier {evidence['brier']:.4f}", evidence)


def against_champion(
    trained: Trained, champion_p: "NDArray[np.float64]", unseen: "NDArray[np.bool_]", champion: str
) -> Verdict:
    """A challenger takes over when it is less wrong than the champion on the calls of its test that both have not seen.

    `champion_p` (rows,) are the champion's probabilities for the challenger's test rows, `unseen` (rows,) marks those
    that came after the champion was trained. Compared is the mean difference of the log loss, call by call, with its
    95 % interval (paired normal approximation).
    """
    import numpy as np

    n = int(unseen.sum())
    if n < LEAST_COMMON_ROWS:
        return Verdict(False, f"only {n} calls that neither model has seen, {LEAST_COMMON_ROWS} needed to compare")
    y = trained.test_y[unseen]
    difference = _log_loss(y, champion_p[unseen]) - _log_loss(y, trained.chosen.test_probabilities[unseen])
    mean, half = float(difference.mean()), NORMAL_95 * float(difference.std(ddof=1)) / sqrt(n)
    evidence = {
        "log_loss_gain": mean,
        "log_loss_gain_low": mean - half,
        "log_loss_gain_high": mean + half,
        "common_rows": n,
        "champion_log_loss": float(np.mean(_log_loss(y, champion_p[unseen]))),
    }
    gain = f"{mean:.4f} [{mean - half:.4f}, {mean + half:.4f}]"
    said = f"log loss lower by {gain} than version {champion} on {n:,} calls new to both"
    if mean - half > 0:
        return Verdict(True, said, evidence)
    return Verdict(False, f"not shown to be better: {said}", evidence)


def _log_loss(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    safe = np.clip(p, 1e-6, 1 - 1e-6)
    return -np.where(y, np.log(safe), np.log(1 - safe))
