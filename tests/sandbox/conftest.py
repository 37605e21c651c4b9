"""One small world and its server for all sandbox tests; each test sets the moment and the limits it needs."""

from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from sandbox.fellow import API_KEY
from sandbox.server import SandboxServer
from sandbox.world import World

START = datetime(2026, 1, 5)


@pytest.fixture(scope="package")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(World(seed=7, start=START, calls_per_week=60), requests_per_second=None) as server:
        yield server


@pytest.fixture
def sandbox(running: SandboxServer) -> Iterator[SandboxServer]:
    """The server in peace: no limit, no faults, standing on Friday of the second week at noon in Chicago."""
    running.set_now(datetime(2026, 1, 16, 18, 0))
    yield running
    with httpx.Client(verify=False, base_url=running.url) as switchboard:
        switchboard.post("/_sandbox/rate", json={"requests_per_second": None}).raise_for_status()
        switchboard.post("/_sandbox/faults", json={}).raise_for_status()


@pytest.fixture
def fellow(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    with httpx.Client(
        verify=False, base_url=f"{sandbox.url}/fellow/sandbox/api/v1", headers={"X-API-KEY": API_KEY}
    ) as client:
        yield client
