"""What leads earn and cost under thresholds, and the thresholds that follow from costs.

A lead that is handed over costs a call, and earns a deal's value times the win rate where it progresses. A lead on the
nurture track costs a little; of those that would have progressed some come back, are called then and earn as much.
Self-service costs and earns nothing. That a call that was not made would have ended as foretold, and that a nurtured
lead comes back as often as assumed, is not in any data: the costs in `policy.toml` are assumptions, and named as such.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING

from scoring.policy import Costs, Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HIGHEST = 100
DRAWS = 1_000
DRAWS_AT_ONCE = 50
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score an account executive calls, and from which the nurture track is taken."""

    handoff: int
    nurture: int

    def __str__(self) -> str:
        return f"hand over from {self.handoff}, nurture from {self.nurture}"


@dataclass(frozen=True, slots=True)
class Money:
    """US dollars a lead, with the 95 % interval."""

    mean: float
    low: float
    high: float

    def per_100(self) -> str:
        """In words: `$12,300 [$9,800, $14,900] per 100 leads`."""
        value, low, high = (
            f"{'-' if one < 0 else ''}${abs(100 * one):,.0f}" for one in (self.mean, self.low, self.high)
        )
        return f"{value} [{low}, {high}] per 100 leads"


def in_force(rules: Policy) -> Thresholds:
    """The thresholds of a policy."""
    return Thresholds(rules.ae_handoff_at, rules.nurture_at)


def call_cost(costs: Costs) -> float:
    """US dollars of one hand-over."""
    return costs.ae_hour_usd * costs.hours_per_call


def progressed_value(costs: Costs) -> float:
    """US dollars that a lead which progresses earns on average."""
    return costs.deal_value_usd * costs.win_rate_after_progression


def break_even(costs: Costs) -> tuple[float, float]:
    """Probabilities of progression from which hand-over is best, and from which nurture is better than nothing.

    With a call of cost C, a progression of value V, nurture of cost k and yield r, hand-over earns p V - C and nurture
    p r (V - C) - k (Elkan 2001, "The Foundations of Cost-Sensitive Learning": the threshold of calibrated
    probabilities follows from costs alone). Without nurture the first is C / V. Infinite where it never pays.

    >>> break_even(Costs(ae_hour_usd=100, hours_per_call=1, deal_value_usd=500, win_rate_after_progression=0.8,
    ...                  nurture_cost_usd=10, nurture_yield=0.0))
    (0.25, inf)
    """
    call, value = call_cost(costs), progressed_value(costs)
    returned = costs.nurture_yield * (value - call)
    nurture = costs.nurture_cost_usd / returned if returned > 0 else inf
    alone = call / value if value > 0 else inf
    if nurture >= alone:  # nurture never beats both of the others
        return alone, inf
    return (call - costs.nurture_cost_usd) / (value - returned), nurture


def best_thresholds(probability: "NDArray[np.float64]", costs: Costs) -> Thresholds:
    """The scores at which the break-even probabilities are reached.

    `probability` has shape (101,): how likely a call with that score progresses, never falling with the score. What
    never pays begins at 100, the highest there is; without a worthwhile nurture track it begins where hand-over does.
    """
    import numpy as np

    handoff, nurture = (min(HIGHEST, int(np.searchsorted(probability, least))) for least in break_even(costs))
    return Thresholds(handoff, min(handoff, nurture))


def earned(
    score: "NDArray[np.int64]", happened: "NDArray[np.bool_]", thresholds: Thresholds, costs: Costs
) -> "NDArray[np.float64]":
    """US dollars that each lead would have earned, net; all arrays of shape (leads,).

    `happened` may also hold probabilities: then it is what is expected.
    """
    import numpy as np

    call, value = call_cost(costs), progressed_value(costs)
    handed_over = happened * value - call
    nurtured = happened * costs.nurture_yield * (value - call) - costs.nurture_cost_usd
    return np.where(score >= thresholds.handoff, handed_over, np.where(score >= thresholds.nurture, nurtured, 0.0))


def net_values(score: "NDArray[np.int64]", happened: "NDArray[np.bool_]", costs: Costs) -> "NDArray[np.float64]":
    """Mean net US dollars a lead by threshold; shape (101, 101), hand-over by nurture, NaN where nurture is above.

    One pass over the leads: sums by score are added up from the top.
    """
    import numpy as np

    every = np.zeros_like(score)
    by_track = [
        np.bincount(score, earned(every, happened, at, costs), HIGHEST + 1)[::-1].cumsum()[::-1]
        for at in (Thresholds(0, 0), Thresholds(1, 0))
    ]
    handed_over, nurtured = by_track
    means = ((handed_over - nurtured)[:, None] + nurtured[None, :]) / len(score)
    means[np.triu_indices(HIGHEST + 1, 1)] = np.nan
    return np.asarray(means)


def money_of(values: "Sequence[NDArray[np.float64]]", companies: Sequence[str | None]) -> list[Money]:
    """The mean of each array of shape (leads,), with a percentile bootstrap interval over companies.

    All leads of a company are drawn together, and in all arrays the same ones, so that a difference is a paired one;
    a lead without a company stands for itself. 1,000 draws (Efron 1979; Cameron, Gelbach and Miller 2008, "Bootstrap-
    Based Improvements for Inference with Clustered Errors": the pairs cluster bootstrap).
    """
    import numpy as np

    names: dict[object, int] = {}
    group = np.array([names.setdefault(at if name is None else name, len(names)) for at, name in enumerate(companies)])
    leads = np.bincount(group).astype(float)
    sums = np.array([np.bincount(group, one) for one in values])
    rng, drawn = np.random.default_rng(0), []
    for _ in range(ceil(DRAWS / DRAWS_AT_ONCE)):
        picked = rng.integers(0, len(leads), size=(DRAWS_AT_ONCE, len(leads)))
        drawn.append(sums[:, picked].sum(axis=2) / leads[picked].sum(axis=1))
    low, high = np.quantile(np.concatenate(drawn, axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    return [Money(float(v.mean()), float(a), float(b)) for v, a, b in zip(values, low, high, strict=True)]
