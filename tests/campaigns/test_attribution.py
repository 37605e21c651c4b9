"""Credit by first, last and every touch adds up to the calls that progressed, whatever the order."""

from datetime import datetime, timedelta

from campaigns.attribution import Credit, credits_of, totals
from campaigns.performance import StageRate, rates
from database.campaign_performance import Stage, Touch

NOON = datetime(2026, 3, 18, 12)


def a_touch(template: str, day: int, lead: str = "ana", call: str = "c1") -> Touch:
    return Touch(lead, call, NOON + timedelta(days=30), "intro", template, NOON + timedelta(days=day))


TOUCHES = [a_touch("second", 3), a_touch("first", 0), a_touch("first", 1, "ben", "c2")]


def test_each_rule_credits_in_its_own_way() -> None:
    assert credits_of(TOUCHES) == [
        Credit("intro", "first", first_touch=2.0, last_touch=1.0, linear=1.5, calls=2),
        Credit("intro", "second", first_touch=0.0, last_touch=1.0, linear=0.5, calls=1),
    ]


def test_every_rule_gives_out_one_a_call_in_any_order() -> None:
    assert totals(credits_of(TOUCHES)) == {"first_touch": 2.0, "last_touch": 2.0, "linear": 2.0}
    assert credits_of(reversed(TOUCHES)) == credits_of(TOUCHES)


def test_a_stage_that_is_larger_than_the_one_before_has_no_share() -> None:
    found = rates([Stage("contacted", 10), Stage("engaged", 4), Stage("meeting", 6)])
    assert [one.share_of_before for one in found] == [None, 0.4, None]
    assert found[1].low is not None
    assert found[0] == StageRate("contacted", 10, None, None, None)
