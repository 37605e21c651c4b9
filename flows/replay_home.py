"""The home of a replay: the live warehouse's facts as a copy, beside them a ledger and a model registry of its own.

One process at a time lives in it. While the facts stay the same it goes on with what it has; when they have changed it
begins afresh, because models that learned from other facts would answer for them.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from database import upkeep
from flows.backing_up import DATABASE, MLFLOW, PREFECT, WAREHOUSE
from ringback.errors import WrongUsage
from ringback.settings import settings
from warehouse.upkeep import copy_warehouse, fingerprint

FACTS = "facts.txt"
"""In a replay's home: the fingerprint of the facts that it was begun with."""
NO_FACTS = ("predictions", "decision_")
"""How tables begin that hold what was answered: they grow each day, and no model learns from them."""


@contextmanager
def only_one_replay(home: Path) -> Iterator[None]:
    """Hold a replay's home, until this process ends in whatever way; raises WrongUsage where another holds it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f".{home.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUsage(
                f"another 'ringback replay' of this period is at work in {home}; wait until it is done"
            ) from None
        yield


def bring_facts(home: Path) -> bool:
    """See to it that a replay's home holds the facts of today; gives whether one with other facts made room for that.

    The copy comes in as a new folder, so that no log of a killed replay stands beside a file that it does not fit.
    """
    fresh = home.with_name(f".{home.name}.fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    copy_warehouse(fresh / WAREHOUSE)
    facts = fingerprint(fresh / WAREHOUSE, NO_FACTS)
    (fresh / FACTS).write_text(facts)
    if (home / FACTS).exists() and (home / FACTS).read_text() == facts:
        shutil.rmtree(fresh)
        return False
    was_there = home.exists()
    (home / FACTS).unlink(missing_ok=True)  # first: who is killed meanwhile begins afresh too
    shutil.rmtree(home, ignore_errors=True)
    os.rename(fresh, home)
    return was_there


def live_in(home: Path) -> None:
    """Let this process, with its Prefect and MLflow, live in a replay's home.

    Every address is said, also those that are usual there: one that is left out or empty may stand in a `.env`.
    Raises WrongUsage, before anything is opened, where a store would be another one nevertheless.
    """
    from flows.environment import prepare_stores

    (home / PREFECT).parent.mkdir(exist_ok=True)
    os.environ |= {
        "RINGBACK_HOME": str(home),
        "RINGBACK_DATABASE_URL": f"sqlite:///{home / DATABASE}",
        "RINGBACK_MLFLOW_URL": f"sqlite:///{home / MLFLOW}",
        "PREFECT_HOME": str((home / PREFECT).parent),  # its events must not start a training of the live home
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / PREFECT}",
    }
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)
    settings.cache_clear()
    refuse_other_stores(home)
    prepare_stores.cache_clear()
    prepare_stores()


def refuse_other_stores(home: Path) -> None:
    """Raise WrongUsage where a store of this process does not lie in a replay's home, or its Prefect is a server."""
    from prefect.settings import get_current_settings

    used = {
        "database": settings().database, "MLflow": settings().mlflow, "warehouse": f"sqlite:///{settings().warehouse}"
    }  # fmt: skip
    for name, url in used.items():
        if not (upkeep.is_sqlite(url) and upkeep.sqlite_file(url).is_relative_to(home)):
            raise WrongUsage(f"the {name} of this replay would be {upkeep.shown(url)} and not in {home}: it is stopped")
    if server := get_current_settings().api.url:
        raise WrongUsage(f"this replay would report to Prefect at {server}: a '.env' or Prefect's own settings say so")
