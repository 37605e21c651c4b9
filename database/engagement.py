"""What happened to messages, as the providers of e-mail tell it; each event once, however often it is told."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from database.models import EngagementEvent
from database.session import insert_new, reading, writing

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
    """Keep events, each once; gives how many were new."""
    rows = [asdict(event) for event in events]
    with writing() as connection:
        return insert_new(connection, EngagementEvent, rows)


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
