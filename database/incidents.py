"""Incidents: each said once, open until somebody or something closes it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from database.models import Incident
from database.session import insert_new, reading, writing


@dataclass(frozen=True, slots=True)
class Open:
    """Something wrong that nobody has closed."""

    kind: str
    subject: str
    opened_at: datetime
    words: str


def open_incident(kind: str, subject: str, words: str, at: datetime) -> bool:
    """Open an incident; False where one of this kind about this subject is open already."""
    row = {
        "incident_id": f"{kind} {subject} {at.isoformat()}", "kind": kind, "subject": subject, "opened_at": at,
        "words": words,
    }  # fmt: skip
    with writing() as connection:
        return insert_new(connection, Incident, [row]) > 0


def close_incident(kind: str, subject: str, at: datetime) -> bool:
    """Close the open incident of this kind about this subject; False where there is none."""
    mine = update(Incident).where(Incident.kind == kind, Incident.subject == subject, Incident.closed_at.is_(None))
    with writing() as connection:
        return connection.execute(mine.values(closed_at=at)).rowcount > 0


def closed_since(kind: str, subject: str, moment: datetime) -> bool:
    """Whether such an incident was closed after a moment."""
    asked = select(Incident.incident_id).where(
        Incident.kind == kind, Incident.subject == subject, Incident.closed_at >= moment
    )
    with reading() as connection:
        return connection.scalar(asked.limit(1)) is not None


def open_incidents() -> list[Open]:
    """What is wrong now, the oldest first."""
    asked = select(Incident).where(Incident.closed_at.is_(None)).order_by(Incident.opened_at)
    with reading() as connection:
        return [Open(r.kind, r.subject, r.opened_at, r.words) for r in connection.execute(asked)]
