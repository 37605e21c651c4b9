"""Money is claimed where somebody has said what one is worth, with an interval a reader can add up."""

from pathlib import Path

import pytest

from improvement.impact import Impact, Side
from improvement.roi import Cumulative, Estimate, Measured, Money, Return, cumulative, load_money, returns, returns_of
from monitoring.measure import Direction, Kind, Measure
from ringback.errors import BadMapping
from ringback.settings import settings
from tests.factories import NOON

EFFORT = '[effort_hour]\ntitle = "An hour"\nusd = 100\nsource = "assumed"\n'
CALL = '[call]\ntitle = "A call"\nusd = 50\nsource = "assumed"\n'


def a_measure(direction: Direction = "higher_is_better", worth: str | None = "call", kind: Kind = "share") -> Measure:
    return Measure(
        name="progression_rate", title="Calls that progressed", why="the result", unit="%", sample="calls",
        direction=direction, owner="Sales", minimum_sample=20, kind=kind, worth=worth, sql="SELECT $as_of",
    )  # fmt: skip


@pytest.fixture
def money(tmp_path: Path) -> Money:
    (tmp_path / "money.toml").write_text(EFFORT + CALL)
    return load_money(tmp_path / "money.toml")


def seen(value: Estimate | None) -> tuple[float, ...] | None:
    return None if value is None else tuple(round(end, 6) for end in (value.low, value.value, value.high))


def test_four_points_of_200_calls_a_week_at_50_dollars_are_400_dollars_a_week(money: Money) -> None:
    told = returns(money, a_measure(), Estimate(0.01, 0.04, 0.07), 200, effort_hours=8)
    # 0.04 × 200 × 50 = 400; over 26 weeks 10,400; it costs 8 × 100 = 800
    assert seen(told.per_week) == (100, 400, 700)
    assert (seen(told.value), told.cost, told.payback_weeks) == ((2_600, 10_400, 18_200), 800, 2)
    assert seen(told.roi) == (2.25, 12, 21.75)
    assert told.assumed == "A call: 50.00 USD (assumed)"


def test_a_fall_earns_where_lower_is_better(money: Money) -> None:
    told = returns(money, a_measure("lower_is_better"), Estimate(-0.07, -0.04, -0.01), 200, 8)
    assert seen(told.per_week) == (100, 400, 700)


def test_what_got_worse_never_pays_back(money: Money) -> None:
    told = returns(money, a_measure(), Estimate(-0.07, -0.04, -0.01), 200, 8)
    assert (seen(told.per_week), told.payback_weeks) == ((-700, -400, -100), None)


def test_no_money_is_claimed_for_a_measure_without_a_worth(money: Money) -> None:
    told = returns(money, a_measure(worth=None), Estimate(0.01, 0.04, 0.07), 200, 8)
    assert (told.cost, told.per_week, told.value, told.roi) == (800, None, None, None)
    assert told.assumed == "no money is claimed: nobody has said what one is worth"


def test_of_a_neutral_measure_the_promised_way_is_the_good_one(money: Money) -> None:
    effect = Estimate(-0.07, -0.04, -0.01)
    promised = returns(money, a_measure("neutral"), effect, 200, 8, falling_is_good=True)
    assert seen(promised.per_week) == (100, 400, 700)
    assert returns(money, a_measure("neutral"), effect, 200, 8).per_week is None


def test_a_measured_impact_counts_at_the_observations_a_week_after_the_change(money: Money) -> None:
    impact = Impact(NOON, "worked", (), Side(380, 400, 0.3, 0.34), effect=0.04, low=0.01, high=0.07)
    told = returns_of(money, a_measure(), impact, effort_hours=8)
    assert seen(told.per_week) == (100, 400, 700)  # 400 in two weeks are 200 a week


def test_a_count_is_already_a_weeks(money: Money) -> None:
    impact = Impact(NOON, "worked", (), Side(80, 100, 40, 50), effect=10, low=4, high=16)
    assert seen(returns_of(money, a_measure(kind="count"), impact, 8).per_week) == (200, 500, 800)


def a_return(low: float, value: float, high: float) -> Return:
    return Return(100, Estimate(0, 0, 0), 26, Estimate(low, value, high), None, None, "")


def test_only_what_was_seen_counts_as_earned_but_every_interval_counts() -> None:
    together = cumulative(
        [
            Measured("worked", a_return(700, 1_000, 1_300)),
            Measured("made it worse", a_return(-800, -400, 0)),
            Measured("cannot tell", a_return(-500, 700, 1_900)),
            Measured("no visible effect", Return(100, None, 26, None, None, None, "no money is claimed")),
        ]
    )
    # earned 1,000 - 400 + 0; half widths √(300² + 400² + 1,200²) = 1,300
    assert together == Cumulative(4, 3, 400, Estimate(-700, 600, 1_900), Estimate(-2.75, 0.5, 3.75))


def test_nothing_measured_is_nothing_earned() -> None:
    assert cumulative([]) == Cumulative(0, 0, 0, None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[effort_hour", "is not TOML"),
        (EFFORT.replace("100", "-1"), "effort_hour.usd: Input should be greater than or equal to 0"),
        (EFFORT.replace('source = "assumed"', ""), "effort_hour.source: Field required"),
        (CALL, "does not say what 'effort_hour' is worth; it has call"),
    ],
)
def test_a_money_file_that_cannot_be_followed_says_where(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(BadMapping, match=r"wrong\.toml") as failure:
        load_money(file)
    assert told in str(failure.value)


def test_a_missing_money_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="RINGBACK_MONEY names it"):
        load_money(tmp_path / "none.toml")


def test_our_own_file_says_where_each_assumption_comes_from() -> None:
    assert {worth.source[:8] for worth in load_money(settings().money).worths.values()} == {"assumed:"}


def test_every_worth_that_a_measure_names_is_in_our_file() -> None:
    from monitoring.measure import load_measures

    money = load_money(settings().money)
    assert [one.name for one in load_measures() if one.worth is not None and one.worth not in money.worths] == []
