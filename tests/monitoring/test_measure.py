"""Measures give numbers a reader can add up, as they were known at the moment asked about."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitoring.measure import FOLDER, Measurement, load_measures, measure_weeks, pooled
from ringback.errors import WrongUsage
from ringback.records import CompanyFacts, Rejected
from tests.monitoring.weeks import AFTER, SUNDAY, TUESDAY, WEEK, WEEK_12, World, a_call, a_prediction, an_outcome, land
from warehouse.connect import reading

NAMES = "abcdefghij"


def measured(path: Path, name: str, as_of: datetime = AFTER, week: datetime = WEEK_12) -> Measurement:
    (measure,) = [m for m in load_measures() if m.name == name]
    with reading(path) as connection:
        (measurement,) = measure_weeks(connection, week, week, as_of, [measure])
    return measurement


def seen(measurement: Measurement) -> tuple[float | None, ...]:
    return tuple(
        None if number is None else round(number, 3)
        for number in (measurement.value, measurement.low, measurement.high, measurement.n)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def test_three_of_ten_progressed_with_wilsons_interval(path: Path) -> None:
    land(path, World(outcomes=[an_outcome(name, name in "abc") for name in NAMES]))
    # (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n) with p = 0.3, n = 10, z = 1.96
    assert seen(measured(path, "progression_rate")) == (0.3, 0.108, 0.603, 10)


def test_mean_sentiment_has_students_interval(path: Path) -> None:
    land(path, World(calls=[a_call("a", sentiment=0.0), a_call("b", sentiment=0.2), a_call("c", sentiment=0.4)]))
    # 0.2 ± 4.303 * 0.2 / √3
    assert seen(measured(path, "sentiment")) == (0.2, -0.297, 0.697, 3)


def test_a_mean_of_one_has_no_interval(path: Path) -> None:
    land(path, World(calls=[a_call("a", sentiment=0.4)]))
    assert seen(measured(path, "sentiment")) == (0.4, None, None, 1)


def test_four_calls_have_the_exact_poisson_interval(path: Path) -> None:
    land(path, World(calls=[a_call(name) for name in "abcd"]))
    # half the chi-square quantiles at 8 and 10 degrees of freedom
    assert seen(measured(path, "calls_held")) == (4, 1.09, 10.242, 4)


def test_a_week_without_calls_counts_zero_only_once_calls_have_begun(path: Path) -> None:
    land(path, World(calls=[a_call("a", at=TUESDAY - WEEK)]))
    values = [measured(path, "calls_held", week=WEEK_12 + i * WEEK).value for i in (-2, -1, 0)]
    assert values == [None, 1.0, 0.0]


def test_a_later_outcome_changes_nothing_as_of_before(path: Path) -> None:
    land(path, World(outcomes=[an_outcome("a", True), an_outcome("b", False)]))
    before = measured(path, "progression_rate", as_of=SUNDAY)
    land(path, World(outcomes=[an_outcome("c", True, SUNDAY + timedelta(hours=1)), an_outcome("a", False, AFTER)]))
    assert measured(path, "progression_rate", as_of=SUNDAY) == before


def test_a_corrected_outcome_stays_in_the_week_it_first_became_known(path: Path) -> None:
    land(path, World(outcomes=[an_outcome("a", True)]))
    land(path, World(outcomes=[an_outcome("a", False, TUESDAY + WEEK)]))
    assert seen(measured(path, "progression_rate", as_of=AFTER + WEEK))[0::3] == (0.0, 1)


def test_live_accuracy_counts_predictions_made_before_the_outcome_was_known(path: Path) -> None:
    predictions = [
        a_prediction("a", 0.5),  # yes, and it did: right
        a_prediction("b", 0.9),  # yes, and it did not: wrong
        a_prediction("c", 0.2),  # no, and it did not: right
        a_prediction("c", 0.9, at=TUESDAY + timedelta(hours=1)),  # after the outcome: too late
        a_prediction("d", 0.9, at=TUESDAY),  # at the very moment: too late
    ]
    outcomes = [an_outcome(name, name in "ad") for name in "abcd"]
    land(path, World(outcomes=outcomes, predictions=predictions))
    accuracy = measured(path, "live_accuracy")
    assert (round(accuracy.value or 0, 3), accuracy.n) == (0.667, 3)


def test_brier_score_and_calibration_are_means_of_differences(path: Path) -> None:
    land(
        path,
        World(
            outcomes=[an_outcome("a", True), an_outcome("b", False)],
            predictions=[a_prediction("a", 0.8), a_prediction("b", 0.6)],
        ),
    )
    # (0.2² + 0.6²) / 2 and (-0.2 + 0.6) / 2
    assert (seen(measured(path, "brier_score"))[0], seen(measured(path, "calibration_gap"))[0]) == (0.2, 0.2)


def test_rejection_counts_hand_offs_only(path: Path) -> None:
    handed = [a_prediction(name, recommendation="AE_HANDOFF") for name in "abc"]
    outcomes = [an_outcome("a", False), *(an_outcome(name, True) for name in "bc"), an_outcome("d", False)]
    land(path, World(outcomes=outcomes, predictions=[*handed, a_prediction("d")]))
    rejected = measured(path, "rejection_rate")
    assert (round(rejected.value or 0, 3), rejected.n) == (0.333, 3)


def test_voice_ai_precision_looks_at_predicted_fits(path: Path) -> None:
    predictions = [a_prediction(n, voice_ai_probability=p) for n, p in (("a", 0.5), ("b", 0.9), ("c", 0.4))]
    outcomes = [an_outcome(name, name == "a", target="voice_ai") for name in "abc"]
    land(path, World(outcomes=outcomes, predictions=predictions))
    assert seen(measured(path, "voice_ai_precision"))[0::3] == (0.5, 2)


def test_recall_counts_progressions_whose_outcome_has_matured_and_that_were_predicted_before(path: Path) -> None:
    ripe, unripe = timedelta(hours=1), WEEK
    outcomes = [
        replace(an_outcome(name, name in "abde"), matures_at=TUESDAY + (unripe if name == "d" else ripe))
        for name in "abcde"
    ]
    predictions = [
        a_prediction("a", 0.5),  # yes, and it did: foreseen
        a_prediction("b", 0.4),  # no, and it did: overlooked
        a_prediction("c", 0.9),  # it did not: recall does not ask
        a_prediction("d", 0.9),  # it did, but that is not final yet
        a_prediction("e", 0.9, at=TUESDAY),  # it did, but that was known already
    ]
    land(path, World(outcomes=outcomes, predictions=predictions))
    assert seen(measured(path, "recall")) == (0.5, 0.095, 0.905, 2)
    assert not measured(path, "recall").enough
    later = AFTER + WEEK
    assert seen(measured(path, "recall", as_of=later, week=WEEK_12 + WEEK))[0::3] == (1.0, 1)


def test_recall_of_voice_ai_looks_at_calls_that_fit(path: Path) -> None:
    predictions = [a_prediction(n, voice_ai_probability=p) for n, p in (("a", 0.5), ("b", 0.4), ("c", 0.9))]
    outcomes = [an_outcome(name, name in "abd", target="voice_ai") for name in "abcd"]
    land(path, World(outcomes=outcomes, predictions=[*predictions, a_prediction("d")]))  # rules know no Voice AI fit
    assert seen(measured(path, "voice_ai_recall"))[0::3] == (0.5, 2)


def test_a_lead_scored_twice_in_a_week_counts_once_with_its_last_score(path: Path) -> None:
    land(path, World(predictions=[a_prediction("a", 0.9, at=TUESDAY), a_prediction("a", 0.3, at=TUESDAY + WEEK / 7)]))
    numbers = {name: measured(path, name).value for name in ("leads_scored", "high_value_rate")}
    assert numbers == {"leads_scored": 1.0, "high_value_rate": 0.0}


def test_the_first_score_tells_how_long_a_call_waited(path: Path) -> None:
    scores = [a_prediction("a", at=TUESDAY + timedelta(hours=3)), a_prediction("a", at=TUESDAY + timedelta(hours=30))]
    land(path, World(calls=[a_call("a")], predictions=scores))
    assert seen(measured(path, "hours_from_call_to_score"))[0::3] == (3.0, 1)


def test_company_facts_that_come_after_the_call_was_judged_do_not_cover_it(path: Path) -> None:
    calls = [a_call(name, company_id=name) for name in "abc"]
    facts = [CompanyFacts("a", "crm", TUESDAY - WEEK), CompanyFacts("b", "crm", TUESDAY + timedelta(days=3))]
    land(path, World(calls=calls, facts=facts))
    coverage = measured(path, "enrichment_coverage")
    assert (round(coverage.value or 0, 3), coverage.n) == (0.333, 3)


def test_a_call_that_becomes_35_days_old_without_an_outcome_is_open(path: Path) -> None:
    held = TUESDAY - timedelta(days=35)
    late = an_outcome("b", True, TUESDAY + timedelta(hours=1))
    outcomes = [an_outcome("a", True, held + timedelta(days=10)), late]
    land(path, World(calls=[a_call(name, at=held) for name in "abcd"], outcomes=outcomes))
    assert seen(measured(path, "open_after_35_days"))[0::3] == (0.75, 4)


def test_text_and_records_put_aside_are_counted_in_their_week(path: Path) -> None:
    calls = [a_call("a", notes="Asked for pricing"), a_call("b", notes="  "), a_call("c", transcript="A: hello")]
    rejected = [Rejected("fellow", "recording", name, "1", TUESDAY, "started_at", "no time", "{}") for name in "xy"]
    land(path, World(calls=calls, rejected=rejected))
    numbers = {name: seen(measured(path, name))[0] for name in ("text_coverage", "quarantined_records")}
    assert numbers == {"text_coverage": 0.667, "quarantined_records": 2.0}


def test_a_week_below_the_minimum_sample_has_a_value_that_is_not_enough(path: Path) -> None:
    land(path, World(outcomes=[an_outcome("a", True)]))
    rate = measured(path, "progression_rate")
    assert (rate.value, rate.enough) == (1.0, False)


def test_pooling_gives_what_all_observations_together_would(path: Path) -> None:
    one, other = [0.0, 0.2, 0.4], [0.5, 0.9]
    calls = [a_call(f"a{s}", sentiment=s) for s in one] + [a_call(f"b{s}", TUESDAY - WEEK, sentiment=s) for s in other]
    land(path, World(calls=calls))
    together = pooled([measured(path, "sentiment", week=WEEK_12 - WEEK), measured(path, "sentiment")])
    # mean of 0, 0.2, 0.4, 0.5, 0.9 is 0.4; squares about it 0.16 + 0.04 + 0 + 0.01 + 0.25 = 0.46; ± 2.776 √(0.46/4/5)
    assert together is not None
    assert seen(together) == (0.4, -0.021, 0.821, 5)


def test_every_measure_gives_every_week_on_an_empty_warehouse(path: Path) -> None:
    land(path, World())
    with reading(path) as connection:
        measurements = measure_weeks(connection, WEEK_12 - WEEK, WEEK_12, AFTER)
    assert [m.value for m in measurements] == [None] * 2 * len(load_measures())


@pytest.mark.parametrize(
    ("change", "key"),
    [(('kind = "share"', 'kind = "median"'), "kind"), (("$as_of", "now()"), "sql"), (("why", "reason"), "why")],
)
def test_a_wrong_measure_is_refused_with_file_and_key(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    text = (FOLDER / "live_accuracy.toml").read_text().replace(*change)
    (tmp_path / "live_accuracy.toml").write_text(text)
    with pytest.raises(WrongUsage, match=rf"live_accuracy\.toml, key '{key}'"):
        load_measures(tmp_path)
