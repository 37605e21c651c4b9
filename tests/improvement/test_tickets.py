"""The same is recommended once while somebody works on it, and afterwards with what the last round did."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from json import dumps, loads
from typing import Any

import pytest

from database.tickets import Event, Kind, Ticket
from improvement.impact import Impact, Side
from improvement.roi import SAID_IN_MONEY, Estimate, load_money
from improvement.tickets import Line, Priority, Proposal, brought, checked_day, effect_text, line_of, sorted_out
from monitoring.measure import Measure
from ringback.errors import WrongUsage
from ringback.settings import settings
from tests.factories import DAY, NOON

ON = datetime(2026, 5, 3)


def a_measure(worth: str | None = "progressed_call") -> Measure:
    return Measure(
        name="progression_rate", title="Calls that progressed", why="the result", unit="%", sample="calls",
        direction="higher_is_better", owner="Sales", minimum_sample=20, kind="share", worth=worth, sql="SELECT $as_of",
    )  # fmt: skip


MEASURES = {"progression_rate": a_measure()}


def a_proposal(subject: str = "intro_v2", priority: Priority = "MEDIUM", **known: Any) -> Proposal:
    facts: dict[str, Any] = {
        "rule": "template", "title": "Change it", "category": "messages", "measure": "progression_rate",
        "dimension": "template", "member": "intro_v2", "effort_hours": 10.0,
    }  # fmt: skip
    return Proposal(subject=subject, priority=priority, **(facts | known))


def an_event(kind: Kind, at: datetime, note: str | None = None, details: Mapping[str, Any] | None = None) -> Event:
    return Event("T-1", kind, at, "ana", note, details or {})


def a_ticket(*events: Event, round: int = 1, proposal: Proposal | None = None) -> Ticket:
    said = asdict(proposal or a_proposal())
    opened = an_event("open", NOON)
    return Ticket(f"T-{round}", "template", "intro_v2", round, NOON, said, (opened, *events))


def an_impact(verdict: Any = "no visible effect", effect: float = -0.012) -> Impact:
    side = Side(700, 700, 0.35, 0.35 + effect)
    return Impact(ON, verdict, (), side, effect=effect, low=effect - 0.048, high=effect + 0.052)


ACCEPTED = an_event("accepted", NOON + DAY)
IMPLEMENTED = an_event("implemented", NOON + 2 * DAY, None, {"on": ON.isoformat()})
MEASURED = an_event("measured", NOON + 70 * DAY, None, an_impact().facts())
REJECTED = an_event("rejected", NOON + DAY, "not now")


def test_what_nobody_recommended_before_becomes_a_ticket_of_the_first_round() -> None:
    told = sorted_out([a_proposal()], [], NOON, MEASURES)
    assert [(one.rule, one.subject, one.round) for one in told.new] == [("template", "intro_v2", 1)]
    assert Proposal.read(told.new[0].recommendation) == a_proposal()
    assert (told.held_back, told.seen, told.stale) == ((), (), ())


@pytest.mark.parametrize(
    ("events", "state", "seen"),
    [((), "open", ("T-1",)), ((ACCEPTED,), "accepted", ("T-1",)), ((ACCEPTED, IMPLEMENTED), "implemented", ())],
)
def test_while_somebody_works_on_it_it_is_not_repeated(
    events: tuple[Event, ...], state: str, seen: tuple[str, ...]
) -> None:
    told = sorted_out([a_proposal()], [a_ticket(*events)], NOON + 7 * DAY, MEASURES)
    assert (told.new, told.seen) == ((), seen)
    assert [(one.ticket_id, one.state) for one in told.held_back] == [("T-1", state)]


def test_once_measured_it_comes_again_with_evidence_of_after_the_change_and_remembers_what_the_last_did() -> None:
    measured = [a_ticket(ACCEPTED, IMPLEMENTED, MEASURED)]  # on 3 May, 46 days after NOON
    before = sorted_out([a_proposal()], measured, NOON + 87 * DAY, MEASURES)
    assert ([one.state for one in before.held_back], before.new) == (["measured"], ())
    told = sorted_out([a_proposal()], measured, NOON + 88 * DAY, MEASURES)
    assert [one.round for one in told.new] == [2]
    assert Proposal.read(told.new[0].recommendation).earlier == (
        "round 1, implemented 3 May 2026: no visible effect (−1.2 points, −6.0 to +4.0)",
    )


def test_what_was_rejected_rests_for_90_days_unless_it_becomes_more_urgent() -> None:
    rejected = [a_ticket(REJECTED)]
    after = [sorted_out([a_proposal()], rejected, NOON + days * DAY, MEASURES) for days in (90, 91)]
    assert [len(one.new) for one in after] == [0, 1]
    urgent = sorted_out([a_proposal(priority="HIGH")], rejected, NOON + 7 * DAY, MEASURES)
    assert [one.round for one in urgent.new] == [2]
    assert Proposal.read(urgent.new[0].recommendation).earlier == ("round 1, rejected 19 March 2026: not now",)


def test_a_ticket_whose_evidence_is_gone_for_four_weeks_is_stale_once() -> None:
    waiting = a_ticket(an_event("seen", NOON + 7 * DAY))
    told = [sorted_out([], [waiting], NOON + days * DAY, MEASURES).stale for days in (34, 35)]
    assert told == [(), ("T-1",)]
    marked = a_ticket(an_event("seen", NOON + 7 * DAY), an_event("stale", NOON + 35 * DAY))
    assert sorted_out([], [marked], NOON + 42 * DAY, MEASURES).stale == ()
    assert sorted_out([a_proposal()], [marked], NOON + 42 * DAY, MEASURES).seen == ("T-1",)
    assert sorted_out([], [a_ticket(ACCEPTED, IMPLEMENTED)], NOON + 42 * DAY, MEASURES).stale == ()


def test_of_two_proposals_on_the_same_the_first_counts() -> None:
    told = sorted_out([a_proposal(title="first"), a_proposal(title="second"), a_proposal("b")], [], NOON, MEASURES)
    assert [one.recommendation["title"] for one in told.new] == ["first", "Change it"]


def test_a_day_in_the_future_or_long_before_the_ticket_is_no_day_of_its_change() -> None:
    one, now = a_ticket(), NOON + DAY
    assert checked_day(NOON - 30 * DAY, one, now) == datetime(2026, 2, 16)
    with pytest.raises(WrongUsage, match="2026-03-20 is in the future"):
        checked_day(NOON + 2 * DAY, one, now)
    with pytest.raises(WrongUsage, match="more than 30 days before the ticket"):
        checked_day(NOON - 31 * DAY, one, now)


def test_a_line_says_what_was_promised_and_what_came_of_it() -> None:
    promised = a_proposal(expected_low=0.01, expected_value=0.02, expected_high=0.03, per_week_n=100.0)
    worked = an_event("measured", NOON + 70 * DAY, None, an_impact("worked", 0.1).facts())
    line = line_of(
        a_ticket(ACCEPTED, IMPLEMENTED, worked, proposal=promised), NOON + 71 * DAY, MEASURES,
        load_money(settings().money),
    )  # fmt: skip
    assert (line.state, line.age_days, line.implemented_on, line.verdict) == ("measured", 71, ON, "worked")
    assert line.expected is not None
    assert line.expected.per_week is not None
    assert line.expected.per_week.value == pytest.approx(800)  # 0.02 × 100 × 400 USD
    assert line.returned is not None
    assert line.returned.per_week is not None
    assert line.returned.per_week.value == pytest.approx(14_000)  # 0.1 × 350 × 400 USD
    together = brought([line])
    assert together.earned is not None
    assert (together.tickets, together.cost, together.earned.value) == (1, 900, pytest.approx(364_000))


def test_what_the_evidence_says_in_money_is_what_the_ticket_promised() -> None:
    promised = a_proposal(usd_low=5_000.0, usd_value=8_808.0, usd_high=12_000.0, effort_hours=1.0)
    expected = line_of(a_ticket(proposal=promised), NOON, MEASURES, load_money(settings().money)).expected
    assert expected is not None
    assert (expected.per_week, expected.assumed) == (Estimate(5_000, 8_808, 12_000), SAID_IN_MONEY)
    assert Proposal.read(asdict(promised)) == promised


def test_a_ticket_without_a_stated_effect_or_a_known_measure_claims_nothing() -> None:
    money = load_money(settings().money)
    assert line_of(a_ticket(), NOON, MEASURES, money).expected is None
    gone: Line = line_of(a_ticket(ACCEPTED, IMPLEMENTED, MEASURED), NOON + 71 * DAY, {}, money)
    assert (gone.verdict, gone.returned) == ("no visible effect", None)


def test_effects_are_said_with_sign_unit_and_interval() -> None:
    hours = a_measure().model_copy(update={"kind": "mean", "unit": "hours"})
    calls = a_measure().model_copy(update={"kind": "count", "unit": "calls"})
    assert effect_text(a_measure(), 0.041, -0.013, 0.069) == "+4.1 points, −1.3 to +6.9"
    assert effect_text(hours, -3.25, -5.0, -1.5) == "−3.2 hours, −5.0 to −1.5"
    assert effect_text(calls, 12, -3, 27) == "+12 calls a week, −3 to +27"


def test_proposals_survive_json() -> None:
    told = a_proposal(facts={"evidence": [["Replies", "3 % (n = 40)"]]}, earlier=("round 1, open",))
    assert Proposal.read(loads(dumps(asdict(told)))) == told
