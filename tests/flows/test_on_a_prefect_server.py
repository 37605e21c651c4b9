"""On a real Prefect server: automations are there once, runs and workers are told as we read them, crashes repeated."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flows import automations, up
from flows.automations import apply_all, listed
from ringback.clock import now
from ringback.settings import settings
from vendors.prefect_health import forget_runs, prefect_signs, run_again
from vendors.prefect_runs import ask, has_pool, pause, paused

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("prefect")]


def server() -> str:
    from prefect.settings import PREFECT_API_URL

    return str(PREFECT_API_URL.value()).removesuffix("/api")


def post(path: str, body: Any) -> Any:
    return ask(server(), "POST", path, body)


@pytest.fixture
def train() -> Iterator[str]:
    """A deployment of its own; gives its id."""
    name = f"train-{uuid4().hex[:8]}"
    flow = post("/flows/", {"name": name})
    made = post("/deployments/", {"name": name, "flow_id": flow["id"], "parameter_openapi_schema": {"properties": {}}})
    yield str(made["id"])
    ask(server(), "DELETE", f"/deployments/{made['id']}")


def a_run(deployment: str, scheduled: datetime, ended_as: str | None) -> str:
    """A run that was to begin at a moment; unless `ended_as` is None it began now, and ended so."""
    at = scheduled.replace(tzinfo=UTC).isoformat()
    body = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": at}}, "idempotency_key": uuid4().hex}
    run = post(f"/deployments/{deployment}/create_flow_run", body)
    for state in ([] if ended_as is None else ["RUNNING"]) + ([] if ended_as in (None, "RUNNING") else [ended_as]):
        told = {"type": state, "message": f"it {str(state).lower()}"}
        post(f"/flow_runs/{run['id']}/set_state", {"state": told, "force": True})
    return str(run["id"])


def test_put_twice_there_is_one_of_each_automation_as_the_file_says_and_doubles_are_removed() -> None:
    (zombies,) = listed()
    for _ in range(2):
        post("/automations/", zombies | {"enabled": False})
    for _ in range(2):
        assert apply_all(server()) == ["crash-zombie-flow-runs"]
        (one,) = post("/automations/filter", {"automations": {"name": {"any_": ["crash-zombie-flow-runs"]}}})
        assert (one["enabled"], one["trigger"]["within"], one["actions"][0]["state"]) == (True, 90, "CRASHED")


def test_runs_are_late_running_or_ended_as_the_server_says(train: str) -> None:
    began = now()
    at = began + timedelta(minutes=10)
    post(f"/work_pools/{pool_of(train)}/workers/heartbeat", {"name": "ringback"})
    for state in ("COMPLETED", "FAILED", "CRASHED", "RUNNING"):
        a_run(train, began - timedelta(hours=4 - len(state) / 10), state)
    a_run(train, began - timedelta(hours=1), None)
    a_run(train, began + timedelta(hours=5), None)
    signs = prefect_signs(server(), pool_of(train), at)
    ((name, last),) = [(name, last) for name, last in signs.last.items() if last]
    assert sorted((run.state, run.words) for run in last) == [
        ("COMPLETED", "it completed"), ("CRASHED", "it crashed"), ("FAILED", "it failed"),
    ]  # fmt: skip
    assert all(run.began_at and abs(run.began_at - began) < timedelta(minutes=1) for run in last)
    assert [run.flow for run in signs.running] == [name]
    assert [(run.flow, run.since) for run in signs.late] == [(name, began - timedelta(hours=1))]
    assert (signs.ended, signs.failed) == (3, 2)
    assert abs(signs.workers["ringback"] - began) < timedelta(minutes=1)


def test_a_crashed_run_is_repeated_once_and_its_repetition_is_known_for_one(train: str) -> None:
    at = now() + timedelta(minutes=10)
    a_run(train, at - timedelta(hours=3), "CRASHED")
    signs = prefect_signs(server(), pool_of(train), at)
    ((name, (crashed,)),) = [(name, last) for name, last in signs.last.items() if last]
    assert crashed.flow == name
    again = {run_again(server(), crashed) for _ in range(2)}
    assert len(again) == 1
    (run_id,) = again
    post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "CRASHED"}, "force": True})
    assert [run.is_again for run in prefect_signs(server(), pool_of(train), at).last[name]] == [True, False]


def test_runs_that_ended_long_ago_are_forgotten_and_no_others(train: str) -> None:
    ended = a_run(train, now() - timedelta(days=40), "COMPLETED")
    waits = a_run(train, now() + timedelta(hours=1), None)

    def left() -> set[str]:
        return {one["id"] for one in post("/flow_runs/filter", {"deployments": {"id": {"any_": [train]}}})}

    assert (forget_runs(server(), now() - timedelta(hours=1)), left()) == (0, {ended, waits})
    assert forget_runs(server(), now() + timedelta(minutes=1)) >= 1
    assert left() == {waits}


def pool_of(deployment: str) -> str:
    """A work pool without workers."""
    name = f"pool-{deployment}"
    if not post("/work_pools/filter", {"work_pools": {"name": {"any_": [name]}}}):
        post("/work_pools/", {"name": name, "type": "process"})
    return name


def test_what_a_person_paused_or_limited_stays_so_when_everything_is_registered_again(
    train: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBACK_PREFECT_URL", server())
    settings.cache_clear()
    monkeypatch.setattr(automations, "apply_all", lambda: None)
    monkeypatch.setattr(up.schedules, "follow", lambda campaigns: 0)
    pool = f"pool-{uuid4().hex[:8]}"
    monkeypatch.setattr(up, "POOL", pool)
    made: list[str] = []

    def finish(name: str, *command: str) -> None:
        made.append(name)
        if name == "pool":
            post("/work_pools/", {"name": pool, "type": "process"})
        else:
            post(f"/deployments/{train}/resume_deployment", None)  # as registering does

    up.deploy(finish)
    assert (made, has_pool(server(), pool), train in paused(server())) == (["pool", "deploy"], True, False)
    pause(server(), train)
    up.deploy(finish)
    assert (made, train in paused(server())) == (["pool", "deploy", "deploy"], True)
    ask(server(), "DELETE", f"/work_pools/{pool}")


def test_as_soon_as_everything_is_up_health_is_looked_at(
    train: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBACK_PREFECT_URL", server())
    settings.cache_clear()
    name = ask(server(), "GET", f"/deployments/{train}")["name"]
    monkeypatch.setattr(up, "LOOK", f"{name}/{name}")
    run = ask(server(), "GET", f"/flow_runs/{up.look()}")
    assert (run["deployment_id"], run["state_type"]) == (train, "SCHEDULED")
