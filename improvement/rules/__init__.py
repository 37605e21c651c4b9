"""What to do: rules that look at a week and recommend, or stay silent. `RULES` at the end is the table of contents."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from improvement.recommendation import Recommendation
from improvement.roi import SAID_IN_MONEY, Estimate, Money, returns, returns_of_usd
from improvement.rules.data import (
    calls_stopped,
    log_unreadable,
    logging_stopped,
    outcomes_missing,
    outcomes_stale,
    quarantine_grew,
)
from improvement.rules.decisions import (
    campaign_underperforms,
    low_enrichment,
    method_fails,
    signal_not_worth_its_price,
    source_declined,
    step_became_slow,
    template_underperforms,
)
from improvement.rules.model import accuracy_low, lost_calibration, no_champion, segment_scored_badly
from improvement.rules.qualification import (
    handoffs_rejected,
    industry_does_not_progress,
    slow_first_touch,
    slow_scoring,
    threshold_off,
    voice_ai_imprecise,
)
from improvement.week import Week
from monitoring.measure import Measure

Rule: TypeAlias = Callable[[Week], Recommendation | None]


def recommend(
    week: Week, money: Money | None = None, measures: Mapping[str, Measure] | None = None
) -> list[Recommendation]:
    """What every rule says of the week, most urgent first, then what is worth most, then the least effort.

    With `money` and the measures by name each has what its expected effect is worth.
    """
    found = [recommendation for rule in RULES if (recommendation := rule(week)) is not None]
    if money is not None and measures is not None:
        found = [_valued(one, money, measures) for one in found]
    return sorted(found, key=lambda one: one.rank)


def _valued(one: Recommendation, money: Money, measures: Mapping[str, Measure]) -> Recommendation:
    if one.usd_a_week is not None:
        return replace(one, returns=returns_of_usd(money, one.usd_a_week, one.effort_hours, SAID_IN_MONEY))
    if one.expected is None or one.measure not in measures:
        return one
    effect = Estimate(one.expected.low, one.expected.value, one.expected.high)
    falling_is_good = one.expected.value < 0
    worth = returns(money, measures[one.measure], effect, one.expected.per_week_n, one.effort_hours, falling_is_good)
    return replace(one, returns=worth)


RULES: list[Rule] = [
    calls_stopped,
    outcomes_stale,
    logging_stopped,
    quarantine_grew,
    log_unreadable,
    outcomes_missing,
    no_champion,
    accuracy_low,
    lost_calibration,
    segment_scored_badly,
    handoffs_rejected,
    industry_does_not_progress,
    voice_ai_imprecise,
    threshold_off,
    slow_scoring,
    slow_first_touch,
    template_underperforms,
    campaign_underperforms,
    method_fails,
    source_declined,
    step_became_slow,
    signal_not_worth_its_price,
    low_enrichment,
]
