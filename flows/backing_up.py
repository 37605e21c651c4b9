"""Backing up a home while others write to it: each store as it is at one moment, then the folders beside them.

What waits to be landed comes first, then the stores, then all other files. So what was landed meanwhile is in a store,
and what a store names was written before it was copied; what is in both is landed once, as after any crash. The backup
is unpacked again into a temporary place, where every sum is compared and every store opened and counted; only then does
it count.

Nothing is written into the home but, at the end, which backup was the last: a home whose disk is full can be backed up
to another.
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from database import published, upkeep
from database.away import is_of_database
from database.incidents import close_incident
from features.batches import SPOOLED
from flows.archive import FORMAT, SUFFIX, Manifest, Packing, packing, unpack
from flows.kept_backups import PREFIX, forget_to_make_room, is_own, what_makes_room
from monitoring.health_gathering import LAST_BACKUP
from ringback.clock import now
from ringback.errors import NoRoom, NotMigrated, StoreError
from ringback.settings import settings
from warehouse.upkeep import check_warehouse, copy_warehouse

MAINTENANCE, BACKUP = "maintenance", "backup"
"""The kind of incidents that say that a step of the night failed, and the step that is a backup."""
LANDING = "landing"
DATABASE, DUMP, WAREHOUSE, MLFLOW, PREFECT = (
    "database.sqlite", "database.pgdump", "warehouse.duckdb", "mlflow.db", "prefect/prefect.db",
)  # fmt: skip
SESSION_SECRET = "session.secret"  # noqa: S105  (a file's name)
LEFT_OUT: Mapping[str, str] = {
    "logs": "logs", "metrics": "figures of the running service", "vendors": "who was asked how often just now",
    "prefect": "Prefect's own files but its database", "decisions/scratch": "work under way",
    "landing/predictions/done": "answers that are in the database", "landing/decisions/done": "files that are landed",
    "outbox": "mails that were only written to a folder",
    SESSION_SECRET: "who holds it can sign in as anybody; people sign in anew after a restore",
    "replays": "each is made of what is in the warehouse",
    "up.json": "which processes 'ringback up' had started on that machine",
}  # fmt: skip
"""Folders and files of home that are not backed up, and why not."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
SAYS_FULL = ("No space left on device", "disk is full")
"""How other programs, and SQLite, say that a disk is full."""
PASSING = (SPOOLED, ".")
"""How names of temporary files and folders begin."""
PASSING_SUFFIXES = (".lock", ".gate", "-wal", "-shm", "-journal", ".wal", ".part", ".new", ".begun")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made and verified."""

    file: Path
    bytes: int
    """Packed."""
    bytes_unpacked: int
    files: int
    rows: int
    """In all tables of all stores."""
    seconds: float
    verified_in_seconds: float
    not_noted: str | None = None
    """Why the database does not know of it; None where it does."""
    forgotten: int = 0
    """Backups that were too old and made room for it."""

    def __str__(self) -> str:
        made_room = f"; {self.forgotten} that were too old made room for it" if self.forgotten else ""
        unknown = f"; the health check does not know of it, for that could not be noted: {self.not_noted}"
        return (
            f"{self.file} ({self.bytes / 2**20:,.1f} MiB of {self.bytes_unpacked / 2**20:,.1f}; {self.files:,} files, "
            f"{self.rows:,} rows; made in {self.seconds:.1f} s, verified in {self.verified_in_seconds:.1f} s)"
            f"{made_room}{unknown if self.not_noted else ''}"
        )


def back_up(at: datetime, folder: Path | None = None) -> Backup:
    """Back up the home of the settings into a folder, and verify it; `at` (UTC) names it, and it says when it was made.

    Where there is no room in the folder of the settings, backups that are too old there are forgotten, and it is tried
    once more. Raises NoRoom where there still is none; StoreError where another backup is being made, one of that
    moment is there already, or what was written does not hold; WarehouseBusy where somebody writes to the warehouse for
    more than ten minutes.
    """
    folder = folder or settings().backup_folder
    try:
        made = _made(at, folder)
    except NoRoom as full:
        made = _made_after_all(at, folder, full)
    return _noted(made, at)


def verify(archive: Path, into: Path) -> Manifest:
    """Unpack a backup into an empty place: every sum is compared, every store opened, looked through and counted.

    Raises StoreError that says what does not hold.
    """
    into.mkdir(parents=True)
    manifest = unpack(archive, into)
    counts = counts_in(into)
    for store, tables in manifest.counts.items():
        if counts.get(store) != tables:
            raise StoreError(f"{store} in {archive} does not hold the rows that it should; take another backup")
    return manifest


def counts_in(folder: Path) -> dict[str, dict[str, int]]:
    """Rows by store and table of the stores in a folder that nobody uses; raises StoreError where one is broken."""
    counts = {
        name: upkeep.check_sqlite(folder / name) for name in (DATABASE, MLFLOW, PREFECT) if (folder / name).exists()
    }
    if (folder / WAREHOUSE).exists():
        counts[WAREHOUSE] = check_warehouse(folder / WAREHOUSE)
        for left in ("lock", "gate"):
            (folder / WAREHOUSE).with_suffix(f".{left}").unlink(missing_ok=True)
    if (folder / DUMP).exists():
        counts[DUMP] = {"tables": upkeep.check_dump(folder / DUMP)}
    return counts


def _made(at: datetime, folder: Path) -> Backup:
    """Make a backup and verify it; raises as `back_up`."""
    to = folder / f"{PREFIX}{at:%Y%m%dT%H%M%S}{SUFFIX}"
    with _told(folder), _one_at_a_time(folder), _workplace(folder) as work:
        if to.exists():
            raise StoreError(f"{to} is there already and is not replaced; a backup of now is made without --as-of")
        _refuse_without_room(folder)
        began = time.monotonic()
        fresh = folder / f".{to.name}.unverified"
        try:
            manifest = _pack(fresh, work)
            packed = time.monotonic()
            verify(fresh, work / "unpacked")
            os.replace(fresh, to)
        finally:
            fresh.unlink(missing_ok=True)
        done = time.monotonic()
    rows = sum(n for tables in manifest.counts.values() for n in tables.values())
    return Backup(to, to.stat().st_size, manifest.bytes, len(manifest.files), rows, packed - began, done - packed)


def _made_after_all(at: datetime, folder: Path, full: NoRoom) -> Backup:
    """Forget what is too old and try once more; raises NoRoom, with what is left to do, where that is not enough."""
    removed = ""
    if gone := forget_to_make_room(folder):
        try:
            return replace(_made(at, folder), forgotten=len(gone))
        except NoRoom as again:
            full, removed = again, f"{len(gone)} that were too old are removed, which was not enough; "
    raise NoRoom(f"{full}; {removed}{what_makes_room(folder)}") from full


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say of what a folder does not take that it does not, and whether that is for lack of room."""
    try:
        yield
    except NoRoom:
        raise
    except (OSError, StoreError) as failure:
        if _is_for_lack_of_room(failure):
            raise NoRoom(f"the disk of {folder} became full while a backup was made there") from failure
        if isinstance(failure, OSError):
            raise StoreError(f"no backup can be made in {folder}: {failure}") from failure
        raise


