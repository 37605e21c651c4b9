"""How the Prefect server is: workers' signs of life, runs that are late, failed, crashed, or never end."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ringback.clock import parse_time
from vendors.prefect_runs import MOST_RUNS, ask, run_now

LOOK_BACK = timedelta(days=1)
LAST_RUNS = 5
"""Of each deployment: as many as may have failed in a row before it is critical, and one more."""
ENDED = ["COMPLETED", "FAILED", "CRASHED"]
FAILED = frozenset({"FAILED", "CRASHED"})
AGAIN = "after-crash-"
"""What the idempotency key of a run begins with that stands in for one that crashed."""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run of a deployment that is over."""

    run_id: str
    flow: str
    state: str
    """COMPLETED, FAILED or CRASHED."""
    began_at: datetime | None
    is_again: bool
    """Whether it stood in for one that crashed."""
    parameters: Mapping[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that should have begun, or has not ended."""

    flow: str
    since: datetime
    """When it should have begun; of one that runs, when it did."""


@dataclass(frozen=True, slots=True)
class PrefectSigns:
    """What Prefect says of itself."""

    seconds: float
    """Until the server answered."""
    workers: Mapping[str, datetime]
    """By name, when each gave its last sign of life."""
    late: tuple[OpenRun, ...] = ()
    running: tuple[OpenRun, ...] = ()
    ended: int = 0
    """Runs of the last 24 hours that are over."""
    failed: int = 0
    """Of these, how many failed or crashed."""
    last: Mapping[str, tuple[EndedRun, ...]] = field(default_factory=dict)
    """By deployment its last runs that are over, the latest first."""


def prefect_signs(server: str, pool: str, at: datetime) -> PrefectSigns:
    """Ask the server (its URL without /api); raises VendorUnavailable and VendorRefused as `vendors.prefect_runs`."""
    began = time.monotonic()
    ask(server, "GET", "/health")
    seconds = time.monotonic() - began
    names = {str(one["id"]): str(one["name"]) for one in ask(server, "POST", "/deployments/filter", {})}
    recent = _runs(server, names, {"start_time": {"after_": _iso(at - LOOK_BACK)}, "state": {"type": {"any_": ENDED}}})
    waiting = _runs(
        server, names, {"expected_start_time": {"before_": _iso(at)}, "state": {"type": {"any_": ["SCHEDULED"]}}}
    )
    running = _runs(server, names, {"state": {"type": {"any_": ["RUNNING"]}}})
    last = {
        name: tuple(_ended(one, names) for one in _runs(
            server, names, {"state": {"type": {"any_": ENDED}}}, LAST_RUNS, {"deployments": {"id": {"any_": [key]}}}))
        for key, name in names.items()
    }  # fmt: skip
    return PrefectSigns(
        seconds, _workers(server, pool), _open(waiting, names, "expected_start_time"),
        _open(running, names, "start_time"), len(recent), sum(one["state_type"] in FAILED for one in recent), last,
    )  # fmt: skip


def run_again(server: str, crashed: EndedRun) -> str:
    """Let a deployment run once more for a run that crashed, with its parameters; asked twice it is still one run."""
    return run_now(server, f"{crashed.flow}/{crashed.flow}", crashed.parameters, AGAIN + crashed.run_id)


def _runs(
    server: str, names: Mapping[str, str], runs: Mapping[str, Any], most: int = MOST_RUNS,
    more: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Runs of deployments, the latest first."""
    body = {"flow_runs": runs, "sort": "EXPECTED_START_TIME_DESC", "limit": most, **(more or {})}
    return [one for one in ask(server, "POST", "/flow_runs/filter", body) if str(one.get("deployment_id")) in names]


def _workers(server: str, pool: str) -> dict[str, datetime]:
    told = ask(server, "POST", f"/work_pools/{pool}/workers/filter", {})
    return {str(one["name"]): parse_time(str(one["last_heartbeat_time"])) for one in told if one["last_heartbeat_time"]}


def _open(told: list[dict[str, Any]], names: Mapping[str, str], since: str) -> tuple[OpenRun, ...]:
    return tuple(
        OpenRun(names[str(one["deployment_id"])], parse_time(str(one[since]))) for one in told if one.get(since)
    )


def _ended(told: Mapping[str, Any], names: Mapping[str, str]) -> EndedRun:
    began = told.get("start_time")
    return EndedRun(
        str(told["id"]), names[str(told["deployment_id"])], str(told["state_type"]),
        parse_time(str(began)) if began else None, str(told.get("idempotency_key") or "").startswith(AGAIN),
        told.get("parameters") or {}, str((told.get("state") or {}).get("message") or "")[:300],
    )  # fmt: skip


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat()


def forget_runs(server: str, before: datetime, most: int = 5_000) -> int:
    """Delete runs that ended before a moment, some thousands at most; gives how many were."""
    body = {
        "flow_runs": {"end_time": {"before_": _iso(before)}, "state": {"type": {"any_": [*ENDED, "CANCELLED"]}}},
        "sort": "END_TIME_DESC", "limit": MOST_RUNS,
    }  # fmt: skip
    gone = 0
    while gone < most and (found := ask(server, "POST", "/flow_runs/filter", body)):
        for one in found:
            ask(server, "DELETE", f"/flow_runs/{one['id']}")
        gone += len(found)
    return gone
