"""Hourly: make the reports that are due and are not there, the oldest first; what failed is tried again in time."""

from datetime import datetime
from pathlib import Path

from prefect import flow

from database.report_runs import beat
from flows.environment import is_scheduled, moment_of, prepare_stores, run_name
from flows.running import Due, late_note, wait_until_calm, waiting
from flows.weekly_report import weekly_report
from reports.periods import period_of


@flow(name="catch-up-reports", flow_run_name=run_name)
def catch_up_reports(as_of: datetime | None = None) -> list[Path]:
    """Make every report that is due and is not there; gives their pages.

    One that fails again stops neither the flow nor those after it; its next try is noted, or an incident opened.
    """
    prepare_stores()
    moment = moment_of(as_of)
    _, last_look = beat(moment)
    due = waiting(moment)
    if due and is_scheduled():
        wait_until_calm()
    pages = (made(one, speaking_of(one, moment, as_of), late_note(one.period, moment, last_look)) for one in due)
    return [page for page in pages if page is not None]


def speaking_of(due: Due, moment: datetime, as_of: datetime | None) -> datetime | None:
    """The moment that a report which was missed speaks of; None for now, with what was logged up to now.

    The latest speaks of the present one: a run of it that died may have followed up tickets after it was due, and what
    was logged has not come in. Those before it say what they would have said.
    """
    return as_of if period_of(due.period.kind, moment) == due.period else due.at


def made(due: Due, as_of: datetime | None, late: str | None) -> Path | None:
    """The page of a report that was due; None where it could not be made."""
    state = weekly_report(as_of=as_of, kind=due.period.kind, send=True, late=late, return_state=True)
    page = state.result(raise_on_failure=False) if state.is_completed() else None
    return page if isinstance(page, Path) else None
