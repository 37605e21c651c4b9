"""The Prefect server over HTTP, without Prefect: schedules of a deployment for a campaign, runs now, job history."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ringback.clock import parse_time
from ringback.errors import VendorRefused, VendorUnavailable

PATIENCE_SECONDS = 5.0
SLUG = "campaign-"
BEGUN = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLING", "CANCELLED", "PAUSED"]
MOST_RUNS = 200
"""Prefect gives no more at once."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a deployment."""

    run_id: str
    name: str
    state: str
    """Completed, Failed, Crashed, Running, Scheduled, …"""
    expected_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float
    attempts: int
    parameters: Mapping[str, Any]
    message: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a deployment runs for a campaign."""

    campaign_id: str
    cron: str
    zone: str
    is_active: bool


def schedules(server: str, deployment: str) -> list[Schedule]:
    """The schedules of a deployment (`FLOW/NAME`) that are of campaigns; raises VendorUnavailable, VendorRefused."""
    found = _deployment(server, deployment)
    return [_schedule(one) for one in _of_campaigns(found)]


def put_schedule(server: str, deployment: str, schedule: Schedule) -> None:
    """Let a deployment run for a campaign by this schedule, in the place of the one it has for it."""
    found = _deployment(server, deployment)
    _remove(server, found, schedule.campaign_id)
    body = [{
        "schedule": {"cron": schedule.cron, "timezone": schedule.zone}, "active": schedule.is_active,
        "slug": SLUG + schedule.campaign_id, "parameters": {"campaign_id": schedule.campaign_id},
    }]  # fmt: skip
    _ask(server, "POST", f"/deployments/{found['id']}/schedules", body)


def drop_schedule(server: str, deployment: str, campaign_id: str) -> bool:
    """Take the schedule of a campaign away; False where there was none."""
    return _remove(server, _deployment(server, deployment), campaign_id)


def run_now(server: str, deployment: str, parameters: Mapping[str, Any], once: str) -> str:
    """Let a deployment run now; the same `once` makes one run however often it is asked for. Gives the run's id."""
    found = _deployment(server, deployment)
    body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}, "idempotency_key": once}
    run: dict[str, Any] = _ask(server, "POST", f"/deployments/{found['id']}/create_flow_run", body)
    return str(run["id"])


def job_history(server: str, deployment: str, campaign_id: str, at_most: int = 20) -> list[JobRun]:
    """The last runs of a deployment that began, for a campaign or for all of them, the latest first."""
    found = _deployment(server, deployment)
    body = {
        "deployments": {"id": {"any_": [found["id"]]}}, "flow_runs": {"state": {"type": {"any_": BEGUN}}},
        "sort": "EXPECTED_START_TIME_DESC", "limit": MOST_RUNS,
    }  # fmt: skip
    runs = [_run(one) for one in _ask(server, "POST", "/flow_runs/filter", body)]
    return [run for run in runs if run.parameters.get("campaign_id") in (None, campaign_id)][:at_most]


def _deployment(server: str, deployment: str) -> dict[str, Any]:
    flow, _, name = deployment.partition("/")
    found: dict[str, Any] = _ask(server, "GET", f"/deployments/name/{flow}/{name}")
    return found


def _of_campaigns(deployment: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (one for one in deployment.get("schedules") or () if str(one.get("slug") or "").startswith(SLUG))


def _remove(server: str, deployment: Mapping[str, Any], campaign_id: str) -> bool:
    of_it = [one for one in _of_campaigns(deployment) if one["slug"] == SLUG + campaign_id]
    for one in of_it:
        _ask(server, "DELETE", f"/deployments/{deployment['id']}/schedules/{one['id']}")
    return bool(of_it)


def _schedule(told: Mapping[str, Any]) -> Schedule:
    when = told.get("schedule") or {}
    campaign_id = str(told["slug"]).removeprefix(SLUG)
    return Schedule(campaign_id, str(when.get("cron")), str(when.get("timezone") or "UTC"), bool(told.get("active")))


def _run(told: Mapping[str, Any]) -> JobRun:
    state = told.get("state") or {}
    return JobRun(
        str(told["id"]), str(told.get("name")), str(told.get("state_name")), _moment(told.get("expected_start_time")),
        _moment(told.get("start_time")), _moment(told.get("end_time")), float(told.get("total_run_time") or 0.0),
        int(told.get("run_count") or 0), told.get("parameters") or {}, str(state.get("message") or "")[:500],
    )  # fmt: skip


def _moment(text: Any) -> datetime | None:
    return parse_time(str(text)) if text else None


def _ask(server: str, method: str, path: str, body: Any = None) -> Any:
    """Ask once, for at most five seconds."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(f"{server}/api{path}", data, headers, method=method)  # noqa: S310  (the installation's own setting)
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            content = answer.read()
    except HTTPError as failure:
        said = failure.read(300).decode(errors="replace")
        if failure.code >= 500:
            raise VendorUnavailable(f"Prefect failed at {path}: {failure.code}; try later") from failure
        raise VendorRefused(f"Prefect refused {path}: {failure.code} {said}", failure.code, said) from failure
    except (OSError, HTTPException, ValueError) as failure:
        raise VendorUnavailable(
            f"Prefect does not answer at {server}: {failure}; is 'ringback up' running?"
        ) from failure
    return json.loads(content) if content else None
