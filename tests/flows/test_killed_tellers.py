"""Processes that tell of incidents are killed meanwhile: nobody is told anything twice, and nothing is forgotten."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from database.incidents import open_incident, timeline
from database.notices import LEASE, Telling
from tests.factories import NOON

INCIDENTS = 8
TELLER = """
from datetime import datetime
import sys
from flows.telling import tell_due
tell_due(datetime.fromisoformat(sys.argv[1]), None)
"""


class Slack(HTTPServer):
    """A webhook that keeps what it is told, and kills whoever tells it every second message before it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.told: list[str] = []
        self.teller: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/T1/B1/KEY"


class Answers(BaseHTTPRequestHandler):
    server: Slack

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append(str(body["text"]))
        if len(self.server.told) % 2 == 0 and self.server.teller is not None:
            self.server.teller.send_signal(signal.SIGKILL)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def webhook() -> Iterator[Slack]:
    server = Slack()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()


@pytest.mark.long
def test_nothing_is_told_twice_and_what_nobody_knows_of_is_shown(home: Path, webhook: Slack) -> None:
    for number in range(INCIDENTS):
        open_incident("health", f"vendor {number}: answers", "down", NOON, tell=[Telling("slack", NOON)])
    environment = os.environ | {"RINGBACK_HOME": str(home), "RINGBACK_SLACK_URL": webhook.url}
    killed = 0
    for attempt in range(INCIDENTS):
        at = NOON + attempt * LEASE
        webhook.teller = subprocess.Popen([sys.executable, "-c", TELLER, at.isoformat()], env=environment)
        killed += webhook.teller.wait(timeout=60) == -signal.SIGKILL
    assert killed == INCIDENTS // 2
    assert len(webhook.told) == len(set(webhook.told)) == INCIDENTS
    states = [one.notices for one in timeline()]
    assert sorted(states, key=str) == [{"in_doubt": 1}] * killed + [{"sent": 1}] * (INCIDENTS - killed)
