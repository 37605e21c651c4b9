"""Whether a newly trained model takes over: on evidence from calls that neither it nor the champion learned from.

A challenger must be better by more than chance and by enough to matter, no less well calibrated, and not worse for any
large group of calls. The level of each test is set so that of equal models at most one in twenty takes over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import TYPE_CHECKING

from training.evaluate import metrics_of
from training.train import Trained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_COMMON_ROWS = 100
NORMAL_95 = 1.96
"""Two-sided; a challenger may win by either of two measures, each one-sided at half of a twentieth."""
NORMAL_80_POWER = 0.84
LEAST_LOG_LOSS_GAIN = 0.001
"""Nats a call."""
LEAST_AUC_GAIN = 0.005
LARGE_SEGMENT = 200
SAFE = 1e-6


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, why, and the figures that say so."""

    promote: bool
    reason: str
    evidence: Mapping[str, float] = field(default_factory=dict)


def first_champion(trained: Trained) -> Verdict:
    """A first champion must order later calls better than chance, and be less wrong than the rate of late alone.

    Both beyond chance: the interval of its ROC AUC excludes a half, and that of what it saves in Brier score excludes
    nought. (The log loss of a few hundred calls hangs on the few that were told with most certainty.)
    """
    m = trained.chosen.metrics
    n = len(trained.test_y)
    rate, p = trained.test_base_rates, trained.chosen.test_probabilities
    gain, low, high = _mean_interval((rate - trained.test_y) ** 2 - (p - trained.test_y) ** 2)
    evidence = {
        "roc_auc": m["test_roc_auc"],
        "roc_auc_low": m["test_roc_auc_low"],
        "roc_auc_high": m["test_roc_auc_high"],
        "brier": m["test_brier"],
        "brier_of_base_rate": float(((rate - trained.test_y) ** 2).mean()),
        "brier_gain": gain,
        "brier_gain_low": low,
        "brier_gain_high": high,
        "test_rows": n,
        "accuracy": m["test_accuracy"],
    }
    interval = f"ROC AUC {m['test_roc_auc']:.3f} [{m['test_roc_auc_low']:.3f}, {m['test_roc_auc_high']:.3f}]"
    if m["test_roc_auc_low"] <= 0.5:
        reason = f"nothing to learn here: no better than chance on {n:,} later calls, {interval} reaches 0.5"
        return Verdict(False, reason, evidence)
    if low <= 0:
        return Verdict(
            False,
            f"nothing to learn here: on {n:,} later calls its probabilities are no better than the rate of late; "
            f"Brier score lower by {gain:.4f} [{low:.4f}, {high:.4f}], which reaches 0 ({interval})",
            evidence,
        )
    return Verdict(True, f"first champion: {interval} on {n:,} later calls, Brier {evidence['brier']:.4f}", evidence)


@dataclass(frozen=True, slots=True)
class Compared:
    """The same later calls as two models answered them; all of length n."""

    y: "NDArray[np.bool_]"
    challenger: "NDArray[np.float64]"
    champion: "NDArray[np.float64]"
    segments: Mapping[str, "NDArray[np.bool_]"] = field(default_factory=dict)
    """Groups of calls by name, as masks."""


def against_champion(compared: Compared, champion: str) -> Verdict:
    """Whether a challenger takes over from the champion of this version; both answered calls new to them.

    Compared are, call by call, the log loss (paired normal approximation) and the ROC AUC (DeLong, DeLong and
    Clarke-Pearson 1988). A lower log loss counts, and so does a higher ROC AUC at no higher log loss; then calibration
    and large groups are looked at.
    """
    y = compared.y
    n = len(y)
    if n < LEAST_COMMON_ROWS:
        return Verdict(False, f"only {n} calls that neither model has seen, {LEAST_COMMON_ROWS} needed to compare")
    difference = _log_loss(y, compared.champion) - _log_loss(y, compared.challenger)
    gain, low, high = _mean_interval(difference)
    auc_gain, auc_low, auc_high = auc_difference(y, compared.challenger, compared.champion)
    theirs, mine = metrics_of(y, compared.champion, "champion"), metrics_of(y, compared.challenger, "challenger")
    evidence = {
        "log_loss_gain": gain,
        "log_loss_gain_low": low,
        "log_loss_gain_high": high,
        "roc_auc_gain": auc_gain,
        "roc_auc_gain_low": auc_low,
        "roc_auc_gain_high": auc_high,
        "common_rows": n,
        "calls_to_decide": calls_to_decide(difference),
        "champion_log_loss": theirs["champion_log_loss"],
        "champion_brier": theirs["champion_brier"],
        "champion_ece": theirs["champion_ece"],
        "brier": mine["challenger_brier"],
        "ece": mine["challenger_ece"],
        "accuracy": mine["challenger_accuracy"],
    } | ({"roc_auc": mine["challenger_roc_auc"]} if "challenger_roc_auc" in mine else {})
    said = (
        f"log loss {_by(-gain, -high, -low, 4)}, ROC AUC {_by(auc_gain, auc_low, auc_high, 3)} "
        f"than version {champion} on {n:,} calls new to both"
    )
    better = (low > 0 and gain >= LEAST_LOG_LOSS_GAIN) or (auc_low > 0 and auc_gain >= LEAST_AUC_GAIN and gain >= 0)
    if not better:
        return Verdict(False, f"not shown to be better: {said}", evidence)
    for objection in _objections(compared):
        return Verdict(False, f"better over all, but {objection}: {said}", evidence)
    return Verdict(True, said, evidence)


