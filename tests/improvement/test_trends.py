"""A change is called one only where chance does not explain it, however many measures are looked at."""

from collections.abc import Sequence
from math import sqrt

import pytest

from improvement.trends import changes_of_week, compare
from improvement.week import Segment, judge_segments
from monitoring.measure import Measurement, load_measures
from tests.improvement.weeks import a_count, a_mean, a_share, series_of


def test_fewer_rejections_are_better() -> None:
    change = compare(a_share("rejection_rate", 20, 100), [a_share("rejection_rate", 40, 100)] * 4)
    # Newcombe from Wilson: 0.2 (0.133, 0.289), 0.4 (0.353, 0.449); -0.2 - √(0.067² + 0.049²), -0.2 + √(0.089² + 0.047²)
    assert (change.verdict, round(change.low or 0, 2), round(change.high or 0, 2)) == ("better", -0.28, -0.1)


def test_a_neutral_measure_goes_up_and_is_not_better() -> None:
    assert compare(a_share("handoff_rate", 80, 100), [a_share("handoff_rate", 40, 100)]).verdict == "up"


def test_a_small_difference_is_no_clear_change() -> None:
    assert compare(a_share("live_accuracy", 51, 100), [a_share("live_accuracy", 50, 100)]).verdict == "no clear change"


@pytest.mark.parametrize("before", [[], [a_share("live_accuracy", 5, 10)]])
def test_too_few_observations_before_are_not_enough(before: Sequence[Measurement]) -> None:
    assert compare(a_share("live_accuracy", 51, 100), before).verdict == "not enough data"


def test_means_are_compared_by_welch() -> None:
    change = compare(a_mean("sentiment", 0.5, 0.3, 100), [a_mean("sentiment", 0.3, 0.3, 100)])
    # error √(0.09/100 + 0.09/100) = 0.0424, times 1.972 at 198 degrees of freedom
    assert [round(x or 0, 3) for x in (change.difference, change.low, change.high)] == [0.2, 0.116, 0.284]


def test_counts_are_compared_per_week_to_the_same_point_in_it() -> None:
    change = compare(a_count("calls_held", 40), [a_count("calls_held", 100, so_far=40)] * 4)
    assert (change.before_value, change.difference, change.verdict) == (40.0, 0.0, "no clear change")


def test_calls_that_stop_have_gone_down() -> None:
    change = compare(a_count("calls_held", 0), [a_count("calls_held", 40)] * 4)
    assert (change.difference, change.verdict) == (-40.0, "down")


def test_all_right_against_all_wrong_is_a_change_and_all_the_same_is_none() -> None:
    all_wrong, all_right = a_share("live_accuracy", 0, 40), a_share("live_accuracy", 40, 40)
    assert [compare(all_right, [b]).verdict for b in (all_wrong, all_right)] == ["better", "no clear change"]


def test_one_faint_change_among_many_measures_is_not_called_clear() -> None:
    faint = series_of("live_accuracy", [50, 63])  # p = 0.064 at n = 100; 65 gives 0.032
    clear_alone = series_of("live_accuracy", [50, 65])
    still = [m for name in ("rejection_rate", "progression_rate", "text_coverage") for m in series_of(name, [50, 50])]
    alone = {c.measure.name: c for c in changes_of_week(clear_alone)}["live_accuracy"]
    among = {c.measure.name: c for c in changes_of_week([*clear_alone, *still])}["live_accuracy"]
    # Benjamini-Hochberg: the smallest of four p-values is multiplied by four
    assert among.p_value == pytest.approx(4 * (alone.p_value or 0))
    assert (alone.verdict, among.verdict) == ("better", "no clear change")
    assert changes_of_week(faint)[0].verdict == "no clear change"


def test_the_share_test_is_the_pooled_z_test() -> None:
    change = compare(a_share("live_accuracy", 65, 100), [a_share("live_accuracy", 50, 100)])
    z = 0.15 / sqrt(0.575 * 0.425 * 2 / 100)
    assert (round(z, 2), round(change.p_value or 0, 3)) == (2.15, 0.032)


def test_a_segment_is_set_against_all_the_others() -> None:
    segments = [Segment("Retail", 50, 9, 40, 8), Segment("Software", 90, 60, 60, 42), Segment("Mining", 9, 5, 5, 1)]
    verdicts = {segment.name: segment.verdict for segment in judge_segments(segments)}
    assert verdicts == {"Retail": "below the others", "Software": "above the others", "Mining": "not enough data"}


def test_every_measure_can_be_compared_with_itself() -> None:
    kinds = {"share": lambda name: a_share(name, 10, 40), "mean": lambda name: a_mean(name, 1.0, 0.5, 40),
             "count": lambda name: a_count(name, 10)}  # fmt: skip
    verdicts = {compare(one, [one]).verdict for m in load_measures() for one in [kinds[m.kind](m.name)]}
    assert verdicts == {"no clear change"}
