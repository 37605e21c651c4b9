"""The service with its worker processes, asked without pause: models change and workers are killed under it.

RINGBACK_TEST_KILLS says how often a worker is killed, RINGBACK_TEST_RELOADS how often a model is reloaded.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from json import dumps, loads
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import select

from database import keys, models
from database.promotions import Promotion, promote
from database.session import reading
from ringback.clock import now
from scoring.engine import compiled, stored_engine
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest
from scoring.log import DONE, bring_in, folder
from scoring.policy import policy
from scoring.service import Service
from tests.flows.small_world import free_port
from tests.scoring.engines import Registered
from tests.training.synthetic import trained

KILLS = int(os.environ.get("RINGBACK_TEST_KILLS", "2"))
RELOADS = int(os.environ.get("RINGBACK_TEST_RELOADS", "20"))
FOLLOWED_WITHIN_SECONDS = 10
PROMOTIONS = max(2, RELOADS // 10)
CLIENTS = 4
READY_WITHIN_SECONDS = 120
WORDS = ("They asked about pricing.", "They were quiet.", None)


@dataclass
class Client:
    """Asks without pause until it is told to stop; remembers every answer, and what went wrong."""

    port: int
    key: str
    answers: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    broken: int = 0
    """Connections that ended without an answer."""

    def ask_until(self, stop: Event, seed: int) -> None:
        dice = random.Random(seed)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        number = 0
        while not stop.is_set():
            number += 1
            lead = {
                "company_name": f"Acme {seed}-{number}", "employees": dice.randint(1, 5000),
                "call_notes": dice.choice(WORDS), "sentiment": round(dice.uniform(-1, 1), 4),
            }  # fmt: skip
            try:
                connection.request("POST", "/score", dumps(lead), headers)
                reply = connection.getresponse()
                body = reply.read()
            except (OSError, HTTPException):
                self.broken += 1
                connection.close()
                connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
                continue
            if reply.status == 200:
                self.answers.append((lead, loads(body)))
            else:
                self.failures.append(f"{reply.status} {body[:200]!r}")


@dataclass
class Served:
    """The running service."""

    port: int
    key: str
    supervisor: "subprocess.Popen[bytes]"

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
                is_worker = b"spawn_main" in (stat.parent / "cmdline").read_bytes()
            except (OSError, ValueError):
                continue
            if parent == self.supervisor.pid and is_worker:
                found.append(int(stat.parent.name))
        return found

    def asked(self, method: str, path: str) -> int:
        """The status of a request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers={"X-API-Key": self.key})
        return connection.getresponse().status


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    """The service with two workers, and two versions of each model, of which the first is champion."""
    first = Registered(trained().encoding, trained().model)
    for target in ("progression", "voice_ai"):
        for version in ("1", "2"):
            compiled(Registered(first.encoding, _leaning(first.model, version), target, version))  # type: ignore[arg-type]
        _make_champion(target, "1")
    key = keys.create("load", ["score", "read", "admin"], now(), "test", per_minute=10_000_000)
    port = free_port()
    with (home / "service.log").open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "flows", "serve", "--port", str(port), "--workers", "2"],
            env=os.environ | {"RINGBACK_HOME": str(home), "RINGBACK_SCORE_CACHE_SECONDS": "0"}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_until_ready(port, supervisor, home / "service.log")
            yield Served(port, key, supervisor)
        finally:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.wait(timeout=60)


@pytest.mark.long
def test_models_change_and_workers_die_under_load_and_no_answer_is_mixed_failed_lost_or_doubled(served: Served) -> None:
    changing = _under_load(served, lambda clients: _change_models(served, clients))
    assert [failure for client in changing for failure in client.failures] == []
    assert sum(client.broken for client in changing) == 0
    _assert_each_is_of_one_pair([answer for client in changing for answer in client.answers])

    dying = _under_load(served, lambda _: _kill_workers(served))
    assert [failure for client in dying for failure in client.failures] == []

    served.supervisor.send_signal(signal.SIGTERM)
    served.supervisor.wait(timeout=60)
    _assert_each_is_kept_once([reply for client in (*changing, *dying) for _, reply in client.answers])


