"""What leads earn under thresholds can be added up, and the best thresholds follow from costs alone."""

from math import inf

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.costs import Thresholds, best_thresholds, break_even, earned, money_of, net_values
from scoring.policy import Costs

CALLS_ONLY = Costs(
    ae_hour_usd=100, hours_per_call=2, deal_value_usd=4000, win_rate_after_progression=0.25, nurture_cost_usd=10,
    nurture_yield=0.0,
)  # fmt: skip
"""A call costs 200, a progression is worth 1,000."""
NURTURE = CALLS_ONLY.model_copy(update={"nurture_yield": 0.5})
SCORES = np.array([80, 80, 40, 40, 10])
ENDED = np.array([True, False, True, False, True])


def test_each_lead_earns_what_its_track_does() -> None:
    net = earned(SCORES, ENDED, Thresholds(60, 30), NURTURE)
    assert net.tolist() == [800, -200, 390, -10, 0]  # 0.5 x (1000 - 200) - 10 = 390


def test_the_table_of_thresholds_holds_the_mean_of_every_pair() -> None:
    table = net_values(SCORES, ENDED, NURTURE)
    for at in (Thresholds(60, 30), Thresholds(40, 40), Thresholds(100, 0), Thresholds(0, 0)):
        assert table[at.handoff, at.nurture] == pytest.approx(earned(SCORES, ENDED, at, NURTURE).mean())
    assert np.isnan(table[30, 60])


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        (CALLS_ONLY, (0.2, inf)),
        (NURTURE, (190 / 600, 10 / 400)),
        (NURTURE.model_copy(update={"nurture_cost_usd": 90}), (0.2, inf)),  # 90 / 400 is beyond 0.2
        (CALLS_ONLY.model_copy(update={"deal_value_usd": 0}), (inf, inf)),
    ],
)
def test_break_even_is_where_the_tracks_earn_the_same(costs: Costs, expected: tuple[float, float]) -> None:
    assert break_even(costs) == pytest.approx(expected)


def simulated(n: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Calibrated answers as scores, and what happened."""
    rng = np.random.default_rng(5)
    p = rng.beta(1.5, 2.5, n)
    return np.round(100 * p).astype(np.int64), rng.random(n) < p


def test_of_calibrated_answers_the_best_threshold_is_cost_over_value() -> None:
    score, ended = simulated(200_000)
    table = net_values(score, ended, CALLS_ONLY)
    best_alone = int(np.argmax([table[at, at] for at in range(101)]))
    theory = best_thresholds(np.arange(101) / 100, CALLS_ONLY)
    assert theory == Thresholds(20, 20)  # 200 / 1000
    assert best_alone == pytest.approx(20, abs=2)
    found = np.unravel_index(np.nanargmax(net_values(score, ended, NURTURE)), table.shape)
    theory = best_thresholds(np.arange(101) / 100, NURTURE)
    assert theory == Thresholds(32, 3)
    assert [int(at) for at in found] == pytest.approx([32, 3], abs=2)


def test_what_never_pays_begins_at_a_hundred() -> None:
    costs = CALLS_ONLY.model_copy(update={"deal_value_usd": 400})  # a progression is worth half a call
    assert best_thresholds(np.arange(101) / 100, costs) == Thresholds(100, 100)


def test_the_leads_of_a_company_are_drawn_together() -> None:
    values = np.tile([3.0, -1.0], 200)
    alone = money_of([values], [None] * 400)[0]
    paired = money_of([values], [f"c{at // 2}" for at in range(400)])[0]
    assert (alone.mean, paired) == (1.0, type(paired)(1.0, 1.0, 1.0))  # each company has one of both
    assert [alone.low, alone.high] == pytest.approx([1 - 0.196, 1 + 0.196], abs=0.03)
    assert alone.per_100().startswith("$100 [$")
