"""One command up: the sandbox where no vendor key is set, Prefect with a worker and all deployments, MLflow, the API.

Every process writes to a log of its own under `logs/` and comes back when it ends; Ctrl-C stops them all.
"""

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from uuid import uuid4

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from campaigns import schedules
from database import campaigns
from database.away import is_of_database
from database.incidents import close_incident, open_incident, open_incidents
from flows import automations
from flows.environment import prepare_stores
from flows.ports import listens
from flows.supervising import LOOK_EVERY_SECONDS, Change, Service, Supervisor, stop_leftovers, supervisor_of
from flows.telling_others import tell_now
from ringback.clock import now, shown_in
from ringback.errors import RingbackError, VendorError, WrongUsage
from ringback.settings import settings
from vendors import prefect_runs

POOL = "local"
PREFECT_SERVER = "prefect-server"
PROCESS = "process"
"""The kind of incidents about processes that end again and again."""
LOOK = "check-health/check-health"
UPCOMING = 8
PATIENTLY = Retrying(
    retry=retry_if_exception_type(RingbackError), stop=stop_after_attempt(5), wait=wait_fixed(2.0), reraise=True
)
"""A server that has just come up may still be slow to answer."""


def services() -> list[Service]:
    """What runs, in the order of starting; the worker comes once there is something to work on.

    A Prefect or an MLflow that runs elsewhere is used, and none is started beside it.
    """
    prefect, python = str(Path(sys.executable).with_name("prefect")), sys.executable
    sandbox = Service(
        "sandbox", (python, "-m", "flows", "sandbox"), f"http://127.0.0.1:{settings().sandbox_port}/_sandbox/state"
    )
    prefect_server = Service(
        PREFECT_SERVER, (prefect, "server", "start", "--host", "127.0.0.1", "--port", str(settings().prefect_port)),
        f"http://127.0.0.1:{settings().prefect_port}/api/health",
    )  # fmt: skip
    mlflow = Service(
        "mlflow",
        (python, "-m", "mlflow", "server", "--default-artifact-root", (settings().home / "mlartifacts").as_uri(),
         "--host", "127.0.0.1", "--port", str(settings().mlflow_port), "--workers", "1"),
        f"http://127.0.0.1:{settings().mlflow_port}/health",
    )  # fmt: skip
    return [
        *([sandbox] if settings().uses_sandbox else []),
        *([] if settings().prefect_url else [prefect_server]),
        *([] if settings().has_mlflow_elsewhere else [mlflow]),
        Service("api", (python, "-m", "flows", "serve"), f"{api_url()}/health"),
    ]


def worker() -> Service:
    """What runs the flows; a killed one's runs come to their end."""
    prefect = str(Path(sys.executable).with_name("prefect"))
    command = (prefect, "worker", "start", "--pool", POOL, "--name", "ringback")
    return Service("worker", command, keeps_children=True)


def environment() -> Mapping[str, str]:
    """Of all processes; MLflow's address stands here because everybody sees a command, with any password in it."""
    own = {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": settings().prefect_database_url or "",
        "MLFLOW_BACKEND_STORE_URI": "" if settings().has_mlflow_elsewhere else settings().mlflow,
    }
    return os.environ | {name: value for name, value in own.items() if value} | {
        "PREFECT_API_URL": f"{settings().prefect}/api",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_WORKER_QUERY_SECONDS": "3",
        "RINGBACK_HOME": str(settings().home),
    }  # fmt: skip


def bring_up(say: Callable[[str], None]) -> Supervisor:
    """Start everything and wait until it answers; on failure what was started is stopped again.

    Raises WrongUsage where it runs already, NotReady where something does not come up.
    """
    from flows.showing import show_what_is_missing
    from training import registry

    if left := stop_leftovers(settings().home):
        say(f"stopped what an earlier 'ringback up' had left: {', '.join(left)}")
    refuse_taken_ports()
    prepare_stores()
    registry.prepare()
    show_what_is_missing()
    up = Supervisor(settings().home, environment())
    try:
        names = [service.name for service in services()]
        for service in services():
            up.start(service)
        if PREFECT_SERVER in names:
            up.wait_for(PREFECT_SERVER)
        deploy(up.finish)
        up.start(worker())
        for name in names:
            up.wait_for(name)
        forget_incidents(up.running.keys())
        look()
    except BaseException:
        up.stop()
        raise
    return up


