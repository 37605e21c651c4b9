"""Following tickets up: new ones opened once, implemented ones measured once, when the window is over."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from database.tickets import Ticket, move, note_seen, note_stale, open_tickets, tickets_as_of
from improvement.impact import LEAST_SAMPLE, WINDOW_DAYS, Impact, Question, Side, first_day, is_over, judge
from improvement.recommendation import Recommendation
from improvement.roi import load_money
from improvement.tickets import FollowUp, Proposal, brought, line_of, sorted_out
from monitoring.days import DAY, Day, measure_days
from monitoring.measure import Measure, load_measures
from reports.weekly import WeeklyReport
from ringback.clock import END_OF_TIME, LONG_AGO
from ringback.errors import WrongUsage
from ringback.settings import settings
from warehouse.connect import reading

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BY = "weekly-report"


def follow_up(report: WeeklyReport, moment: datetime) -> WeeklyReport:
    """Measure what shipped changes brought, open tickets for what is new, and leave out what is under way already.

    For a moment before the last one that was followed up, nothing is written: tickets are as they were then.
    """
    measures = load_measures()
    proposals = [proposal_of(one) for one in report.recommendations]
    if moment >= followed_until():
        with reading() as warehouse:
            measure_impacts(warehouse, tickets_as_of(moment), measures, moment)
    told = follow(proposals, measures, moment)
    by_name, money = {measure.name: measure for measure in measures}, load_money(settings().money)
    lines = tuple(line_of(ticket, moment, by_name, money) for ticket in tickets_as_of(moment))
    earlier = {(one.rule, one.subject): Proposal.read(one.recommendation).earlier for one in told.new}
    under_way = {(one.proposal.rule, one.proposal.subject) for one in told.held_back}
    recommended = tuple(
        replace(one, earlier=earlier.get((one.rule, one.subject), ()))
        for one in report.recommendations
        if (one.rule, one.subject) not in under_way
    )
    return replace(report, recommendations=recommended, tickets=lines, held_back=told.held_back, earned=brought(lines))


def proposal_of(one: Recommendation) -> Proposal:
    """A recommendation as its ticket will keep it."""
    expected, usd = one.expected, one.usd_a_week
    return Proposal(
        rule=one.rule,
        subject=one.subject,
        title=one.title,
        category=one.category,
        priority=one.priority,
        measure=one.measure,
        dimension=one.dimension,
        member=one.member,
        effort_hours=one.effort_hours,
        expected_low=expected.low if expected else None,
        expected_value=expected.value if expected else None,
        expected_high=expected.high if expected else None,
        per_week_n=expected.per_week_n if expected else None,
        usd_low=usd.low if usd else None,
        usd_value=usd.value if usd else None,
        usd_high=usd.high if usd else None,
        facts={
            "description": one.description,
            "evidence": [list(pair) for pair in one.evidence],
            "action_items": list(one.action_items),
        },
    )


def measure_impacts(
    connection: "DuckDBPyConnection", tickets: Sequence[Ticket], measures: Iterable[Measure], moment: datetime
) -> dict[str, Impact]:
    """Judge every implemented ticket whose window is over at the moment, and write it down, once; gives those by id.

    `tickets` are all tickets as of the moment, because changes to the same measure disturb each other. The warehouse is
    read only. The same moment again, also after a kill, leaves the same rows and gives the same answer.
    """
    found = {}
    for ticket in tickets:
        measured = ticket.event("measured")
        if measured is not None and measured.at == moment:
            found[ticket.ticket_id] = Impact.read(measured.details)
        if ticket.state == "implemented" and is_over(implemented_on(ticket), moment):
            impact = impact_as_of(connection, ticket, tickets, measures, moment)
            move(ticket.ticket_id, "measured", moment, BY, impact.verdict, impact.facts())
            found[ticket.ticket_id] = impact
    return found


def follow(proposals: Sequence[Proposal], measures: Iterable[Measure], moment: datetime) -> FollowUp:
    """Open tickets for a week's proposals, note which were seen again and which went stale; gives what was done.

    What was measured at the moment must be written down before: then the next round remembers it. The same moment again
    leaves the same rows and gives the same answer.
    """
    told = sorted_out(proposals, tickets_as_of(moment), moment, {measure.name: measure for measure in measures})
    if moment >= followed_until():
        open_tickets(told.new, moment, BY)
        note_seen(told.seen, moment, BY)
        note_stale(told.stale, moment, BY, "not recommended for four weeks")
    return told


def followed_until() -> datetime:
    """The latest moment that was followed up: to look at an earlier one writes nothing, or its future would change."""
    tickets = tickets_as_of(END_OF_TIME)
    said = [event.at for ticket in tickets for event in ticket.events if event.by == BY]
    return max([ticket.created_at for ticket in tickets] + said, default=LONG_AGO)


def impact_as_of(
    connection: "DuckDBPyConnection", ticket: Ticket, tickets: Iterable[Ticket], measures: Iterable[Measure],
    moment: datetime,
) -> Impact:  # fmt: skip
    """What is known of a ticket's impact at a moment: what was measured, or what would be measured then.

    Raises WrongUsage for a ticket that was not implemented by then.
    """
    measured = ticket.event("measured")
    if measured is not None:
        return Impact.read(measured.details)
    on, proposal = implemented_on(ticket), Proposal.read(ticket.recommendation)
    measure = next((one for one in measures if one.name == proposal.measure), None)
    if measure is None:
        gone = f"the measure {proposal.measure} is not there any more"
        return Impact(on, "cannot tell", (gone,), Side(0, 0, None, None))
    days, control = _days(connection, measure, proposal, on, moment)
    overlapping, kept_apart = _others(ticket, proposal, on, tickets, control is not None)
    asked = Question(
        on, measure.kind, measure.direction, proposal.expected_value, max(LEAST_SAMPLE, measure.minimum_sample),
        f"all but {proposal.member} by {proposal.dimension}" if control is not None else "", overlapping, kept_apart,
    )  # fmt: skip
    impact = judge(asked, days, moment, control)
    if proposal.dimension is not None and control is None:
        whole = f"{measure.name} cannot be split by {proposal.dimension}: all of it was looked at, without a control"
        return replace(impact, reasons=(*impact.reasons, whole))
    return impact


def implemented_on(ticket: Ticket) -> datetime:
    """The day of the change; raises WrongUsage for a ticket that was not implemented."""
    implemented = ticket.event("implemented")
    if implemented is None:
        raise WrongUsage(f"{ticket.ticket_id} is {ticket.state}: what is not implemented has no impact")
    return datetime.fromisoformat(implemented.details["on"])


def _days(
    connection: "DuckDBPyConnection", measure: Measure, proposal: Proposal, on: datetime, moment: datetime
) -> tuple[list[Day], list[Day] | None]:
    """The touched days and the control's, from the past that is looked at to the end of the window."""
    last = min(moment, on + WINDOW_DAYS * DAY)
    asked = (connection, measure, first_day(on), max(last, first_day(on)), moment)
    if proposal.dimension is None or proposal.member is None or proposal.dimension not in measure.dimensions:
        return measure_days(*asked), None
    part = (proposal.dimension, proposal.member)
    return measure_days(*asked, *part), measure_days(*asked, *part, others=True)


def _others(
    ticket: Ticket, proposal: Proposal, on: datetime, tickets: Iterable[Ticket], has_control: bool
) -> tuple[list[str], list[str]]:
    """Other changes to the same measure in the windows, in words: those that disturb, and those the control had too."""
    disturb: list[str] = []
    fall_out: list[str] = []
    for other in tickets:
        implemented = other.event("implemented")
        if implemented is None or other.ticket_id == ticket.ticket_id:
            continue
        theirs, day = Proposal.read(other.recommendation), datetime.fromisoformat(implemented.details["on"])
        reach = WINDOW_DAYS * DAY
        if theirs.measure != proposal.measure or abs(day - on) > reach:
            continue
        told = f"{other.ticket_id} on {day:%Y-%m-%d}"
        (fall_out if has_control and theirs.member is None else disturb).append(told)
    return disturb, fall_out
