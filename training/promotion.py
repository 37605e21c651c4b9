"""Whether a newly trained model takes over: on evidence from calls that neither it nor the champion learned from.

A challenger must be better by more than chance and by enough to matter, no less well calibrated, and not worse for any
large group of calls. The level of each test is set so that of equal models at most one in twenty takes over.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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
MOST_AUC_LOST = 0.01
"""A lower log loss does not make up for so much less order in the calls, beyond chance."""
TELLS_CALLS_APART = 0.55
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
    import numpy as np

    m = trained.chosen.metrics
    n = len(trained.test_y)
    rate, p = trained.test_base_rates, trained.chosen.test_probabilities
    groups = groups_of(trained.test_companies, n)
    gain, low, high = mean_interval((rate - trained.test_y) ** 2 - (p - trained.test_y) ** 2, groups)
    auc, auc_low, auc_high = auc_difference(trained.test_y, p, np.zeros(n), groups)
    auc, auc_low, auc_high = auc + 0.5, auc_low + 0.5, auc_high + 0.5
    evidence = {
        "roc_auc": auc,
        "roc_auc_low": auc_low,
        "roc_auc_high": auc_high,
        "roc_auc_within": trained.within_roc_auc,
        "brier": m["test_brier"],
        "brier_of_base_rate": float(((rate - trained.test_y) ** 2).mean()),
        "brier_gain": gain,
        "brier_gain_low": low,
        "brier_gain_high": high,
        "test_rows": n,
        "accuracy": m["test_accuracy"],
    }
    interval = f"ROC AUC {auc:.3f} [{auc_low:.3f}, {auc_high:.3f}]"
    if auc_low <= 0.5:
        reason = f"nothing to learn here: no better than chance on {n:,} later calls, {interval} reaches 0.5"
        return Verdict(False, reason, evidence)
    if low <= 0:
        return Verdict(
            False,
            f"nothing to learn here: on {n:,} later calls its probabilities are no better than the rate of late; "
            f"Brier score lower by {gain:.4f} [{low:.4f}, {high:.4f}], which reaches 0 ({interval})",
            evidence,
        )
    within = trained.within_roc_auc
    beyond = "" if within >= TELLS_CALLS_APART else (
        f"; it knows little but how calls have been ending lately (ROC AUC within stretches of time {within:.3f})"
    )  # fmt: skip
    said = f"first champion: {interval} on {n:,} later calls, Brier {evidence['brier']:.4f}{beyond}"
    return Verdict(True, said, evidence)


class NewToBoth(StrEnum):
    """Which calls two models answered without having learned from them, in words that stand behind their number.

    These are different sets of calls, so for one pair of versions their numbers differ.
    """

    IN_TRAINING = "since the champion was trained, which the new version answered before it learned from them"
    AFTER_ROLLBACK = "since the rollback to the champion, which the new version answered before it learned from them"
    SINCE_BOTH = "since both were trained, whose outcome is known"
    IN_SHADOW = "since both answer live, which both answered before they had ended"


@dataclass(frozen=True, slots=True)
class Compared:
    """The same later calls as two models answered them; all of length n."""

    y: "NDArray[np.bool_]"
    challenger: "NDArray[np.float64]"
    champion: "NDArray[np.float64]"
    calls: NewToBoth
    segments: Mapping[str, "NDArray[np.bool_]"] = field(default_factory=dict)
    """Groups of calls by name, as masks."""
    companies: Sequence[str | None] = ()
    """The company of each call: its calls are alike, and count as one where it is asked what chance can do."""


def against_champion(compared: Compared, champion: str) -> Verdict:
    """Whether a challenger takes over from the champion of this version; both answered calls new to them.

    Compared are, call by call, the log loss (paired normal approximation) and the ROC AUC (DeLong, DeLong and
    Clarke-Pearson 1988). A lower log loss counts, and so does a higher ROC AUC at no higher log loss; then calibration
    and large groups are looked at.
    """
    y = compared.y
    n = len(y)
    if n < LEAST_COMMON_ROWS:
        return Verdict(False, f"{LEAST_COMMON_ROWS} calls are needed to compare, there are {n} {compared.calls}")
    difference = log_loss(y, compared.champion) - log_loss(y, compared.challenger)
    groups = groups_of(compared.companies, n)
    gain, low, high = mean_interval(difference, groups)
    auc_gain, auc_low, auc_high = auc_difference(y, compared.challenger, compared.champion, groups)
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
        f"than version {champion} on {n:,} calls {compared.calls}"
    )
    better = (low > 0 and gain >= LEAST_LOG_LOSS_GAIN) or (auc_low > 0 and auc_gain >= LEAST_AUC_GAIN and gain >= 0)
    if not better:
        return Verdict(False, f"not shown to be better: {said}", evidence)
    for objection in _objections(compared, groups, (auc_gain, auc_high)):
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
    y: "NDArray[np.bool_]",
    p: "NDArray[np.float64]",
    q: "NDArray[np.float64]",
    groups: "NDArray[np.int64] | None" = None,
) -> tuple[float, float, float]:
    """How much higher the ROC AUC of `p` is than that of `q` on the same calls, with its 95 % interval.

    DeLong, DeLong and Clarke-Pearson 1988, with midranks as in Sun and Xu 2014; where calls come in `groups` (numbers
    of shape (calls,)), their placements are added up by group as in Obuchowski 1997. Nought where all ended alike.
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
    share = np.empty(len(y))
    share[y], share[~y] = (won - won.mean()) / m, (lost - lost.mean()) / n
    half = NORMAL_95 * sqrt(_summed_squares(share, groups))
    return gain, gain - half, gain + half


