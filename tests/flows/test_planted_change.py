"""What is made worse in the simulated world is recommended in that week, once, and what mending it brought is measured.

A template loses 18 points in week 6, a method 25 in week 8; the template is mended in week 9. Weeks count from 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from database.tickets import move, tickets_as_of
from flows.ticket_following import follow_up
from improvement.roi import load_money
from improvement.tickets import Line
from reports.gathering import gather
from reports.weekly import WeeklyReport
from ringback.settings import settings
from sandbox.decisions import DecidingSystems, Planted
from tests.conftest import forget_home
from warehouse.decisions import land_decisions, landing_folder

MONDAY = datetime(2026, 1, 5)
WEEK = timedelta(days=7)
TEMPLATE, LOST = "opener_news", -0.18
METHOD = "apollo"
MENDED = MONDAY + 8 * WEEK + timedelta(days=1)


def week(number: int) -> datetime:
    return MONDAY + (number - 1) * WEEK


@dataclass(frozen=True)
class Played:
    reports: dict[int, WeeklyReport]


@pytest.fixture(scope="module")
def played(migrated: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Eleven weeks, each logged, landed and reported on its Sunday."""
    import shutil
    from pathlib import Path

    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("planted")
        for store in ("warehouse.duckdb", "database.sqlite"):
            shutil.copy(Path(str(migrated)) / store, home / store)
        patch.setenv("RINGBACK_HOME", str(home))
        forget_home()
        systems = DecidingSystems(
            7, planted=(Planted(TEMPLATE, LOST, week(6), MENDED), Planted(METHOD, -0.25, week(8)))
        )
        for number in range(1, 5):
            _log(systems, number)
        yield Played({number: _report(systems, number) for number in range(5, 12)})
    forget_home()


def _log(systems: DecidingSystems, number: int) -> datetime:
    sunday = week(number) + timedelta(days=6, hours=15)
    landing_folder().mkdir(parents=True, exist_ok=True)
    days = (week(number) + timedelta(days=day) for day in range(7))
    lines = b"".join(line for day in days for line in systems.lines(day))
    (landing_folder() / f"week-{number:02}.jsonl").write_bytes(lines)
    land_decisions(sunday)
    return sunday


def _report(systems: DecidingSystems, number: int) -> WeeklyReport:
    sunday = _log(systems, number)
    report = gather(week(number), sunday, [], True, "UTC", None, money=load_money(settings().money))
    report = follow_up(report, sunday)
    if number == 9:
        (ticket,) = [one for one in tickets_as_of(sunday) if one.subject == TEMPLATE]
        later = sunday + timedelta(hours=1)
        move(ticket.ticket_id, "accepted", later, "test")
        move(ticket.ticket_id, "implemented", later, "test", "taken back", {"on": MENDED.isoformat()})
    return report


def recommended(report: WeeklyReport) -> list[tuple[str, str]]:
    return [(one.rule, one.subject) for one in report.recommendations]


def ticket(report: WeeklyReport, subject: str) -> Line:
    (found,) = [line for line in report.tickets if line.subject == subject]
    return found


def test_a_quiet_week_recommends_nothing(played: Played) -> None:
    assert recommended(played.reports[5]) == []


def test_a_template_that_got_worse_comes_first_in_that_week(played: Played) -> None:
    assert recommended(played.reports[6])[0] == ("template_underperforms", TEMPLATE)


def test_a_method_that_fails_more_is_first_or_second_in_that_week(played: Played) -> None:
    assert ("method_fails", f"method {METHOD}") in recommended(played.reports[8])[:2]


def test_nothing_is_recommended_again_while_its_ticket_is_under_way(played: Played) -> None:
    later = [pair for number in range(7, 12) for pair in recommended(played.reports[number])]
    assert ("template_underperforms", TEMPLATE) not in later
    assert later.count(("method_fails", f"method {METHOD}")) == 1
    assert {one.proposal.subject for one in played.reports[7].held_back} >= {TEMPLATE}


def test_what_mending_brought_is_measured_once_the_window_is_over(played: Played) -> None:
    assert ticket(played.reports[10], TEMPLATE).impact is None
    measured = ticket(played.reports[11], TEMPLATE)
    assert measured.impact is not None
    assert (measured.state, measured.verdict) == ("measured", "worked")
    assert measured.impact.low is not None
    assert measured.impact.high is not None
    assert measured.impact.low <= -LOST <= measured.impact.high


def test_money_that_was_promised_and_earned_is_said(played: Played) -> None:
    first = played.reports[6].recommendations[0]
    assert first.returns is not None
    assert first.returns.per_week is not None
    assert first.returns.per_week.value > 0
    earned = played.reports[11].earned
    assert earned is not None
    assert (earned.tickets, earned.earned is not None) == (1, True)
