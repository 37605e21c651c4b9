"""Members are qualified when something changed, decided about when that changes anything, and people's word stands."""

import subprocess
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest

from campaigns import qualify as qualifying
from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from database import cards, overrides
from database.cards import card_of_member, outcomes_in
from database.decisions import Decided, decisions_about
from database.people import publish_companies
from database.predictions import keep_predictions
from ringback.settings import CHECKOUT
from tests.campaigns.members import book
from tests.campaigns.qualifying import BIG, LATER, RULES, outcomes, qualified, rows, some_members
from tests.factories import DAY, HOUR, NOON, a_prediction, company_facts

pytestmark = pytest.mark.usefixtures("home")
ANA = "lead0@c0.example"


def decided() -> list[Decided]:
    """Decisions about the first member, the earliest first."""
    return [one for one in reversed(decisions_about(ANA)) if one.kind == "qualification"]


def test_rules_decide_and_what_is_not_known_goes_to_a_person() -> None:
    some_members([80.0, 5.0, 20.0, None])
    told = qualified()
    assert outcomes() == [("qualified", "big"), ("disqualified", "small"), ("review", None), ("review", None)]
    assert (told.looked_at, told.decided, told.outcomes) == (4, 4, {"disqualified": 1, "qualified": 1, "review": 2})


def test_a_card_says_what_a_member_comes_to_and_its_decision_why() -> None:
    some_members([80.0])
    keep_predictions([a_prediction("one", 0.4, NOON - DAY, lead_id=ANA)])
    qualified()
    card = card_of_member("spring", ANA)
    assert card is not None
    assert (card.score, card.prediction_id, card.dimensions["size"]) == (
        40,
        "one-202603171200",
        [100, 80, "80 employees"],
    )
    assert [(one.outcome, one.because, one.decided_by) for one in decided()] == [
        ("qualified",
         {"rule": "big", "because": "", "tried": [
             {"rule": "big", "holds": True,
              "by": [{"fact": "company.employees", "value": 80, "is": "at least 50", "holds": True}]}]},
         f"rules:{RULES.hash}")
    ]  # fmt: skip


def test_a_decision_that_misses_something_says_what() -> None:
    some_members([None])
    qualified()
    missing = {"fact": "company.employees", "value": None, "is": "at least 50", "holds": None}
    assert decided()[0].because["tried"][0] == {"rule": "big", "holds": None, "by": [missing]}


def test_the_same_again_makes_no_card_and_no_decision() -> None:
    some_members([80.0, 5.0])
    qualified()
    again = qualified(at=NOON + HOUR)
    assert (again.looked_at, again.decided) == (0, 0)


def test_a_card_is_made_anew_each_day_without_a_new_decision() -> None:
    some_members([80.0])
    qualified()
    again = qualified(at=NOON + 2 * DAY)
    assert (again.looked_at, again.decided) == (1, 0)


@pytest.mark.parametrize(
    ("employees", "new"), [(80.0, []), (90.0, [("qualified", "big")]), (5.0, [("disqualified", "small")])]
)
def test_a_new_decision_needs_another_outcome_rule_or_value(employees: float, new: list[Any]) -> None:
    some_members([80.0])
    qualified()
    publish_companies([company_facts("c0.example", NOON + HOUR, employees=employees, country="Canada")])
    assert qualified(at=LATER).looked_at == 1
    assert [(one.outcome, one.because["rule"]) for one in decided()[1:]] == new


def test_values_that_only_fade_make_no_new_decision() -> None:
    some_members([80.0])
    fresh = book(("fresh", "qualify", {"fact": "timing.points", "at_least": 0}))
    publish_companies([company_facts("c0.example", headcount_growth=0.05, open_jobs=4.0)])
    told = [qualify("spring", fresh, Thresholds(), NOON + days * DAY).decided for days in (0, 30, 60)]
    assert told == [1, 0, 0]


def test_other_rules_or_thresholds_make_all_cards_anew() -> None:
    some_members([80.0, 5.0])
    qualified()
    assert qualify("spring", book(("big", "review", BIG)), Thresholds(), NOON).looked_at == 2
    assert qualified(thresholds=Thresholds(need=1)).looked_at == 2


