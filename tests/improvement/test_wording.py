"""What is said of a movement is what was found to be more than chance, also where the newest week went another way."""

from improvement.trends import trend_of
from improvement.wording import moved_text
from tests.improvement.weeks import a_count, dated, series_of

STEADY = [40, 41, 39, 40, 42, 38, 40, 41, 39]


def test_a_newest_week_that_differs_is_set_against_those_before() -> None:
    said = moved_text(trend_of(series_of("rejection_rate", [*STEADY, 16])))
    assert said == "fell to 16 % (n = 100 handed-off and decided calls), from 40 % in the 9 weeks before (n = 900)"


def test_a_step_some_weeks_ago_is_dated_and_the_newest_week_said_beside_it() -> None:
    series = series_of("rejection_rate", [*STEADY, 16, 12, 15, 17])
    assert moved_text(trend_of(series)) == (
        f"fell in the week of {series[9].week:%-d %B}, to 15 % (n = 400) since then from 40 % (n = 900); "
        "this week 17 % (n = 100 handed-off and decided calls)"
    )


def test_a_count_that_has_been_flat_since_its_step_is_said_by_the_week() -> None:
    series = dated([a_count("calls_held", n) for n in (*([40] * 8), *([100] * 5))])
    assert moved_text(trend_of(series)) == (
        f"rose in the week of {series[8].week:%-d %B}, to 100 calls a week since then from 40 calls a week; "
        "this week 100 calls"
    )


def test_what_creeps_is_said_by_its_slope() -> None:
    said = moved_text(trend_of(series_of("progression_rate", [20, 23, 26, 29, 32, 35, 38, 41, 44, 43])))
    assert said.startswith("rose week by week, by +2.8 points (")
    assert said.endswith(") each, to 43 % (n = 100 decided calls) this week")
