"""What Prefect says of its runs and workers, over HTTP as its server says it; a crashed run is repeated once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from ringback.errors import VendorUnavailable
from tests.factories import HOUR, NOON
from vendors.prefect_health import OpenRun, prefect_signs, run_again


class Server(HTTPServer):
    """As much of Prefect as is asked: two deployments, their runs, and a worker."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.runs: list[dict[str, Any]] = []
        self.made: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def chosen(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The runs that a filter names, the latest first."""
        states = body["flow_runs"]["state"]["type"]["any_"]
        of = body.get("deployments", {}).get("id", {}).get("any_", ["d1", "d2", None])
        found = [one for one in self.runs if one["state_type"] in states and one["deployment_id"] in of]
        for field, bounds in body["flow_runs"].items():
            if field.endswith("_time"):
                found = [one for one in found if one.get(field) and bounds.get("after_", "") <= one[field]]
                found = [one for one in found if one[field] <= bounds.get("before_", "9")]
        return sorted(found, key=lambda one: str(one["expected_start_time"]), reverse=True)[: body["limit"]]


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._tell({"id": "d1"} if "/deployments/name/train/train" in self.path else True)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/deployments/filter"):
            self._tell([{"id": "d1", "name": "train"}, {"id": "d2", "name": "enrich"}])
        elif self.path.endswith("/workers/filter"):
            self._tell([{"name": "ringback", "last_heartbeat_time": "2026-03-18T11:59:00Z"}])
        elif self.path.endswith("/create_flow_run"):
            self.server.made.append(body)
            self._tell({"id": "new"})
        else:
            self._tell(self.server.chosen(body))

    def _tell(self, content: Any) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield running
    running.shutdown()


def a_run(state: str, hours_ago: float, deployment: str | None = "d1", **known: Any) -> dict[str, Any]:
    at = (NOON - timedelta(hours=hours_ago)).isoformat() + "+00:00"
    facts = {
        "id": f"r{hours_ago}", "deployment_id": deployment, "state_type": state, "expected_start_time": at,
        "start_time": None if state == "SCHEDULED" else at, "state": {"message": f"it {state.lower()}"},
        "idempotency_key": "scheduled train", "parameters": {},
    }  # fmt: skip
    return facts | known


def test_runs_are_sorted_into_late_running_and_ended(server: Server) -> None:
    server.runs = [
        a_run("COMPLETED", 30), a_run("FAILED", 20), a_run("CRASHED", 2, idempotency_key="after-crash-r9"),
        a_run("SCHEDULED", 1, "d2"), a_run("SCHEDULED", -5, "d2"), a_run("RUNNING", 3, "d2"), a_run("FAILED", 1, None),
    ]  # fmt: skip
    signs = prefect_signs(server.url, "local", NOON)
    assert signs.workers == {"ringback": NOON - timedelta(minutes=1)}
    assert (signs.late, signs.running) == ((OpenRun("enrich", NOON - HOUR),), (OpenRun("enrich", NOON - 3 * HOUR),))
    assert (signs.ended, signs.failed) == (2, 2)
    assert [(run.state, run.is_again, run.words) for run in signs.last["train"]] == [
        ("CRASHED", True, "it crashed"), ("FAILED", False, "it failed"), ("COMPLETED", False, "it completed"),
    ]  # fmt: skip
    assert signs.last["enrich"] == ()


def test_a_crashed_run_is_repeated_under_a_name_that_makes_it_once(server: Server) -> None:
    server.runs = [a_run("CRASHED", 2, parameters={"because": "drift"})]
    (crashed,) = prefect_signs(server.url, "local", NOON).last["train"]
    assert run_again(server.url, crashed) == "new"
    assert server.made == [
        {"parameters": {"because": "drift"}, "state": {"type": "SCHEDULED"}, "idempotency_key": "after-crash-r2"}
    ]


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(VendorUnavailable, match="does not answer"):
        prefect_signs("http://127.0.0.1:9", "local", NOON)
