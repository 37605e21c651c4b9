"""A ticket is opened once, comes to each state once, and is as of a past moment what it was then."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from database import tickets
from database.tickets import NewTicket, Ticket, id_of, move, open_tickets, ticket_as_of, tickets_as_of
from ringback.errors import WrongUsage
from tests.factories import DAY, HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")
FOR_EVER = datetime(9999, 1, 1)
ON = {"on": "2026-03-20T00:00:00"}


def a_ticket(subject: str = "intro_v2", at: datetime = NOON, round: int = 1) -> str:
    open_tickets([NewTicket("template", subject, round, {"title": "Change it"})], at, "weekly-report")
    return id_of("template", subject, round)


def known(ticket_id: str, moment: datetime = FOR_EVER) -> Ticket:
    found = ticket_as_of(ticket_id, moment)
    assert found is not None
    return found


def test_a_ticket_goes_from_open_to_measured_and_every_moment_keeps_its_state() -> None:
    one = a_ticket()
    move(one, "accepted", NOON + DAY, "ana")
    move(one, "implemented", NOON + 2 * DAY, "ana", "shipped", ON)
    move(one, "measured", NOON + 20 * DAY, "weekly-report", None, {"verdict": "worked"})
    states = [known(one, NOON + days * DAY).state for days in (0, 1, 2, 19, 20)]
    assert states == ["open", "accepted", "implemented", "implemented", "measured"]
    assert ticket_as_of(one, NOON - HOUR) is None


def test_the_same_recommendation_of_the_same_round_opens_one_ticket() -> None:
    new = NewTicket("template", "intro_v2", 1, {"title": "Change it"})
    assert open_tickets([new, new], NOON, "weekly-report") == [id_of("template", "intro_v2", 1)]
    assert open_tickets([new], NOON + 7 * DAY, "weekly-report") == []
    assert [one.created_at for one in tickets_as_of(FOR_EVER)] == [NOON]


def test_another_ticket_with_the_same_short_name_gets_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def like_another(rule: str, subject: str, round: int, digits: int = 8) -> str:
        return f"T-{subject}"[:3] if digits == 8 else f"T-{subject}"

    monkeypatch.setattr(tickets, "id_of", like_another)
    new = [NewTicket("template", subject, 1, {}) for subject in ("ab", "ac")]
    assert open_tickets(new, NOON, "weekly-report") == ["T-a", "T-ac"]


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ([], "implemented", "is open and cannot become implemented; possible is: accepted or rejected"),
        ([], "measured", "is open and cannot become measured"),
        (["accepted", "rejected"], "accepted", "is rejected and cannot become accepted; possible is: nothing more"),
        (["accepted", "implemented"], "rejected", "is implemented and cannot become rejected; possible is: measured"),
        (["accepted", "implemented", "measured"], "implemented", "is measured and cannot become implemented"),
    ],
)
def test_a_wrong_turn_is_refused_with_what_is_possible(first: list[Any], then: Any, told: str) -> None:
    one = a_ticket()
    for day, state in enumerate(first, start=1):
        move(one, state, NOON + day * DAY, "ana")
    with pytest.raises(WrongUsage, match=one) as failure:
        move(one, then, NOON + 9 * DAY, "ana")
    assert told in str(failure.value)
    assert known(one).state == (first[-1] if first else "open")


def test_the_same_step_again_changes_nothing_and_another_date_is_refused() -> None:
    one = a_ticket()
    assert [move(one, "accepted", NOON + days * DAY, "ana") for days in (1, 2)] == [True, False]
    assert [move(one, "implemented", NOON + days * DAY, "ana", None, ON) for days in (3, 4)] == [True, False]
    with pytest.raises(WrongUsage, match="is implemented already, with other details"):
        move(one, "implemented", NOON + 5 * DAY, "ana", None, {"on": "2026-03-21T00:00:00"})
    assert [event.at for event in known(one).events] == [NOON, NOON + DAY, NOON + 3 * DAY]


def test_nothing_happens_to_a_ticket_before_what_is_known_of_it() -> None:
    one = a_ticket()
    with pytest.raises(WrongUsage, match="is open only since 2026-03-18 12:00"):
        move(one, "accepted", NOON - HOUR, "ana")
    with pytest.raises(WrongUsage, match="there is no ticket 'T-00000000'"):
        move("T-00000000", "accepted", NOON, "ana")


def at_once(*ways: Callable[[], object]) -> list[object]:
    def outcome(way: Callable[[], object]) -> object:
        try:
            return way()
        except WrongUsage:
            return "refused"

    with ThreadPoolExecutor(len(ways)) as pool:
        return list(pool.map(outcome, ways))


def test_many_who_accept_at_once_leave_one_event() -> None:
    one = a_ticket()
    told = at_once(*[lambda by=by: move(one, "accepted", NOON + DAY, by) for by in "abcdefgh"])  # type: ignore[misc]
    assert sorted(map(str, told)) == ["False"] * 7 + ["True"]
    assert [event.kind for event in known(one).events] == ["open", "accepted"]


def test_who_rejects_after_it_was_implemented_at_the_same_time_is_refused() -> None:
    one = a_ticket()
    move(one, "accepted", NOON + DAY, "ana")
    told = at_once(
        lambda: move(one, "implemented", NOON + 2 * DAY, "ana", None, ON),
        lambda: move(one, "rejected", NOON + 2 * DAY, "bob", "no"),
    )
    assert sorted(map(str, told)) == ["True", "refused"]
    assert len(known(one).events) == 3


def test_a_ticket_is_stale_until_it_is_seen_again() -> None:
    one = a_ticket()
    tickets.note_stale([one], NOON + 28 * DAY, "weekly-report", "not seen for four weeks")
    assert tickets.note_stale([one], NOON + 28 * DAY + HOUR, "weekly-report", "again") == 0
    tickets.note_seen([one], NOON + 35 * DAY, "weekly-report")
    stale = [known(one, NOON + days * DAY).is_stale for days in (27, 28, 34, 35)]
    assert (stale, known(one).state) == ([False, True, True, False], "open")


def test_the_latest_tickets_come_first() -> None:
    old, new = a_ticket("a"), a_ticket("b", NOON + 7 * DAY)
    assert [one.ticket_id for one in tickets_as_of(NOON + 7 * DAY)] == [new, old]
    assert [one.ticket_id for one in tickets_as_of(NOON)] == [old]


def test_what_people_wrote_comes_back_as_it_was() -> None:
    one = a_ticket("<script>|'; DROP TABLE tickets")
    move(one, "rejected", NOON + DAY, "ana\u202e", "=HYPERLINK()\nno")
    rejected = known(one).event("rejected")
    assert rejected is not None
    assert (known(one).subject, rejected.by, rejected.note) == (
        "<script>|'; DROP TABLE tickets", "ana\u202e", "=HYPERLINK()\nno",
    )  # fmt: skip
