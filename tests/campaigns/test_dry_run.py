"""A dry run says what other rules would change, by which values, and changes nothing."""

import pytest

from campaigns.dimensions import Thresholds
from campaigns.dry_run import dry_run
from campaigns.qualify import qualify
from database import overrides
from tests.campaigns.members import book
from tests.campaigns.qualifying import BIG, RULES, outcomes, qualified, rows, some_members
from tests.factories import HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")
BIGGER = book(("bigger", "qualify", {"fact": "company.employees", "at_least": 200}), otherwise="disqualify")


def test_it_counts_outcomes_now_and_then_and_the_moves_between_them() -> None:
    some_members([80.0, 300.0, 5.0, 20.0, None])
    qualified()
    before = rows()
    told = dry_run("spring", BIGGER, Thresholds(), NOON + HOUR)
    assert (told.members, told.before, told.after) == (
        5, {"disqualified": 1, "qualified": 2, "review": 2}, {"disqualified": 4, "qualified": 1},
    )  # fmt: skip
    assert told.moves == {("review", "disqualified"): 2, ("qualified", "disqualified"): 1}
    assert rows() == before


def test_each_move_has_examples_with_the_reasons_of_before_and_after() -> None:
    some_members([80.0, 90.0, 100.0])
    qualified()
    told = dry_run("spring", BIGGER, Thresholds(), NOON + HOUR, examples=2)
    assert [(one.lead_id, one.name, one.company) for one in told.examples] == [
        ("lead0@c0.example", "Lead 0", "Company 0"), ("lead1@c1.example", "Lead 1", "Company 1"),
    ]  # fmt: skip
    first = told.examples[0]
    assert first.why_before is not None
    assert (first.before, first.why_before["rule"], first.after, first.why_after["rule"]) == (
        "qualified", "big", "disqualified", "otherwise",
    )  # fmt: skip
    assert first.why_after["tried"][0]["by"] == [
        {"fact": "company.employees", "value": 80, "is": "at least 200", "holds": False}
    ]


def test_members_without_a_card_come_from_not_being_looked_at() -> None:
    some_members([80.0])
    told = dry_run("spring", RULES, Thresholds(), NOON)
    assert (told.moves, told.examples[0].why_before) == ({("not looked at", "qualified"): 1}, None)
    assert outcomes() == []


@pytest.mark.parametrize("thresholds", [Thresholds(), Thresholds(company_fit=95), Thresholds(need=1)])
def test_what_it_says_is_what_qualifying_then_does(thresholds: Thresholds) -> None:
    some_members([80.0, 300.0, 5.0, 20.0, None])
    overrides.make("qualification", "spring", "lead2@c2.example", "qualified", "Mine.", "eve", NOON)
    rules = book(("fits", "qualify", {"fact": "company_fit.points", "at_least": 80}), ("big", "disqualify", BIG))
    told = dry_run("spring", rules, thresholds, NOON)
    assert qualify("spring", rules, thresholds, NOON).outcomes == told.after
