"""What is trusted in a block is what did best before it; blends are used where they have paid."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.choice import Chosen, choose
from training.split import Split
from training.trials import Judged, Trial, follow_calendar, losses

BLOCKS, ROWS = 6, 400
RNG = np.random.default_rng(4)
TRUTH = RNG.normal(size=(BLOCKS, ROWS))
Y: NDArray[np.bool_] = (RNG.random((BLOCKS, ROWS)) < 1 / (1 + np.exp(-TRUTH))).ravel()
SPLITS = [Split(np.arange(0), np.arange(n * ROWS, (n + 1) * ROWS), n == BLOCKS - 1) for n in range(BLOCKS)]


def judged(name: str, noise: float, seed: int, from_block: int = 0) -> Judged:
    """A trial that sees the truth through some noise, and nothing but noise before a block."""
    rng = np.random.default_rng(seed)
    seen = [
        (TRUTH[n] if n >= from_block else 0.0) + noise * rng.normal(size=ROWS) for n in range(BLOCKS)
    ]  # fmt: skip
    return Judged(Trial(name), seen)


def chosen(*trials: Judged) -> Chosen:
    return choose(trials, SPLITS, Y)


def test_the_one_that_did_best_is_taken() -> None:
    assert chosen(judged("poor", 3.0, 1), judged("good", 0.3, 2)).candidate == "good"


def test_of_two_alike_the_simpler_is_taken() -> None:
    simple = judged("simple", 0.3, 1)
    assert chosen(simple, Judged(Trial("flexible"), simple.log_odds)).candidate == "simple"


def test_several_that_err_each_in_its_own_way_are_blended() -> None:
    blend = chosen(*(judged(f"noisy {n}", 1.5, n) for n in range(3)))
    assert (blend.candidate, len(blend.members)) == ("blend", 3)


def test_what_is_said_of_a_block_does_not_depend_on_later_blocks() -> None:
    trials = [judged("early", 0.8, 1), judged("late", 0.2, 2, from_block=4)]
    before = choose([Judged(one.trial, one.log_odds[:4]) for one in trials], SPLITS[:4], Y)
    np.testing.assert_array_equal(chosen(*trials).in_turn[: 4 * ROWS], before.in_turn)
    other = Y.copy()
    other[4 * ROWS :] = ~other[4 * ROWS :]
    np.testing.assert_array_equal(choose(trials, SPLITS, other).in_turn[: 4 * ROWS], before.in_turn)


def test_exaggerated_answers_are_calibrated_from_the_second_block_on() -> None:
    told = judged("loud", 0.1, 1)
    loud = chosen(Judged(told.trial, [4 * block for block in told.log_odds]))
    assert loud.sigmoid[0] == pytest.approx(0.25, abs=0.05)
    spread = [float(np.std(block)) for block in np.split(loud.in_turn, BLOCKS)]
    assert spread[0] > 1.3 * max(spread[1:])


def test_losses_are_the_log_loss_of_the_log_odds() -> None:
    assert losses(np.array([0.0, np.log(3)]), np.array([True, False])) == pytest.approx([np.log(2), np.log(4)])


def test_columns_that_say_when_are_told_from_columns_that_say_what() -> None:
    n = 2000
    month = np.repeat(np.arange(20), 100)
    columns = {
        "index": month + RNG.normal(0, 0.1, n),
        "size": RNG.normal(size=n),
        "recent_progression": month.astype(float),
        "mostly unknown": np.where(RNG.random(n) < 0.8, np.nan, month),
        "constant": np.ones(n),
    }
    X = np.column_stack(list(columns.values())).astype(np.float32)
    assert follow_calendar(X, list(columns)) == ("index",)
