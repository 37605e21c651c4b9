"""One command up: the sandbox where no vendor key is set, Prefect with a worker and all deployments, MLflow, the API.

Every process writes to a log of its own under `logs/`; Ctrl-C stops them all, the last started first.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from campaigns import schedules
from database import campaigns
from flows.environment import prepare_stores
from ringback.errors import RingbackError, WrongUsage
from ringback.settings import CHECKOUT, settings

READY_WITHIN_SECONDS = 180
STOP_WITHIN_SECONDS = 20
POOL = "local"


class NotReady(RingbackError):
    """A process did not come up; the message names its log."""


@dataclass(slots=True)
class Up:
    """The running processes, in the order in which they were started."""

    logs: Path
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a process that writes to `logs/NAME.log`."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(self.environment), cwd=CHECKOUT
            )

    def finish(self, name: str, *command: str) -> None:
        """Run a command to its end; raises NotReady, naming its log, where it fails."""
        with (self.logs / f"{name}.log").open("ab") as log:
            done = subprocess.run(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(self.environment), cwd=CHECKOUT
            )
        if done.returncode:
            raise NotReady(f"{name} failed; its log says why: {self.logs / f'{name}.log'}")

    def wait_for(self, name: str, url: str) -> None:
        """Wait until a process answers; raises NotReady where it ends or stays silent."""
        from urllib.error import URLError
        from urllib.request import urlopen

        until = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < until and self.processes[name].poll() is None:
            try:
                with urlopen(url, timeout=2):  # noqa: S310  (an address of our own on this machine)
                    return
            except (URLError, TimeoutError, ConnectionError):
                time.sleep(0.25)
        raise NotReady(f"{name} does not answer at {url}; its log says why: {self.logs / f'{name}.log'}")

    def watch(self) -> str:
        """Wait until one of the processes ends; gives its name."""
        while True:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    return name
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop all of them, the last started first."""
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        until = time.monotonic() + STOP_WITHIN_SECONDS
        for process in reversed(self.processes.values()):
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def addresses() -> dict[str, str]:
    """What one opens in a browser, by name."""
    places = {
        "Prefect (flows, schedules, runs)": f"http://127.0.0.1:{settings().prefect_port}",
        "MLflow (models side by side)": f"http://127.0.0.1:{settings().mlflow_port}",
        "REST API (its description)": f"{api_url()}/docs",
        "Reports": (settings().reports / "index.html").as_uri(),
    }
    if settings().uses_sandbox:
        places["Sandbox (simulated vendors)"] = f"http://127.0.0.1:{settings().sandbox_port}/_sandbox/state"
    return places


def api_url() -> str:
    """Where the REST API answers on this machine."""
    host = settings().api_host
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{settings().api_port}"  # noqa: S104


def bring_up() -> Up:
    """Start everything and wait until it answers; on failure what was started is stopped again."""
    from training import registry

    _refuse_second()
    prepare_stores()
    registry.prepare()
    logs = settings().home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    prefect_url = f"http://127.0.0.1:{settings().prefect_port}"
    environment = os.environ | {
        "PREFECT_API_URL": f"{prefect_url}/api",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "RINGBACK_HOME": str(settings().home),
    }
    up = Up(logs, environment)
    prefect, python = str(Path(sys.executable).with_name("prefect")), sys.executable
    try:
        if settings().uses_sandbox:
            up.start("sandbox", python, "-m", "flows", "sandbox")
        up.start(
            "prefect-server", prefect, "server", "start", "--host", "127.0.0.1", "--port", str(settings().prefect_port)
        )
        up.start(
            "mlflow", python, "-m", "mlflow", "server", "--backend-store-uri", settings().mlflow,
            "--default-artifact-root", (settings().home / "mlartifacts").as_uri(),
            "--host", "127.0.0.1", "--port", str(settings().mlflow_port), "--workers", "1",
        )  # fmt: skip
        up.start("api", python, "-m", "flows", "serve")
        up.wait_for("prefect-server", f"{prefect_url}/api/health")
        up.finish("pool", prefect, "work-pool", "create", POOL, "--type", "process", "--overwrite")
        up.finish("deploy", prefect, "--no-prompt", "deploy", "--all")
        schedules.follow(campaigns.campaigns())
        up.start("worker", prefect, "worker", "start", "--pool", POOL, "--name", "ringback")
        if settings().uses_sandbox:
            up.wait_for("sandbox", f"http://127.0.0.1:{settings().sandbox_port}/_sandbox/state")
        up.wait_for("mlflow", f"http://127.0.0.1:{settings().mlflow_port}/health")
        up.wait_for("api", f"{api_url()}/health")
    except BaseException:
        up.stop()
        raise
    return up


def _refuse_second() -> None:
    import socket

    ports = {"Prefect": settings().prefect_port, "MLflow": settings().mlflow_port, "API": settings().api_port}
    for name, port in ports.items():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise WrongUsage(
                    f"{name}'s port {port} is taken: ringback is up already, or another program has it "
                    f"(RINGBACK_{name.upper()}_PORT chooses another)"
                )
