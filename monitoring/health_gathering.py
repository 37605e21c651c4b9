"""The facts of health, asked for with a bound on the time each takes; what fails is a fact as well."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from database.away import is_of_database
from database.promotions import champion_as_of
from database.published import published
from database.vital_signs import backlog, database_signs, last_measure, newest, sqlite_answers
from monitoring.health_facts import (
    Asked,
    Calibration,
    Champion,
    Circuit,
    ClockSigns,
    Facts,
    Files,
    Machine,
)
from ringback.clock import now, parse_time, since_start
from ringback.errors import RingbackError
from ringback.records import TARGETS
from ringback.settings import settings
from scoring.log import waiting_bytes
from vendors.breaker import states
from vendors.prefect_health import prefect_signs
from vendors.reach import Address, Reached, addresses, reach, reach_all
from warehouse.decisions import landing_folder
from warehouse.upkeep import opens

T = TypeVar("T")
LAST_CLOCK = "health clock"
LAST_BACKUP = "backup"
"""Names under which moments are published: of the last check, and of the last backup that was verified."""
POOL = "local"
WAREHOUSE_PATIENCE_SECONDS = 30.0
SQLITE = "sqlite:///"


def gather(at: datetime, prefect: str | None, vendors: Sequence[Address] | None = None) -> Facts:
    """All facts at a moment (UTC); nothing is changed by asking.

    `prefect` is the URL of Prefect's server, None where it is not in use; `vendors` are those of the settings.
    """
    database = asked(database_signs, "none")  # before anything else opens it: that would make a file which is gone
    return replace(
        gather_cheap(at, prefect),
        vendors=asked(lambda: reached(vendors), "no vendor is asked"),
        circuits=asked(circuits, "none").value or {},
        database=database,
        warehouse=asked(warehouse_seconds, "there is none yet"),
        mlflow=asked(mlflow_seconds, "nothing was trained yet"),
        clock=asked(clock, "this machine does not tell when it was started"),
    )


def gather_cheap(at: datetime, prefect: str | None) -> Facts:
    """The facts of the checks in `health.CHEAP` alone: from the database, the folders and Prefect's server."""
    return Facts(
        at=at,
        newest=asked(lambda: newest(at), "none"),
        backlog=asked(lambda: backlog(at), "none"),
        files=asked(files, "none"),
        machine=asked(machine, "none"),
        champions=asked(lambda: champions(at), "no model yet"),
        calibration=asked(calibration, "not measured yet"),
        backup=asked(last_backup, "no backup was made yet; 'ringback backup' makes one"),
        prefect=asked(lambda: prefect_signs(prefect, POOL, at) if prefect else None, "Prefect is not in use here"),
    )


def asked(ask: Callable[[], T | None], unused: str) -> Asked[T]:
    """What asking gives: the fact, that there is none, or why it could not be asked for."""
    try:
        found = ask()
    except (RingbackError, OSError, ValueError) as failure:
        return Asked(failure=f"{type(failure).__name__}: {failure}"[:300])
    except Exception as failure:
        if not is_of_database(failure):
            raise
        return Asked(failure=_of_database(failure))
    return Asked(unused=unused) if found is None else Asked(found)


def reached(listed: Sequence[Address] | None) -> tuple[Reached, ...] | None:
    """How each vendor answers; those whose circuit is open are asked too, so that recovery is seen."""
    return reach_all(addresses(settings()) if listed is None else listed) or None


def circuits() -> dict[str, Circuit]:
    """Who is left alone for failing, by vendor."""
    return {one.vendor: Circuit(one.state, one.failures) for one in states(settings().home / "vendors")}


def warehouse_seconds() -> float | None:
    """Seconds until the warehouse is open for reading; None where there is none yet."""
    return opens(WAREHOUSE_PATIENCE_SECONDS) if settings().warehouse.exists() else None


def mlflow_seconds() -> float | None:
    """Seconds until MLflow's store answers; None where nothing was kept in it yet."""
    url = settings().mlflow
    if url.startswith(SQLITE):
        path = Path(url.removeprefix(SQLITE))
        return sqlite_answers(path) if path.exists() else None
    if not url.startswith("http"):
        return None
    found = reach(Address("MLflow", f"{url.rstrip('/')}/health"))
    if found.seconds is None:
        raise OSError(found.failure)
    return found.seconds


def files() -> Files:
    """What lies in folders and waits, and how large the logs are."""
    logs = settings().home / "logs"
    sizes = sum(path.stat().st_size for path in logs.glob("*") if path.is_file())
    return Files(len(list(landing_folder().glob("*.jsonl"))), waiting_bytes(), sizes)


def machine() -> Machine:
    """What is left of the disk under home, and of memory."""
    from psutil import virtual_memory

    disk, memory = shutil.disk_usage(settings().home), virtual_memory()
    return Machine(disk.free, disk.total, memory.available, memory.total)


def champions(at: datetime) -> tuple[Champion, ...] | None:
    """Who decides at a moment."""
    found = [(target, champion_as_of(target, at)) for target in TARGETS]
    return tuple(Champion(target, one.version, one.decided_at) for target, one in found if one is not None) or None


def calibration() -> Calibration | None:
    """How far foretold and real shares lay apart in the last week that was measured."""
    found = last_measure("calibration_gap")
    return None if found is None else Calibration(*found)


def last_backup() -> datetime | None:
    """When the last backup that was verified was made."""
    told = published(LAST_BACKUP)
    return told[1] if told else None


def clock() -> ClockSigns | None:
    """The clock, beside what does not follow it."""
    told, started = published(LAST_CLOCK), since_start()
    if started is None:
        return None
    boot, seconds = started
    last = told[0] if told else None
    before = (parse_time(last["at"]), float(last["seconds"])) if last and last["boot"] == boot else None
    return ClockSigns(now(), boot, seconds, before)


def _of_database(failure: Exception) -> str:
    """What a driver says of itself, without the statement and its values."""
    said = getattr(failure, "orig", None) or failure
    return f"{type(said).__name__}: {' '.join(str(said).split())}"[:300]
