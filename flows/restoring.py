"""Restoring a backup: nothing of the home is touched before all of it is unpacked, compared, opened and counted.

With PostgreSQL the order is: what is in the database is dumped beside the home, the home is put in place, then the
database is replaced in one transaction. A rename that fails leaves the database alone, and a database that does not
take the dump leaves itself as it was and lets the old home be put back. Only who is killed between the two is left with
the new home and the old database, which restoring the same backup again mends.

Who was written to and what was bought since the backup is not known to what is restored: it comes back held, with its
campaigns paused and its spending stopped, until a person lets it go on. A file of SQLite's is held before it is in
place, a PostgreSQL database as soon as it is loaded, while nobody else is connected to it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from database import upkeep
from database.held import hold
from database.session import engine
from flows.archive import Manifest
from flows.backing_up import DATABASE, DUMP, MLFLOW, PREFECT, SESSION_SECRET, verify
from flows.holding import nobody_writes, refuse_connected, refuse_in_use
from flows.interrupted import KEPT_APART, workplace_of
from flows.supervising import only_one, state_file
from ringback.clock import parse_time
from ringback.errors import StoreError, WrongUsage
from ringback.settings import settings

HELD = "restored as it was at {made_at:%Y-%m-%d %H:%M} UTC: what was bought since is not known here"
"""Why nothing is bought."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A home that was restored."""

    home: Path
    made_at: str
    """When the backup was made, UTC."""
    files: int
    rows: int
    moved_aside: Path | None
    """Where what stood there before is; None where nothing did."""
    database_aside: Path | None = None
    """A dump of what was in the PostgreSQL database before; None where nothing was."""
    backups_aside: Path | None = None
    """Where backups of before are that could not be brought along; None where there are none such."""
    paused: tuple[str, ...] = ()
    """The campaigns that were active and are held."""


def restore(archive: Path, home: Path, at: datetime, force: bool = False) -> Restored:
    """Restore a backup into a home; with `force` what is there is moved aside, and a PostgreSQL database replaced.

    Backups that lie in the home stay in it. Raises WrongUsage where the home is not empty, or in use, or its stores
    would not be those that the backup brings; StoreError where the backup does not hold, before anything of the home is
    touched, or where PostgreSQL does not take it.
    """
    home = home.absolute()
    _refuse(home, force)
    with ExitStack() as held:
        if _holds_something(home):
            held.enter_context(only_one(home))
        work = held.enter_context(_workplace(home))
        fresh = work / "home"
        manifest = verify(archive, fresh)
        _refuse_other_database(manifest, home)
        _refuse_other_mlflow(fresh, home)
        for name in (SESSION_SECRET, state_file(fresh).name):  # earlier backups hold them
            (fresh / name).unlink(missing_ok=True)
        _move_addresses(fresh, manifest, home)
        because = HELD.format(made_at=parse_time(manifest.made_at))
        paused = _hold_file(fresh / DATABASE, because, at) if (fresh / DATABASE).exists() else ()
        held.enter_context(only_one(fresh))
        before = _keep_database(manifest, home, at, force)
        _refuse(home, force)
        with nobody_writes(home):
            aside = _put_in_place(fresh, home, at)
        if manifest.engine == "postgresql":
            _load_database(home, aside, work, before, force)
            paused = hold(because, at)
        left = _bring_backups_along(aside, home) if aside else None
    rows = sum(n for tables in manifest.counts.values() for n in tables.values())
    return Restored(home, manifest.made_at, len(manifest.files), rows, aside, before, left, paused)


def _refuse(home: Path, force: bool) -> None:
    if home.exists() and not home.is_dir():
        raise WrongUsage(f"{home} is no folder")
    if _holds_something(home) and not force:
        raise WrongUsage(f"{home} is not empty; restore --into another folder, or --force to move what is there aside")
    refuse_in_use(home)


def _refuse_other_database(manifest: Manifest, home: Path) -> None:
    """What is restored must be what is used afterwards; of a home not configured here only the kind is known.

    A PostgreSQL database must be used by nobody else.
    """
    database = settings().database
    if manifest.engine == "postgresql":
        if upkeep.is_sqlite():
            raise WrongUsage(
                "this backup is of a PostgreSQL database; RINGBACK_DATABASE_URL must name one to restore into"
            )
        refuse_connected()
        return
    if not upkeep.is_sqlite():
        raise WrongUsage(
            f"this backup is of an SQLite database, and RINGBACK_DATABASE_URL names {upkeep.shown(database)}, so that "
            "nobody would use what is restored: unset it to restore"
        )
    used = upkeep.sqlite_file(database).resolve()
    if home.resolve() == settings().home.resolve() and used != (home / DATABASE).resolve():
        raise WrongUsage(
            f"RINGBACK_DATABASE_URL names {used}, and the backup is restored to {home / DATABASE}, so that nobody "
            "would use it: unset RINGBACK_DATABASE_URL to restore, or restore --into another home and copy that file"
        )


def _refuse_other_mlflow(fresh: Path, home: Path) -> None:
    """As of the database: what is restored must be what is used."""
    mlflow = settings().mlflow
    if not (fresh / MLFLOW).exists() or home.resolve() != settings().home.resolve() or not mlflow.startswith("sqlite:"):
        return
    used = upkeep.sqlite_file(mlflow).resolve()
    if used != (home / MLFLOW).resolve():
        raise WrongUsage(
            f"RINGBACK_MLFLOW_URL names {used}, and the backup is restored to {home / MLFLOW}, so that nobody would "
            "use it: unset RINGBACK_MLFLOW_URL to restore, or restore --into another home and copy that file"
        )


