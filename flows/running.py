"""That each report is made, once, in order, whatever happens: which are due, what becomes of a run, when to wait.

A report is due on the Sunday on which its last week ends, at nine in the customer's zone. `catch_up_reports` looks
every hour; a run that failed, or died without a word, is tried again after 1, 4 and 24 hours, and then an incident
says so.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from errno import EDQUOT, ENOSPC
from logging import getLogger
from typing import Literal

from database import report_runs
from database.incidents import close_incident, open_incident
from database.report_runs import Run
from reports.periods import Kind, Period, period_of
from ringback.clock import WEEK, as_utc, now, shown_in, week_start
from ringback.settings import settings

KINDS: tuple[Kind, ...] = ("weekly", "monthly", "quarterly")
DUE_HOUR = 9
MOST_WEEKS_BACK = 13
LATE = timedelta(hours=2)
BUSY_LOAD = 1.5
"""Processes that want to run, for each processor: above this a report waits."""
LOOK_AGAIN_SECONDS = 60.0
WAIT_AT_MOST_SECONDS = 2 * 3600.0
REPORT = "report"
"""The kind of incident that says a report could not be made."""
DISK = "disk"
log = getLogger("ringback.reports")


@dataclass(frozen=True, slots=True)
class Due:
    """A report and the moment it speaks as of."""

    period: Period
    at: datetime


@dataclass(slots=True)
class Attempt:
    """A run of a report that is under way."""

    period: Period
    notes: list[str] = field(default_factory=list)
    """What this report has to say of how it came about."""
    for_next: str | None = None
    """What the next one has to say of this."""
    tries: int = 1
    """How often it was tried, this time included."""

    def note(self, words: str | None) -> None:
        """Have the report say something of how it came about."""
        if words:
            self.notes.append(words)


def due_at(period: Period) -> datetime:
    """The Sunday, nine in the customer's zone, on which the period's last week ends; UTC."""
    sunday = period.last_week + timedelta(days=6, hours=DUE_HOUR)
    return as_utc(sunday, settings().zone)


def due_reports(since: datetime, moment: datetime) -> list[Due]:
    """The reports that came due after `since` and up to a moment, the oldest first, the weekly before longer ones."""
    week = max(week_start(since), week_start(moment) - MOST_WEEKS_BACK * WEEK)
    found = []
    while week <= moment:
        for kind in KINDS:
            period = period_of(kind, week + timedelta(days=6, hours=23))
            if period.last_week == week and since < (at := due_at(period)) <= moment:
                found.append(Due(period, at))
        week += WEEK
    return found


def waiting(moment: datetime) -> list[Due]:
    """The reports that are due, not made, and may be tried at a moment, the oldest first."""
    first = report_runs.first_look(moment)
    known = {(run.kind, run.name): run for run in report_runs.runs()}
    return [due for due in due_reports(first, moment) if _may_be_tried(known.get(_key(due.period)), moment)]


@contextmanager
def attempt(period: Period, at: datetime) -> Iterator[Attempt]:
    """Note that a report begins, and how it ended; after the last try that fails an incident is opened."""
    last = _last_before(report_runs.runs(), period)
    tries = report_runs.begin(period.kind, period.name, at)
    under_way = Attempt(period, [last.note] if last and last.note else [], tries=tries)
    try:
        yield under_way
    except Exception as failure:
        words = f"{type(failure).__name__}: {failure}"
        run = report_runs.fail(period.kind, period.name, words[:1000])
        if run.is_given_up:
            told = (
                f"the {period.kind} report {period.name} could not be made {run.attempts} times; the last time: {words}"
            )
            open_incident(REPORT, f"{period.kind} {period.name}", told[:1000], at)
        raise
    report_runs.finish(period.kind, period.name, now(), under_way.for_next)
    close_incident(REPORT, f"{period.kind} {period.name}", now())


def late_note(period: Period, at: datetime, last_look: datetime) -> str | None:
    """What a report that was made late says of it; None where it was in time."""
    due = due_at(period)
    if at - due < LATE:
        return None
    zone = settings().zone
    shown = f"{shown_in(due, zone):%-d %B, %H:%M}"
    if last_look < due:
        since = f"{shown_in(last_look, zone):%-d %B, %H:%M}"
        return f"This report was due on {shown}; nothing ran on this machine since {since}."
    return f"This report was due on {shown}; it could not be made then and was tried again."


def wait_until_calm(
    sleep: Callable[[float], None] = time.sleep, load: Callable[[], tuple[float, float, float]] = os.getloadavg
) -> str | None:
    """Wait while the machine has more to do than it can; gives what to say where it went on though it did not end."""
    most = BUSY_LOAD * (os.cpu_count() or 1)
    began = time.monotonic()
    waited = 0.0
    while load()[0] > most:
        if waited >= WAIT_AT_MOST_SECONDS:
            return f"The machine was busy for {waited / 3600:.0f} hours; this report was made beside its other work."
        sleep(LOOK_AGAIN_SECONDS)
        waited = max(time.monotonic() - began, waited + LOOK_AGAIN_SECONDS)
    return None


def is_full(failure: OSError) -> bool:
    """Whether a disk took no more."""
    return failure.errno in (ENOSPC, EDQUOT)


def note_full_disk(removed: int, at: datetime) -> str:
    """Say once, to whoever looks at incidents and in the next report, that the disk was full."""
    words = f"The disk was full on {shown_in(at, settings().zone):%-d %B}: {_counted(removed)} removed to make room."
    open_incident(DISK, str(settings().reports), words, at)
    log.warning(words)
    return words


def _counted(removed: int) -> str:
    return "1 old report was" if removed == 1 else f"{removed} old reports were"


def _may_be_tried(run: Run | None, moment: datetime) -> bool:
    if run is None or (run.attempts == 0 and run.done_at is None):
        return True
    return run.done_at is None and run.next_at is not None and run.next_at <= moment


def _last_before(known: Sequence[Run], period: Period) -> Run | None:
    """The last report of the same kind before this one that was made."""
    made = [run for run in known if run.kind == period.kind and run.done_at is not None and run.name < period.name]
    return max(made, key=lambda run: run.name, default=None)


def _key(period: Period) -> tuple[Literal["weekly", "monthly", "quarterly"], str]:
    return period.kind, period.name
