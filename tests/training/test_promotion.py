"""A model takes over on evidence from calls that neither it nor the champion has learned from."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from tests.training.synthetic import trained as learned
from training.promotion import (
    Compared,
    NewToBoth,
    Verdict,
    against_champion,
    auc_difference,
    calls_to_decide,
    first_champion,
    segments_of,
)
from training.train import Trained

RNG = np.random.default_rng(5)


def saying(p: NDArray[np.float64], **figures: float) -> Trained:
    """The trained model, were these its answers about its test rows."""
    trained = learned()
    chosen = replace(trained.chosen, test_probabilities=p, metrics=trained.chosen.metrics | figures)
    return replace(trained, chosen=chosen)


def compared(
    n: int, challenger_knows: float, champion_knows: float, rng: np.random.Generator = RNG, shared: float = 1.0
) -> Compared:
    """Calls whose log-odds are a shared part and one that each model knows to some degree; both answer calibrated.

    `..._knows` is the standard deviation of the log-odds that a model sees beside the shared part.
    """
    common, mine, theirs, noise = (rng.normal(size=n) for _ in range(4))
    everything = shared * common + challenger_knows * mine + champion_knows * theirs + 0.5 * noise
    y = rng.random(n) < expit(everything - 0.8)
    return Compared(
        y=y,
        challenger=expit(0.9 * (shared * common + challenger_knows * mine) - 0.75),
        champion=expit(0.9 * (shared * common + champion_knows * theirs) - 0.75),
        calls=NewToBoth.SINCE_BOTH,
    )


def share_promoted(times: int, n: int, challenger_knows: float, champion_knows: float) -> float:
    rng = np.random.default_rng(17)
    verdicts = [against_champion(compared(n, challenger_knows, champion_knows, rng), "3").promote for _ in range(times)]
    return sum(verdicts) / times


def test_a_first_model_that_knows_something_becomes_champion() -> None:
    verdict = first_champion(learned())
    assert verdict.promote
    assert verdict.reason.startswith("first champion: ROC AUC 0.")
    assert "on 120 later calls" in verdict.reason


def test_a_first_model_no_better_than_chance_says_that_there_is_nothing_to_learn() -> None:
    verdict = first_champion(saying(learned().test_base_rates, test_roc_auc_low=0.5))
    assert not verdict.promote
    assert verdict.reason.startswith("nothing to learn here: no better than chance on 120 later calls")


def test_a_first_model_that_orders_well_but_exaggerates_does_not() -> None:
    trained = learned()
    far_off = np.where(trained.chosen.test_probabilities > 0.5, 0.999, 0.001)
    verdict = first_champion(saying(far_off))
    assert not verdict.promote
    assert "its probabilities are no better than the rate of late" in verdict.reason


def test_of_equal_models_few_are_promoted() -> None:
    assert share_promoted(200, 1000, 0.5, 0.5) <= 0.05


def test_a_challenger_better_by_three_hundredths_of_auc_on_two_thousand_calls_mostly_is() -> None:
    from training.evaluate import roc_auc

    large = compared(200_000, 0.70, 0.45, np.random.default_rng(1))
    assert roc_auc(large.y, large.challenger) - roc_auc(large.y, large.champion) == pytest.approx(0.03, abs=0.005)
    assert share_promoted(200, 2000, 0.70, 0.45) >= 0.8


def test_a_challenger_that_says_the_same_does_not_take_over() -> None:
    both = compared(500, 1.0, 0.0)
    verdict = against_champion(replace(both, champion=both.challenger), "3")
    assert (verdict.promote, verdict.evidence["log_loss_gain"], verdict.evidence["roc_auc_gain"]) == (False, 0.0, 0.0)
    assert verdict.reason.startswith("not shown to be better")


def test_a_better_order_with_worse_probabilities_does_not_take_over() -> None:
    both = compared(2000, 1.2, 0.0)
    z = np.log(both.challenger / (1 - both.challenger))
    verdict = against_champion(replace(both, challenger=expit(4 * z)), "3")
    assert verdict.evidence["roc_auc_gain_low"] > 0
    assert not verdict.promote


def test_a_challenger_worse_for_a_large_group_is_named_with_the_group() -> None:
    both = compared(4000, 1.5, 0.0)
    retail = np.arange(4000) < 300
    wrong = np.where(retail, 1 - both.challenger, both.challenger)
    verdict = against_champion(replace(both, challenger=wrong, segments={"industry retail": retail}), "3")
    assert not verdict.promote
    assert "better over all, but worse for industry retail (log loss higher by" in verdict.reason


def test_a_champion_that_was_certain_and_wrong_costs_a_finite_loss() -> None:
    both = compared(200, 1.0, 0.0)
    verdict = against_champion(replace(both, champion=(~both.y).astype(float)), "3")
    assert np.isfinite(verdict.evidence["log_loss_gain"])
    assert verdict.promote


def test_too_few_calls_prove_nothing_and_it_is_said_which_were_counted() -> None:
    few = compared(99, 2.0, 0.0)
    assert against_champion(few, "3") == Verdict(
        False, "100 calls are needed to compare, there are 99 since both were trained, whose outcome is known"
    )
    assert against_champion(replace(few, calls=NewToBoth.IN_SHADOW), "3").reason == (
        "100 calls are needed to compare, there are 99 since both answer live, which both answered before they had "
        "ended"
    )


def test_the_difference_of_aucs_is_the_difference_of_the_aucs_and_its_interval_covers_nought_between_equals() -> None:
    from training.evaluate import roc_auc

    both = compared(1000, 0.5, 0.5)
    gain, low, high = auc_difference(both.y, both.challenger, both.champion)
    assert gain == pytest.approx(roc_auc(both.y, both.challenger) - roc_auc(both.y, both.champion))
    assert low < 0 < high


def test_it_takes_the_more_calls_to_decide_the_smaller_the_gain() -> None:
    differences = RNG.normal(0.0, 0.2, 1000)
    large, small = (calls_to_decide(differences - differences.mean() + gain) for gain in (0.02, 0.01))
    assert small / large == pytest.approx(4, abs=0.05)
    assert large == pytest.approx((2.8 * 0.2 / 0.02) ** 2, rel=0.1)


def test_only_large_groups_are_looked_at() -> None:
    industries = ["retail"] * 250 + ["mining"] * 150 + [None] * 200
    assert list(segments_of({"industry": industries})) == ["industry retail", "industry not known"]


def test_a_constant_does_not_replace_a_champion_that_orders_well_but_exaggerates() -> None:
    both = compared(2000, 0.7, 0.0)
    z = np.log(both.challenger / (1 - both.challenger))
    constant = np.full(2000, both.y.mean())
    verdict = against_champion(replace(both, challenger=constant, champion=expit(6 * z)), "3")
    assert verdict.evidence["log_loss_gain_low"] > 0
    assert not verdict.promote
    assert "it tells the calls apart less well" in verdict.reason


def test_of_equal_models_few_are_promoted_where_calls_of_a_company_are_alike() -> None:
    rng = np.random.default_rng(8)
    promoted = 0
    for _ in range(100):
        of_company = compared(60, 0.5, 0.5, rng)
        again = {name: np.repeat(getattr(of_company, name), 10) for name in ("y", "challenger", "champion")}
        companies = [f"company {n // 10}" for n in range(600)]
        promoted += against_champion(Compared(**again, calls=of_company.calls, companies=companies), "3").promote
    assert promoted <= 8


def test_without_repeated_companies_chance_is_reckoned_call_by_call() -> None:
    both = compared(500, 0.8, 0.3)
    alone = replace(both, companies=[f"company {n}" for n in range(500)])
    assert against_champion(alone, "3").evidence == pytest.approx(against_champion(both, "3").evidence)
