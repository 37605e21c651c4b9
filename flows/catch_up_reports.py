"""Hourly: make the reports that are due and are not there, the oldest first; what failed is tried again in time."""

from datetime import datetime
from pathlib import Path

from prefect import flow

from database.report_runs import beat
from flows.environment import is_scheduled, moment_of, prepare_stores, run_name
from flows.running import Due, late_note, wait_until_calm, waiting
from flows.weekly_report import weekly_report


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
    return [page for one in due if (page := made(one, moment, last_look)) is not None]


def made(due: Due, moment: datetime, last_look: datetime) -> Path | None:
    """The page of a report that was due; None where it could not be made."""
    state = weekly_report(
        as_of=due.at, kind=due.period.kind, send=True, late=late_note(due.period, moment, last_look), return_state=True
    )
    page = state.result(raise_on_failure=False) if state.is_completed() else None
    return page if isinstance(page, Path) else None
