"""Our `POST /score` against `mlflow models serve` of the same model: `python -m benchmarks.serving [HOME]`.

Ours reads a lead, looks up what is stored, builds the features, asks both champions, applies the policy and writes its
log to disk before it replies; MLflow's gets a row of numbers that is encoded already and asks one of the two models.
Both have two worker processes, and the same client asks both with 1, 8 and 32 connections: two seconds each in turn,
for some rounds, so that a machine that is slower for a while is so for both. The cache of replies is off, and no
challenger answers in the shadow. HOME has a champion; it is copied, and nothing is changed in it.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from itertools import count
from json import dumps, loads
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.loading import Answered
from ringback.settings import settings

CONNECTIONS = (1, 8, 32)
ROUNDS = 4
SECONDS = 2.0
WARM_SECONDS = 2.0
WORKERS = 2
READY_WITHIN_SECONDS = 240
_NUMBERS = count(0, 1_000_000)
LEAD = {
    "company_name": "Acme %d", "domain": "acme%d.com", "industry": "SaaS", "employees": "50-100",
    "description": "AI-powered customer service platform", "urgency_level": 4,
    "call_notes": "Discussed Voice AI integration needs, %d seats",
}  # fmt: skip
WITHOUT_NOTES = {name: value for name, value in LEAD.items() if name != "call_notes"}


def main() -> None:
    """Compare, and print a line for each number of connections."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else settings().home
    if not (home / "mlflow.db").exists():
        print(f"no model under {home}: 'make demo' makes one; the comparison with 'mlflow models serve' is left out")
        return
    with TemporaryDirectory(prefix="bench-serving-") as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy)
        version, key = prepared(copy)
        with served(copy) as ours, served_by_mlflow(copy, version) as theirs:
            compare(ours, theirs, key, encoded_lead(copy, version))


def compare(ours: int, theirs: int, key: str, row: str) -> None:
    """Ask both in turn."""
    mine = {"X-API-Key": key, "Content-Type": "application/json"}
    plain = {"Content-Type": "application/json"}
    ways = (
        ("ours, without reasons", ours, "/score?explain=false", mine, [dumps(LEAD)]),
        ("ours, exact reasons", ours, "/score", mine, [dumps(LEAD)]),
        ("ours, reasons, no notes", ours, "/score", mine, [dumps(WITHOUT_NOTES)]),
        ("mlflow models serve", theirs, "/invocations", plain, [row]),
    )
    for _, port, path, headers, bodies in ways:
        asked(port, path, headers, bodies, 4, WARM_SECONDS)
    print(f"{'':26}{'connections':>12}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'throughput':>12}{'p99':>8}")
    for connections in CONNECTIONS:
        rounds = [
            [asked(port, path, headers, bodies, connections, SECONDS) for _, port, path, headers, bodies in ways]
            for _ in range(ROUNDS)
        ]
        found = [reduce(add, of_one) for of_one in zip(*rounds, strict=True)]
        peer = found[-1]
        for (name, *_), one in zip(ways, found, strict=True):
            p50, p99 = one.slowest(0.5), one.slowest(0.99)
            ratio = f"{one.per_second / peer.per_second:11.1f}x{p99 / peer.slowest(0.99):8.3f}"
            failed = f"  {one.failed} FAILED" if one.failed else ""
            print(
                f"{name:26}{connections:12}{one.per_second:10.0f}{1000 * p50:9.2f}{1000 * p99:9.2f}{ratio}{failed}",
                flush=True,
            )


def asked(
    port: int, path: str, headers: dict[str, str], bodies: Sequence[str], connections: int, seconds: float
) -> Answered:
    """Ask from a process of its own."""
    load = {
        "port": port, "path": path, "headers": headers, "bodies": list(bodies), "connections": connections,
        "seconds": seconds, "first": next(_NUMBERS),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.loading"], input=dumps(load), capture_output=True, text=True, check=True
    )
    return Answered(**loads(done.stdout))


def prepared(home: Path) -> tuple[str, str]:
    """The champion's version and a key, in a home that is brought to this version's shape."""
    script = (
        "from flows.environment import prepare_stores, switch_tools\n"
        "switch_tools(); prepare_stores()\n"
        "from database import keys\nfrom database.promotions import champion_as_of\n"
        "from flows.train import point_aliases\nfrom ringback.clock import now\n"
        "from database.serving import publish_challenger\n"
        "for target in ('progression', 'voice_ai'):\n"
        "    point_aliases(target); publish_challenger(target, None, now())\n"
        "print(champion_as_of('progression', now()).version)\n"
        "print(keys.create('bench', ['score', 'read', 'admin'], now(), 'benchmarks', per_minute=10_000_000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(home), capture_output=True, text=True, check=True
    )
    version, key = done.stdout.split()[-2:]
    return version, key


def encoded_lead(home: Path, version: str) -> str:
    """The same lead as MLflow's server takes it: encoded by the model's own encoding."""
    os.environ["RINGBACK_HOME"] = str(home)
    settings.cache_clear()
    from ringback.clock import now
    from scoring.engine import stored_engine
    from scoring.lead import NOTHING, LeadRequest, features_of_lead

    engine = stored_engine("progression", version)
    assert engine is not None
    row = engine.encoding.encode([features_of_lead(LeadRequest.model_validate(LEAD), NOTHING, now())])[0].tolist()
    data = [[None if value != value else value for value in row]]
    return dumps({"dataframe_split": {"columns": list(engine.encoding.columns), "data": data}})


@contextmanager
def served(home: Path, workers: int = WORKERS) -> Iterator[int]:
    """Our service; gives its port."""
    port = free_port()
    command = (sys.executable, "-m", "flows", "serve", "--port", str(port), "--workers", str(workers))
    with _running(command, home, f"http://127.0.0.1:{port}/health"):
        yield port


@contextmanager
def served_by_mlflow(home: Path, version: str) -> Iterator[int]:
    """MLflow's server of the progression champion; gives its port."""
    port = free_port()
    command = (
        sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/progression/{version}",
        "--env-manager", "local", "--port", str(port), "--workers", str(WORKERS),
    )  # fmt: skip
    with _running(command, home, f"http://127.0.0.1:{port}/ping"):
        yield port


@contextmanager
def _running(command: Sequence[str], home: Path, address: str) -> Iterator[None]:
    path = home / f"{command[2]}.bench.log"
    log = path.open("wb")
    process = subprocess.Popen(command, env=environment(home), stdout=log, stderr=log, start_new_session=True)
    try:
        if not _answers(address, process):
            raise RuntimeError(f"nothing answers at {address}: {path.read_text()[-2000:]}")
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def _answers(address: str, process: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return True
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    return False


def environment(home: Path) -> dict[str, str]:
    return os.environ | {
        "RINGBACK_HOME": str(home), "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}",
        "RINGBACK_SCORE_CACHE_SECONDS": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
