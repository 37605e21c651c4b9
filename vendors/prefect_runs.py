"""The Prefect server over HTTP, without Prefect: schedules of a deployment for a campaign, runs now, job history."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from ringback.clock import parse_time
from ringback.errors import VendorRefused, VendorUnavailable

PATIENCE_SECONDS = 5.0
TRIES = 5
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
    deployment: str = ""
    """`FLOW/NAME`, where it was asked for by that."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A run that Prefect will start."""

    deployment: str
    at: datetime


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
    ask(server, "POST", f"/deployments/{found['id']}/schedules", body)


def drop_schedule(server: str, deployment: str, campaign_id: str) -> bool:
    """Take the schedule of a campaign away; False where there was none."""
    return _remove(server, _deployment(server, deployment), campaign_id)


def run_now(server: str, deployment: str, parameters: Mapping[str, Any], once: str) -> str:
    """Let a deployment run now; the same `once` makes one run however often it is asked for. Gives the run's id."""
    found = _deployment(server, deployment)
    body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}, "idempotency_key": once}
    run: dict[str, Any] = ask(server, "POST", f"/deployments/{found['id']}/create_flow_run", body)
    return str(run["id"])


def run_of(server: str, run_id: str) -> JobRun:
    """How a run stands; raises VendorRefused where there is none."""
    return _run(ask(server, "GET", f"/flow_runs/{run_id}"))


def upcoming(server: str, at_most: int) -> list[Upcoming]:
    """What Prefect will run next, each deployment once, the soonest first."""
    body = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "sort": "EXPECTED_START_TIME_ASC",
            "limit": MOST_RUNS}  # fmt: skip
    runs = ask(server, "POST", "/flow_runs/filter", body)
    ids = sorted({run["deployment_id"] for run in runs if run.get("deployment_id")})
    named = ask(server, "POST", "/deployments/filter", {"deployments": {"id": {"any_": ids}}})
    names = {one["id"]: str(one["name"]) for one in named}
    soonest: dict[str, datetime] = {}
    for run in runs:
        if at := _moment(run.get("expected_start_time")):
            soonest.setdefault(names.get(run.get("deployment_id"), str(run.get("name"))), at)
    return [Upcoming(name, at) for name, at in soonest.items()][:at_most]


def job_history(server: str, deployment: str, campaign_id: str, at_most: int = 20) -> list[JobRun]:
    """The last runs of a deployment that began, for a campaign or for all of them, the latest first."""
    found = _deployment(server, deployment)
    body = {
        "deployments": {"id": {"any_": [found["id"]]}}, "flow_runs": {"state": {"type": {"any_": BEGUN}}},
        "sort": "EXPECTED_START_TIME_DESC", "limit": MOST_RUNS,
    }  # fmt: skip
    runs = [_run(one) for one in ask(server, "POST", "/flow_runs/filter", body)]
    return [run for run in runs if run.parameters.get("campaign_id") in (None, campaign_id)][:at_most]


def jobs_of(server: str, deployments: Iterable[str], campaign_id: str, at_most: int = 20) -> list[JobRun]:
    """The last runs of several deployments that began, for a campaign or for all of them, the latest first."""
    found = [
        replace(run, deployment=one) for one in deployments for run in job_history(server, one, campaign_id, at_most)
    ]
    return sorted(found, key=_when, reverse=True)[:at_most]


def has_pool(server: str, pool: str) -> bool:
    """Whether there is a work pool of that name; raises VendorUnavailable, VendorRefused."""
    found = ask(server, "POST", "/work_pools/filter", {"work_pools": {"name": {"any_": [pool]}}})
    return bool(found)


def paused(server: str) -> list[str]:
    """The ids of the deployments that somebody paused; raises VendorUnavailable, VendorRefused."""
    body = {"deployments": {"paused": {"eq_": True}}, "limit": MOST_RUNS}
    return [str(one["id"]) for one in ask(server, "POST", "/deployments/filter", body)]


def pause(server: str, deployment_id: str) -> None:
    """Let a deployment start no runs until somebody resumes it; raises VendorUnavailable, VendorRefused."""
    ask(server, "POST", f"/deployments/{deployment_id}/pause_deployment")


def _deployment(server: str, deployment: str) -> dict[str, Any]:
    flow, _, name = deployment.partition("/")
    found: dict[str, Any] = ask(server, "GET", f"/deployments/name/{flow}/{name}")
    return found


def _of_campaigns(deployment: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (one for one in deployment.get("schedules") or () if str(one.get("slug") or "").startswith(SLUG))


def _remove(server: str, deployment: Mapping[str, Any], campaign_id: str) -> bool:
    of_it = [one for one in _of_campaigns(deployment) if one["slug"] == SLUG + campaign_id]
    for one in of_it:
        ask(server, "DELETE", f"/deployments/{deployment['id']}/schedules/{one['id']}")
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


def _when(run: JobRun) -> str:
    return str(run.started_at or run.expected_at or "")


def _moment(text: Any) -> datetime | None:
    return parse_time(str(text)) if text else None


class Busy(VendorUnavailable):
    """The server could not do it just now: its database was locked by somebody else."""


@retry(
    retry=retry_if_exception_type(Busy), stop=stop_after_attempt(TRIES), wait=wait_exponential_jitter(0.3, max=3.0),
    reraise=True,
)  # fmt: skip
def ask(server: str, method: str, path: str, body: Any = None) -> Any:
    """Ask the server (its URL without /api), for at most five seconds; gives the JSON that it answers.

    Where it says 503, for on SQLite it is often locked for a moment, nothing was done, and it is asked again.

    Raises VendorUnavailable where it does not answer or fails, VendorRefused where it does not take the question.
    """
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(f"{server}/api{path}", data, headers, method=method)  # noqa: S310  (the installation's own setting)
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            content = answer.read()
    except HTTPError as failure:
        said = failure.read(300).decode(errors="replace")
        if failure.code == HTTPStatus.SERVICE_UNAVAILABLE:
            raise Busy(f"Prefect is busy at {path}; try again in a moment") from failure
        if failure.code >= 500:
            raise VendorUnavailable(f"Prefect failed at {path}: {failure.code}; try later") from failure
        raise VendorRefused(f"Prefect refused {path}: {failure.code} {said}", failure.code, said) from failure
    except (OSError, HTTPException, ValueError) as failure:
        raise VendorUnavailable(
            f"Prefect does not answer at {server}: {failure}; is 'ringback up' running?"
        ) from failure
    return json.loads(content) if content else None
