"""Telling of incidents that others than the health check opened: by its rules, at its next look or at once."""

from datetime import datetime
from logging import getLogger

from database import incidents, notices
from database.away import is_of_database
from flows.telling import tell_due
from monitoring.health_limits import Rules, load_rules
from monitoring.incidents import recovery_tellings, tellings
from ringback.settings import settings

log = getLogger("ringback.health")


def note_others(moment: datetime, rules: Rules) -> None:
    """Note what is to be told of incidents that others opened or closed and nobody was told of."""
    zone, mail_to = settings().zone, settings().alert_to
    for other in incidents.untold():
        tell = tellings(other.severity, moment, rules, zone, mail_to)
        incidents.note_later(other.incident_id, "opened", other.words, moment, tell)
    for other, closed_at in incidents.ended_untold():
        tell = recovery_tellings(notices.told_at(other.incident_id), other.severity, moment, rules, zone)
        words = f"over since {closed_at:%Y-%m-%d %H:%M} UTC; it was: {other.words}"
        incidents.note_later(other.incident_id, "recovered", words, moment, tell)


def tell_now(moment: datetime, prefect: str | None) -> None:
    """Tell what others opened and closed without waiting for the next health check, which may be what is down.

    A database that is away is told of by the health check; here it is only logged.
    """
    try:
        note_others(moment, load_rules(settings().health))
        tell_due(moment, prefect)
    except Exception as failure:
        if not is_of_database(failure):
            raise
        log.exception("incidents could not be told")