def _under_load(served: Served, act: Any) -> list[Client]:
    clients = [Client(served.port, served.key) for _ in range(CLIENTS)]
    stop = Event()
    threads = [Thread(target=one.ask_until, args=(stop, seed)) for seed, one in enumerate(clients)]
    for thread in threads:
        thread.start()
    try:
        act(clients)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert all(client.answers for client in clients)
    return clients


def _change_models(served: Served, clients: Sequence[Client]) -> None:
    """Reload and promote back and forth; whoever answers after a change gets to answer a few."""
    for n in range(RELOADS):
        if n % (RELOADS // PROMOTIONS) == 0:
            _make_champion("progression", "12"[n // (RELOADS // PROMOTIONS) % 2])
        version = ("2", "champion", "1")[n % 3]
        target = ("progression", "voice_ai")[n % 2]
        assert served.asked("POST", f"/models/reload/{version}?target={target}") == 200
        until = time.monotonic() + FOLLOWED_WITHIN_SECONDS
        while version != "champion" and not _answers(clients, target, version) and time.monotonic() < until:
            time.sleep(0.005)  # the process that was not asked follows within about a second
    for target in ("progression", "voice_ai"):
        assert served.asked("POST", f"/models/reload/champion?target={target}") == 200


def _answers(clients: Sequence[Client], target: str, version: str) -> bool:
    return any(one.answers and one.answers[-1][1]["models"][target] == version for one in clients)


def _kill_workers(served: Served) -> None:
    """Kill a worker at a time, each when there are two and both have answered something."""
    dice = random.Random(7)
    for _ in range(KILLS):
        until = time.monotonic() + READY_WITHIN_SECONDS
        while len(served.workers()) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(dice.uniform(0.2, 0.6))
        os.kill(dice.choice(served.workers()), signal.SIGKILL)
    time.sleep(0.5)


def _assert_each_is_of_one_pair(answers: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Score, reasons and versions are those that this very pair gives of this very lead."""
    seen: Counter[tuple[str, str]] = Counter()
    services: dict[tuple[str, str], Service] = {}
    for lead, reply in answers:
        pair = (reply["models"]["progression"], reply["models"]["voice_ai"])
        seen[pair] += 1
        if pair not in services:
            champions = Champions(stored_engine("progression", pair[0]), stored_engine("voice_ai", pair[1]))
            services[pair] = Service(champions, Champions(None, None), policy())
        if seen[pair] > 300:  # enough of each; all were compared for failure already
            continue
        expected = services[pair].score(LeadRequest.model_validate(lead), NOTHING, now())
        assert (reply["points"], tuple(reply["reasons"])) == (expected.answer.points, expected.answer.reasons)
        summed = reply["base_points"] + sum(one["points"] for one in reply["contributions"])
        assert summed == pytest.approx(reply["points"], abs=1e-9)
    assert {pair[0] for pair in seen} == {"1", "2"}
    assert {pair[1] for pair in seen} == {"1", "2"}


def _assert_each_is_kept_once(replies: list[dict[str, Any]]) -> None:
    """Every answer that a client got is in a file once, and in the database once."""
    bring_in()
    written = Counter(
        loads(line)["prediction"]["prediction_id"]
        for path in (folder() / DONE).glob("*.jsonl")
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    )
    assert not list(folder().glob("*.jsonl"))
    with reading() as connection:
        kept = Counter(connection.scalars(select(models.Prediction.prediction_id)))
    answered = Counter(reply["prediction_id"] for reply in replies)
    assert max(answered.values()) == max(written.values()) == max(kept.values()) == 1
    assert answered.keys() <= written.keys() == kept.keys()


def _leaning(model: Any, version: str) -> Any:
    """The model itself, or one that answers otherwise."""
    from copy import deepcopy

    if version == "1":
        return model
    other = deepcopy(model)
    other.final_estimator_[-1].intercept_ = other.final_estimator_[-1].intercept_ - 0.7
    return other


def _make_champion(target: str, version: str) -> None:
    promote(Promotion(target, now() - timedelta(seconds=1), version, "blend", "better in the test", {}))


def _wait_until_ready(port: int, supervisor: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < until and supervisor.poll() is None:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the service does not answer: {log.read_text()[-2000:]}")