def groups_of(companies: Sequence[str | None], n: int) -> "NDArray[np.int64] | None":
    """The group of each of n calls as a number: its company, or itself; None where nothing is known of companies."""
    import numpy as np

    if not any(company is not None for company in companies):
        return None
    numbers: dict[object, int] = {}
    named = (company if company is not None else at for at, company in enumerate(companies))
    return np.array([numbers.setdefault(name, len(numbers)) for name in named], dtype=np.int64)


def segments_of(values: Mapping[str, Sequence[str | None]]) -> dict[str, "NDArray[np.bool_]"]:
    """Masks of the large groups of calls that share a value of a category; `values` by feature, each of length n."""
    import numpy as np

    masks = {}
    for feature, column in values.items():
        large = [value for value, n in Counter(column).items() if LARGE_SEGMENT <= n < len(column)]
        for value in sorted(large, key=list(dict.fromkeys(column)).index):
            mask = np.array([one == value for one in column])
            if mask.any():
                masks[f"{feature} {value or 'not known'}"] = mask
    return masks


def _objections(compared: Compared, groups: "NDArray[np.int64] | None", auc_gain: tuple[float, float]) -> Iterator[str]:
    """What speaks against a challenger that is better over all, each beyond chance."""
    y = compared.y
    worse, low, _ = mean_interval((compared.challenger - y) ** 2 - (compared.champion - y) ** 2, groups)
    if low > 0:
        yield f"its probabilities are further off (Brier higher by {worse:.4f})"
    level = _one_sided(0.05 / max(1, len(compared.segments)))
    for name, mask in compared.segments.items():
        lost = log_loss(y[mask], compared.challenger[mask]) - log_loss(y[mask], compared.champion[mask])
        mean, error = float(lost.mean()), standard_error(lost, None if groups is None else groups[mask])
        if mean > level * error and mean >= LEAST_LOG_LOSS_GAIN:
            yield f"worse for {name} (log loss higher by {mean:.4f} on {len(lost):,} calls)"
    gain, high = auc_gain
    if high < 0 and gain <= -MOST_AUC_LOST:
        yield "it tells the calls apart less well"


def _by(change: float, low: float, high: float, digits: int) -> str:
    """A change in words, with its interval turned the same way: `lower by 0.010 [0.002, 0.018]`."""
    word = "higher" if change > 0 else "lower"
    low, high = (low, high) if change > 0 else (-high, -low)
    return f"{word} by {abs(change):.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _one_sided(level: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(level))


def mean_interval(
    values: "NDArray[np.float64]", groups: "NDArray[np.int64] | None" = None
) -> tuple[float, float, float]:
    """The mean of what each call adds, with its 95 % interval; calls of a group count as one where chance is asked."""
    mean, half = float(values.mean()), NORMAL_95 * standard_error(values, groups)
    return mean, mean - half, mean + half


def standard_error(values: "NDArray[np.float64]", groups: "NDArray[np.int64] | None" = None) -> float:
    """Of the mean of values of shape (calls,), from the sums of each group (Liang and Zeger 1986)."""
    return sqrt(_summed_squares((values - values.mean()) / len(values), groups))


def _summed_squares(shares: "NDArray[np.float64]", groups: "NDArray[np.int64] | None") -> float:
    """Sum of the squared sums of each group, corrected for few groups."""
    import numpy as np

    sums = shares if groups is None else np.bincount(groups, shares)
    return float((sums**2).sum() * len(sums) / max(1, len(sums) - 1))


def log_loss(y: "NDArray[np.bool_]", p: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Of each call, in nats; all arrays of shape (calls,)."""
    import numpy as np

    safe = np.clip(p, SAFE, 1 - SAFE)
    return -np.where(y, np.log(safe), np.log(1 - safe))
