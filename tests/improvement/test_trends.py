"""A measure is said to move only where chance does not explain it, however many measures are looked at."""

import pytest

from benchmarks.quiet_weeks import WORLDS, alarms_of, found_of
from improvement.trends import Trend, trend_of, trends_of_week
from improvement.week import Segment, judge_segments
from monitoring.measure import load_measures
from tests.improvement.weeks import a_count, a_mean, a_share, dated, series_of

STEADY = [40, 41, 39, 40, 42, 38, 40, 41, 39]


def trend(name: str, hits: list[int]) -> Trend:
    return trend_of(series_of(name, hits))


def test_fewer_rejections_improve_since_the_week_they_fell() -> None:
    found = trend("rejection_rate", [*STEADY, 16, 15, 17, 16])
    assert (found.direction, found.rose) == ("improving", False)
    assert found.changed_in == series_of("rejection_rate", [0] * 13)[9].week


def test_the_newest_week_is_set_against_the_weeks_before_with_an_interval() -> None:
    found = trend("rejection_rate", [*STEADY, 20])
    # 40 % of 900 before; error √(0.4·0.6/100 + 0.4·0.6/900) = 0.0516, times 2.306 at 8 degrees of freedom
    assert (round(found.before_value or 0, 2), round(found.difference or 0, 2)) == (0.4, -0.2)
    assert (round(found.low or 0, 2), round(found.high or 0, 2)) == (-0.32, -0.08)


def test_a_neutral_measure_rises_and_does_not_improve() -> None:
    assert trend("handoff_rate", [*STEADY, 80]).direction == "rising"


def test_what_creeps_up_week_by_week_is_found_by_its_slope() -> None:
    found = trend("progression_rate", [20, 23, 26, 29, 32, 35, 38, 41, 44, 47])
    assert (found.direction, round(found.slope or 0, 3)) == ("improving", 0.03)
    assert (found.slope_low or 0) < 0.03 < (found.slope_high or 0)


def test_steady_weeks_are_stable() -> None:
    assert trend("live_accuracy", [*STEADY, 41]).direction == "stable"


def test_fewer_than_six_weeks_or_too_few_observations_are_not_enough() -> None:
    few = dated([a_share("live_accuracy", 40, 100) for _ in range(5)])
    thin = dated([*(a_share("live_accuracy", 4, 10) for _ in range(8)), a_share("live_accuracy", 40, 100)])
    assert [trend_of(one).direction for one in (few, thin)] == ["not enough data"] * 2


def test_a_mean_moves_beyond_what_its_weeks_vary_by() -> None:
    before = [a_mean("sentiment", value, 0.3, 100) for value in (0.30, 0.31, 0.29, 0.30, 0.28, 0.32, 0.30)]
    moved = trend_of(dated([*before, a_mean("sentiment", 0.55, 0.3, 100)]))
    still = trend_of(dated([*before, a_mean("sentiment", 0.31, 0.3, 100)]))
    assert (moved.direction, still.direction) == ("improving", "stable")


def test_counts_are_compared_to_the_same_point_in_the_week() -> None:
    found = trend_of(dated([*(a_count("calls_held", 100, so_far=40) for _ in range(7)), a_count("calls_held", 40)]))
    assert (found.before_value, found.difference, found.direction) == (40.0, 0.0, "stable")


def test_calls_that_stop_are_falling() -> None:
    found = trend_of(dated([*(a_count("calls_held", 40) for _ in range(8)), a_count("calls_held", 0)]))
    assert (found.difference, found.direction) == (-40.0, "falling")


def test_weeks_that_vary_much_by_themselves_are_not_taken_for_change() -> None:
    restless = [20, 60, 25, 55, 30, 62, 22, 58, 24, 60]
    assert trend("live_accuracy", restless).direction == "stable"


def test_what_is_clear_alone_may_not_be_among_many() -> None:
    alone = series_of("live_accuracy", [*STEADY, 63])
    others = [
        m
        for name in ("rejection_rate", "progression_rate", "text_coverage", "handoff_rate", "high_value_rate")
        for m in series_of(name, [*STEADY, 40])
    ]
    (by_itself,) = trends_of_week(alone)
    among = {t.measure.name: t for t in trends_of_week([*alone, *others])}["live_accuracy"]
    assert (among.p_value or 0) > 0
    assert by_itself.p_value == trend_of(alone).p_value
    assert (among.p_value or 0) <= 1


def test_quiet_weeks_seldom_alarm_and_a_planted_step_is_found() -> None:
    """The benchmark's worlds, small: 500 weeks of each are in docs/trends.md."""
    assert alarms_of(WORLDS[1], weeks=25, history=13, seed=5) <= 3
    assert found_of(WORLDS[0], 0.15, history=13, times=8, seed=3) >= 0.8


def test_a_segment_is_set_against_all_the_others() -> None:
    segments = [Segment("Retail", 50, 9, 40, 8), Segment("Software", 90, 60, 60, 42), Segment("Mining", 9, 5, 5, 1)]
    verdicts = {segment.name: segment.verdict for segment in judge_segments(segments)}
    assert verdicts == {"Retail": "below the others", "Software": "above the others", "Mining": "not enough data"}


@pytest.mark.parametrize("measure", load_measures(), ids=lambda measure: measure.name)
def test_every_measure_is_stable_where_nothing_moves(measure: object) -> None:
    name, kind = measure.name, measure.kind  # type: ignore[attr-defined]
    week = {"share": lambda: a_share(name, 20, 40), "mean": lambda: a_mean(name, 1.0, 0.5, 40),
            "count": lambda: a_count(name, 10)}[kind]()  # fmt: skip
    assert trend_of(dated([week] * 8)).direction == "stable"
