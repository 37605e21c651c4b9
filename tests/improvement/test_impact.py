"""A change is judged once, when its window is over, and only as clearly as the days allow."""

from dataclasses import replace
from json import dumps, loads

import pytest

from benchmarks import impact as simulation
from improvement.impact import Impact, Question, Side, judge
from monitoring.days import Day
from monitoring.measure import Direction
from tests.factories import DAY
from tests.improvement.days import ON, OVER, counted, some_days

ASKED = Question(ON, "share", "higher_is_better")


def rising(by: float) -> list[Day]:
    return some_days(lambda number: 0.3 + (by if number > 0 else 0.0))


def falling_for_all(number: int) -> float:
    """Something outside takes a fifth away from everybody on the day of the change."""
    return 0.4 if number <= 0 else 0.2


def test_a_share_that_rose_by_twenty_points_has_worked() -> None:
    found = judge(ASKED, rising(0.2), OVER)
    assert (found.verdict, found.reasons) == ("worked", ())
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.2 < found.high < 0.3
    assert (found.touched.n_before, found.touched.n_after) == (1_400, 1_400)
    assert found.placebos == 112 - 2 * 14


@pytest.mark.parametrize(
    ("direction", "by", "verdict"),
    [("higher_is_better", -0.2, "made it worse"), ("lower_is_better", -0.2, "worked"),
     ("lower_is_better", 0.2, "made it worse"), ("neutral", 0.2, "cannot tell")],
)  # fmt: skip
def test_which_way_is_good_decides(direction: Direction, by: float, verdict: str) -> None:
    assert judge(replace(ASKED, direction=direction), rising(by), OVER).verdict == verdict


def test_of_a_neutral_measure_the_promised_way_is_the_good_one() -> None:
    assert judge(Question(ON, "share", "neutral", expected=0.1), rising(0.2), OVER).verdict == "worked"


def test_the_day_of_the_change_counts_nowhere() -> None:
    even = some_days(lambda number: 0.3)
    odd = [replace(day, mean=1.0) if day.day == ON else day for day in even]
    assert judge(ASKED, odd, OVER).facts() == judge(ASKED, even, OVER).facts()


def test_nothing_is_said_before_the_window_is_over() -> None:
    days = rising(0.2)
    early = [judge(ASKED, days[: -14 + day], ON + day * DAY) for day in (1, 9)]
    assert [(one.verdict, one.effect, one.reasons) for one in early] == [
        (None, None, ("too early (day 1 of 14)",)), (None, None, ("too early (day 9 of 14)",)),
    ]  # fmt: skip
    assert judge(ASKED, days, OVER - DAY / 24).verdict is None


def test_no_visible_effect_is_said_only_where_one_would_have_been_seen() -> None:
    still = some_days(lambda number: 0.3)
    large, small = replace(ASKED, expected=0.25), replace(ASKED, expected=0.01)
    assert judge(large, still, OVER).verdict == "no visible effect"
    unclear = judge(small, still, OVER)
    assert unclear.verdict == "cannot tell"
    assert unclear.smallest is not None
    assert unclear.smallest > 0.01
    assert unclear.reasons == ("the interval has room for an effect that matters as well as for none",)


def test_a_control_takes_out_what_happened_to_everybody() -> None:
    touched = some_days(lambda number: falling_for_all(number) + (0.15 if number > 0 else 0.0))
    control = some_days(falling_for_all, n=200, seed=2)
    assert judge(ASKED, touched, OVER).effect == pytest.approx(-0.05, abs=0.06)
    held_against = judge(replace(ASKED, compared_with="the other templates"), touched, OVER, control)
    assert held_against.effect == pytest.approx(0.15, abs=0.06)
    assert held_against.compared_with == "the other templates"
    assert held_against.control is not None
    assert held_against.control.n_after == 2_800


def test_where_only_the_control_moved_nothing_is_claimed() -> None:
    found = judge(ASKED, some_days(lambda number: 0.3), OVER, some_days(falling_for_all, n=200, seed=2))
    assert found.verdict == "cannot tell"
    assert found.reasons == ("the control fell by itself, and the touched part did not clearly move: that may be all "
                             "there is",)  # fmt: skip


