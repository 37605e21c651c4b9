"""Tickets: recommendations that were made, and what became of them, as events that are only ever added.

    open ── accepted ── implemented ── measured
      └─────────┴── rejected

A ticket's state as of a moment is read from the events up to it, so the past stays as it was. A state is reached once:
its event is one row under a unique key, whoever writes it at the same time. `seen` (recommended again) and `stale`
(no longer recommended) change no state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, get_args

from sqlalchemy import Connection, select

from database.improvement_models import Ticket as TicketRow
from database.improvement_models import TicketEvent as EventRow
from database.session import insert_new, reading, take_turns, writing
from ringback.clock import END_OF_TIME
from ringback.errors import WrongUsage

State = Literal["open", "accepted", "implemented", "measured", "rejected"]
Kind = Literal["open", "accepted", "implemented", "measured", "rejected", "seen", "stale"]
STATES: tuple[State, ...] = get_args(State)
NEXT: Mapping[State, tuple[State, ...]] = {
    "open": ("accepted", "rejected"),
    "accepted": ("implemented", "rejected"),
    "implemented": ("measured",),
    "measured": (),
    "rejected": (),
}
ID_DIGITS = (8, 16, 64)
"""Of the hash in a ticket's id: more only where another ticket has the same ones."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a ticket, when it became known, and who said so."""

    ticket_id: str
    kind: Kind
    at: datetime
    by: str
    note: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A recommendation as it was made, with what had happened to it by a moment."""

    ticket_id: str
    rule: str
    subject: str
    round: int
    created_at: datetime
    recommendation: Mapping[str, Any]
    """As JSON; `improvement.tickets.Proposal` reads it."""
    events: tuple[Event, ...]
    """The earliest first."""

    @property
    def state(self) -> State:
        """What it has come to."""
        reached = {event.kind for event in self.events}
        ended: tuple[State, ...] = ("rejected", "measured", "implemented", "accepted")
        return next((state for state in ended if state in reached), "open")

    @property
    def last_seen_at(self) -> datetime:
        """When it was last recommended."""
        return max((event.at for event in self.events if event.kind == "seen"), default=self.created_at)

    @property
    def is_stale(self) -> bool:
        """Whether it waits although what it was recommended for has long not been seen."""
        told = [event.at for event in self.events if event.kind == "stale"]
        return self.state in ("open", "accepted") and bool(told) and max(told) > self.last_seen_at

    def event(self, kind: Kind) -> Event | None:
        """The latest event of a kind, or None where there is none."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to be opened."""

    rule: str
    subject: str
    round: int
    recommendation: Mapping[str, Any]


def open_tickets(new: Iterable[NewTicket], at: datetime, by: str) -> list[str]:
    """Open tickets; gives the ids of those that are new: the same rule, subject and round again is not."""
    with writing() as connection:
        take_turns(connection, "tickets")
        return [ticket_id for one in new if (ticket_id := _open(connection, one, at, by)) is not None]


def tickets_as_of(moment: datetime) -> list[Ticket]:
    """All tickets of a moment, the latest first, with what was known of them then."""
    asked = select(TicketRow).where(TicketRow.created_at <= moment)
    with reading() as connection:
        events: dict[str, list[Event]] = {}
        for row in connection.execute(select(EventRow).where(EventRow.at <= moment)):
            events.setdefault(row.ticket_id, []).append(_event(row))
        latest_first = asked.order_by(TicketRow.created_at.desc(), TicketRow.ticket_id)
        return [_ticket(row, events.get(row.ticket_id, [])) for row in connection.execute(latest_first)]


def ticket_as_of(ticket_id: str, moment: datetime) -> Ticket | None:
    """One ticket of a moment; None where there was none."""
    with reading() as connection:
        return _one(connection, ticket_id, moment)


