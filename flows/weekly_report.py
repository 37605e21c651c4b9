"""Sundays: measure the week, say what changed and what to do, and publish the report."""

from datetime import datetime, timedelta
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from database.measures import publish_measures
from database.promotions import champion_as_of
from flows.environment import is_synthetic, moment_of, prepare_stores, run_name
from monitoring.estimate import estimates_as_of
from monitoring.measure import Measurement
from reports.gathering import gather
from reports.publish import publish
from reports.weekly import ModelFacts, WeeklyReport
from ringback.clock import week_start
from ringback.records import TARGETS, Target
from ringback.settings import settings
from training import registry

SUNDAY_MORNING = timedelta(days=6)
PERIODS_FORESEEN = 2


@flow(name="weekly-report", flow_run_name=run_name)
def weekly_report(as_of: datetime | None = None) -> Path:
    """Measure the week, recommend, and publish the report to the executives."""
    prepare_stores()
    moment = moment_of(as_of)
    report = look_at(week_of(moment), moment)
    keep(report.measurements, moment)
    return publish(report, settings().reports)


def week_of(moment: datetime) -> datetime:
    """The Monday of the week a report speaks of: on a Sunday the week that ends, on other days the last whole one."""
    return week_start(moment - SUNDAY_MORNING)


@task
def look_at(week: datetime, moment: datetime) -> WeeklyReport:
    """Gather the week as it stood at the moment."""
    models = [facts for target in TARGETS if (facts := model_facts(target, moment))]
    attempts = [facts for target in TARGETS if (facts := attempt_facts(target, moment))]
    champion = champion_as_of("progression", moment)
    foreseen = estimates_as_of(moment, champion.version, PERIODS_FORESEEN) if champion else []
    estimates = [one for one in foreseen if any(figure.value is not None for figure in one.expected)]
    return gather(
        week, moment, models, is_synthetic(moment), settings().zone, flow_run.get_id(), attempts, estimates
    )  # fmt: skip


def keep(measurements: list[Measurement], moment: datetime) -> None:
    """Publish the weeks' measures for reading by key."""
    publish_measures(
        {
            "measure": m.measure.name, "week": m.week, "value": m.value, "low": m.low, "high": m.high, "n": m.n,
            "as_of": moment,
        }
        for m in measurements
    )  # fmt: skip


def attempt_facts(target: Target, moment: datetime) -> ModelFacts | None:
    """The latest training up to the moment that made no champion, unless one was made since."""
    tried = [version for version in registry.versions(target) if version.as_of <= moment]
    if not tried or tried[-1].promoted:
        return None
    latest = tried[-1]
    return ModelFacts(latest.target, latest.version, latest.candidate, latest.as_of, reason=latest.reason)


def model_facts(target: Target, moment: datetime) -> ModelFacts | None:
    """Who decided at the moment, and on what it was promoted, by the ledger alone."""
    champion = champion_as_of(target, moment)
    if champion is None:
        return None
    figures = champion.evidence
    return ModelFacts(
        target=target,
        version=champion.version,
        candidate=champion.candidate,
        trained_as_of=champion.decided_at,
        test_roc_auc=figures.get("roc_auc"),
        test_roc_auc_low=figures.get("roc_auc_low"),
        test_roc_auc_high=figures.get("roc_auc_high"),
        test_rows=int(figures["test_rows"]) if "test_rows" in figures else None,
        reason=champion.reason,
    )
