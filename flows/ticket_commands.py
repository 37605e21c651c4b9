"""The commands about tickets: list, show, accept, implement, reject and impact."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ringback.errors import WrongUsage

if TYPE_CHECKING:
    from database.tickets import State, Ticket
    from improvement.impact import Impact
    from improvement.roi import Cumulative, Estimate, Money, Return
    from improvement.tickets import Line
    from monitoring.measure import Measure

tickets = typer.Typer(no_args_is_help=True, help="Recommendations, and what became of them.")

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="A past moment, ISO 8601, UTC where no zone is said.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As 'ringback tickets list' shows it.")]
By = Annotated[str | None, typer.Option("--by", help="Who decided; none: the user of this machine.")]
Note = Annotated[str | None, typer.Option("--note", help="What was done, for those who read it later.")]
StateName = Annotated[str | None, typer.Option("--state", help="Only tickets in this state.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `ringback`."""
    app.add_typer(tickets, name="tickets")


@tickets.command("list")
def tickets_list(state: StateName = None, as_of: AsOf = None, json: Json = False) -> None:
    """All tickets, the latest first: state, age, what they promise, and what was measured."""
    from database.tickets import STATES
    from flows.environment import as_json
    from improvement.tickets import brought

    if state is not None and state not in STATES:
        raise WrongUsage(f"there is no state {state!r}; there are {', '.join(STATES)}")
    every = _lines(_moment(as_of))
    listed = [line for line in every if state in (None, line.state)]
    if json:
        typer.echo(as_json(listed))
        return
    if not listed:
        typer.echo("no tickets; the weekly report opens them for what it recommends")
        return
    for line in listed:
        stale = ", stale" if line.is_stale else ""
        typer.echo(
            f"{line.ticket_id:12}{line.state + stale:18}{line.age_days:>4} days  {line.priority:7}"
            f"{_per_week(line.expected):26}{line.verdict or '':20}{printable(line.title)}"
        )
    typer.echo(_sum_text(brought(every)))


@tickets.command("show")
def tickets_show(ticket_id: Id, as_of: AsOf = None, json: Json = False) -> None:
    """All of one ticket: what was recommended and on what evidence, and what happened to it."""
    from flows.environment import as_json

    moment = _moment(as_of)
    ticket = _ticket(ticket_id, moment)
    line = _line(ticket, moment)
    if json:
        typer.echo(as_json({"ticket": line, "recommendation": ticket.recommendation, "events": ticket.events}))
        return
    typer.echo("\n".join(printable(text) for text in _shown(ticket, line)))


@tickets.command("accept")
def tickets_accept(ticket_id: Id, by: By = None, note: Note = None) -> None:
    """Say that it will be done."""
    _move(ticket_id, "accepted", by, note)


@tickets.command("implement")
def tickets_implement(
    ticket_id: Id,
    on: Annotated[str, typer.Option("--on", help="The day it took effect (UTC), as 2026-03-18.")],
    note: Note = None,
    by: By = None,
) -> None:
    """Say that it is done since a day; after 14 more days its impact is measured."""
    from improvement.tickets import checked_day
    from ringback.clock import now

    day, at = _at(on), _opened(now())
    ticket = _ticket(ticket_id, at)
    _move(ticket_id, "implemented", by, note, at, {"on": checked_day(day, ticket, at).isoformat()})


@tickets.command("reject")
def tickets_reject(
    ticket_id: Id, because: Annotated[str, typer.Option("--because", help="Your reason, which is kept.")], by: By = None
) -> None:
    """Say that it will not be done; the same is not recommended for 90 days, unless it becomes more urgent."""
    if not because.strip():
        raise WrongUsage("a reason is needed: it is what people read when the same is recommended again")
    _move(ticket_id, "rejected", by, because)


@tickets.command("impact")
def tickets_impact(ticket_id: Id, as_of: AsOf = None, json: Json = False) -> None:
    """What an implemented ticket did, as far as it is known; nothing is written down."""
    from database.tickets import tickets_as_of
    from flows.environment import as_json
    from flows.ticket_following import impact_as_of
    from improvement.tickets import Proposal
    from warehouse.connect import reading

    moment = _moment(as_of)
    ticket, measures = _ticket(ticket_id, moment), _known()[0]
    with reading() as warehouse:
        impact = impact_as_of(warehouse, ticket, tickets_as_of(moment), measures.values(), moment)
    if json:
        typer.echo(as_json({"ticket_id": ticket_id, "as_of": moment} | impact.facts()))
        return
    proposal = Proposal.read(ticket.recommendation)
    typer.echo("\n".join(printable(text) for text in _told(impact, measures.get(proposal.measure))))


