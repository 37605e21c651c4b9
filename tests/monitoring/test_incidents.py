"""What opens, escalates and recovers follows from how things stand; people are left in peace at night."""

from datetime import datetime, time
from typing import Any

from database.health import Standing
from database.incidents import Open
from database.notices import Telling
from monitoring.health_limits import Quiet
from monitoring.health_limits import Telling as Policy
from monitoring.incidents import Change, changes, may_be_told_at, recovery_tellings, tellings
from tests.factories import DAY, HOUR, NOON
from tests.monitoring.facts import rules

POLICY = Policy(open_after=1, escalate_after=3)
ZONE = "America/Chicago"
NIGHT = datetime(2026, 3, 19, 3)
"""22:00 in Chicago."""
MORNING = datetime(2026, 3, 19, 11)


def standing(status: str, consecutive: int = 1, **known: Any) -> Standing:
    facts: dict[str, Any] = {
        "component": "machine", "check": "disk", "words": "2 GiB are free", "measured_at": NOON, "since": NOON,
    }  # fmt: skip
    return Standing(status=status, consecutive=consecutive, **(facts | known))  # type: ignore[arg-type]  # one of the words


def opened(severity: str = "needs_attention", at: datetime = NOON - DAY) -> Open:
    return Open("health", "machine: disk", at, "3 GiB", severity, "the incident")  # type: ignore[arg-type]


def steps(stands: list[Standing], known: list[Open], policy: Policy = POLICY) -> list[tuple[str, str]]:
    return [(one.step, one.severity) for one in changes(stands, known, NOON, policy)]


def test_what_goes_wrong_opens_once() -> None:
    assert steps([standing("needs_attention")], []) == [("opened", "needs_attention")]
    assert steps([standing("needs_attention", 2)], [opened()]) == []
    assert steps([standing("good")], []) == []


def test_an_incident_can_be_made_to_wait_for_a_second_look() -> None:
    patient = Policy(open_after=2)
    assert steps([standing("needs_attention", 1)], [], patient) == []
    assert steps([standing("needs_attention", 2)], [], patient) == [("opened", "needs_attention")]


def test_the_third_look_in_a_row_escalates_and_so_does_what_becomes_critical_each_once() -> None:
    assert steps([standing("needs_attention", 3)], [opened()]) == [("escalated", "critical")]
    assert steps([standing("critical", 2)], [opened()]) == [("escalated", "critical")]
    assert steps([standing("critical", 4)], [opened("critical")]) == []
    assert steps([standing("needs_attention", 9)], [opened("critical")]) == []


def test_what_is_well_again_or_no_longer_used_recovers() -> None:
    for status in ("excellent", "good", "not_in_use"):
        assert steps([standing(status)], [opened()]) == [("recovered", "needs_attention")]


def test_what_was_not_looked_at_stays_as_it_was_until_it_is_given_up_after_a_week() -> None:
    assert steps([standing("critical", measured_at=NOON - DAY)], [opened("critical")]) == []
    assert steps([standing("critical", measured_at=NOON - DAY)], []) == []
    assert steps([standing("critical", measured_at=NOON - 7 * DAY)], [opened("critical")]) == [
        ("recovered", "critical")
    ]
    assert steps([], [opened()]) == []
    (gone,) = changes([], [opened(at=NOON - 8 * DAY)], NOON, POLICY)
    assert gone == Change(
        "recovered", "machine", "machine: disk", "needs_attention", "it is no longer looked at", "the incident"
    )


def test_incidents_of_others_are_left_alone() -> None:
    assert steps([standing("good")], [Open("drift", "machine: disk", NOON, "moved")]) == []


def test_what_needs_attention_at_night_is_told_in_the_morning_and_what_is_critical_at_once() -> None:
    assert tellings("needs_attention", NIGHT, rules(), ZONE, ["a@b.example"]) == [
        Telling("slack", MORNING), Telling("event", NIGHT),
    ]  # fmt: skip
    assert tellings("critical", NIGHT, rules(), ZONE, ["a@b.example", "c@d.example"]) == [
        Telling("slack", NIGHT), Telling("mail", NIGHT, "a@b.example"), Telling("mail", NIGHT, "c@d.example"),
        Telling("event", NIGHT),
    ]  # fmt: skip


def test_critical_things_can_be_held_until_the_morning_too() -> None:
    held = Quiet(since=time(21), until=time(6), critical="hold")
    assert may_be_told_at("critical", NIGHT, held, ZONE) == MORNING
    assert may_be_told_at("critical", MORNING, held, ZONE) == MORNING
    assert may_be_told_at("critical", datetime(2026, 3, 19, 10, 59), held, ZONE) == MORNING


def test_quiet_hours_within_a_day_end_that_day_and_none_at_all_are_possible() -> None:
    noon_rest = Quiet(since=time(12), until=time(14))
    assert may_be_told_at("needs_attention", datetime(2026, 3, 18, 17, 30), noon_rest, ZONE) == datetime(
        2026, 3, 18, 19
    )
    assert may_be_told_at("needs_attention", NIGHT, None, ZONE) == NIGHT


def test_quiet_hours_over_the_change_to_summer_time_end_when_the_clock_says_so() -> None:
    before = datetime(2026, 3, 8, 5)
    assert may_be_told_at("needs_attention", before, rules().quiet, ZONE) == datetime(2026, 3, 8, 11)
    assert may_be_told_at("needs_attention", before - 24 * HOUR, rules().quiet, ZONE) == datetime(2026, 3, 7, 12)


def test_a_recovery_is_told_where_the_incident_was() -> None:
    told = [("event", ""), ("mail", "a@b.example")]
    assert recovery_tellings(told, "critical", NIGHT, rules(), ZONE) == [
        Telling("event", NIGHT), Telling("mail", NIGHT, "a@b.example"),
    ]  # fmt: skip
