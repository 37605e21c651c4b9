"""The steps of a report around its numbers: logged decisions come in first, files go out last, each is sent once."""

from dataclasses import replace
from datetime import datetime
from logging import getLogger
from pathlib import Path

from prefect import task

from database.incidents import close_incident, open_incident
from database.report_runs import mark_sent
from flows.running import DISK, Attempt, is_full, note_full_disk
from flows.sending import send_report
from reports.keeping import Cleaned as Cleaned
from reports.keeping import clean_archive, make_room
from reports.mail import mail_of
from reports.periods import PublishedReport, gather_period
from reports.publish import publish
from reports.weekly import WeeklyReport
from ringback.clock import now
from ringback.errors import RingbackError
from ringback.settings import settings
from warehouse.decisions import land_decisions

KEPT_DAYS = 90
SENDING = "sending"
DOUBT = "the run that sent it ended before it could say so: it may have reached nobody, or not everybody"
log = getLogger("ringback.reports")


@task
def land_logs(moment: datetime) -> str | None:
    """Bring in what was logged, as known at the moment that the report speaks of, which must be the present one.

    What cannot be brought in is said in the report, which is made of the rest.
    """
    try:
        land_decisions(moment)
    except (RingbackError, OSError) as failure:
        log.warning("logged decisions could not be brought in", exc_info=True)
        return f"Newly logged decisions could not be brought in and are missing here: {failure}"
    return None


@task
def put_out(report: WeeklyReport, run: Attempt, formats: tuple[str, ...]) -> tuple[Path, PublishedReport]:
    """Write the report's files, and take away reports of more than 90 days; a full disk loses its oldest reports."""
    folder = settings().reports
    clean_archive(folder, report.as_of, KEPT_DAYS)
    published = gather_period(report, run.period)
    while True:
        told = replace(published, report=replace(report, notes=(*report.notes, *run.notes)))
        try:
            page = publish(told, folder, formats)
        except OSError as failure:
            removed = make_room(folder, report.as_of).removed if is_full(failure) else ()
            if not removed:
                raise
            run.for_next = note_full_disk(len(removed), now())
            run.note(run.for_next)
        else:
            if run.for_next is None:
                close_incident(DISK, str(folder), now())
            return page, told


@task
def send_once(published: PublishedReport, run: Attempt) -> None:
    """Send the report to everybody in the settings; it is marked first, so that nobody is sent it twice.

    Of one that a run marked which then died nobody knows to whom it went: that is an incident.
    """
    name = f"{run.period.kind}-{run.period.name}"
    if not mark_sent(run.period.kind, run.period.name, now()):
        if run.tries > 1:
            open_incident(SENDING, name, DOUBT, now())
        return
    if failures := send_report(name, mail_of(published)):
        open_incident(SENDING, name, "; ".join(failures)[:1000], now())
