"""Incidents: each said once, open until somebody or something closes it.

What is to be told of a change (`database/notices.py`) is noted in the transaction that makes the change, so that no
change is told twice and none is forgotten, whatever is killed when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, and_, delete, exists, select, update

from database.health_models import IncidentNotice
from database.models import Incident
from database.notices import Telling, note
from database.session import insert_new, reading, writing
from ringback.health import Severity

HEALTH = "health"
"""The kind of incidents that the health check opens and closes itself."""


@dataclass(frozen=True, slots=True)
class Open:
    """Something wrong that nobody has closed."""

    kind: str
    subject: str
    opened_at: datetime
    words: str
    severity: Severity = "needs_attention"
    incident_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An incident from its beginning to now."""

    incident_id: str
    kind: str
    subject: str
    severity: Severity
    words: str
    opened_at: datetime
    escalated_at: datetime | None
    recovered_at: datetime | None
    """When it was closed; None while it is open."""
    recovered_words: str | None
    notices: dict[str, int]
    """How many notices are in each state (sent, waiting, in_doubt, …)."""


def open_incident(
    kind: str, subject: str, words: str, at: datetime, severity: Severity = "needs_attention",
    tell: Sequence[Telling] = (),
) -> bool:  # fmt: skip
    """Open an incident; False where one of this kind about this subject is open already, which then says these words.

    What `tell` names is noted with it; of an incident without any the health check tells.
    """
    row = {
        "incident_id": name_of(kind, subject, at), "kind": kind, "subject": subject, "opened_at": at, "words": words,
        "severity": severity,
    }  # fmt: skip
    with writing() as connection:
        if not insert_new(connection, Incident, [row]):
            is_same = and_(Incident.kind == kind, Incident.subject == subject, Incident.severity == severity)
            is_otherwise = and_(Incident.closed_at.is_(None), Incident.words != words)
            connection.execute(update(Incident).where(is_same, is_otherwise).values(words=words))
            return False
        note(connection, name_of(kind, subject, at), "opened", words, at, tell)
    return True


def escalate_incident(kind: str, subject: str, words: str, at: datetime, tell: Sequence[Telling] = ()) -> bool:
    """Call an open incident critical; False where there is none, or it is already."""
    mine = update(Incident).where(Incident.kind == kind, Incident.subject == subject, Incident.closed_at.is_(None))
    changed = mine.where(Incident.severity != "critical").values(severity="critical", escalated_at=at, words=words)
    return _change(changed, "escalated", words, at, tell)


def close_incident(
    kind: str, subject: str, at: datetime, words: str | None = None, tell: Sequence[Telling] = ()
) -> bool:
    """Close the open incident of this kind about this subject; False where there is none."""
    mine = update(Incident).where(Incident.kind == kind, Incident.subject == subject, Incident.closed_at.is_(None))
    changed = mine.values(closed_at=at, recovered_words=words)
    return _change(changed, "recovered", words or "", at, tell)


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
        return [_open(row) for row in connection.execute(asked)]


def untold() -> list[Open]:
    """Incidents that others opened and of which nothing was noted to be told, closed meanwhile or not."""
    is_noted = exists().where(IncidentNotice.incident_id == Incident.incident_id)
    asked = select(Incident).where(~is_noted, Incident.kind != HEALTH).order_by(Incident.opened_at)
    with reading() as connection:
        return [_open(row) for row in connection.execute(asked)]


def ended_untold() -> list[tuple[Open, datetime]]:
    """Incidents of others that were told of when they opened, and whose end, at the moment beside, was not."""
    n = IncidentNotice
    mine = n.incident_id == Incident.incident_id
    was_told = exists().where(mine, n.step == "opened", n.channel != "before")
    asked = select(Incident).where(
        Incident.kind != HEALTH, Incident.closed_at.is_not(None), was_told, ~exists().where(mine, n.step == "recovered")
    )  # fmt: skip
    with reading() as connection:
        return [(_open(row), row.closed_at) for row in connection.execute(asked)]


def note_later(incident_id: str, step: str, words: str, at: datetime, tell: Sequence[Telling]) -> int:
    """Note what is to be told of an incident that others opened or closed; gives how much of it is new."""
    with writing() as connection:
        return note(connection, incident_id, step, words, at, tell)


def timeline(limit: int = 100) -> list[Told]:
    """Incidents that are open, then those that were closed, the latest first; `limit` in all."""
    asked = select(Incident).order_by(Incident.closed_at.is_not(None), Incident.opened_at.desc()).limit(limit)
    with reading() as connection:
        rows = connection.execute(asked).all()
        counted = _notices_of(connection, [row.incident_id for row in rows])
    return [
        Told(
            row.incident_id, row.kind, row.subject, row.severity, row.words, row.opened_at, row.escalated_at,
            row.closed_at, row.recovered_words, counted.get(row.incident_id, {}),
        )
        for row in rows
    ]  # fmt: skip


def name_of(kind: str, subject: str, at: datetime) -> str:
    """The name of an incident: what it is about and when it began."""
    return f"{kind} {subject} {at.isoformat()}"


def forget_closed(before: datetime) -> int:
    """Delete incidents that were closed before a moment, and their notices; gives how many incidents."""
    old = Incident.closed_at < before
    with writing() as connection:
        connection.execute(delete(IncidentNotice).where(
            IncidentNotice.incident_id.in_(select(Incident.incident_id).where(old))
        ))  # fmt: skip
        return connection.execute(delete(Incident).where(old)).rowcount


def _change(changed: Update, step: str, words: str, at: datetime, tell: Sequence[Telling]) -> bool:
    with writing() as connection:
        incident_id = connection.scalar(changed.returning(Incident.incident_id))
        if incident_id is None:
            return False
        note(connection, incident_id, step, words, at, tell)
    return True


def _open(row: Any) -> Open:
    return Open(row.kind, row.subject, row.opened_at, row.words, row.severity, row.incident_id)


def _notices_of(connection: Connection, incident_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    n = IncidentNotice
    found: dict[str, dict[str, int]] = {}
    for start in range(0, len(incident_ids), 500):
        asked = select(n.incident_id, n.state).where(n.incident_id.in_(incident_ids[start : start + 500]))
        for incident_id, state in connection.execute(asked):
            mine = found.setdefault(incident_id, {})
            mine[state] = mine.get(state, 0) + 1
    return found
