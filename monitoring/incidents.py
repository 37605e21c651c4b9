"""What opens, escalates and recovers, and who is told when: pure, from how things stand and what is open.

It goes by what is the case, not by what has just changed: a check that was killed halfway is made up for by the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from database.health import Standing
from database.incidents import HEALTH, Open, Told
from database.notices import Telling
from monitoring.health_limits import Channel, Quiet, Rules
from monitoring.health_limits import Telling as Policy
from ringback.clock import as_utc, shown_in
from ringback.health import Finding, Severity

NO_LONGER_LOOKED_AT = timedelta(days=7)
"""After so long without a look (a vendor that is not used any more) an incident ends."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an incident."""

    step: Literal["opened", "escalated", "recovered"]
    component: str
    subject: str
    severity: Severity
    words: str
    incident_id: str = ""
    """Of one that is open; empty for a new one."""


def changes(standings: Sequence[Standing], opened: Sequence[Open], at: datetime, policy: Policy) -> list[Change]:
    """What becomes of the health check's incidents at a moment, in the order of the standings."""
    mine = {one.subject: one for one in opened if one.kind == HEALTH}
    found = (_change(one, mine.get(one.subject), at, policy) for one in standings)
    known = {one.subject for one in standings}
    gone = (_gone(one) for one in mine.values() if one.subject not in known and _is_long_ago(one.opened_at, at))
    return [*(one for one in found if one is not None), *gone]


def well_again(told: Sequence[Told], found: Sequence[Finding]) -> dict[str, str]:
    """Open incidents of the health check whose subject is well by what was found, by their id, with its words."""
    well = {one.subject: one.words for one in found if not one.is_wrong}
    return {
        one.incident_id: well[one.subject] for one in told
        if one.kind == HEALTH and one.recovered_at is None and one.subject in well
    }  # fmt: skip


def tellings(severity: Severity, at: datetime, rules: Rules, zone: str, mail_to: Sequence[str]) -> list[Telling]:
    """Where a change of this severity is told, and from when on it may be."""
    channels = rules.incidents.critical if severity == "critical" else rules.incidents.opened
    due_at = may_be_told_at(severity, at, rules.quiet, zone)
    return list(_each(channels, at, due_at, mail_to))


def recovery_tellings(
    told: Sequence[tuple[str, str]], severity: Severity, at: datetime, rules: Rules, zone: str
) -> list[Telling]:
    """A recovery is told wherever (channel, recipient) the incident was."""
    due_at = may_be_told_at(severity, at, rules.quiet, zone)
    return [Telling(channel, at if channel == "event" else due_at, to) for channel, to in told]


def may_be_told_at(severity: Severity, at: datetime, quiet: Quiet | None, zone: str) -> datetime:
    """The moment itself, or the end of the quiet hours in which it lies (UTC); the hours may go over midnight.

    >>> from datetime import time
    >>> night = Quiet(since=time(21), until=time(6))
    >>> may_be_told_at("needs_attention", datetime(2026, 3, 18, 4), night, "America/Chicago")
    datetime.datetime(2026, 3, 18, 11, 0)
    >>> may_be_told_at("critical", datetime(2026, 3, 18, 4), night, "America/Chicago")
    datetime.datetime(2026, 3, 18, 4, 0)
    """
    if quiet is None or (severity == "critical" and quiet.critical == "pass"):
        return at
    local = shown_in(at, zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet.since > quiet.until
    is_quiet = clock >= quiet.since or clock < quiet.until if over_midnight else quiet.since <= clock < quiet.until
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if over_midnight and clock >= quiet.since else 0)
    return as_utc(datetime.combine(day, quiet.until), zone)


def _change(one: Standing, opened: Open | None, at: datetime, policy: Policy) -> Change | None:
    if not one.is_wrong:
        if opened is None:
            return None
        return Change("recovered", one.component, one.subject, opened.severity, one.words, opened.incident_id)
    if _is_long_ago(one.measured_at, at):
        return None if opened is None else _gone(opened)
    lasts = one.consecutive >= policy.escalate_after
    severity: Severity = "critical" if one.status == "critical" or lasts else "needs_attention"
    if opened is None:
        is_due = one.measured_at == at and one.consecutive >= policy.open_after
        return Change("opened", one.component, one.subject, severity, one.words) if is_due else None
    if severity == "critical" and opened.severity != "critical":
        words = f"{one.words} ({one.consecutive} checks in a row)" if one.status != "critical" else one.words
        return Change("escalated", one.component, one.subject, severity, words, opened.incident_id)
    return None


def _gone(opened: Open) -> Change:
    component, _, _ = opened.subject.partition(": ")
    words = "it is no longer looked at"
    return Change("recovered", component, opened.subject, opened.severity, words, opened.incident_id)


def _is_long_ago(moment: datetime, at: datetime) -> bool:
    return moment <= at - NO_LONGER_LOOKED_AT


def _each(
    channels: Sequence[Channel], at: datetime, due_at: datetime, mail_to: Sequence[str]
) -> Iterator[Telling]:  # fmt: skip
    """An event goes to a machine, which sleeps at no time."""
    for channel in channels:
        if channel == "mail":
            yield from (Telling("mail", due_at, to) for to in mail_to)
        else:
            yield Telling(channel, at if channel == "event" else due_at)