def move(
    ticket_id: str,
    to: State,
    at: datetime,
    by: str,
    note: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Let a ticket come to a state; False where it is there already with the same details.

    Raises WrongUsage where there is no such ticket, where the state cannot be reached from its own, where it came to
    that state in another way, and where it happened before what is known of it.
    """
    details = dict(details or {})
    with writing() as connection:
        take_turns(connection, f"ticket {ticket_id}")
        ticket = _one(connection, ticket_id, END_OF_TIME)
        if ticket is None:
            raise WrongUsage(f"there is no ticket {ticket_id!r}; 'ringback tickets list' shows those there are")
        there = ticket.event(to)
        if there is not None and ticket.state == to and dict(there.details) == details:
            return False
        if there is not None or to not in NEXT[ticket.state]:
            raise WrongUsage(_refusal(ticket, to))
        since = max(event.at for event in ticket.events if event.kind in STATES)
        if at < since:
            raise WrongUsage(f"{ticket_id} is {ticket.state} only since {since:%Y-%m-%d %H:%M} UTC")
        _add(connection, Event(ticket_id, to, at, by, note, details))
        return True


def note_seen(ticket_ids: Iterable[str], at: datetime, by: str) -> int:
    """Write down that tickets were recommended again, at most once a day each; gives how many rows are new."""
    return _note("seen", ticket_ids, at, by, None)


def note_stale(ticket_ids: Iterable[str], at: datetime, by: str, because: str) -> int:
    """Write down that what tickets were recommended for is no longer seen; gives how many rows are new."""
    return _note("stale", ticket_ids, at, by, because)


def _refusal(ticket: Ticket, to: State) -> str:
    possible = " or ".join(NEXT[ticket.state]) or "nothing more"
    before = f"{ticket.ticket_id} is {ticket.state} already, with other details" if ticket.state == to else ""
    return f"{before or f'{ticket.ticket_id} is {ticket.state} and cannot become {to}'}; possible is: {possible}"


def _open(connection: Connection, new: NewTicket, at: datetime, by: str) -> str | None:
    row = {
        "rule": new.rule, "subject": new.subject, "round": new.round, "created_at": at,
        "recommendation": dict(new.recommendation),
    }  # fmt: skip
    same = (TicketRow.rule == new.rule) & (TicketRow.subject == new.subject) & (TicketRow.round == new.round)
    for digits in ID_DIGITS:
        ticket_id = id_of(new.rule, new.subject, new.round, digits)
        if insert_new(connection, TicketRow, [row | {"ticket_id": ticket_id}]):
            _add(connection, Event(ticket_id, "open", at, by, None, {}))
            return ticket_id
        if connection.scalar(select(TicketRow.ticket_id).where(same)) is not None:
            return None
    raise WrongUsage(f"two tickets have the same name: {new.rule} on {new.subject[:80]}")


def id_of(rule: str, subject: str, round: int, digits: int = 8) -> str:
    """A ticket's name, which follows from what it is about.

    >>> id_of("lost_calibration", "progression", 1)
    'T-fe0582b2'
    """
    return f"T-{sha256(f'{rule}|{subject}|{round}'.encode()).hexdigest()[:digits]}"


def _note(kind: Kind, ticket_ids: Iterable[str], at: datetime, by: str, note: str | None) -> int:
    with writing() as connection:
        return sum(_add(connection, Event(one, kind, at, by, note, {}), f" {at:%Y-%m-%d}") for one in ticket_ids)


def _add(connection: Connection, event: Event, day: str = "") -> int:
    row = {
        "ticket_id": event.ticket_id, "step": f"{event.kind}{day}", "kind": event.kind, "at": event.at, "by": event.by,
        "note": event.note, "details": dict(event.details),
    }  # fmt: skip
    return insert_new(connection, EventRow, [row])


def _one(connection: Connection, ticket_id: str, moment: datetime) -> Ticket | None:
    asked = select(TicketRow).where(TicketRow.ticket_id == ticket_id, TicketRow.created_at <= moment)
    row = connection.execute(asked).one_or_none()
    if row is None:
        return None
    happened = select(EventRow).where(EventRow.ticket_id == ticket_id, EventRow.at <= moment)
    return _ticket(row, [_event(one) for one in connection.execute(happened)])


def _ticket(row: Any, events: list[Event]) -> Ticket:
    order = {kind: number for number, kind in enumerate(get_args(Kind))}
    in_order = tuple(sorted(events, key=lambda event: (event.at, order[event.kind])))
    return Ticket(row.ticket_id, row.rule, row.subject, row.round, row.created_at, row.recommendation, in_order)


def _event(row: Any) -> Event:
    return Event(row.ticket_id, row.kind, row.at, row.by, row.note, row.details)