def test_another_change_in_the_same_weeks_leaves_it_open_unless_the_control_had_it_too() -> None:
    days, control = rising(0.2), some_days(lambda number: 0.3, n=200, seed=2)
    disturbed = replace(ASKED, overlapping=["T-1 on 2026-06-05"])
    both = replace(ASKED, kept_apart=["T-1 on 2026-06-05"])
    assert judge(disturbed, days, OVER, control).verdict == "cannot tell"
    assert judge(both, days, OVER).verdict == "cannot tell"
    apart = judge(both, days, OVER, control)
    assert (apart.verdict, apart.reasons[0][:36]) == ("worked", "the control had it as well, so it fa")


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (some_days(lambda number: 0.3, past=41), "it has a past of 41 days before the change, 42 are needed"),
        (some_days(lambda number: 0.3, n=1), "it has 14 observations in one of the windows, 20 are needed"),
        (some_days(lambda number: 0.001, n=20), "too near none or all to tell a spread"),
        ([], "it has a past of 0 days before the change, 42 are needed"),
    ],
)
def test_too_little_to_judge_by_is_said(days: list[Day], told: str) -> None:
    found = judge(ASKED, days, OVER)
    assert found.verdict == "cannot tell"
    assert told in found.reasons[0]


def test_a_control_with_too_few_observations_is_not_used_and_that_is_said() -> None:
    found = judge(ASKED, rising(0.2), OVER, some_days(lambda number: 0.3, n=1))
    assert (found.control, found.verdict) == (None, "worked")
    assert found.reasons[0] == (
        "without a control: the others has 14 observations in one of the windows, 20 are needed"
    )


def test_a_series_that_never_varies_cannot_be_judged() -> None:
    always = [Day(ON + number * DAY, 10, 4.0, 0.0) for number in range(-112, 15)]
    assert judge(Question(ON, "mean", "higher_is_better"), always, OVER).verdict == "cannot tell"


def test_a_count_is_told_a_week_and_its_weekly_rhythm_is_no_change() -> None:
    def usual(number: int) -> int:
        return 5 if number % 7 in (3, 4) else 20 + number * number % 5

    still, more = counted(usual), counted(lambda number: usual(number) + (30 if number > 0 else 0))
    asked = Question(ON, "count", "higher_is_better")
    assert judge(asked, still, OVER).verdict != "worked"
    found = judge(asked, more, OVER)
    assert (found.verdict, found.effect) == ("worked", pytest.approx(210, rel=0.1))
    assert found.touched.before == pytest.approx(sum(usual(number) for number in range(-14, 0)) / 2)


def test_a_fall_three_weeks_before_does_not_hide_what_a_change_did() -> None:
    fell = some_days(lambda number: 0.45 if number < -21 else 0.3 if number <= 0 else 0.45)
    found = judge(ASKED, fell, OVER)
    assert found.verdict == "worked"
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.15 < found.high


def test_an_impact_comes_back_from_json_as_it_was() -> None:
    found = judge(ASKED, rising(0.2), OVER, some_days(lambda number: 0.3, n=200, seed=2))
    assert Impact.read(loads(dumps(found.facts()))) == found
    early = Impact(ON, None, ("too early (day 1 of 14)",), Side(10, 1, 0.5, None))
    assert Impact.read(loads(dumps(early.facts()))) == early


def test_the_same_days_give_the_same_numbers_to_the_bit() -> None:
    days, control = rising(0.2), some_days(lambda number: 0.3, n=200, seed=2)
    assert judge(ASKED, days, OVER, control).facts() == judge(ASKED, days, OVER, control).facts()


def test_tickets_without_an_effect_are_rarely_judged_and_what_the_design_sees_is_found() -> None:
    """A small seeded version of `python -m benchmarks.impact`; docs/impact.md has the figures of the large one."""
    chosen = [one for one in simulation.SCENARIOS if one.name.startswith("share, 30")]
    quiet = simulation.tally(chosen[0], 20, 0.0, seed=11)
    moved = simulation.tally(chosen[0], 15, quiet.smallest, seed=12)
    assert (quiet.judged, quiet.good + quiet.bad <= 2, quiet.covered >= 18) == (20, True, True)
    assert (moved.good >= 11, moved.bad, moved.covered >= 13) == (True, 0, True)
