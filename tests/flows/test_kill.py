"""kill -9 at any moment, run again: the same rows as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import forget_home
from tests.flows.small_world import found_small_world, free_port

FLOWS = ("ingest_calls", "train", "score_leads")
KILLS_A_FLOW = int(os.environ.get("RINGBACK_TEST_KILLS", "1"))


@pytest.fixture
def world(prefect: None, tmp_path: Path) -> Iterator[tuple[datetime, dict[str, str]]]:
    """The sandbox at the end of the small world's first week, and the environment for processes beside it."""
    from prefect.settings import PREFECT_API_URL

    from flows.sandboxed import world_of_home
    from sandbox.server import SandboxServer

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGBACK_HOME", str(tmp_path))
        forget_home()
        moment = found_small_world(tmp_path)[0]
        port = free_port()
        with SandboxServer(world_of_home(), requests_per_second=None, port=port) as server:
            server.set_now(moment)
            yield (
                moment,
                os.environ
                | {
                    "PREFECT_API_URL": str(PREFECT_API_URL.value()),
                    "RINGBACK_SANDBOX_PORT": str(port),
                    "RINGBACK_FELLOW_REQUESTS_PER_SECOND": "100000",
                    "PREFECT_LOGGING_LEVEL": "ERROR",
                },
            )
    forget_home()


@pytest.mark.long
def test_flows_killed_at_random_and_run_again_leave_the_same_rows(
    world: tuple[datetime, dict[str, str]], tmp_path: Path
) -> None:
    moment, environment = world
    with ThreadPoolExecutor(2) as side_by_side:
        undisturbed = side_by_side.submit(_play, moment, environment, tmp_path / "undisturbed", kills=0)
        killed = side_by_side.submit(_play, moment, environment, tmp_path / "killed", kills=KILLS_A_FLOW)
        assert (undisturbed.result(), killed.result() > 0) == (0, True)
    assert _contents(tmp_path / "killed") == _contents(tmp_path / "undisturbed")


def _play(moment: datetime, environment: dict[str, str], home: Path, kills: int) -> int:
    """Run each flow to its end, after killing it so many times on the way; gives how many of the kills hit."""
    draw, hits = random.Random(7), 0
    for flow in FLOWS:
        for _ in range(kills):
            hits += not _run(flow, moment, environment, home, kill_after=draw.uniform(3.0, 9.0))
        assert _run(flow, moment, environment, home)
    return hits


def _run(flow: str, moment: datetime, environment: dict[str, str], home: Path, kill_after: float | None = None) -> bool:
    """Run a flow in a process of its own, killed after so many seconds; whether it came to its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "run", flow, "--as-of", moment.isoformat()],
        env=environment | {"RINGBACK_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=kill_after or 240)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert kill_after, f"{flow} did not end"
        return False
    assert process.returncode == 0, output.decode()
    return True


def _contents(home: Path) -> dict[str, object]:
    """Every row but for what tells of the run itself, and every model version with its figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGBACK_HOME", str(home))
        forget_home()
        from flows.demo import count_everything
        from ringback.records import TARGETS
        from training import registry
        from warehouse.connect import reading, rows

        with reading() as warehouse:
            tables = {
                name: rows(warehouse, f"SELECT * EXCLUDE (loaded_at) FROM {name} ORDER BY ALL")
                for name in (
                    "raw_payloads",
                    "calls",
                    "outcomes",
                    "company_facts",
                    "lead_facts",
                    "predictions",
                    "quarantine",
                )
            }
        versions = [(v.target, v.version, v.fingerprint, v.metrics) for t in TARGETS for v in registry.versions(t)]
        contents = {"counts": count_everything(), "versions": versions, **tables}
    forget_home()
    return contents
