"""What happened to messages, as the providers of e-mail tell it; each event once, however often it is told."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from database.models import EngagementEvent
from database.session import in_parts, insert_new, reading, writing
from database.suppressions import Suppressed, reason_in, suppress_within

UNREADABLE = "unreadable"
"""The kind of what a provider sent and nobody can read: `detail` has it, with the reason."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """One thing that happened to one message."""

    event_id: str
    """The provider and its own name of the event."""
    provider: str
    kind: str
    """delivered, opened, clicked, bounced, complained, unsubscribed …; `unreadable` for what could not be read."""
    recipient: str
    """The address in small letters; empty where it could not be read."""
    happened_at: datetime
    received_at: datetime
    message_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def keep_events(events: Iterable[Engagement]) -> int:
    """Keep events, each once; gives how many were new.

    An address that bounced for good, complained or left the list is suppressed in the same transaction: not one more
    mail goes out between the two. An event that was known suppresses nothing again, so that a person may lift it.
    """
    listed = list(events)
    with writing() as connection:
        ending = [one for one in listed if one.recipient and reason_in(one.kind, one.detail) is not None]
        known = _known(connection, {one.event_id for one in ending})
        suppress_within(connection, [_suppressed(one) for one in ending if one.event_id not in known])
        return insert_new(connection, EngagementEvent, [asdict(event) for event in listed])


def correct(kinds: Mapping[str, tuple[str, str]]) -> None:
    """Give events another kind, by id, with the reason in their detail under `because`."""
    if not kinds:
        return
    i = EngagementEvent
    with writing() as connection:
        for some in in_parts(kinds):
            for row in connection.execute(select(i.event_id, i.detail).where(i.event_id.in_(some))).all():
                kind, because = kinds[row.event_id]
                detail = {**(row.detail or {}), "because": because}
                connection.execute(
                    update(i).where(i.event_id == row.event_id).values(kind=kind, detail=detail, landed_at=None)
                )


def events_of(recipient: str, at_most: int = 100) -> list[Engagement]:
    """What happened to messages to an address, the last first."""
    asked = (
        select(EngagementEvent)
        .where(EngagementEvent.recipient == recipient.lower())
        .order_by(EngagementEvent.happened_at.desc(), EngagementEvent.event_id)
        .limit(at_most)
    )
    with reading() as connection:
        return [
            Engagement(**{name: getattr(row, name) for name in Engagement.__slots__})
            for row in connection.execute(asked)
        ]


def events_of_all(recipients: Collection[str]) -> dict[str, list[Engagement]]:
    """What happened to messages to addresses, by address, the first first; with an empty list for nothing."""
    found: dict[str, list[Engagement]] = {one: [] for one in recipients}
    with reading() as connection:
        for some in in_parts(recipients):
            asked = (
                select(EngagementEvent)
                .where(EngagementEvent.recipient.in_(some))
                .order_by(EngagementEvent.happened_at, EngagementEvent.event_id)
            )
            for row in connection.execute(asked):
                one = Engagement(**{name: getattr(row, name) for name in Engagement.__slots__})
                found[one.recipient].append(one)
    return found


def _known(connection: Connection, event_ids: Collection[str]) -> set[str]:
    return {
        event_id
        for some in in_parts(event_ids)
        for event_id in connection.scalars(
            select(EngagementEvent.event_id).where(EngagementEvent.event_id.in_(some))
        )
    }  # fmt: skip


def _suppressed(event: Engagement) -> Suppressed:
    reason = reason_in(event.kind, event.detail)
    assert reason is not None  # noqa: S101  (only those that have one come here)
    return Suppressed(event.recipient, reason, event.happened_at, event.provider, event.event_id)
