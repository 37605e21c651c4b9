"""The sandbox's server can be steered from Python and over HTTP."""

from datetime import datetime

import httpx
import pytest

from sandbox.server import SandboxServer, SimulatedClock
from sandbox.world import World


def state(sandbox: SandboxServer) -> dict[str, object]:
    reply: dict[str, object] = httpx.get(f"{sandbox.url}/_sandbox/state").json()
    return reply


def test_clock_is_shared_between_python_and_http(sandbox: SandboxServer) -> None:
    sandbox.set_now(datetime(2026, 1, 7))
    assert state(sandbox)["now"] == "2026-01-07T00:00:00Z"
    httpx.post(f"{sandbox.url}/_sandbox/clock", json={"now": "2026-01-08T09:00:00-06:00"}).raise_for_status()
    assert sandbox.clock() == datetime(2026, 1, 8, 15)


def test_clock_set_to_null_runs_again() -> None:
    clock = SimulatedClock(lambda: datetime(2026, 5, 1))
    clock.set(datetime(2026, 1, 7))
    clock.set(None)
    assert clock() == datetime(2026, 5, 1)


def test_requests_are_counted_by_route(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    def counted() -> int:
        requests = state(sandbox)["requests"]
        assert isinstance(requests, dict)
        return int(requests.get("POST /notes", 0))

    before = counted()
    fellow.post("/notes", json={})
    fellow.post("/notes", json={})
    assert counted() == before + 2


@pytest.mark.parametrize(
    ("knob", "body"),
    [
        ("faults", {"earthquake": 1}), ("faults", {"html": -1}), ("faults", {"html": 0.7, "reset": 0.7}),
        ("rate", {"requests_per_second": "fast"}), ("clock", {"now": "tomorrow"}), ("clock", [1]),
    ],
)  # fmt: skip
def test_a_knob_turned_wrongly_says_so(sandbox: SandboxServer, knob: str, body: object) -> None:
    reply = httpx.post(f"{sandbox.url}/_sandbox/{knob}", json=body)
    assert reply.status_code == 400
    assert reply.json()["detail"]


def test_stopped_server_frees_its_port() -> None:
    with SandboxServer(World(calls_per_week=1)) as first:
        port = int(first.url.rsplit(":", 1)[1])
    with SandboxServer(World(calls_per_week=1), port=port) as second:
        assert httpx.get(f"{second.url}/_sandbox/state").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{second.url}/_sandbox/state")
