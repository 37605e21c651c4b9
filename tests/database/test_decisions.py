"""A decision is kept where it differs from the last one, under an id that everybody comes to."""

from dataclasses import replace
from typing import Any

import pytest

from database.campaign_landing import decisions_to_land, mark_decisions
from database.decisions import Decided, decisions_about, decisions_in, keep, last_about
from tests.factories import DAY, HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")


def decided(outcome: str = "qualified", hours: float = 0, **known: Any) -> Decided:
    facts: dict[str, Any] = {
        "kind": "qualification", "campaign_id": "spring", "lead_id": "ana@acme.com", "decided_at": NOON + hours * HOUR,
        "outcome": outcome, "because": {"rule": "big"}, "decided_by": "rules:1",
    }  # fmt: skip
    return Decided(**(facts | known))


def test_the_same_again_is_no_new_decision_and_coming_back_to_it_is_one() -> None:
    new = [
        len(keep([decided(outcome, hours)]))
        for hours, outcome in enumerate(("qualified", "qualified", "review", "qualified"))
    ]
    assert new == [1, 0, 1, 1]
    assert [one.outcome for one in decisions_about("ana@acme.com")] == ["qualified", "review", "qualified"]


def test_other_grounds_make_a_new_decision_of_the_same_outcome() -> None:
    assert len(keep([decided(), decided(hours=1, because={"rule": "small"})])) == 2
    assert len(keep([decided(hours=2, grounds="x"), decided(hours=3, grounds="x", because={"rule": "other"})])) == 1


def test_kinds_campaigns_and_leads_do_not_stand_in_for_each_other() -> None:
    other = [decided(kind="routing"), decided(campaign_id="autumn"), decided(lead_id="ben@acme.com")]
    assert len(keep([decided(), *other])) == 4


def test_whoever_comes_to_the_same_decision_gives_it_the_same_id() -> None:
    first = keep([decided()])[0]
    assert first == replace(decided(), grounds=first.grounds, decision_id=first.decision_id)
    assert len(first.decision_id) == 24
    assert last_about("spring", ["ana@acme.com", "nobody"]) == {"ana@acme.com": first}


def test_decisions_come_in_pages_the_last_first() -> None:
    keep([decided(str(hours), hours) for hours in range(5)])
    keep([decided("not routed", 9, kind="routing")])
    first = decisions_in("spring", 2, kind="qualification")
    then = decisions_in("spring", 9, kind="qualification", before=first[-1])
    assert [one.outcome for one in (*first, *then)] == ["4", "3", "2", "1", "0"]
    about = decisions_about("ana@acme.com", 2, "spring")
    assert [one.outcome for one in about] == ["not routed", "4"]
    assert [one.outcome for one in decisions_about("ana@acme.com", 1, before=about[-1])] == ["3"]


def test_what_the_warehouse_has_is_marked_and_not_given_again() -> None:
    keep([decided("a"), decided("b", 1), decided("c", 48)])
    waiting = decisions_to_land(NOON + DAY, 10)
    assert [one["outcome"] for one in waiting] == ["a", "b"]
    mark_decisions(waiting[:1], NOON + DAY)
    assert [one["outcome"] for one in decisions_to_land(NOON + 9 * DAY, 10)] == ["b", "c"]
