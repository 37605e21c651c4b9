"""How each health check stands, and how it stood in the last thirty days; read by key, by the API and the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from database.health_models import HealthHistory, HealthStanding
from database.session import insert_new, insert_or_replace, reading, take_turns, writing
from ringback.clock import LONG_AGO
from ringback.health import WRONG, Finding

KEPT = timedelta(days=30)
MOST_OF_HISTORY = 10_000
"""Rows that one question gives at most, the latest."""


@dataclass(frozen=True, slots=True)
class Standing(Finding):
    """A finding, and how long it has been so."""

    measured_at: datetime = LONG_AGO
    """UTC."""
    since: datetime = LONG_AGO
    """When it came to this status, UTC."""
    consecutive: int = 1
    """Looks in a row that went wrong; in a row that went well where it is well."""


@dataclass(frozen=True, slots=True)
class Past(Finding):
    """What one look found."""

    measured_at: datetime = LONG_AGO
    """UTC."""


def keep_findings(findings: Sequence[Finding], at: datetime) -> list[Standing]:
    """Keep what a look at a moment found; gives how each thing stands then. Done twice it is counted once."""
    with writing() as connection:
        take_turns(connection, "health")
        before = {(row.component, row.check): row for row in connection.execute(select(HealthStanding))}
        kept = [_standing(one, before.get((one.component, one.check)), at) for one in findings]
        insert_or_replace(connection, HealthStanding, [_row(one) for one in kept])
        insert_new(connection, HealthHistory, [_past_row(one, at) for one in findings])
        connection.execute(delete(HealthHistory).where(HealthHistory.measured_at < at - KEPT))
        connection.execute(delete(HealthStanding).where(HealthStanding.measured_at < at - KEPT))
    return kept


def standings() -> list[Standing]:
    """How everything stands that was looked at in the last thirty days, by component and check."""
    with reading() as connection:
        asked = select(HealthStanding).order_by(HealthStanding.component, HealthStanding.check)
        return [Standing(**dict(row._mapping)) for row in connection.execute(asked)]


def of_last_look(found: Sequence[Standing], at: datetime) -> list[Standing]:
    """Those that the last look up to a moment was about; of the others nobody knows how they are by now."""
    last = max((one.measured_at for one in found if one.measured_at <= at), default=None)
    return [one for one in found if one.measured_at == last]


def history(check: str, since: datetime, component: str | None = None) -> list[Past]:
    """What looks found under the name of a check since a moment, of one component or of all, the earliest first."""
    h = HealthHistory
    asked = select(h).where(h.check == check, h.measured_at >= since)
    asked = asked if component is None else asked.where(h.component == component)
    return _past(asked)


def found_at(moment: datetime) -> list[Past]:
    """What the last look up to a moment found; empty where there was none in the thirty days before."""
    h = HealthHistory
    with reading() as connection:
        last = connection.scalar(select(h.measured_at).where(h.measured_at <= moment).order_by(h.measured_at.desc()))
    return [] if last is None else _past(select(h).where(h.measured_at == last))


def all_history(since: datetime) -> list[Past]:
    """What all looks found since a moment, the earliest first."""
    return _past(select(HealthHistory).where(HealthHistory.measured_at >= since))


def forget_history(before: datetime) -> int:
    """Delete what was found before a moment; gives how many rows."""
    with writing() as connection:
        return connection.execute(delete(HealthHistory).where(HealthHistory.measured_at < before)).rowcount


def _past(asked: Any) -> list[Past]:
    h = HealthHistory
    with reading() as connection:
        found = connection.execute(asked.order_by(h.measured_at.desc(), h.component, h.check).limit(MOST_OF_HISTORY))
        past = [Past(**dict(row._mapping)) for row in found]
    return sorted(past, key=lambda one: (one.measured_at, one.component, one.check))


def _standing(found: Finding, before: Any, at: datetime) -> Standing:
    facts = {name: getattr(found, name) for name in ("component", "check", "status", "words", "value", "unit")}
    if before is None:
        return Standing(**facts, measured_at=at, since=at, consecutive=1)
    is_again = before.measured_at == at
    is_same_side = (before.status in WRONG) == found.is_wrong
    consecutive = before.consecutive + (0 if is_again else 1) if is_same_side else 1
    since = before.since if before.status == found.status else at
    return Standing(**facts, measured_at=at, since=since, consecutive=consecutive)


def _row(one: Standing) -> dict[str, Any]:
    return _past_row(one, one.measured_at) | {"since": one.since, "consecutive": one.consecutive}


def _past_row(one: Finding, at: datetime) -> dict[str, Any]:
    return {
        "component": one.component, "check": one.check, "status": one.status, "words": one.words, "value": one.value,
        "unit": one.unit, "measured_at": at,
    }  # fmt: skip
