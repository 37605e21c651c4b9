"""Holding a home that is about to be moved away: nobody is at work on it, and nobody's rows go with it unseen."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from database import upkeep
from database.session import engine
from flows.backing_up import DATABASE, MLFLOW, PREFECT, WAREHOUSE
from flows.ports import listens
from ringback.errors import WrongUsage
from ringback.settings import settings
from warehouse.connect import untouched

PATIENCE_SECONDS = 5.0
POLL_SECONDS = 0.1


def refuse_in_use(home: Path) -> None:
    """Raise WrongUsage where something listens on a port of this home's."""
    if home.resolve() != settings().home.resolve():
        return
    for name in ("prefect", "mlflow", "api"):
        port, hosts = getattr(settings(), f"{name}_port"), {"127.0.0.1"}
        if name == "api" and ":" not in settings().api_host:  # an address of the sixth version cannot be asked here
            hosts.add(settings().api_host)
        if any(listens(port, host) for host in hosts):
            raise WrongUsage(f"something listens on {name}'s port {port}: stop 'ringback up' before restoring")


def refuse_connected() -> None:
    """Raise WrongUsage where others are, and stay, connected to the PostgreSQL database that is to be replaced."""
    until = time.monotonic() + PATIENCE_SECONDS  # who has just ended is still listed for a moment
    while others := upkeep.others_connected():
        if time.monotonic() >= until:
            raise WrongUsage(
                f"others are connected to {upkeep.shown(settings().database)}: {', '.join(others)}; stop "
                "'ringback up', 'ringback serve' and what else is at work there, on all machines, before restoring"
            )
        time.sleep(POLL_SECONDS)


@contextmanager
def nobody_writes(home: Path) -> Iterator[None]:
    """Keep everybody from the stores of a home while it is moved; raises where somebody is at one of them.

    That is WarehouseBusy for the warehouse, WrongUsage for an SQLite file. SQLite leaves the mode with a log only when
    no one else has the file open, and in the mode without one it refuses to write to a file that was moved: so who
    opens it in between fails afterwards, and writes nothing where nobody would look for it.
    """
    engine(settings().database).dispose()  # what this process itself has open
    with ExitStack() as held:
        if (home / WAREHOUSE).exists():
            held.enter_context(untouched(home / WAREHOUSE, PATIENCE_SECONDS))
        for name in (DATABASE, MLFLOW, PREFECT):
            if (home / name).exists():
                held.enter_context(_alone(home / name))
        yield


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold an SQLite file alone; one that is broken nobody writes to, and it may be why it is restored."""
    with closing(sqlite3.connect(file, timeout=PATIENCE_SECONDS, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as failure:
            if getattr(failure, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise WrongUsage(
                    f"{file} is in use by another process; stop 'ringback up', 'ringback serve' and what else is at "
                    "work there before restoring"
                ) from None
        yield