def printable(text: str) -> str:
    """A text from outside as one line that cannot steer a terminal.

    >>> printable("a\\x1b[2Jb\\u202ec")
    'a?[2Jb?c'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _shown(ticket: "Ticket", line: "Line") -> list[str]:
    facts = ticket.recommendation.get("facts", {})
    part = f", {line.dimension} {line.member}" if line.dimension else ""
    texts = [
        f"{line.ticket_id}  {line.state}{', stale' if line.is_stale else ''}  {line.priority}  {line.title}",
        f"rule {line.rule} on {line.subject}, round {line.round}; measure {line.measure}{part}",
        f"effort {line.effort_hours:g} hours; {_money_text('promises', line.expected)}",
        *(f"before: {text}" for text in ticket.recommendation.get("earlier", ())),
        *([str(facts["description"])] if "description" in facts else []),
        *(f"  {': '.join(map(str, pair))}" for pair in facts.get("evidence", ())),
        *(f"  to do: {item}" for item in facts.get("action_items", ())),
    ]
    for event in ticket.events:
        note = f": {event.note}" if event.note else ""
        on = f" on {str(event.details['on'])[:10]}" if event.kind == "implemented" else ""
        texts.append(f"  {event.at:%Y-%m-%d %H:%M} UTC  {event.kind}{on} by {event.by}{note}")
    if line.impact is not None:
        texts += [*_told(line.impact, _known()[0].get(line.measure)), _money_text("brings", line.returned)]
    return texts


def _told(impact: "Impact", measure: "Measure | None") -> list[str]:
    from improvement.tickets import impact_text

    texts = [impact_text(impact, measure), *(f"  {reason}" for reason in impact.reasons if impact.verdict)]
    sides = [("touched", impact.touched), *([(impact.compared_with, impact.control)] if impact.control else [])]
    for name, side in sides:
        texts.append(
            f"  {name}: n = {side.n_before:,} in the {impact.window_days} days before, {side.n_after:,} after "
            f"{impact.on:%Y-%m-%d}"
        )
    if impact.placebos:
        texts.append(
            f"  the same test says 'changed' at {impact.placebos_changed} of {impact.placebos} days of the past, when "
            "nothing was done"
        )
    if impact.smallest is not None:
        scale, unit = (100, " points") if measure is not None and measure.kind == "share" else (1, "")
        texts.append(f"  it would find {impact.smallest * scale:.3g}{unit} or more in 80 of 100 cases")
    return texts


def _money_text(verb: str, value: "Return | None") -> str:
    from improvement.roi import payback_text

    if value is None:
        return f"{verb} no stated effect"
    if value.per_week is None:
        return value.assumed
    payback = f"pays back {payback_text(value.payback_weeks)}" if value.payback_weeks else "does not pay back"
    return f"{verb} {_range(value.per_week)} USD a week, costs {value.cost:,.0f} USD, {payback} ({value.assumed})"


def _per_week(value: "Return | None") -> str:
    return f"{value.per_week.value:,.0f} USD a week" if value and value.per_week else "no money claimed"


def _range(estimate: "Estimate") -> str:
    return f"{estimate.value:,.0f} ({estimate.low:,.0f} to {estimate.high:,.0f})"


def _sum_text(together: "Cumulative") -> str:
    if not together.tickets:
        return "none is measured yet"
    measured = f"{together.tickets} measured, at a cost of {together.cost:,.0f} USD"
    if together.earned is None:
        return f"{measured}; no money is claimed for them"
    return f"{measured}; earned over half a year {_range(together.earned)} USD by {together.with_money} of them"


def _lines(moment: datetime) -> list["Line"]:
    from database.tickets import tickets_as_of
    from improvement.tickets import line_of

    measures, money = _known()
    return [line_of(ticket, moment, measures, money) for ticket in tickets_as_of(moment)]


def _line(ticket: "Ticket", moment: datetime) -> "Line":
    from improvement.tickets import line_of

    return line_of(ticket, moment, *_known())


def _known() -> tuple[dict[str, "Measure"], "Money"]:
    from improvement.roi import load_money
    from monitoring.measure import load_measures
    from ringback.settings import settings

    return {measure.name: measure for measure in load_measures()}, load_money(settings().money)


def _ticket(ticket_id: str, moment: datetime) -> "Ticket":
    from database.tickets import ticket_as_of

    found = ticket_as_of(ticket_id, moment)
    if found is None:
        raise WrongUsage(f"there is no ticket {printable(ticket_id)!r}; 'ringback tickets list' shows those there are")
    return found


def _move(
    ticket_id: str, to: "State", by: str | None, note: str | None,
    at: datetime | None = None, details: dict[str, str] | None = None,
) -> None:  # fmt: skip
    from getpass import getuser

    from database.tickets import move
    from ringback.clock import now

    is_new = move(ticket_id, to, at or _opened(now()), by or getuser(), note, details)
    typer.echo(f"{ticket_id} is {to}" if is_new else f"{ticket_id} was {to} already; nothing was written")


def _opened(moment: datetime) -> datetime:
    """The moment, once the stores are there to be asked."""
    from flows.environment import prepare_stores

    prepare_stores()
    return moment


def _moment(text: str | None) -> datetime:
    from ringback.clock import now

    return _opened(_at(text) if text else now())


def _at(text: str) -> datetime:
    from flows.environment import stated_moment

    return stated_moment(text)
