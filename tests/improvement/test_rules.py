"""Each rule speaks where the evidence is there, and is silent where it is not."""

import pytest

from improvement.rules import RULES, recommend
from improvement.week import DataFacts, Segment, Week, judge_segments
from tests.improvement.weeks import a_count, a_mean, a_share, a_week, dated

RETAIL_FAILS = judge_segments([Segment("Retail", 50, 9, 40, 8), Segment("Software", 90, 60, 60, 42)])
RETAIL_LIKE_OTHERS = judge_segments([Segment("Retail", 50, 30, 40, 27), Segment("Software", 90, 60, 60, 42)])
RETAIL_TOO_SMALL = judge_segments([Segment("Retail", 10, 0, 10, 0), Segment("Software", 90, 60, 60, 42)])

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
