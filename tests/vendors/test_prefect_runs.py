"""Schedules of campaigns, runs now and job history, over HTTP as Prefect's server takes them."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from ringback.errors import VendorRefused, VendorUnavailable
from vendors.prefect_runs import Schedule, drop_schedule, job_history, jobs_of, put_schedule, run_now, schedules

DEPLOYMENT = "run-campaigns/run-campaigns"
HARVEST = "harvest-leads/harvest-leads"
SPRING = Schedule("spring", "0 9 * * 1-5", "America/Chicago", True)


class Server(HTTPServer):
    """As much of Prefect as is asked: one deployment with schedules and runs."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.schedules: list[dict[str, Any]] = [{"id": "s0", "slug": "hourly", "schedule": {"cron": "10 * * * *"}}]
        self.runs: list[dict[str, Any]] = []
        self.fails = False
        self.harvest_began = "2026-03-18T12:00:00Z"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        ids = {f"/api/deployments/name/{DEPLOYMENT}": "d1", f"/api/deployments/name/{HARVEST}": "d2"}
        found = {"id": ids.get(self.path), "schedules": self.server.schedules}
        self._tell(found if self.path in ids else {"detail": "none"}, self.path in ids)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/schedules"):
            self.server.schedules += [one | {"id": f"s{len(self.server.schedules)}"} for one in body]
            self._tell(body)
        elif self.path.endswith("/create_flow_run"):
            self.server.runs.append(body)
            self._tell({"id": "r1"})
        else:
            began = "2026-03-18T12:00:00Z" if "d1" in json.dumps(body) else self.server.harvest_began
            self._tell([
                {"id": f"r{number}", "name": "x", "state_name": "Completed", "parameters": parameters, "run_count": 1,
                 "start_time": began, "total_run_time": 3.5, "state": {"message": "All well"}}
                for number, parameters in enumerate(({}, {"campaign_id": "spring"}, {"campaign_id": "autumn"}))
            ])  # fmt: skip

    def do_DELETE(self) -> None:
        gone = self.path.rpartition("/")[2]
        self.server.schedules = [one for one in self.server.schedules if one["id"] != gone]
        self._tell(None)

    def _tell(self, content: Any, is_well: bool = True) -> None:
        self.send_response(500 if self.server.fails else 200 if is_well else 404)
        self.end_headers()
        self.wfile.write(b"" if content is None else json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def test_a_campaign_has_one_schedule_however_often_it_is_put_and_the_others_stay(server: Server) -> None:
    put_schedule(server.url, DEPLOYMENT, Schedule("spring", "0 8 * * *", "UTC", False))
    put_schedule(server.url, DEPLOYMENT, SPRING)
    assert schedules(server.url, DEPLOYMENT) == [SPRING]
    assert server.schedules[-1]["parameters"] == {"campaign_id": "spring"}
    assert drop_schedule(server.url, DEPLOYMENT, "spring")
    assert not drop_schedule(server.url, DEPLOYMENT, "spring")
    assert [one["slug"] for one in server.schedules] == ["hourly"]


def test_a_run_is_asked_for_once(server: Server) -> None:
    assert run_now(server.url, DEPLOYMENT, {"campaign_id": "spring"}, "key") == "r1"
    assert server.runs == [
        {"parameters": {"campaign_id": "spring"}, "state": {"type": "SCHEDULED"}, "idempotency_key": "key"}
    ]


def test_history_is_of_the_campaign_and_of_runs_for_all(server: Server) -> None:
    found = job_history(server.url, DEPLOYMENT, "spring")
    assert [(one.run_id, one.state, one.seconds, one.message) for one in found] == [
        ("r0", "Completed", 3.5, "All well"), ("r1", "Completed", 3.5, "All well"),
    ]  # fmt: skip


def test_runs_of_several_deployments_are_told_in_one_list_the_latest_first(server: Server) -> None:
    server.harvest_began = "2026-03-18T12:30:00Z"
    found = jobs_of(server.url, [DEPLOYMENT, HARVEST], "spring", at_most=3)
    assert [(one.run_id, one.deployment) for one in found] == [("r0", HARVEST), ("r1", HARVEST), ("r0", DEPLOYMENT)]


def test_what_is_not_there_is_refused_and_a_server_that_fails_or_is_away_is_unavailable(server: Server) -> None:
    with pytest.raises(VendorRefused, match="404"):
        schedules(server.url, "none/none")
    server.fails = True
    with pytest.raises(VendorUnavailable, match="try later"):
        schedules(server.url, DEPLOYMENT)
    with pytest.raises(VendorUnavailable, match=r"is 'ringback up' running\?"):
        schedules("http://127.0.0.1:9", DEPLOYMENT)