def deploy(finish: Callable[..., None]) -> None:
    """Make the pool, register every deployment with its schedules, the automations, and campaigns' own schedules.

    Done twice it changes nothing, and what a person paused or limited at Prefect stays so. `finish(NAME, COMMAND…)`
    runs a command to its end.
    """
    prefect, server = str(Path(sys.executable).with_name("prefect")), settings().prefect
    if not PATIENTLY(prefect_runs.has_pool, server, POOL):
        finish("pool", prefect, "work-pool", "create", POOL, "--type", "process", "--overwrite")
    held = PATIENTLY(prefect_runs.paused, server)
    finish("deploy", prefect, "--no-prompt", "deploy", "--all")
    for deployment in held:  # registered again it would go on
        PATIENTLY(prefect_runs.pause, server, deployment)
    PATIENTLY(automations.apply_all)
    schedules.follow(campaigns.campaigns())


def look() -> str:
    """Let health be looked at now, so that nobody reads how it was before; gives the run's id at Prefect."""
    return PATIENTLY(prefect_runs.run_now, settings().prefect, LOOK, {}, uuid4().hex)


def watch(up: Supervisor, say: Callable[[str], None]) -> None:
    """Keep everything going until somebody interrupts; says what ends and what comes back, and tells people."""
    while True:
        for change in up.look():
            if change.is_news:
                with suppress(OSError):  # nobody reads any more, or the disk is full: no reason to let the processes go
                    say(f"{shown_in(now(), settings().zone):%Y-%m-%d %H:%M:%S}  {change.words}")
            if note(change):
                Thread(target=tell_now, args=(now(), settings().prefect), daemon=True).start()
        time.sleep(LOOK_EVERY_SECONDS)


def forget_incidents(running: Collection[str]) -> None:
    """Close the incidents about processes that are not started here any more."""
    for one in open_incidents():
        if one.kind == PROCESS and one.subject not in running:
            close_incident(PROCESS, one.subject, now(), f"{one.subject} is not started here any more")


def note(change: Change) -> bool:
    """Open an incident about a process that ends again and again, and close it once one runs steadily.

    Gives whether there is something to tell. A database that is away or full is no reason to let the processes go: the
    change is said on the screen all the same.
    """
    words = f"{change.name} ends again and again: {change.words}"
    try:
        if change.is_often:
            return open_incident(PROCESS, change.name, words, now(), "critical")
        return change.is_steady and close_incident(PROCESS, change.name, now(), change.words)
    except Exception as failure:
        if not is_of_database(failure):
            raise
        return False


def addresses() -> dict[str, str]:
    """What one opens in a browser, by name."""
    places = {
        "Pages (leads, models, health, …)": api_url(),
        "REST API (its description)": f"{api_url()}/docs",
        "Prefect (flows, schedules, runs)": settings().prefect,
        "MLflow (models side by side)": settings().mlflow_page,
        "Reports": (settings().reports / "index.html").as_uri(),
    }
    if settings().uses_sandbox:
        places["Sandbox (simulated vendors)"] = f"http://127.0.0.1:{settings().sandbox_port}/_sandbox/state"
    return places


def screen() -> list[str]:
    """What one reads when it is up: the addresses, and what runs next."""
    lines = ["ringback is up:", *(f"  {name:34}{place}" for name, place in addresses().items())]
    with suppress(VendorError):
        coming, moment = prefect_runs.upcoming(settings().prefect, UPCOMING), now()
        lines += ["what runs next:", *(
            f"  {shown_in(one.at, settings().zone):%a %-d %b %H:%M %Z}   {one.deployment}"
            f"{'   late: it begins now' if one.at < moment else ''}"
            for one in coming
        )]  # fmt: skip
    return [*lines, f"logs are under {settings().home / 'logs'}; Ctrl-C stops all of it."]


def api_url() -> str:
    """Where the REST API answers on this machine."""
    host = settings().api_host
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{settings().api_port}"  # noqa: S104


def refuse_second() -> None:
    """Raise WrongUsage where another 'ringback up' is at work on this home."""
    if (pid := supervisor_of(settings().home)) is not None:
        places = "".join(f"\n  {name:34}{place}" for name, place in addresses().items())
        raise WrongUsage(f"ringback is up already (process {pid}, home {settings().home}):{places}")


def refuse_taken_ports() -> None:
    """Raise WrongUsage where another program has a port."""
    ports = {
        "API": settings().api_port,
        **({} if settings().prefect_url else {"PREFECT": settings().prefect_port}),
        **({} if settings().has_mlflow_elsewhere else {"MLFLOW": settings().mlflow_port}),
        **({"SANDBOX": settings().sandbox_port} if settings().uses_sandbox else {}),
    }
    for name, port in ports.items():
        if listens(port):
            raise WrongUsage(f"port {port} is taken by another program: RINGBACK_{name}_PORT chooses another")
