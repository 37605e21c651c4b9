"""Learning how sure an answer is, from the answers on which calibration is learned.

Each was given by models that had not seen the call. Of those that say one half or more it is asked whether the call
ended well, of the others whether it did not: the share that is right is what confidence must say. Where answers are
calibrated that is max(p, 1 - p), whatever else is known; a learned line must say more than that, beyond chance.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from features.confidence import NAIVE, ConfidenceModel, spread_of
from training.choice import choose
from training.evaluate import expected_calibration_error
from training.split import Split
from training.trials import Judged, Trial, losses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_ANSWERS = 200
STRETCHES = 5
"""Parts, in order of time, of which each is answered by what the others teach."""
BEYOND_CHANCE = 0.5
"""Standard errors by which the line must be better on answers it did not learn from.

A line that knows nothing more does worse there than max(p, 1 - p): with this, 2 of 100 such are taken (simulated)."""
LIKELY = (0.5, 0.5, 1.0, 0.5)
"""How far intercept, certainty, missing and spread easily are from max(p, 1 - p): standard deviations of the prior."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers, and whether they were right; all arrays of shape (rows,), in order of time."""

    log_odds: "NDArray[np.float64]"
    """Calibrated."""
    missing: "NDArray[np.float64]"
    spread: "NDArray[np.float64]"
    is_right: "NDArray[np.bool_]"
    groups: "NDArray[np.int64] | None" = None
    """The company of each row as a number; None where nothing is known of companies."""

    def of(self, rows: "NDArray[np.int64]") -> "Answered":
        """Some of the rows."""
        groups = None if self.groups is None else self.groups[rows]
        return Answered(self.log_odds[rows], self.missing[rows], self.spread[rows], self.is_right[rows], groups)

    def by(self, model: ConfidenceModel) -> "NDArray[np.float64]":
        """The confidence that a model gives each answer."""
        return model.of(self.log_odds, self.missing, self.spread)

    def log_odds_by(self, model: ConfidenceModel) -> "NDArray[np.float64]":
        """The same as log-odds of being right."""
        return model.log_odds_of(self.log_odds, self.missing, self.spread)


@dataclass(frozen=True, slots=True)
class Judgements:
    """What every trial said of the rows it had not learned from, block by block, and what else is known of these."""

    judged: Sequence[Judged]
    splits: Sequence[Split]
    y: "NDArray[np.bool_]"
    """Of all rows; shape (rows,)."""
    missing: "NDArray[np.float64]"
    """Share of the features that is not known; shape (rows,)."""
    groups: "NDArray[np.int64] | None"
    """Companies as numbers; shape (rows,)."""

    def answered(self, members: Sequence[Trial], sigmoid: tuple[float, float], blocks: Iterable[int]) -> Answered:
        """What some members together say of the rows of some blocks, calibrated."""
        import numpy as np

        blocks = list(blocks)
        order = np.concatenate([self.splits[block].judge for block in blocks])
        said = [
            np.concatenate([one.log_odds[block] for block in blocks]) for one in self.judged if one.trial in members
        ]
        log_odds = sigmoid[0] * np.mean(said, axis=0) + sigmoid[1]
        groups = None if self.groups is None else self.groups[order]
        is_right = (log_odds >= 0) == self.y[order]
        return Answered(log_odds, self.missing[order], spread_of(said), is_right, groups)

    def until(self, block: int) -> "Judgements":
        """What was known before a block."""
        before = [Judged(one.trial, one.log_odds[:block]) for one in self.judged]
        return replace(self, judged=before, splits=self.splits[:block])


def learn_confidence(answers: Answered) -> ConfidenceModel:
    """A logistic model of being right, or max(p, 1 - p) where the line is not better beyond chance.

    It is kept near max(p, 1 - p) by a normal prior, and held to the signs that make sense: what would be learned with
    the wrong sign is nought. Whether it is better is asked, in log loss, of answers it was not learned from (each fifth
    in order of time by the others), calls of one company counting as one.
    """
    import numpy as np

    from training.promotion import standard_error

    n = len(answers.is_right)
    naive = replace(NAIVE, n=n)
    if n < LEAST_ANSWERS or answers.is_right.all() or not answers.is_right.any():
        return naive
    every, gain = np.arange(n), np.zeros(n)
    for rows in np.array_split(every, STRETCHES):
        learned, there = _fit(answers.of(np.setdiff1d(every, rows))), answers.of(rows)
        gain[rows] = losses(there.log_odds_by(NAIVE), there.is_right) - losses(
            there.log_odds_by(learned), there.is_right
        )
    if gain.mean() <= BEYOND_CHANCE * standard_error(gain, answers.groups):
        return naive
    return _fit(answers)


def in_turn(known: Judgements) -> Iterator[tuple[Answered, ConfidenceModel]]:
    """The answers that the system would have given of each block of the test, and the confidence learned before it."""
    for block in [at for at, split in enumerate(known.splits) if split.is_test]:
        before = known.until(block)
        chosen = choose(before.judged, before.splits, known.y)
        model = learn_confidence(before.answered(chosen.members, chosen.sigmoid, range(block)))
        yield known.answered(chosen.members, chosen.sigmoid, [block]), model


def confidence_figures(known: Judgements) -> dict[str, float]:
    """How right the confidence of the test's answers is, each block's by what was learned before it, as metrics.

    ECE and Brier score of "is right", the latter with its 95 % interval, and both of max(p, 1 - p) beside them.
    """
    import numpy as np

    from training.promotion import mean_interval

    blocks = list(in_turn(known))
    tested = [answers for answers, _ in blocks]
    is_right, confidence = (
        np.concatenate([one.is_right for one in tested]),
        np.concatenate([answers.by(model) for answers, model in blocks]),
    )
    plain = np.concatenate([one.by(NAIVE) for one in tested])
    groups = None if known.groups is None else np.concatenate([one.groups for one in tested if one.groups is not None])
    brier, low, high = mean_interval((confidence - is_right) ** 2, groups)
    return {
        "test_confidence_ece": expected_calibration_error(is_right, confidence),
        "test_confidence_brier": brier,
        "test_confidence_brier_low": low,
        "test_confidence_brier_high": high,
        "test_confidence_naive_ece": expected_calibration_error(is_right, plain),
        "test_confidence_naive_brier": float(((plain - is_right) ** 2).mean()),
    }


def _fit(answers: Answered) -> ConfidenceModel:
    """The most likely line under the prior (a ridge towards max(p, 1 - p)) within the signs that make sense."""
    import numpy as np
    from scipy.optimize import minimize

    certainty = np.abs(answers.log_odds)
    X = np.column_stack([np.ones(len(certainty)), certainty, certainty * answers.missing, certainty * answers.spread])
    naive, likely = np.array([NAIVE.intercept, NAIVE.certainty, NAIVE.missing, NAIVE.spread]), np.array(LIKELY)

    def how_unlikely(line: "NDArray[np.float64]") -> "tuple[float, NDArray[np.float64]]":
        sure, away = X @ line, (line - naive) / likely
        off = 1 / (1 + np.exp(-sure)) - answers.is_right
        return float(losses(sure, answers.is_right).sum() + (away**2).sum() / 2), X.T @ off + away / likely

    bounds = [(None, None), (0, None), (None, 0), (None, 0)]
    found = minimize(how_unlikely, naive, jac=True, method="L-BFGS-B", bounds=bounds).x
    intercept, sure, missing, spread = (float(one) + 0.0 for one in found)
    return ConfidenceModel(intercept, sure, missing, spread, len(answers.is_right))
