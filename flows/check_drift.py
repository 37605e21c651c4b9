"""Daily: are the calls of the last four weeks like those the champion learned from?"""

from datetime import datetime, timedelta

from prefect import flow, get_run_logger, task
from prefect.events import emit_event

from database.promotions import champion_as_of
from features import build
from features.snapshots import snapshots_as_of
from flows.environment import moment_of, prepare_stores, run_name
from monitoring.drift import Drift, report_drift
from ringback.errors import NoModel
from ringback.settings import settings
from training import registry

RECENT = timedelta(days=28)


@flow(name="check-drift", flow_run_name=run_name)
def check_drift(as_of: datetime | None = None) -> Drift:
    """Write Evidently's report of recent against training calls, and say so where the calls have changed."""
    prepare_stores()
    moment = moment_of(as_of)
    drift = compare(moment)
    if drift.drifted:
        get_run_logger().warning("drift: %s moved", ", ".join(drift.moved))
        emit_event(
            "drift.detected",
            resource={"prefect.resource.id": "ringback.model.progression"},
            payload={"moved": drift.moved, "share": len(drift.moved) / len(drift.psi), "as_of": moment.isoformat()},
        )
    return drift


@task
def compare(moment: datetime) -> Drift:
    """Recent calls against those known when the champion was trained, on the features it leans on most."""
    champion = champion_as_of("progression", moment)
    if champion is None:
        raise NoModel(f"there is no champion as of {moment:%Y-%m-%d} to compare with; 'ringback run train' makes one")
    model = registry.load("progression", champion.version)
    snapshots = snapshots_as_of(moment)
    return report_drift(
        reference=[build(s) for s in snapshots if s.called_at < min(champion.decided_at, moment - RECENT)],
        recent=[build(s) for s in snapshots if s.called_at >= moment - RECENT],
        encoding=model.encoding,
        names=registry.importances("progression", champion.version),
        path=settings().reports / "drift" / f"{moment:%Y-%m-%d}",
    )
