"""Workers that are killed at random moments: everything is finished once, nothing is bought twice, nothing stays held.

RINGBACK_TEST_KILLS says how many are killed; what the vendors billed is counted by their stand-ins.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from database import queue, signals
from database.models import Purchase
from database.people import publish_companies, publish_leads
from database.queue import Waiting
from database.session import reading
from database.signals import known
from enrichment.subjects import subjects_of, wanted_of
from ringback.clock import now
from ringback.records import CompanyFacts, Lead
from ringback.settings import CHECKOUT, settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.sandbox.vendor_controls import books, configure

KILLS = int(os.environ.get("RINGBACK_TEST_KILLS", "3"))
OF_EACH = 30 if KILLS < 20 else 400
"""Leads, and companies: enough to be at work until the last kill."""
WORKERS = [4] if KILLS < 20 else [2, 8]
LEASE_SECONDS = 2.0
MOMENT = datetime(2026, 3, 2)
SIGNALS = ["company_overview", "tech_stack", "funding", "news_summary", "linkedin_posts", "work_email"]


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """All vendors, a little slow, at their usual place."""
    world = World(seed=7, start=datetime(2026, 1, 5), calls_per_week=120)
    with SandboxServer(world, now=lambda: MOMENT) as running:
        monkeypatch.setenv("RINGBACK_SANDBOX_PORT", running.url.rsplit(":", 1)[1])
        monkeypatch.setenv("RINGBACK_SIGNALS", json.dumps(SIGNALS))
        monkeypatch.setenv("RINGBACK_PIPE0_POLL_SECONDS", "0.2")
        monkeypatch.setenv("RINGBACK_SPEND_PER_DAY_USD", "1000000")
        monkeypatch.setenv("RINGBACK_APOLLO_REQUESTS_PER_MINUTE", "6000")
        monkeypatch.setenv("RINGBACK_APOLLO_REQUESTS_PER_HOUR", "60000")
        settings.cache_clear()
        for vendor in ("pipe0", "apollo", "dropcontact"):
            configure(running, vendor, delay_seconds=0.1)
        configure(running, "apollo", per_minute=6000, per_hour=60000)
        yield running


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", WORKERS)
def test_workers_killed_at_random_finish_everything_once(home: Path, server: SandboxServer, workers: int) -> None:
    running = [started(f"first-{n}", home) for n in range(workers)]
    for worker in running:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    waiting, chance, at_work = queued(server), random.Random(workers), 0
    for worker in running:
        go(worker)
    for number in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.0))
        place = chance.randrange(workers)
        at_work += running[place].poll() is None and queue.backlog() != {"done": len(waiting)}
        running[place].send_signal(signal.SIGKILL)
        running[place].wait()
        running[place] = started(f"next-{number}", home)
        go(running[place])
    for worker in running:
        assert worker.wait(timeout=300) == 0
    assert at_work > KILLS / 3
    print(f"{at_work} of {KILLS} killed at work, {workers} workers at once")
    assert queue.backlog() == {"done": len(waiting)}
    assert signals.claims() == 0
    assert unknown(waiting) == []
    assert bought_twice(server) == {}
    assert set(Counter(ledger()).values()) == {1}


def queued(server: SandboxServer) -> list[Waiting]:
    """Some leads and companies of the world."""
    companies, people = server.world.companies(MOMENT)[:OF_EACH], server.world.people(MOMENT)[:OF_EACH]
    publish_companies([CompanyFacts(c.domain, "crm", MOMENT, name=c.name, domain=c.domain) for c in companies])
    publish_leads(
        Lead(p.email, "crm", MOMENT, first_name=p.first_name, last_name=p.last_name, email=p.email, job_title="CTO",
             company_id=p.company.domain)
        for p in people
    )  # fmt: skip
    waiting = [Waiting(c.domain, 50, "test") for c in companies]
    waiting += [Waiting(p.email, 50, "test", "lead") for p in people]
    queue.enqueue(waiting, now())
    return waiting


def started(name: str, home: Path) -> subprocess.Popen[str]:
    """A worker that begins when it is told."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.enrichment.worker_process", name, str(LEASE_SECONDS)],
        cwd=CHECKOUT, env=os.environ | {"RINGBACK_HOME": str(home)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def go(worker: subprocess.Popen[str]) -> None:
    """Let a worker begin."""
    assert worker.stdin
    worker.stdin.write("go\n")
    worker.stdin.flush()


def unknown(waiting: list[Waiting]) -> list[str]:
    """Signals that are neither found nor missed with a reason."""
    taken = [queue.Taken(one.subject_id, 0, 0, MOMENT, one.kind) for one in waiting]
    wanted = {(s.subject_id, name) for s in subjects_of(taken) for name in wanted_of(s, SIGNALS)}
    told = {
        (one.wanted.entity_id, one.wanted.signal)
        for one in known([one.subject_id for one in waiting], now()) if one.value is not None or one.reason
    }  # fmt: skip
    return sorted(f"{entity} {name}" for entity, name in wanted - told)


def bought_twice(server: SandboxServer) -> dict[str, Any]:
    """What any vendor billed more than once."""
    billed = {f"{vendor} {what}": times for vendor in ("pipe0", "apollo", "dropcontact", "openfunnel")
              for what, times in books(server, vendor).get("billed", {}).items()}  # fmt: skip
    assert billed
    return {what: times for what, times in billed.items() if times > 1}


def ledger() -> list[tuple[str, str, str]]:
    """Every purchase."""
    with reading() as connection:
        return [(r.entity_id, r.signal, r.source) for r in connection.execute(Purchase.__table__.select())]