def _holds_something(home: Path) -> bool:
    """A folder that a command has just made for itself is as good as empty."""
    if not home.is_dir():
        return False
    work = workplace_of(home)
    found = (path for path in home.rglob("*") if not path.is_relative_to(work))
    return any(path.is_file() or path.is_symlink() for path in found)


@contextmanager
def _workplace(home: Path) -> Iterator[Path]:
    """A place on the same disk, for one restore at a time: beside the home, or in it where it is a disk of its own."""
    work = workplace_of(home)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = os.open(work, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUsage(f"another 'ringback restore' into {home} is at work; wait for it") from None
        for left in work.iterdir():
            shutil.rmtree(left)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
    finally:
        os.close(place)


def _move_addresses(fresh: Path, manifest: Manifest, new: Path) -> None:
    """MLflow and Prefect keep absolute addresses of files: they follow when the home comes to stand elsewhere.

    A home behind a link has two, and either may have been kept.
    """
    for old in {Path(manifest.home), Path(manifest.home_as_named or manifest.home)} - {new}:
        for name in (MLFLOW, PREFECT):
            if (fresh / name).exists():
                for before, after in ((old.as_uri(), new.as_uri()), (str(old), str(new))):
                    upkeep.move_paths(fresh / name, f"{before}/", f"{after}/")


def _hold_file(file: Path, because: str, at: datetime) -> tuple[str, ...]:
    """Hold a restored SQLite file that is not in place yet, and leave nothing open; gives the campaigns it paused."""
    url = f"sqlite:///{file}"
    try:
        return hold(because, at, url)
    finally:
        engine(url).dispose()


def _keep_database(manifest: Manifest, home: Path, at: datetime, force: bool) -> Path | None:
    """What is in PostgreSQL goes into a file beside the home, or on its disk where that is one of its own."""
    if manifest.engine != "postgresql":
        return None
    name = f"{KEPT_APART}{at:%Y%m%dT%H%M%S}.pgdump"
    to = home / name if os.path.ismount(home) else home.with_name(f"{home.name}{name}")
    return to if upkeep.keep_postgres(to, replace=force) else None


def _put_in_place(fresh: Path, home: Path, at: datetime) -> Path | None:
    """The restored folder becomes the home; what stood there is moved aside first."""
    aside = home.with_name(f"{home.name}{KEPT_APART}{at:%Y%m%dT%H%M%S}") if _holds_something(home) else None
    if os.path.ismount(home):
        return _move_one_by_one(fresh, home, at)
    try:
        if aside is not None:
            os.rename(home, aside)
        elif home.exists():
            shutil.rmtree(home)
        os.rename(fresh, home)
    except BaseException:
        if aside is not None and not home.exists():
            os.rename(aside, home)
        raise
    return aside


def _load_database(home: Path, aside: Path | None, work: Path, before: Path | None, force: bool) -> None:
    """The dump goes into PostgreSQL; where that does not take it, or is in use, the home is put back as it was."""
    try:
        refuse_connected()
        upkeep.load_dump(home / DUMP, replace=force)
    except BaseException as failure:
        _put_back(home, aside, work / "refused")
        copy = f" (a copy of it is in {before})" if before else ""
        if isinstance(failure, StoreError):
            raise StoreError(f"{failure}; home and database are as they were{copy}") from failure
        raise


def _put_back(home: Path, aside: Path | None, refused: Path) -> None:
    """What was restored goes away, and what stood there comes back."""
    if not os.path.ismount(home):
        os.rename(home, refused)
        if aside is not None:
            os.rename(aside, home)
        return
    refused.mkdir()
    for path in [one for one in home.iterdir() if one != refused.parent and not one.name.startswith(KEPT_APART)]:
        os.rename(path, refused / path.name)
    if aside is not None:
        for path in list(aside.iterdir()):
            os.rename(path, home / path.name)
        aside.rmdir()


def _move_one_by_one(fresh: Path, home: Path, at: datetime) -> Path | None:
    """A disk of its own cannot be renamed: what is in it is moved within it."""
    there = [path for path in home.iterdir() if path != fresh.parent and not path.name.startswith(KEPT_APART)]
    aside = home / f"{KEPT_APART}{at:%Y%m%dT%H%M%S}" if there else None
    if aside is not None:
        aside.mkdir(mode=0o700)
        for path in there:
            os.rename(path, aside / path.name)
    for path in fresh.iterdir():
        os.rename(path, home / path.name)
    return aside


def _bring_backups_along(aside: Path, home: Path) -> Path | None:
    """Backups that lay in the home do so again; gives where those are that could not be moved."""
    inside = os.path.relpath(home / settings().backups, home)
    old, new = aside / inside, home / inside
    if inside.startswith("..") or inside == "." or not old.is_dir():
        return None
    try:
        if not new.exists():
            new.parent.mkdir(parents=True, exist_ok=True)
            os.rename(old, new)
            return None
        for path in old.iterdir():
            if not (new / path.name).exists():
                os.rename(path, new / path.name)
    except OSError:
        return old
    return None
