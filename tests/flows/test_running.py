"""Each report is made once and in order: what is missing is found, what fails is tried again, then people are told."""

from datetime import datetime, timedelta

import pytest

from database import report_runs
from database.incidents import open_incidents
from database.report_runs import beat, mark_sent, runs
from flows.catch_up_reports import speaking_of
from flows.environment import moment_of
from flows.running import WAIT_AT_MOST_SECONDS, Due, attempt, due_at, due_reports, late_note, wait_until_calm, waiting
from reports.periods import Period, period_of
from ringback.clock import now
from ringback.errors import WrongUsage
from tests.factories import DAY, HOUR

pytestmark = pytest.mark.usefixtures("home")

SUNDAY = datetime(2026, 3, 29, 14)
"""Nine in Chicago, in summer time; its week ends March and with it the quarter."""
WEEK_13 = period_of("weekly", SUNDAY)


def names(moment: datetime) -> list[tuple[str, str]]:
    return [(due.period.kind, due.period.name) for due in waiting(moment)]


def test_a_report_is_due_on_sunday_at_nine_where_the_customer_is() -> None:
    winter = period_of("weekly", datetime(2026, 1, 11, 20))
    assert (due_at(WEEK_13), due_at(winter)) == (SUNDAY, datetime(2026, 1, 11, 15))


def test_the_weekly_report_comes_before_longer_ones_of_the_same_sunday() -> None:
    found = due_reports(SUNDAY - timedelta(days=10), SUNDAY)
    assert [(due.period.kind, due.period.name) for due in found] == [
        ("weekly", "2026-W12"), ("weekly", "2026-W13"), ("monthly", "2026-03"), ("quarterly", "2026-Q1"),
    ]  # fmt: skip


def test_what_was_missed_is_found_in_order_and_what_is_done_is_not() -> None:
    beat(SUNDAY - timedelta(days=15))
    assert names(SUNDAY)[:3] == [("weekly", "2026-W11"), ("weekly", "2026-W12"), ("weekly", "2026-W13")]
    with attempt(period_of("weekly", SUNDAY - timedelta(days=14)), SUNDAY):
        pass
    assert names(SUNDAY)[:2] == [("weekly", "2026-W12"), ("weekly", "2026-W13")]


def test_what_was_due_before_anybody_looked_is_not_made() -> None:
    beat(SUNDAY + timedelta(minutes=1))
    assert names(SUNDAY + timedelta(days=6)) == []
    assert names(SUNDAY + timedelta(days=7)) == [("weekly", "2026-W14")]


def failing(at: datetime) -> None:
    with pytest.raises(OSError, match="no such luck"), attempt(WEEK_13, at):
        raise OSError("no such luck")


def test_a_report_that_fails_is_tried_again_after_1_4_and_24_hours_and_then_an_incident_says_so() -> None:
    beat(SUNDAY - timedelta(days=2))
    at = SUNDAY
    for hours in (1, 4, 24):
        failing(at)
        assert open_incidents() == []
        at += timedelta(hours=hours)
        assert ("weekly", "2026-W13") not in names(at - timedelta(seconds=1))
        assert ("weekly", "2026-W13") in names(at)
    failing(at)
    assert ("weekly", "2026-W13") not in names(at + timedelta(days=2))
    (incident,) = open_incidents()
    assert (
        incident.words == "the weekly report 2026-W13 could not be made 4 times; the last time: OSError: no such luck"
    )


def test_a_report_that_is_made_after_all_closes_the_incident() -> None:
    beat(SUNDAY - timedelta(days=2))
    for day in range(4):
        failing(SUNDAY + timedelta(days=day))
    with attempt(WEEK_13, SUNDAY + timedelta(days=5)):
        pass
    assert (open_incidents(), runs()[0].failure, runs()[0].attempts) == ([], None, 0)


def test_a_run_that_dies_without_a_word_is_tried_again_after_an_hour() -> None:
    beat(SUNDAY - timedelta(days=2))
    report_runs.begin("weekly", "2026-W13", SUNDAY)
    assert ("weekly", "2026-W13") not in names(SUNDAY + timedelta(minutes=59))
    assert ("weekly", "2026-W13") in names(SUNDAY + timedelta(minutes=60))


def test_a_report_that_is_made_later_says_since_when_nothing_ran() -> None:
    monday, friday = SUNDAY + timedelta(days=1), SUNDAY - timedelta(days=2)
    assert late_note(WEEK_13, SUNDAY + timedelta(minutes=5), friday) is None
    assert late_note(WEEK_13, monday, friday) == (
        "This report was due on 29 March, 09:00; nothing ran on this machine since 27 March, 09:00."
    )
    assert late_note(WEEK_13, monday, monday) == (
        "This report was due on 29 March, 09:00; it could not be made then and was tried again."
    )


def test_what_a_run_leaves_to_say_is_said_by_the_next_of_its_kind() -> None:
    with attempt(WEEK_13, SUNDAY) as run:
        run.for_next = "the disk was full"
    with attempt(Period("weekly", "2026-W14", WEEK_13.first_week, WEEK_13.last_week), SUNDAY) as following:
        assert following.notes == ["the disk was full"]
    with attempt(Period("weekly", "2026-W15", WEEK_13.first_week, WEEK_13.last_week), SUNDAY) as later:
        assert later.notes == []


def test_the_latest_report_that_was_missed_speaks_of_now_and_those_before_it_of_when_they_were_due() -> None:
    before, latest = waiting_since(SUNDAY - timedelta(days=8), SUNDAY + HOUR)
    assert (before.period.name, latest.period.name) == ("2026-W12", "2026-W13")
    assert speaking_of(before, SUNDAY + HOUR, None) == SUNDAY - timedelta(days=7)
    assert speaking_of(latest, SUNDAY + HOUR, None) is None
    assert speaking_of(latest, SUNDAY + HOUR, SUNDAY + HOUR) == SUNDAY + HOUR


def waiting_since(first: datetime, moment: datetime) -> list[Due]:
    return [due for due in due_reports(first, moment) if due.period.kind == "weekly"]


def test_a_report_is_sent_once() -> None:
    report_runs.begin("weekly", "2026-W13", SUNDAY)
    assert [mark_sent("weekly", "2026-W13", SUNDAY) for _ in range(2)] == [True, False]


def test_a_report_waits_while_the_machine_is_busy_but_not_for_ever() -> None:
    slept: list[float] = []
    loads = iter([99.0, 99.0, 0.1])
    assert wait_until_calm(slept.append, lambda: (next(loads), 0.0, 0.0)) is None
    assert slept == [60.0, 60.0]
    slept.clear()
    assert wait_until_calm(slept.append, lambda: (99.0, 0.0, 0.0)) == (
        "The machine was busy for 2 hours; this report was made beside its other work."
    )
    assert sum(slept) == WAIT_AT_MOST_SECONDS


def test_a_moment_that_has_not_come_is_refused() -> None:
    assert moment_of(now() - DAY) < now()
    with pytest.raises(WrongUsage, match="has not come yet; --as-of takes a moment up to now"):
        moment_of(now() + DAY)
