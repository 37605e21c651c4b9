"""Tickets at the command line, and their impact measured once from a real warehouse."""

from datetime import datetime
from json import loads
from pathlib import Path
from typing import Any

import pytest

from database.tickets import NewTicket, id_of, move, open_tickets, ticket_as_of, tickets_as_of
from flows import ticket_commands
from flows.ticket_following import follow, impact_as_of, measure_impacts
from improvement.tickets import Proposal
from monitoring.measure import Measure
from ringback.clock import now
from tests.factories import DAY, HOUR
from tests.flows.test_key_commands import Said
from tests.flows.test_key_commands import said as said
from warehouse.connect import reading

FOR_EVER = datetime(9999, 1, 1)
ON = datetime(2026, 3, 4)
SQL = """
-- one row per message, 40 a day of each template; intro_v2 does better from 4 March 2026 on
SELECT
    TIMESTAMP '2025-12-01' + INTERVAL (day) DAY + INTERVAL (number) MINUTE AS at,
    ((day * 7919 + number * 104729 + number * number * 31 + length(template)) % 100
        < CASE WHEN template = 'intro_v2' AND day >= 93 THEN 60 ELSE 30 END)::INTEGER AS value,
    template
FROM range(0, 120) AS days (day), range(0, 40) AS numbers (number),
    (VALUES ('intro_v2'), ('intro_v1')) AS templates (template)
WHERE TIMESTAMP '2025-12-01' + INTERVAL (day) DAY <= $as_of
"""
REPLIES = Measure(
    name="replies", title="Replies", why="they count", unit="%", sample="messages", direction="higher_is_better",
    owner="Sales", minimum_sample=20, kind="share", dimensions=("template",), sql=SQL,
)  # fmt: skip


def a_ticket(rule: str = "template", at: datetime | None = None, **known: Any) -> str:
    said: dict[str, Any] = {
        "rule": rule, "subject": "intro_v2", "title": "Go back to\x1b[2J intro_v1", "category": "messages",
        "priority": "HIGH", "measure": "replies", "dimension": "template", "member": "intro_v2", "effort_hours": 2.0,
        "facts": {"description": "It loses replies.", "evidence": [["Replies", "3 % (n = 40)"]],
                  "action_items": ["Send the old one."]},
    }  # fmt: skip
    opened = at or now() - DAY
    open_tickets([NewTicket(rule, "intro_v2", 1, said | known)], opened, "weekly-report")
    return id_of(rule, "intro_v2", 1)


def implemented(rule: str = "template", on: datetime = ON, **known: Any) -> str:
    ticket_id = a_ticket(rule, on - 2 * DAY, **known)
    move(ticket_id, "accepted", on - DAY, "ana")
    move(ticket_id, "implemented", on, "ana", "shipped", {"on": on.isoformat()})
    return ticket_id


def measured_at(moment: datetime) -> list[str | None]:
    with reading() as warehouse:
        return [one.verdict for one in measure_impacts(warehouse, tickets_as_of(moment), [REPLIES], moment).values()]


@pytest.mark.usefixtures("home")
def test_an_impact_is_measured_once_when_the_window_is_over() -> None:
    ticket_id, over = implemented(), ON + 15 * DAY
    told = [measured_at(moment) for moment in (over - HOUR, over, over, over + 7 * DAY)]
    assert told == [[], ["worked"], ["worked"], []]
    ticket = ticket_as_of(ticket_id, FOR_EVER)
    assert ticket is not None
    assert [(event.kind, event.at) for event in ticket.events][-1] == ("measured", over)
    with reading() as warehouse:
        impact = impact_as_of(warehouse, ticket, [ticket], [REPLIES], FOR_EVER)
    assert (impact.verdict, impact.compared_with) == ("worked", "all but intro_v2 by template")
    assert impact.effect == pytest.approx(0.3, abs=0.03)
    assert (impact.touched.n_after, impact.control and impact.control.n_after) == (14 * 40, 14 * 40)


@pytest.mark.usefixtures("home")
def test_before_the_window_is_over_and_for_a_past_moment_nothing_is_judged() -> None:
    ticket_id = implemented()
    measured_at(ON + 15 * DAY)
    then = ticket_as_of(ticket_id, ON + 9 * DAY)
    assert then is not None
    with reading() as warehouse:
        impact = impact_as_of(warehouse, then, [then], [REPLIES], ON + 9 * DAY + HOUR)
    assert (then.state, impact.verdict, impact.reasons) == ("implemented", None, ("too early (day 9 of 14)",))


@pytest.mark.usefixtures("home")
def test_another_change_in_the_same_weeks_is_named_and_disturbs() -> None:
    one, other = implemented(), implemented("threshold", ON + 3 * DAY, dimension=None, member=None)
    assert sorted(map(str, measured_at(ON + 30 * DAY))) == ["cannot tell", "worked"]
    first, second = ticket_as_of(one, FOR_EVER), ticket_as_of(other, FOR_EVER)
    assert first is not None
    assert second is not None
    assert first.events[-1].details["reasons"] == [
        f"the control had it as well, so it falls out: {other} on 2026-03-07"
    ]
    assert second.events[-1].details["reasons"] == [f"something else changed in the same weeks: {one} on 2026-03-04"]


