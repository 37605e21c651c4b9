"""The steps of a report around its numbers: logged decisions come in first, files go out last, each is sent once."""

from datetime import datetime
from logging import getLogger
from pathlib import Path

from prefect import task
from reports.mail import letter_of

from database.incidents import close_incident, open_incident
from database.report_runs import mark_sent
from flows.running import DISK, Attempt, is_full, note_full_disk
from flows.sending import send_report
from reports.archive import clean_archive, make_room
from reports.publish import publish
from reports.weekly import WeeklyReport
from ringback.clock import now
from ringback.errors import RingbackError
from ringback.settings import settings
from warehouse.decisions import land_decisions

KEPT_DAYS = 90
SENDING = "sending"
log = getLogger("ringback.reports")


@task
def land_logs(as_of: datetime | None) -> str | None:
    """Bring in what was logged, unless the report is of a past moment, which knew nothing of it.

    What cannot be brought in is said in the report, which is made of the rest.
    """
    if as_of is not None:
        return None
    try:
        land_decisions(now())
    except (RingbackError, OSError) as failure:
        log.warning("logged decisions could not be brought in", exc_info=True)
        return f"Newly logged decisions could not be brought in and are missing here: {failure}"
    return None


@task
def put_out(report: WeeklyReport, run: Attempt, formats: tuple[str, ...]) -> Path:
    """Write the report's files, and take away reports of more than 90 days; a full disk loses its oldest reports."""
    folder = settings().reports
    clean_archive(folder, report.as_of, KEPT_DAYS)
    while True:
        try:
            page = publish(report, folder, formats, run.period, tuple(run.notes))
        except OSError as failure:
            removed = make_room(folder) if is_full(failure) else 0
            if not removed:
                raise
            run.for_next = note_full_disk(removed, now())
            run.note(run.for_next)
        else:
            if run.for_next is None:
                close_incident(DISK, str(folder), now())
            return page


@task
def send_once(report: WeeklyReport, run: Attempt) -> None:
    """Send the report to everybody in the settings; it is marked first, so that nobody is sent it twice."""
    name = f"{run.period.kind}-{run.period.name}"
    if not mark_sent(run.period.kind, run.period.name, now()):
        return
    if failures := send_report(name, letter_of(report, run.period, tuple(run.notes))):
        open_incident(SENDING, name, "; ".join(failures)[:1000], now())
