"""Each rule speaks where the evidence is there, and is silent where it is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from improvement.roi import load_money
from improvement.rules import RULES, recommend
from improvement.trends import Trend, trend_of
from improvement.week import DataFacts, Segment, SignalFacts, Week, judge_segments
from monitoring.measure import load_measures
from monitoring.thresholds import Proposal
from ringback.settings import settings
from scoring.costs import Money, Thresholds
from tests.factories import NOON
from tests.improvement.weeks import a_count, a_mean, a_part, a_share, a_week, dated, with_parts
from tests.monitoring.weeks import AFTER
from warehouse.decision_counts import DecisionQuality

RETAIL_FAILS = judge_segments([Segment("Retail", 50, 9, 40, 8), Segment("Software", 90, 60, 60, 42)])
RETAIL_LIKE_OTHERS = judge_segments([Segment("Retail", 50, 30, 40, 27), Segment("Software", 90, 60, 60, 42)])
RETAIL_TOO_SMALL = judge_segments([Segment("Retail", 10, 0, 10, 0), Segment("Software", 90, 60, 60, 42)])

STEADY = [60, 62, 58, 61, 59, 60, 61, 60]
FELL = [60, 62, 58, 61, 59, 60, 61, 40]
LOW = [40, 42, 38, 41, 39, 40, 41, 40]


def parts(measure: str, dimension: str, of_one: list[int], n: int = 100) -> Week:
    """A part beside two steady ones, of which out of 100 as many happened; `n` a week."""
    series = {"first": of_one, "second": STEADY, "third": STEADY}
    return with_parts(
        *(a_part(measure, dimension, name, [hit * n // 100 for hit in hits], n) for name, hits in series.items())
    )


def seconds(of_one: list[float]) -> Week:
    """How long a step took, beside two that stay as they were."""
    series = {"first": of_one, "second": [2.0] * 8, "third": [3.0] * 8}
    return with_parts(
        *(
            trend_of([replace(m, dimension="component", member=name) for m in dated(
                [a_mean("decision_seconds", value, 0.5, 100) for value in values])])
            for name, values in series.items()
        )
    )  # fmt: skip


def logged(member: str, before: int, now: int) -> Trend:
    counts = dated([*[a_count("decisions_logged", before)] * 5, a_count("decisions_logged", now)])
    return trend_of([replace(m, dimension="system", member=member) for m in counts])


def thresholds(gain: Money) -> Proposal:
    """Other thresholds than those in force, which earn more by `gain`."""
    now, found = Thresholds(80, 40), Thresholds(65, 40)
    return Proposal(
        now, found, found, "hand over from 65, nurture from 40 earn more", 600, 300, 40, NOON, NOON, NOON,
        Money(1.0, 0.5, 1.5), Money(1.8, 1.0, 2.5), gain,
    )  # fmt: skip


def with_signals(weight: float, usd: float = 90.0) -> Week:
    dear = SignalFacts("funding", 100, 60, usd, weight)
    rest = SignalFacts("tech_stack", 100, 90, 110.0, 1 - weight)
    return replace(a_week(), signals=(dear, rest), signal_weeks=10.0, attributed=500)


QUIET_LOG = DecisionQuality(3, 10_000, 9_990, 8, 2, 0, {"not JSON": 2})
BAD_LOG = DecisionQuality(3, 10_000, 9_000, 10, 990, 10, {"not JSON": 900, "no timestamp": 90})
LONG_AGO = DataFacts(calls=1000, calls_with_company=1000, progression_labels=500, progression_outcomes=400,
                     last_outcome_at=AFTER - timedelta(days=20))  # fmt: skip
SPEAKS: dict[str, Week] = {
    "calls_stopped": a_week(*dated([a_count("calls_held", 40), a_count("calls_held", 12)])),
    "quarantine_grew": a_week(*dated([a_count("quarantined_records", 1), a_count("quarantined_records", 14)])),
    "lost_calibration": a_week(a_mean("calibration_gap", 0.12, 0.4, 400)),
    "handoffs_rejected": a_week(a_share("rejection_rate", 40, 100)),
    "industry_does_not_progress": a_week(segments=RETAIL_FAILS),
    "outcomes_missing": a_week(a_share("open_after_35_days", 40, 100)),
    "slow_scoring": a_week(a_mean("hours_from_call_to_score", 40, 10, 100)),
    "no_champion": a_week(models=()),
    "low_enrichment": a_week(a_share("enrichment_coverage", 40, 100)),
    "outcomes_stale": a_week(a_count("calls_held", 40), data=LONG_AGO),
    "logging_stopped": with_parts(logged("crm-bot", 400, 20), logged("mailer", 300, 310)),
    "log_unreadable": replace(a_week(), decisions=BAD_LOG),
    "accuracy_low": a_week(a_share("live_accuracy", 60, 100)),
    "segment_scored_badly": parts("live_accuracy", "industry", LOW),
    "voice_ai_imprecise": a_week(a_share("voice_ai_precision", 60, 100)),
    "threshold_off": replace(a_week(a_count("leads_scored", 50)), thresholds=thresholds(Money(0.8, 0.2, 1.4))),
    "slow_first_touch": a_week(a_mean("days_to_first_call", 9, 2, 100)),
    "template_underperforms": parts("decision_approval", "template", FELL),
    "campaign_underperforms": parts("decision_success", "campaign", LOW),
    "method_fails": parts("decision_success", "method", FELL, n=200),
    "source_declined": parts("progression_rate", "source", FELL, n=200),
    "step_became_slow": seconds([1.0] * 7 + [4.0]),
    "signal_not_worth_its_price": with_signals(0.02),
}

SILENT: list[tuple[str, Week]] = [
    ("calls_stopped", a_week(*dated([a_count("calls_held", 40), a_count("calls_held", 36)]))),
    ("calls_stopped", a_week(*dated([*[a_count("calls_held", 400)] * 4, a_count("calls_held", 320)]))),
    ("calls_stopped", a_week(*dated([a_count("calls_held", 4), a_count("calls_held", 0)]))),
    ("calls_stopped", a_week(a_count("calls_held", 0))),
    ("quarantine_grew", a_week(*dated([a_count("quarantined_records", 12), a_count("quarantined_records", 14)]))),
    ("lost_calibration", a_week(a_mean("calibration_gap", 0.04, 0.4, 400))),
    ("lost_calibration", a_week(a_mean("calibration_gap", 0.5, 0.1, 10))),
    ("handoffs_rejected", a_week(a_share("rejection_rate", 15, 100))),
    ("handoffs_rejected", a_week(a_share("rejection_rate", 10, 10))),
    ("industry_does_not_progress", a_week(segments=RETAIL_LIKE_OTHERS)),
    ("industry_does_not_progress", a_week(segments=RETAIL_TOO_SMALL)),
    ("outcomes_missing", a_week(a_share("open_after_35_days", 22, 100))),
    ("slow_scoring", a_week(a_mean("hours_from_call_to_score", 5, 10, 100))),
    ("no_champion", a_week()),
    ("no_champion", a_week(models=(), data=DataFacts())),
    ("low_enrichment", a_week(a_share("enrichment_coverage", 66, 100))),
    ("low_enrichment", a_week(a_share("enrichment_coverage", 0, 100), data=DataFacts(calls=100))),
    ("outcomes_stale", a_week(a_count("calls_held", 40))),
    ("outcomes_stale", a_week(a_count("calls_held", 0), data=LONG_AGO)),
    ("logging_stopped", with_parts(logged("crm-bot", 400, 380))),
    ("logging_stopped", with_parts(logged("crm-bot", 10, 0))),
    ("log_unreadable", replace(a_week(), decisions=QUIET_LOG)),
    ("accuracy_low", a_week(a_share("live_accuracy", 73, 100))),
    ("accuracy_low", a_week(a_share("live_accuracy", 40, 100), models=())),
    ("segment_scored_badly", parts("live_accuracy", "industry", STEADY)),
    ("segment_scored_badly", parts("live_accuracy", "industry", [0, 0, 0, 0], n=2)),
    ("voice_ai_imprecise", a_week(a_share("voice_ai_precision", 88, 100))),
    (
        "threshold_off",
        replace(a_week(), thresholds=replace(thresholds(Money(0.8, 0.2, 1.4)), proposed=Thresholds(80, 40))),
    ),
    ("slow_first_touch", a_week(a_mean("days_to_first_call", 4, 2, 100))),
    ("template_underperforms", parts("decision_approval", "template", STEADY)),
    ("template_underperforms", with_parts(a_part("decision_approval", "template", "alone", LOW))),
    ("campaign_underperforms", parts("decision_success", "campaign", STEADY)),
    ("method_fails", parts("decision_success", "method", LOW)),
    ("source_declined", parts("progression_rate", "source", LOW)),
    ("source_declined", parts("progression_rate", "source", [60, 40])),
    ("step_became_slow", seconds([1.0] * 7 + [1.1])),
    ("signal_not_worth_its_price", with_signals(0.4)),
    ("signal_not_worth_its_price", with_signals(0.02, usd=5.0)),
    ("signal_not_worth_its_price", with_signals(0.02, usd=30.0)),
]


def test_every_rule_is_tried_both_ways() -> None:
    names = {rule.__name__ for rule in RULES}
    assert (set(SPEAKS), {name for name, _ in SILENT}) == (names, names)


@pytest.mark.parametrize("name", SPEAKS)
def test_the_rule_alone_speaks_with_its_evidence_and_sample(name: str) -> None:
    (found,) = recommend(SPEAKS[name])
    assert found.rule == name
    assert any("n = " in text for _, text in found.evidence)
    assert found.action_items


@pytest.mark.parametrize(("name", "week"), SILENT)
def test_the_rule_is_silent(name: str, week: Week) -> None:
    assert name not in {found.rule for found in recommend(week)}


def test_no_calls_at_all_is_urgent() -> None:
    (found,) = recommend(a_week(*dated([a_count("calls_held", 40), a_count("calls_held", 0)])))
    assert (found.priority, found.title) == ("HIGH", "No calls came in this week")


def test_rejections_as_bad_as_the_old_rules_are_urgent() -> None:
    priorities = [recommend(a_week(a_share("rejection_rate", hits, 100)))[0].priority for hits in (40, 60)]
    assert priorities == ["MEDIUM", "HIGH"]


def test_too_few_labels_to_train_ask_for_more_history() -> None:
    (found,) = recommend(a_week(models=(), data=DataFacts(calls=50, progression_labels=120)))
    assert (found.priority, found.evidence[0][1]) == ("MEDIUM", "n = 120 labelled calls; 200 are needed")


def test_the_most_urgent_comes_first_and_then_the_least_effort() -> None:
    week = a_week(
        a_share("enrichment_coverage", 40, 100),
        a_share("open_after_35_days", 40, 100),
        a_mean("hours_from_call_to_score", 40, 10, 100),
        models=(),
    )
    assert [found.rule for found in recommend(week)] == [
        "no_champion",
        "outcomes_missing",
        "slow_scoring",
        "low_enrichment",
    ]


def test_what_a_template_loses_beside_the_others_is_valued_with_its_interval() -> None:
    measures = {measure.name: measure for measure in load_measures()}
    (found,) = recommend(SPEAKS["template_underperforms"], load_money(settings().money), measures)
    assert (found.subject, found.priority, found.dimension, found.member) == ("first", "HIGH", "template", "first")
    assert found.expected is not None
    assert found.returns is not None
    assert found.returns.per_week is not None
    # 20 points of 100 judged a week, each worth 25 dollars
    assert (round(found.expected.value, 3), found.expected.per_week_n) == (0.2, 100.0)
    assert found.returns.per_week.low < 500 < found.returns.per_week.high
    assert found.returns.per_week.value == pytest.approx(500)


def test_of_two_as_urgent_the_one_that_is_worth_more_comes_first() -> None:
    week = replace(SPEAKS["threshold_off"], signals=SPEAKS["signal_not_worth_its_price"].signals, signal_weeks=10.0)
    measures = {measure.name: measure for measure in load_measures()}
    found = recommend(week, load_money(settings().money), measures)
    assert [
        (one.rule, round(one.returns.per_week.value, 2)) for one in found if one.returns and one.returns.per_week
    ] == [
        ("threshold_off", 40.0),
        ("signal_not_worth_its_price", 9.0),
    ]