def calls_to_decide(difference: "NDArray[np.float64]") -> float:
    """Calls needed to see a gain of the least size that matters, of log losses that differ by these (calls,).

    For a two-sided test at 95 % with a power of 80 % (Cohen 1988, "Statistical Power Analysis"): ((1.96 + 0.84) sd /
    effect) squared, where the effect is the gain seen, or the least that matters where less was seen.
    """
    effect = max(LEAST_LOG_LOSS_GAIN, abs(float(difference.mean())))
    return float(ceil(((NORMAL_95 + NORMAL_80_POWER) * float(difference.std(ddof=1)) / effect) ** 2))


def auc_difference(
    y: "NDArray[np.bool_]", p: "NDArray[np.float64]", q: "NDArray[np.float64]"
) -> tuple[float, float, float]:
    """How much higher the ROC AUC of `p` is than that of `q` on the same calls, with its 95 % interval.

    DeLong, DeLong and Clarke-Pearson 1988, with midranks as in Sun and Xu 2014. Nought where all ended alike.
    """
    import numpy as np
    from scipy.stats import rankdata

    m, n = int(y.sum()), int((~y).sum())
    if m < 2 or n < 2:
        return 0.0, 0.0, 0.0
    placed = []
    for said in (p, q):
        ranks = rankdata(said)
        won = (ranks[y] - rankdata(said[y])) / n
        lost = 1 - (ranks[~y] - rankdata(said[~y])) / m
        placed.append((won, lost))
    won, lost = (placed[0][at] - placed[1][at] for at in (0, 1))
    gain = float(won.mean())
    half = NORMAL_95 * sqrt(float(np.var(won, ddof=1)) / m + float(np.var(lost, ddof=1)) / n)
    return gain, gain - half, gain + half


def segments_of(values: Mapping[str, Sequence[str | None]]) -> dict[str, "NDArray[np.bool_]"]:
    """Masks of the large groups of calls that share a value of a category; `values` by feature, each of length n."""
    import numpy as np

    masks = {}
    for feature, column in values.items():
        for value in dict.fromkeys(column):
            mask = np.array([one == value for one in column])
            if LARGE_SEGMENT <= mask.sum() < len(mask):
                masks[f"{feature} {value or 'not known'}"] = mask
    return masks


def _objections(compared: Compared) -> Iterator[str]:
    """What speaks against a challenger that is better over all, each beyond chance."""
    y = compared.y
    worse, low, _ = _mean_interval((compared.challenger - y) ** 2 - (compared.champion - y) ** 2)
    if low > 0:
        yield f"its probabilities are further off (Brier higher by {worse:.4f})"
    level = _one_sided(0.05 / max(1, len(compared.segments)))
    for name, mask in compared.segments.items():
        lost = _log_loss(y[mask], compared.challenger[mask]) - _log_loss(y[mask], compared.champion[mask])
        mean, error = float(lost.mean()), float(lost.std(ddof=1)) / sqrt(len(lost))
        if mean > level * error and mean >= LEAST_LOG_LOSS_GAIN:
            yield f"worse for {name} (log loss higher by {mean:.4f} on {len(lost):,} calls)"


def _by(change: float, low: float, high: float, digits: int) -> str:
    """A change in words, with its interval turned the same way: `lower by 0.010 [0.002, 0.018]`."""
    word = "higher" if change > 0 else "lower"
    low, high = (low, high) if change > 0 else (-high, -low)
    return f"{word} by {abs(change):.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _one_sided(level: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(level))


def _mean_interval(values: "NDArray[np.float64]") -> tuple[float, float, float]:
    mean, half = float(values.mean()), NORMAL_95 * float(values.std(ddof=1)) / sqrt(len(values))
    return mean, mean - half, mean + half


def _log_loss(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    safe = np.clip(p, SAFE, 1 - SAFE)
    return -np.where(y, np.log(safe), np.log(1 - safe))
