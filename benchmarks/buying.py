"""10,000 leads × 5 signals from pipe0, 200 ms a call: our time against the bound that batches and concurrency set.

The bound is measured: the same number of requests of the same size, as many under way at the same time, by a bare HTTP
client that keeps nothing. Run it with `python -m benchmarks.buying [LEADS]`.
"""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

LEADS = 10_000
DELAY_SECONDS = 0.2
AT_ONCE = 8
BATCH = 100
MOMENT = datetime(2026, 1, 12)
SIGNALS = ("company_overview", "tech_stack", "funding", "news_summary", "linkedin_posts")
PORT = 4791


def main(leads: int) -> None:
    """Both ways once, then the ratio."""
    with tempfile.TemporaryDirectory() as home, _sandbox():
        os.environ |= {
            "RINGBACK_HOME": home, "RINGBACK_SANDBOX_PORT": str(PORT), "RINGBACK_SPEND_PER_DAY_USD": "1000000",
            "RINGBACK_PIPE0_REQUESTS_AT_ONCE": str(AT_ONCE), "RINGBACK_PIPE0_POLL_SECONDS": "1",
        }  # fmt: skip
        queued = _queue(leads)
        peaks: list[tuple[float, int]] = []
        started = time.perf_counter()
        finished = _enrich(peaks)
        ours = time.perf_counter() - started
        requests, found = _requests(), _found()
        bound = _bare_calls(requests)
    print(
        f"{leads:,} leads, {queued:,} in the queue, {finished:,} finished, {found:,} signals known, {requests} requests"
    )
    print(f"ours {ours:.1f} s, the same requests bare {bound:.1f} s: {ours / bound:.2f} times the bound")
    print(
        f"by arithmetic {requests * DELAY_SECONDS / AT_ONCE:.1f} s ({requests} × {DELAY_SECONDS} s / {AT_ONCE} at once)"
    )
    for part in (0.25, 0.5, 0.75, 1.0):
        at, megabytes = peaks[max(0, round(part * len(peaks)) - 1)]
        print(f"  after {at:5.1f} s {megabytes:,} MB of memory")


def _queue(leads: int) -> int:
    from database import queue
    from database.people import publish_companies, publish_leads
    from database.queue import Waiting
    from flows.environment import prepare_stores
    from ringback.clock import now
    from ringback.records import CompanyFacts, Lead
    from sandbox.directory import profile_url
    from sandbox.world import World

    prepare_stores()
    world = World(seed=7, start=datetime(2026, 1, 5), calls_per_week=7_000)
    companies, people = world.companies(MOMENT)[:leads], world.people(MOMENT)[:leads]
    publish_companies(CompanyFacts(c.domain, "crm", MOMENT, name=c.name, domain=c.domain) for c in companies)
    publish_leads(
        Lead(p.email, "crm", MOMENT, email=p.email, name=p.full_name, job_title=p.title, linkedin_url=profile_url(p),
             company_id=p.company.domain)
        for p in people
    )  # fmt: skip
    waiting = [Waiting(c.domain, 50, "bench") for c in companies]
    return queue.enqueue([*waiting, *(Waiting(p.email, 50, "bench", "lead") for p in people)], now())


def _enrich(peaks: list[tuple[float, int]]) -> int:
    from enrichment.sources.pipe0 import Pipe0
    from enrichment.worker import Pace, work
    from ringback.clock import now
    from ringback.settings import settings

    chosen = settings().model_copy(update={"signals": SIGNALS})
    with _watched(peaks):
        return work(chosen, "bench", now, pace=Pace(patience=timedelta(0)), sources=[Pipe0(chosen)]).finished


def _found() -> int:
    from database.spending import spent

    return sum(one.found + one.missed for one in spent())


def _requests() -> int:
    import httpx

    state = httpx.get(f"http://127.0.0.1:{PORT}/_sandbox/state", timeout=60).json()["vendors"]["pipe0"]
    return sum(state["requests"].values())


def _bare_calls(requests: int) -> float:
    """As many requests again, half of them orders of 100, the others checks of them."""
    import httpx

    body = {
        "config": {"environment": "production"},
        "pipes": [{"pipe_id": "company:overview@2"}, {"pipe_id": "company:techstack:builtwith@1"}],
        "input": [{"id": str(n), "company_website_url": f"https://company{n}.example"} for n in range(BATCH)],
    }
    headers = {"Authorization": "Bearer sandbox-pipe0-key"}
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}/pipe0/v1/pipes", headers=headers, timeout=60) as client:
        run = client.post("/run", json=body).json()["id"]

        def ask(number: int) -> None:
            answer = client.post("/run", json=body) if number % 4 == 0 else client.get(f"/check/{run}")
            answer.raise_for_status().json()

        started = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(ask, range(requests)))
        return time.perf_counter() - started


@contextmanager
def _watched(peaks: list[tuple[float, int]]) -> Iterator[None]:
    """Memory in use by this process, in megabytes, twice a second."""
    over, started = threading.Event(), time.perf_counter()
    page = resource.getpagesize()

    def watch() -> None:
        while not over.wait(0.5):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            peaks.append((time.perf_counter() - started, pages * page // 1_000_000))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _sandbox() -> Iterator[None]:
    """The stand-ins in a process of their own, knowing 11,000 companies."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.buying", "serve"], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait()


def _serve() -> None:
    import httpx

    from sandbox.server import SandboxServer
    from sandbox.world import World

    world = World(seed=7, start=datetime(2026, 1, 5), calls_per_week=7_000)
    with SandboxServer(world, now=lambda: MOMENT, port=PORT) as server:
        httpx.post(
            f"{server.url}/_sandbox/settings", params={"vendor": "pipe0"},
            json={"delay_seconds": DELAY_SECONDS, "checks_until_completed": 1},
        ).raise_for_status()  # fmt: skip
        print("ready", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        _serve()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else LEADS)
