"""How well flows run: judged by what Prefect says of them; the names of these checks are in `CHECKS` of `health.py`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from monitoring.health_facts import Facts
from monitoring.health_grading import graded, shared, unknown
from monitoring.health_limits import Limit, Limits
from ringback.health import Finding
from vendors.prefect_health import FAILED, EndedRun, OpenRun

Findings = Iterator[Finding]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LEAST_RUNS = 5


def runs_succeed(facts: Facts, limits: Limits) -> Findings:
    """Few runs of flows fail, and no flow fails time after time."""
    signs = facts.prefect.value
    if signs is None:
        yield from unknown("flows", "errors", facts.prefect)
        return
    if signs.ended:
        words = f"{signs.failed:,} of {signs.ended:,} runs failed in 24 hours"
        yield shared("flows", "errors", signs.failed / signs.ended, signs.ended, LEAST_RUNS, limits.failed_runs, words)
    else:
        yield Finding("flows", "errors", "not_in_use", "no run ended in 24 hours")
    for flow, last in signs.last.items():
        yield _in_a_row(flow, last, limits.failed_in_a_row)


def runs_begin_and_end(facts: Facts, limits: Limits) -> Findings:
    """Runs begin when they are due, and end."""
    signs = facts.prefect.value
    if signs is None:
        yield from unknown("flows", "missed schedules", facts.prefect)
        return
    yield _longest(
        "missed schedules", signs.late, facts.at, MINUTE, limits.late_minutes, "should have begun", "no run is late"
    )
    yield _longest("endless runs", signs.running, facts.at, HOUR, limits.running_hours, "runs", "no run is under way")


def workers_live(facts: Facts, limits: Limits) -> Findings:
    """Prefect's server answers and a worker is there to do its runs."""
    signs = facts.prefect.value
    if signs is None:
        yield from unknown("prefect", "server", facts.prefect)
        return
    yield graded(
        "prefect", "server", signs.seconds, limits.vendor_seconds, f"Prefect answers after {signs.seconds:.2f} s"
    )
    if not signs.workers:
        yield Finding("prefect", "worker", "critical", "there is no worker: nothing runs; 'ringback up' starts one")
        return
    name, last = max(signs.workers.items(), key=lambda pair: pair[1])
    since = max(0.0, (facts.at - last) / MINUTE)
    yield graded(
        "prefect",
        "worker",
        since,
        limits.heartbeat_minutes,
        f"the worker {name} gave a sign of life {since:.1f} min ago",
    )


def _in_a_row(flow: str, last: tuple[EndedRun, ...], limit: Limit) -> Finding:
    """Runs that failed one after the other; one that stood in for one that crashed, and failed too, is enough."""
    component, check = f"flow {flow}", "last runs"
    if not last:
        return Finding(component, check, "not_in_use", f"{flow} has not run yet")
    failed = next((n for n, run in enumerate(last) if run.state not in FAILED), len(last))
    if not failed:
        return graded(component, check, 0, limit, f"the last run of {flow} went well")
    said = f"; the last: {last[0].words}" if last[0].words else ""
    words = f"the last {failed} runs of {flow} failed or crashed{said}"
    found = graded(component, check, failed, limit, words)
    if last[0].is_again and not found.is_wrong:
        return replace(found, status="needs_attention", words=f"{flow} crashed, was run again, and failed again{said}")
    return found


def _longest(
    check: str, runs: tuple[OpenRun, ...], at: datetime, unit: timedelta, limit: Limit, what: str, none: str
) -> Finding:
    if not runs:
        return Finding("flows", check, "excellent", none, 0.0, limit.unit)
    first = min(runs, key=lambda run: run.since)
    waits = max(0.0, (at - first.since) / unit)
    words = f"{len(runs)} open; {first.flow} {what} since {first.since:%Y-%m-%d %H:%M} UTC"
    return graded("flows", check, waits, limit, words)
