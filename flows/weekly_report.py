"""Sundays: measure the week, say what changed, what to do and what the last changes brought, and send the report."""

from datetime import datetime
from pathlib import Path

from prefect import flow

from database.measures import publish_measures
from flows.environment import is_scheduled, moment_of, prepare_stores, run_name
from flows.looking import look_at
from flows.reporting import land_logs, put_out, send_once
from flows.running import attempt, wait_until_calm
from flows.ticket_following import follow_up
from monitoring.measure import Measurement
from reports.periods import Kind, period_of
from reports.publish import FORMATS
from ringback.clock import now


@flow(name="weekly-report", flow_run_name=run_name)
def weekly_report(
    as_of: datetime | None = None,
    kind: Kind = "weekly",
    formats: tuple[str, ...] = FORMATS,
    send: bool | None = None,
    late: str | None = None,
) -> Path:
    """Measure the week, recommend, follow up shipped changes, and send the report to the executives."""
    prepare_stores()
    moment = moment_of(as_of)
    with attempt(period_of(kind, moment), now()) as run:
        run.note(late)
        run.note(wait_until_calm() if is_scheduled() else None)
        run.note(None if as_of else land_logs(moment))
        report = follow_up(look_at(run.period.last_week, moment), moment)
        keep(report.measurements, moment)
        page, published = put_out(report, run, formats)
        if send or (send is None and as_of is None):
            send_once(published, run)
    return page


def keep(measurements: list[Measurement], moment: datetime) -> None:
    """Publish the weeks' measures for reading by key."""
    publish_measures(
        {
            "measure": m.measure.name, "week": m.week, "value": m.value, "low": m.low, "high": m.high, "n": m.n,
            "dimension": m.dimension, "member": m.member, "as_of": moment,
        }
        for m in measurements
    )  # fmt: skip