def _is_for_lack_of_room(failure: BaseException | None) -> bool:
    """Whether a failure, or one of those that it came of, says that a disk is full."""
    while failure is not None:
        if getattr(failure, "errno", None) in FULL or any(words in str(failure) for words in SAYS_FULL):
            return True
        failure = failure.__cause__
    return False


def _noted(backup: Backup, at: datetime) -> Backup:
    """Note in the database which backup is the last, and that those of its folder succeed again.

    A database that does not take that, on a full disk or of an older shape, makes the backup no worse.
    """
    try:
        published.replace(LAST_BACKUP, {"file": str(backup.file), "bytes": backup.bytes}, at)  # also one dated ahead
        if is_own(backup.file.parent):
            close_incident(MAINTENANCE, BACKUP, now())
    except Exception as failure:
        if not is_of_database(failure):
            raise
        return replace(backup, not_noted=str(failure).partition("\n")[0])
    return backup


def _pack(to: Path, work: Path) -> Manifest:
    """Copy the stores, and write them and the folders into the archive."""
    staged = work / "staged"
    staged.mkdir()
    home, made_at = settings().home, now().isoformat()
    with packing(to) as archive:
        _add_files(archive, home / LANDING)
        _stage(staged)
        counts = counts_in(staged)
        for path in sorted(one for one in staged.rglob("*") if one.is_file()):
            archive.add(path, path.relative_to(staged).as_posix())
        _add_files(archive, home)
        shutil.rmtree(staged)
        manifest = Manifest(
            FORMAT, made_at, version("ringback"), str(home.resolve()),
            "sqlite" if upkeep.is_sqlite() else "postgresql", counts, tuple(archive.files), _left_out(home), str(home),
        )  # fmt: skip
        archive.finish(manifest)
    return manifest


