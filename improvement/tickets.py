"""Which recommendations become tickets, which are held back, and what the last change on the same thing did.

Identity is rule and subject. While a ticket on it is open, accepted or implemented, the same is not recommended again;
once it is measured it may be, as the next round, and says what the last one did; not before six weeks after the change,
for until then the evidence is partly from before it. What was rejected rests for 90 days, unless its priority rises.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from database.tickets import NewTicket, State, Ticket
from improvement.impact import Impact, Verdict
from improvement.roi import (
    SAID_IN_MONEY,
    Cumulative,
    Estimate,
    Measured,
    Money,
    Return,
    cumulative,
    returns,
    returns_of,
    returns_of_usd,
)
from monitoring.measure import Measure
from ringback.errors import WrongUsage

Priority = Literal["HIGH", "MEDIUM", "LOW"]
URGENCY: Mapping[str, int] = {"HIGH": 2, "MEDIUM": 1, "LOW": 0}
REJECTED_RESTS = timedelta(days=90)
STALE_AFTER = timedelta(weeks=4)
EVIDENCE_REACHES_BACK = timedelta(weeks=6)
"""Rules look at up to five weeks: before that is over after a change, what they see is partly from before it."""
IMPLEMENTED_BEFORE = timedelta(days=30)
HELD_BACK: tuple[State, ...] = ("open", "accepted", "implemented")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recommendation as a ticket keeps it."""

    rule: str
    subject: str
    title: str
    category: str
    priority: Priority
    measure: str
    dimension: str | None = None
    member: str | None = None
    """The part of the measure that the change touches; None: all of it."""
    effort_hours: float = 0.0
    expected_low: float | None = None
    expected_value: float | None = None
    """The change to expect, in the measure's own unit."""
    expected_high: float | None = None
    per_week_n: float | None = None
    """Observations a week that it applies to."""
    usd_low: float | None = None
    usd_value: float | None = None
    """US dollars a week to expect, where the evidence says it in money."""
    usd_high: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else is said, for JSON: description, evidence, action items."""
    earlier: tuple[str, ...] = ()
    """What tickets on the same did before, the first round first."""

    @classmethod
    def read(cls, recommendation: Mapping[str, Any]) -> "Proposal":
        """From a ticket's recommendation."""
        return cls(**(dict(recommendation) | {"earlier": tuple(recommendation.get("earlier", ()))}))


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket as lists and reports show it, as of a moment."""

    ticket_id: str
    title: str
    state: State
    is_stale: bool
    round: int
    rule: str
    subject: str
    category: str
    priority: Priority
    measure: str
    dimension: str | None
    member: str | None
    created_at: datetime
    age_days: int
    effort_hours: float
    expected: Return | None
    """What it promised, in money; None where no effect was stated."""
    implemented_on: datetime | None
    verdict: Verdict | None
    impact: Impact | None
    """What was measured; None before."""
    returned: Return | None
    """What that is worth."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A proposal that is not repeated, and the ticket because of which."""

    proposal: Proposal
    ticket_id: str
    state: State


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is to be done about a week's proposals."""

    new: tuple[NewTicket, ...]
    held_back: tuple[HeldBack, ...]
    seen: tuple[str, ...]
    """Tickets that wait and were recommended again."""
    stale: tuple[str, ...]
    """Tickets that wait although they have not been recommended for four weeks, and were not marked yet."""


def sorted_out(
    proposals: Sequence[Proposal], tickets: Iterable[Ticket], as_of: datetime, measures: Mapping[str, Measure]
) -> FollowUp:
    """Sort a week's proposals by what became of the same before; `tickets` are those of the moment `as_of`.

    Of several proposals on the same rule and subject the first counts. `measures`, by name, say how effects are worded.
    What this very look wrote down, at `as_of`, is left out of account, except what was measured: so a week that is
    looked at again gives the same answer.
    """
    rounds: dict[tuple[str, str], list[Ticket]] = {}
    earlier = (_as_it_was(ticket, as_of) for ticket in tickets if ticket.created_at < as_of)
    for ticket in sorted(earlier, key=lambda ticket: ticket.round):
        rounds.setdefault((ticket.rule, ticket.subject), []).append(ticket)
    new, held_back, seen = [], [], []
    first = {(one.rule, one.subject): one for one in reversed(proposals)}
    for proposal in (first[key] for key in dict.fromkeys((one.rule, one.subject) for one in proposals)):
        before = rounds.get((proposal.rule, proposal.subject), [])
        last = before[-1] if before else None
        if last is not None and _holds_back(last, proposal, as_of):
            held_back.append(HeldBack(proposal, last.ticket_id, last.state))
            seen += [last.ticket_id] if last.state in ("open", "accepted") else []
            continue
        told = tuple(_told(ticket, measures.get(Proposal.read(ticket.recommendation).measure)) for ticket in before)
        number = last.round + 1 if last else 1
        recommendation = asdict(proposal) | {"facts": dict(proposal.facts), "earlier": list(told)}
        new.append(NewTicket(proposal.rule, proposal.subject, number, recommendation))
    waiting = [ticket for of_one in rounds.values() for ticket in of_one if ticket.state in ("open", "accepted")]
    stale = [
        ticket.ticket_id for ticket in waiting
        if ticket.ticket_id not in seen and not ticket.is_stale and as_of - ticket.last_seen_at >= STALE_AFTER
    ]  # fmt: skip
    return FollowUp(tuple(new), tuple(held_back), tuple(seen), tuple(stale))


