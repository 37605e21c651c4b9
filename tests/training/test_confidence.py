"""Confidence is the share of answers that are right: max(p, 1 - p), or less of it where doubt is shown to matter."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from features.confidence import NAIVE, ConfidenceModel, from_plain, missing_share, spread_of
from tests.training.synthetic import trained
from training.choice import choose
from training.confidence import Answered, Judgements, confidence_figures, in_turn, learn_confidence
from training.evaluate import expected_calibration_error
from training.split import Split
from training.trials import Judged, Trial

LINE = ConfidenceModel(0.1, 1.2, -1.0, -0.5, 900)


def world(n: int, seed: int, hurts: float = 0.0, disagree: float = 0.0) -> Answered:
    """Answers of which the certainty is worth less by `hurts` times what is not known, and by the members' spread."""
    rng = np.random.default_rng(seed)
    log_odds, missing, spread = rng.normal(-0.4, 1.6, n), rng.uniform(0, 0.9, n), rng.uniform(0, 1, n)
    truth = log_odds * (1 - hurts * missing - disagree * spread)
    happened = rng.random(n) < 1 / (1 + np.exp(-truth))
    return Answered(log_odds, missing, spread, (log_odds >= 0) == happened)


def test_plain_confidence_is_the_larger_of_the_two_probabilities() -> None:
    p = np.array([0.05, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(NAIVE.of(np.log(p / (1 - p))), np.maximum(p, 1 - p))
    assert NAIVE.is_naive


def test_one_answer_gets_what_it_gets_among_many() -> None:
    log_odds, missing, spread = np.array([-3.0, 0.2, 900.0]), np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.3])
    many = LINE.of(log_odds, missing, spread)
    alone = [LINE.of(*map(float, one)) for one in zip(log_odds, missing, spread, strict=True)]
    assert many.tolist() == pytest.approx(alone, rel=1e-15)
    assert all(isinstance(one, float) and 0 <= one <= 1 for one in alone)


def test_confidence_grows_with_certainty_and_falls_with_doubt_and_never_turns_round() -> None:
    certain = LINE.of(np.linspace(0, 5, 50), 0.3, 0.2)
    unknown, apart = LINE.of(np.full(50, -2.0), np.linspace(0, 1, 50), 0.2), LINE.of(2.0, 0.2, 0.1)
    assert (np.diff(certain) > 0).all()
    assert (np.diff(unknown) < 0).all()
    assert LINE.of(2.0, 0.2, 0.9) < apart
    assert LINE.of(5.0, 1.0, 9.0) == LINE.of(0.0)  # so much doubt leaves the intercept


def test_it_is_plain_data() -> None:
    assert from_plain(LINE.to_plain()) == LINE


def test_what_is_not_known_and_how_members_disagree_are_counted() -> None:
    assert missing_share({"a": 0.0, "b": None, "other": None}, ("a", "b", "c", "d")) == 0.75
    assert spread_of([np.array([1.0, 2.0]), np.array([3.0, 2.0])]).tolist() == [1.0, 0.0]
    assert spread_of([np.array([1.0, 2.0])]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(5))
def test_where_doubt_does_not_matter_the_plain_one_is_kept(seed: int) -> None:
    assert learn_confidence(world(1500, seed)) == replace(NAIVE, n=1500)


def bias(answers: Answered, model: ConfidenceModel, rows: NDArray[np.bool_]) -> float:
    return float((answers.by(model) - answers.is_right)[rows].mean())


def test_where_missing_inputs_hurt_confidence_is_right_for_full_and_for_empty_rows() -> None:
    learned, later = learn_confidence(world(3000, 1, hurts=1.0)), world(40_000, 2, hurts=1.0)
    assert [learned.missing, learned.certainty] == pytest.approx([-1, 1], abs=0.2)
    empty, full = later.missing > 0.7, later.missing < 0.2
    assert bias(later, NAIVE, empty) > 0.1
    assert [bias(later, learned, rows) for rows in (empty, full)] == pytest.approx([0, 0], abs=0.02)
    assert expected_calibration_error(later.is_right, later.by(learned)) < 0.02


def test_where_members_that_disagree_are_wrong_more_often_the_spread_counts() -> None:
    learned = learn_confidence(world(3000, 3, disagree=0.8))
    assert learned.spread == pytest.approx(-0.8, abs=0.3)
    assert learned.missing == pytest.approx(0, abs=0.15)


def test_a_sign_that_makes_no_sense_is_not_learned() -> None:
    learned = learn_confidence(world(3000, 4, hurts=-1.0, disagree=0.8))  # as if it helped to know less
    assert (learned.missing, learned.is_naive) == (0.0, False)


def test_few_answers_teach_nothing() -> None:
    assert learn_confidence(world(199, 1, hurts=1.0)) == replace(NAIVE, n=199)


def judgements() -> Judgements:
    """Six blocks of 400 rows that two trials answered, the last two of them the test."""
    rng, rows = np.random.default_rng(8), [np.arange(n * 400, (n + 1) * 400) for n in range(6)]
    truth = rng.normal(size=2400)
    y = rng.random(2400) < 1 / (1 + np.exp(-truth))
    said = [truth + noise * rng.normal(size=2400) for noise in (0.8, 0.9)]
    judged = [Judged(Trial(f"noisy {n}"), [one[block] for block in rows]) for n, one in enumerate(said)]
    splits = [Split(np.arange(0), block, n >= 4) for n, block in enumerate(rows)]
    return Judgements(judged, splits, y, rng.uniform(0, 1, 2400), np.arange(2400) // 3)


def test_the_figures_are_about_the_answers_that_the_system_gave_of_the_test() -> None:
    known = judgements()
    p, y = choose(known.judged, known.splits, known.y).in_turn[1600:], known.y[1600:]
    figures = confidence_figures(known)
    assert figures["test_confidence_naive_brier"] == pytest.approx(((p - y) ** 2).mean())  # the same by definition
    assert (
        figures["test_confidence_brier_low"] < figures["test_confidence_brier"] < figures["test_confidence_brier_high"]
    )


def test_what_happened_in_a_block_changes_no_confidence_of_its_answers() -> None:
    known = judgements()
    known = replace(known, missing=(known.y != (np.concatenate(known.judged[0].log_odds) > 0)) * 0.9)  # doubt pays
    other = replace(known, y=np.concatenate([known.y[:2000], ~known.y[2000:]]))
    models, others = ([model for _, model in in_turn(one)] for one in (known, other))
    assert models == others
    assert not models[0].is_naive
    assert models[0] != models[1]


def test_a_training_brings_its_confidence_with_figures() -> None:
    made = trained()
    assert made.confidence.n == len(made.judged_rows)
    assert made.chosen.metrics["test_confidence_naive_brier"] == pytest.approx(made.chosen.metrics["test_brier"])
    assert 0 <= made.chosen.metrics["test_confidence_ece"] < 0.2