def _stage(staged: Path) -> None:
    """Each store as it is at one moment."""
    home, mlflow = settings().home, settings().mlflow
    if upkeep.is_sqlite():
        file = upkeep.sqlite_file(settings().database)
        if not file.exists():
            raise NotMigrated(
                f"there is no database at {file}, so nothing to back up; RINGBACK_HOME says where to look"
            )
        upkeep.copy_sqlite(file, staged / DATABASE)
    else:
        upkeep.dump_postgres(staged / DUMP)
    if settings().warehouse.exists():
        copy_warehouse(staged / WAREHOUSE)
    if mlflow.startswith("sqlite:") and (kept := upkeep.sqlite_file(mlflow)).exists():
        upkeep.copy_sqlite(kept, staged / MLFLOW)
    if (home / PREFECT).exists():
        (staged / PREFECT).parent.mkdir()
        upkeep.copy_sqlite(home / PREFECT, staged / PREFECT)


def _add_files(archive: Packing, folder: Path) -> None:
    """Add what lies under a folder of home and is not in the archive yet, but no stores."""
    home, there = settings().home, {one.name for one in archive.files}
    stores = {home / name for name in (WAREHOUSE, PREFECT)}
    stores |= {upkeep.sqlite_file(url) for url in (settings().database, settings().mlflow) if url.startswith("sqlite:")}
    for path in _files(folder):
        name = path.relative_to(home).as_posix()
        is_landing = name.startswith(f"{LANDING}/")
        if path in stores or path.is_symlink() or name in there or (is_landing and folder == home):
            continue
        archive.add(path, name, whole_lines=is_landing and name.endswith(".jsonl"))


def _left_out(home: Path) -> tuple[str, ...]:
    """What of home is not in a backup, and why."""
    passed_over = [f"{name}: {why}" for name, why in LEFT_OUT.items() if (home / name).exists()]
    links = [path.relative_to(home).as_posix() for path in _files(home) if path.is_symlink()]
    mlflow = settings().mlflow
    elsewhere = [f"MLflow's runs and models: they are at {upkeep.shown(mlflow)}, back them up there"]
    is_elsewhere = "://" in mlflow and not mlflow.startswith(("sqlite:", "file:"))
    return (
        *passed_over, *(f"{name}: a link to somewhere else" for name in links), *(elsewhere if is_elsewhere else ())
    )  # fmt: skip


def _files(folder: Path) -> Iterator[Path]:
    """Files below a folder of home, and links, that are neither passing nor left out nor backups of wherever."""
    passed_over = {settings().home / name for name in LEFT_OUT} | {settings().backup_folder}
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if here / name not in passed_over and not name.startswith(PASSING))
        linked = [name for name in folders if (here / name).is_symlink()]
        for name in sorted(names) + linked:
            is_passing = name.startswith(PASSING) or name.endswith(PASSING_SUFFIXES)
            if not is_passing and here / name not in passed_over and not _is_backup(name):
                yield here / name


def _is_backup(name: str) -> bool:
    return name.startswith(PREFIX) and name.endswith(SUFFIX)


def _refuse_without_room(folder: Path) -> None:
    """A backup and the place it is verified in take up to twice what is backed up."""
    home = settings().home
    size = sum(path.lstat().st_size for path in _files(home) if path.exists())
    size += (home / PREFECT).stat().st_size if (home / PREFECT).exists() else 0
    free = shutil.disk_usage(folder).free
    if free < 2 * size:
        raise NoRoom(f"a backup needs {2 * size / 2**30:.1f} GiB on the disk of {folder}, {free / 2**30:.1f} are free")


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"another backup is being made in {folder}; wait for it") from None
        yield


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """An empty folder for its owner only; what a backup that was killed left behind is removed first."""
    work = folder / ".work"
    shutil.rmtree(work, ignore_errors=True)
    for left in (*folder.glob(".*.part"), *folder.glob(".*.unverified")):
        left.unlink()
    work.mkdir(mode=0o700)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
