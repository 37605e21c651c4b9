"""What must stand before a flow runs: switches for quiet, offline tools, and both stores in this code's shape."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar, cast

from flows.interrupted import refuse_interrupted
from ringback.clock import as_utc, now, parse_time
from ringback.errors import WrongUsage
from ringback.settings import settings

T = TypeVar("T")
CLOCKS_DIFFER = timedelta(minutes=5)
FIRST_YEAR = 2000
"""Nothing is known from before, and no report speaks of it."""


def switch_tools() -> None:
    """Point Prefect and MLflow at our own state, and keep them from calling home; set before either is imported."""
    home = settings().home
    refuse_interrupted(home)
    try:
        (home / "prefect").mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise WrongUsage(f"RINGBACK_HOME {home} cannot be used: {failure.strerror}; name a folder of yours") from None
    for name, value in {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads of small fits would otherwise burn both cores waiting for each other
        "GIT_PYTHON_REFRESH": "quiet",
    }.items():
        os.environ.setdefault(name, value)


@lru_cache(maxsize=1)
def prepare_stores() -> None:
    """Migrate both stores, once a process."""
    from database.migrate import migrate as migrate_database
    from warehouse.migrate import migrate as migrate_warehouse

    refuse_interrupted(settings().home)
    migrate_warehouse()
    migrate_database()


def moment_of(as_of: datetime | None) -> datetime:
    """The moment a flow speaks of, UTC without zone: the one asked for, else now.

    Raises WrongUsage for one that has not come: what was said or sent as of then could not be taken back.
    """
    present = now()
    moment = as_utc(as_of) if as_of else present
    if moment > present + CLOCKS_DIFFER:
        raise WrongUsage(f"{moment:%Y-%m-%d %H:%M} UTC has not come yet; --as-of takes a moment up to now")
    return moment


def stated_moment(text: str) -> datetime:
    """A moment as a person writes it, UTC without zone; raises WrongUsage where it is none, or before all data."""
    try:
        moment = parse_time(text)
    except ValueError:
        raise WrongUsage(f"{text!r} is no moment; write 2026-03-18 or 2026-03-18T09:30") from None
    if moment.year < FIRST_YEAR:
        raise WrongUsage(f"{text!r} lies before {FIRST_YEAR}, from when on anything is known")
    return moment


def is_synthetic(moment: datetime) -> bool:
    """Whether any call known at the moment came from the simulated world: then whatever is said of it must say so."""
    from vendors import fellow
    from warehouse.connect import query, reading

    with reading() as warehouse:
        sources = {row["source"] for row in query(warehouse, "sources", {"as_of": moment})}
    return settings().uses_sandbox and fellow.SOURCE in sources


def run_name() -> str:
    """What a run is called in Prefect's pages: its flow and the moment it speaks of."""
    from prefect.runtime import flow_run

    as_of = flow_run.parameters.get("as_of")
    as_of = parse_time(as_of) if isinstance(as_of, str) else as_of
    return f"{flow_run.flow_name} as of {moment_of(as_of):%Y-%m-%d %H:%M}"


def is_scheduled() -> bool:
    """Whether nobody waits for this run: it was started by a deployment, not by a person or another flow."""
    from prefect.runtime import deployment

    return deployment.get_id() is not None


def whole(value: T) -> T:
    """Hand a large value to a task as one piece; Prefect would otherwise search every row in it for futures."""
    from prefect.utilities.annotations import quote

    return cast(T, quote(value))


def as_json(facts: object) -> str:
    """Records, times and paths as JSON text."""
    from dataclasses import asdict, is_dataclass
    from json import dumps

    def plain(value: object) -> object:
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        return value.isoformat() if isinstance(value, datetime) else str(value)

    return dumps(facts, default=plain, indent=1, ensure_ascii=False)


@contextmanager
def quick_flows() -> Iterator[None]:
    """Runs in this process need no heartbeat: its thread would add a second to each of them."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
