"""At night: pack logs, back up and verify, forget what is too old, optimise the stores, look at disk and modes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from logging import getLogger
from pathlib import Path

from prefect import flow

from campaigns.tracking import SECRET_FILE
from database import upkeep
from database.away import is_of_database
from database.incidents import close_incident, open_incident
from flows.backing_up import BACKUP, MAINTENANCE, SESSION_SECRET, back_up
from flows.environment import is_scheduled, moment_of, prepare_stores, run_name
from flows.kept_backups import PREFIX, backups
from flows.retention import forget, in_words
from flows.rotating import rotate_logs
from flows.running import wait_until_calm
from monitoring.health_gathering import machine
from ringback.clock import now
from ringback.errors import RingbackError
from ringback.settings import CHECKOUT, settings
from warehouse.upkeep import checkpoint

log = getLogger("ringback.maintenance")
NOT_OWNER, WORLD = 0o077, 0o007
"""What people other than the owner, and other than owner and group, may do with a file."""


class MaintenanceFailed(RingbackError):
    """Some of the night's steps failed; the message names them, the others were done."""


@dataclass(slots=True)
class Maintained:
    """What was done, in words."""

    stores: str = ""
    logs: str = ""
    backup: str = ""
    forgotten: str = ""
    database: str = ""
    warehouse: str = ""
    disk: str = ""
    modes: str = ""
    failed: dict[str, str] = field(default_factory=dict)
    """By step, why."""


@flow(name="maintain", flow_run_name=run_name)
def maintain(as_of: datetime | None = None) -> Maintained:
    """Do every step of the night; one that fails keeps none of the others, and is an incident until it succeeds."""
    if is_scheduled():
        wait_until_calm()
    done = keep_in_order(moment_of(as_of))
    if done.failed:
        raise MaintenanceFailed("; ".join(f"{step}: {why}" for step, why in done.failed.items()))
    return done


def keep_in_order(at: datetime) -> Maintained:
    """Every step at a moment (UTC), in order; the backup, which is of now, comes before anything is removed.

    Stores that cannot be prepared, as on a full disk, keep no step from making room. On a night without a backup those
    of earlier nights are all that there is: none of them is removed, but where one finds no room (`back_up`).
    """
    done, before = Maintained(), set(backups())
    steps: dict[str, Callable[[], str]] = {
        "stores": prepared, "logs": lambda: packed(at), BACKUP: lambda: str(back_up(now())),
        "forgotten": lambda: forgotten(at, with_backups=BACKUP not in done.failed), "database": database_words,
        "warehouse": warehouse_words, "disk": disk, "modes": modes,
    }  # fmt: skip
    for name, step in steps.items():
        with _noted(name, done):
            setattr(done, name, step())
    if BACKUP in done.failed and set(backups()) - before:
        with _as_far_as_the_database_takes_it():  # what ended well before the incident was open could not close it
            close_incident(MAINTENANCE, BACKUP, now(), "another backup, made meanwhile, ended well")
    return done


def prepared() -> str:
    """Bring the stores into this version's shape."""
    prepare_stores()
    return "in this version's shape"


def packed(at: datetime) -> str:
    """Pack the logs that have grown large."""
    rotated = rotate_logs(settings().home / "logs", at)
    told = ", ".join(f"{one.packed.name} ({one.bytes / 2**20:,.1f} MiB)" for one in rotated)
    doubtful = [one.packed.name for one in rotated if not one.is_exact]
    return (told or "none is large") + (f"; copied and emptied: {', '.join(doubtful)}" if doubtful else "")


def forgotten(at: datetime, with_backups: bool = True) -> str:
    """Remove what is too old."""
    removed = in_words(forget(at, with_backups))
    return removed if with_backups else f"{removed}; backups stay, for there is none of tonight"


def database_words() -> str:
    """Give unused room of the database back."""
    done = upkeep.optimise()
    return f"{done.words}; {_mib(done.bytes_before)} before, {_mib(done.bytes_after)} after"


def warehouse_words() -> str:
    """Give unused room of the warehouse back."""
    done = checkpoint()
    return f"{_mib(done.bytes_before)} before, {_mib(done.bytes_after)} after"


def disk() -> str:
    """How much room there is; whether that is enough the health checks judge, and the next backup."""
    found = machine()
    return f"{found.disk_free / 2**30:,.1f} GiB of {found.disk_total / 2**30:,.0f} are free"


def modes(environment: Path = CHECKOUT / ".env") -> str:
    """See to it that only the owner reads secrets and backups, and no stranger the stores; ours are mended.

    Raises MaintenanceFailed where others may read the `.env`, which is the person's own.
    """
    home, backups = settings().home, settings().backup_folder
    closed = dict.fromkeys((home / SECRET_FILE, home / SESSION_SECRET, backups, *backups.glob(f"{PREFIX}*")), NOT_OWNER)
    closed |= {path: WORLD for pattern in ("*.sqlite", "*.duckdb", "*.db") for path in home.glob(pattern)}
    mended = [path.name for path, bits in closed.items() if path.exists() and _close(path, bits)]
    if environment.exists() and environment.stat().st_mode & NOT_OWNER:
        raise MaintenanceFailed(f"others may read {environment}, which holds keys; 'chmod 600 {environment}' mends it")
    return f"closed to others: {', '.join(sorted(mended))}" if mended else "only those read secrets who should"


def _close(path: Path, bits: int) -> bool:
    """Take these rights away; False where nobody had them."""
    mode = path.stat().st_mode
    if mode & bits:
        path.chmod(mode & 0o777 & ~bits)
    return bool(mode & bits)


@contextmanager
def _noted(step: str, done: Maintained) -> Iterator[None]:
    """A step that fails is an incident, once, until it succeeds."""
    try:
        yield
    except Exception as failure:
        log.exception("maintenance failed at %s", step)
        done.failed[step] = f"{type(failure).__name__}: {failure}"[:500]
    with _as_far_as_the_database_takes_it():
        if step in done.failed:
            open_incident(MAINTENANCE, step, done.failed[step], now())
        else:
            close_incident(MAINTENANCE, step, now())


@contextmanager
def _as_far_as_the_database_takes_it() -> Iterator[None]:
    try:
        yield
    except Exception as failure:
        if not is_of_database(failure):
            raise
        log.warning("that could not be noted in the database: %s", type(failure).__name__)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