@pytest.mark.parametrize(
    ("thresholds", "outcome", "because"),
    [
        (Thresholds(company_fit=98), "qualified", ""),
        (Thresholds(company_fit=100, budget_fit=30), "review", "company_fit is 98, below 100."),
        (Thresholds(company_fit=100, below="disqualify"), "disqualified", "company_fit is 98, below 100."),
        (Thresholds(engagement=1), "review", "too little is known for engagement."),
        (Thresholds(engagement=1, unknown="disqualify"), "disqualified", "too little is known for engagement."),
        (Thresholds(engagement=1, unknown="pass"), "qualified", ""),
        (Thresholds(score=41), "review", "score is 40, below 41."),
    ],
)
def test_a_qualified_member_under_a_threshold_of_the_campaign_is_not_qualified(
    thresholds: Thresholds, outcome: str, because: str
) -> None:
    some_members([80.0])
    publish_companies([company_facts("c0.example", industry="Healthcare", country="Canada", annual_revenue=1e7)])
    keep_predictions([a_prediction("one", 0.4, NOON - DAY, lead_id=ANA)])
    qualified(thresholds=thresholds)
    (only,) = decided()
    assert (only.outcome, only.because["because"]) == (outcome, because)
    assert only.because.get("qualified_by") == (None if outcome == "qualified" else "big")


def test_what_a_person_decided_stands_above_rules_and_thresholds_until_it_ends() -> None:
    some_members([5.0])
    qualified()
    overrides.make("qualification", "spring", ANA, "qualified", "She called me.", "eve", NOON + HOUR, NOON + DAY)
    for at in (NOON + HOUR, NOON + 2 * HOUR, NOON + DAY):
        qualified(at=at, thresholds=Thresholds(need=90))
    told = [(one.outcome, one.because["rule"], one.decided_by) for one in decided()]
    by_rules = f"rules:{RULES.hash}"
    assert told == [
        ("disqualified", "small", by_rules), ("qualified", "override", "eve"), ("disqualified", "small", by_rules),
    ]  # fmt: skip
    assert decided()[1].because["otherwise"] == "disqualified"
    assert decided()[1].because["until"] == "2026-03-19T12:00:00"


def test_an_override_that_is_withdrawn_gives_way_to_the_rules() -> None:
    some_members([5.0])
    made = overrides.make("qualification", "spring", ANA, "qualified", "She called me.", "eve", NOON)
    qualified(at=NOON + HOUR)
    overrides.withdraw(made.override_id, "eve", NOON + 2 * HOUR)
    qualified(at=NOON + 3 * HOUR)
    assert [one.outcome for one in decided()] == ["qualified", "disqualified"]


def test_an_override_of_another_kind_or_campaign_changes_nothing() -> None:
    some_members([5.0])
    overrides.make("owner", "spring", ANA, "eve@us.example", "hers", "eve", NOON)
    overrides.make("qualification", "autumn", ANA, "qualified", "hers", "eve", NOON)
    qualified()
    assert outcomes() == [("disqualified", "small")]


EMPLOYEES = [80.0, 5.0, 20.0, None, 300.0] * 12


def test_a_run_that_ends_half_way_and_is_run_again_leaves_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    some_members(EMPLOYEES)
    some_members(EMPLOYEES, "whole")
    qualified("whole")
    monkeypatch.setattr(qualifying, "stale_members", partial(qualifying.stale_members, at_most=7))
    keep, calls = cards.keep, Counter[str]()

    def fails_at_the_third(judged: Any) -> Any:
        calls["keep"] += 1
        if calls["keep"] == 3:
            list(judged)
            raise KeyboardInterrupt
        return keep(judged)

    monkeypatch.setattr(cards, "keep", fails_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        qualified()
    assert outcomes_in("spring").total() == 14
    assert qualified().looked_at == 46
    assert rows("spring") == rows("whole")


def process(campaign_id: str, at_most: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.campaigns.qualifying", campaign_id, str(at_most)]
    return subprocess.Popen(command, cwd=CHECKOUT)


def test_processes_at_once_of_which_one_is_killed_leave_the_rows_of_one_alone() -> None:
    some_members(EMPLOYEES)
    some_members(EMPLOYEES, "whole")
    qualified("whole")
    running = [process("spring", at_most) for at_most in (1, 3, 7)]
    while not outcomes_in("spring") and running[0].poll() is None:
        time.sleep(0.005)
    running[0].kill()
    assert [one.wait(60) for one in running[1:]] == [0, 0]
    running[0].wait(60)
    qualified()
    assert rows("spring") == rows("whole")


def test_a_hundred_members_take_well_under_a_second() -> None:
    some_members([80.0] * 100)
    began = time.perf_counter()
    assert qualified().decided == 100
    assert time.perf_counter() - began < 1