@pytest.mark.usefixtures("home")
def test_a_week_followed_up_twice_leaves_the_same_rows_and_gives_the_same_answer() -> None:
    def proposed(subject: str) -> Proposal:
        return Proposal("template", subject, "Change it", "messages", "HIGH", "replies")

    weeks = [ON + 7 * number * DAY for number in range(6)]
    first = [follow([proposed("a"), *([proposed("b")] if week == ON else [])], [REPLIES], week) for week in weeks]
    rows = tickets_as_of(FOR_EVER)
    again = [follow([proposed("a"), *([proposed("b")] if week == ON else [])], [REPLIES], week) for week in weeks]
    assert (again, tickets_as_of(FOR_EVER)) == (first, rows)
    assert [(len(one.new), len(one.seen), len(one.stale)) for one in first] == [
        (2, 0, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 1), (0, 1, 0),
    ]  # fmt: skip


@pytest.mark.usefixtures("home")
def test_a_measure_that_is_gone_or_cannot_be_split_so_is_said_and_stops_nothing() -> None:
    gone, whole = implemented(measure="calls"), implemented("threshold", ON + 40 * DAY, dimension="owner")
    assert measured_at(ON + 60 * DAY) == ["cannot tell", "cannot tell"]
    one, other = ticket_as_of(gone, FOR_EVER), ticket_as_of(whole, FOR_EVER)
    assert one is not None
    assert other is not None
    assert one.events[-1].details["reasons"] == ["the measure calls is not there any more"]
    assert other.events[-1].details["reasons"][-1] == (
        "replies cannot be split by owner: all of it was looked at, without a control"
    )


def test_a_ticket_is_listed_and_shown_with_its_evidence_and_history(said: Said) -> None:
    ticket_id = a_ticket()
    status, table, _ = said("tickets", "list")
    assert (status, ticket_id in table, "open" in table, "HIGH" in table, "1 days" in table) == (0, *[True] * 4)
    assert "none is measured yet" in table
    listed = loads(said("tickets", "list", "--json")[1])
    assert [(one["ticket_id"], one["state"], one["expected"]) for one in listed] == [(ticket_id, "open", None)]
    shown = said("tickets", "show", ticket_id)[1]
    assert "Replies: 3 % (n = 40)" in shown
    assert "to do: Send the old one." in shown
    assert "open by weekly-report" in shown
    assert "\x1b" not in table + shown
    assert loads(said("tickets", "show", ticket_id, "--json")[1])["recommendation"]["title"].startswith("Go back")


def test_a_ticket_is_accepted_and_implemented_and_the_past_stays_as_it_was(said: Said) -> None:
    ticket_id, then = a_ticket(), now()
    today = f"{then:%Y-%m-%d}"
    assert said("tickets", "implement", ticket_id, "--on", today)[0] == 2
    assert said("tickets", "accept", ticket_id, "--by", "ana")[1] == f"{ticket_id} is accepted"
    assert said("tickets", "accept", ticket_id)[1] == f"{ticket_id} was accepted already; nothing was written"
    assert said("tickets", "implement", ticket_id, "--on", today, "--note", "shipped")[0] == 0
    status, _, told = said("tickets", "reject", ticket_id, "--because", "no")
    assert (status, "is implemented and cannot become rejected; possible is: measured" in told) == (2, True)
    now_shown, then_shown = (loads(said("tickets", "show", ticket_id, "--json", *at)[1]) for at in
                             ((), ("--as-of", then.isoformat())))  # fmt: skip
    assert (now_shown["ticket"]["state"], then_shown["ticket"]["state"]) == ("implemented", "open")
    assert [event["by"] for event in now_shown["events"]][1] == "ana"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "T-00000000"), "there is no ticket 'T-00000000'"),
        (("accept", "T-00000000"), "there is no ticket 'T-00000000'"),
        (("list", "--state", "done"), "there is no state 'done'; there are open, accepted"),
        (("list", "--as-of", "yesterday"), "'yesterday' is no moment"),
        (("implement", "ID", "--on", "2999-01-01"), "2999-01-01 is in the future"),
        (("implement", "ID", "--on", "2001-01-01"), "more than 30 days before the ticket"),
        (("reject", "ID", "--because", " "), "a reason is needed"),
        (("impact", "ID"), "is open: what is not implemented has no impact"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(said: Said, arguments: tuple[str, ...], told: str) -> None:
    ticket_id = a_ticket()
    status, _, complaint = said("tickets", *[ticket_id if word == "ID" else word for word in arguments])
    assert (status, told in complaint) == (2, True)


def test_an_impact_is_told_in_words_and_for_programs(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.measure.load_measures", lambda: [REPLIES])
    ticket_id = implemented()
    early = said("tickets", "impact", ticket_id, "--as-of", "2026-03-13T09:00")[1]
    assert early.splitlines()[0] == "too early (day 9 of 14)"
    words = said("tickets", "impact", ticket_id, "--as-of", "2026-03-19")[1]
    assert words.startswith("worked (+28.9 points, ")
    assert "touched: n = 560 in the 14 days before, 560 after 2026-03-04" in words
    assert "days of the past, when nothing was done" in words
    facts = loads(said("tickets", "impact", ticket_id, "--as-of", "2026-03-19", "--json")[1])
    assert (facts["ticket_id"], facts["verdict"]) == (ticket_id, "worked")
    assert ticket_as_of(ticket_id, FOR_EVER).state == "implemented"  # type: ignore[union-attr]  # it was only asked


def test_a_text_from_outside_cannot_steer_a_terminal() -> None:
    assert ticket_commands.printable("a\x1b[2J\u202eb\nc") == "a?[2J?b?c"


def test_a_home_without_tickets_says_who_opens_them(said: Said, home: Path) -> None:
    assert said("tickets", "list")[1] == "no tickets; the weekly report opens them for what it recommends"