def line_of(ticket: Ticket, as_of: datetime, measures: Mapping[str, Measure], money: Money) -> Line:
    """A ticket of the moment `as_of` with what it promised and what was measured; `measures` are by name."""
    proposal, measure = Proposal.read(ticket.recommendation), measures.get(ticket.recommendation["measure"])
    measured, implemented = ticket.event("measured"), ticket.event("implemented")
    impact = Impact.read(measured.details) if measured else None
    expected, returned, value = None, None, proposal.expected_value
    usd = _estimate(proposal.usd_low, proposal.usd_value, proposal.usd_high)
    effect = _estimate(proposal.expected_low, value, proposal.expected_high)
    if usd is not None:
        expected = returns_of_usd(money, usd, proposal.effort_hours, SAID_IN_MONEY)
    elif measure is not None and value is not None and effect is not None and proposal.per_week_n is not None:
        expected = returns(money, measure, effect, proposal.per_week_n, proposal.effort_hours, value < 0)
    if measure is not None and impact is not None:
        rises = None if value is None else value > 0
        returned = returns_of(money, measure, impact, proposal.effort_hours, rises)
    return Line(
        ticket.ticket_id, proposal.title, ticket.state, ticket.is_stale, ticket.round, ticket.rule, ticket.subject,
        proposal.category, proposal.priority, proposal.measure, proposal.dimension, proposal.member, ticket.created_at,
        (as_of - ticket.created_at).days, proposal.effort_hours, expected,
        datetime.fromisoformat(implemented.details["on"]) if implemented else None,
        impact.verdict if impact else None, impact, returned,
    )  # fmt: skip


def _estimate(low: float | None, value: float | None, high: float | None) -> Estimate | None:
    if value is None:
        return None
    return Estimate(value if low is None else low, value, value if high is None else high)


def brought(lines: Iterable[Line]) -> Cumulative:
    """What all measured tickets of a list brought together."""
    return cumulative([Measured(one.verdict, one.returned) for one in lines if one.returned and one.verdict])


def checked_day(day: datetime, ticket: Ticket, now: datetime) -> datetime:
    """The day on which a ticket was implemented, 00:00; raises WrongUsage for one that cannot be.

    It can be at most 30 days before the ticket: then somebody had done already what was recommended.
    """
    on, first = datetime(day.year, day.month, day.day), ticket.created_at - IMPLEMENTED_BEFORE
    if day > now:
        raise WrongUsage(f"{day:%Y-%m-%d} is in the future; say so when it is done")
    if day < first:
        raise WrongUsage(f"{day:%Y-%m-%d} is more than 30 days before the ticket of {ticket.created_at:%Y-%m-%d}")
    return on


def _as_it_was(ticket: Ticket, as_of: datetime) -> Ticket:
    kept = tuple(event for event in ticket.events if event.at < as_of or event.kind == "measured")
    return replace(ticket, events=kept)


def _holds_back(last: Ticket, proposal: Proposal, as_of: datetime) -> bool:
    if last.state in HELD_BACK:
        return True
    implemented = last.event("implemented")
    if last.state == "measured" and implemented is not None:
        return as_of - datetime.fromisoformat(implemented.details["on"]) < EVIDENCE_REACHES_BACK
    rejected = last.event("rejected")
    if last.state != "rejected" or rejected is None:
        return False
    was = Proposal.read(last.recommendation).priority
    return as_of - rejected.at < REJECTED_RESTS and URGENCY[proposal.priority] <= URGENCY[was]


def _told(ticket: Ticket, measure: Measure | None) -> str:
    """What a ticket came to: `round 1, implemented 3 May 2026: no visible effect (−1.2 points, −6 to 4)`."""
    rejected, measured = ticket.event("rejected"), ticket.event("measured")
    if rejected is not None:
        return f"round {ticket.round}, rejected {_date(rejected.at)}: {rejected.note or 'without a reason'}"
    if measured is None:
        return f"round {ticket.round}, {ticket.state}"
    impact = Impact.read(measured.details)
    return f"round {ticket.round}, implemented {_date(impact.on)}: {impact_text(impact, measure)}"


def impact_text(impact: Impact, measure: Measure | None) -> str:
    """A verdict with its effect and interval: `worked (+4.1 points, 1.3 to 6.9)`; what is too early says so."""
    said = impact.verdict or "; ".join(impact.reasons)
    if impact.effect is None or impact.low is None or impact.high is None or measure is None:
        return said
    return f"{said} ({effect_text(measure, impact.effect, impact.low, impact.high)})"


def effect_text(measure: Measure, value: float, low: float, high: float) -> str:
    """An effect in the measure's unit with its interval; shares differ by percentage points, counts are a week's.

    The sign is always said.
    """
    scale = 100 if measure.kind == "share" else 1
    digits = {"share": 1, "count": 0, "mean": 2 if measure.unit == "points" else 1}[measure.kind]
    unit = {"share": " points", "count": f" {measure.unit} a week"}.get(
        measure.kind, "" if measure.unit == "points" else f" {measure.unit}"
    )
    return f"{_signed(value * scale, digits)}{unit}, {_signed(low * scale, digits)} to {_signed(high * scale, digits)}"


def _signed(number: float, digits: int) -> str:
    text = f"{number:+,.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return text if any(character in "123456789" for character in text) else text[1:]


def _date(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
