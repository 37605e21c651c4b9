"""A model takes over on evidence from calls that neither it nor the champion has learned from."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.training.synthetic import trained as learned
from training.promotion import Verdict, against_champion, first_champion
from training.train import Trained

EVERY = np.ones(120, dtype=bool)


def saying(p: NDArray[np.float64], **figures: float) -> Trained:
    """The trained model, were these its answers about its test rows."""
    trained = learned()
    chosen = replace(trained.chosen, test_probabilities=p, metrics=trained.chosen.metrics | figures)
    return replace(trained, chosen=chosen)


def at_the_rate() -> NDArray[np.float64]:
    trained = learned()
    return np.full(len(trained.test_y), trained.base_rate)


def against(challenger: Trained, champion_p: NDArray[np.float64], unseen: NDArray[np.bool_] = EVERY) -> Verdict:
    return against_champion(challenger, champion_p, unseen, "3")


def test_a_first_model_that_knows_something_becomes_champion() -> None:
    verdict = first_champion(learned())
    assert verdict.promote
    assert verdict.reason.startswith("first champion: ROC AUC 0.")
    assert "on 120 later calls" in verdict.reason


def test_a_first_model_no_better_than_chance_does_not() -> None:
    verdict = first_champion(saying(at_the_rate(), test_roc_auc_low=0.5))
    assert (verdict.promote, verdict.reason[:38]) == (False, "no better than chance on 120 later cal")


def test_a_first_model_that_orders_well_but_exaggerates_does_not() -> None:
    verdict = first_champion(saying(at_the_rate(), test_brier=0.3))
    assert not verdict.promote
    assert "no better than the base rate on 120 later calls: Brier 0.3000 against" in verdict.reason


def test_a_challenger_that_is_less_wrong_takes_over() -> None:
    verdict = against(learned(), at_the_rate())
    assert verdict.promote
    assert verdict.evidence["log_loss_gain_low"] > 0
    assert "than version 3 on 120 calls new to both" in verdict.reason


def test_a_challenger_that_says_the_same_does_not() -> None:
    trained = learned()
    verdict = against(trained, trained.chosen.test_probabilities)
    assert (verdict.promote, verdict.evidence["log_loss_gain"]) == (False, 0.0)
    assert verdict.reason.startswith("not shown to be better")


def test_a_challenger_that_is_worse_does_not() -> None:
    verdict = against(saying(at_the_rate()), learned().chosen.test_probabilities)
    assert not verdict.promote
    assert verdict.evidence["log_loss_gain_high"] < 0


def test_a_champion_that_was_certain_and_wrong_costs_a_finite_loss() -> None:
    trained = learned()
    assert np.isfinite(against(trained, (~trained.test_y).astype(float)).evidence["log_loss_gain"])


def test_too_few_calls_new_to_both_prove_nothing() -> None:
    verdict = against(learned(), at_the_rate(), unseen=np.arange(120) >= 21)
    assert verdict == Verdict(False, "only 99 calls that neither model has seen, 100 needed to compare")


def test_only_calls_new_to_both_count() -> None:
    trained = learned()
    champion_p = np.where(np.arange(120) < 20, 1e-6, at_the_rate())
    assert (
        against(trained, champion_p, np.arange(120) >= 20).evidence
        == against(trained, at_the_rate(), np.arange(120) >= 20).evidence
    )
