"""Restoring a backup: nothing of the home is touched before all of it is unpacked, compared, opened and counted.

With PostgreSQL the order is: what is in the database is dumped beside the home, the home is put in place, then the
database is replaced in one transaction. A rename that fails leaves the database alone, and a database that does not
take the dump leaves itself as it was and lets the old home be put back. Only who is killed between the two is left with
the new home and the old database, which restoring the same backup again mends.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from database import upkeep
from flows.archive import Manifest
from flows.backing_up import DATABASE, DUMP, MLFLOW, PREFECT, SESSION_SECRET, verify
from flows.ports import listens
from ringback.errors import StoreError, WrongUsage
from ringback.settings import settings

KEPT_APART = ".before-"
"""What the name of a folder goes on with that holds what stood in a home before."""


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


def restore(archive: Path, home: Path, at: datetime, force: bool = False) -> Restored:
    """Restore a backup into a home; with `force` what is there is moved aside, and a PostgreSQL database replaced.

    Raises WrongUsage where the home is not empty, or in use, or its database would not be the one that the backup
    brings; StoreError where the backup does not hold, before anything of the home is touched, or where PostgreSQL does
    not take it.
    """
    home = home.absolute()
    _refuse(home, force)
    work = _workplace(home)
    try:
        fresh = work / "home"
        manifest = verify(archive, fresh)
        _refuse_other_database(manifest, home)
        (fresh / SESSION_SECRET).unlink(missing_ok=True)  # earlier backups hold it
        _move_addresses(fresh, Path(manifest.home), home)
        before = _keep_database(manifest, home, at, force)
        aside = _put_in_place(fresh, home, at)
        if manifest.engine == "postgresql":
            _load_database(home, aside, work, before, force)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    rows = sum(n for tables in manifest.counts.values() for n in tables.values())
    return Restored(home, manifest.made_at, len(manifest.files), rows, aside, before)


def _refuse(home: Path, force: bool) -> None:
    if home.exists() and not home.is_dir():
        raise WrongUsage(f"{home} is no folder")
    if _holds_something(home) and not force:
        raise WrongUsage(f"{home} is not empty; restore --into another folder, or --force to move what is there aside")
    if home == settings().home.absolute():
        for name in ("prefect", "mlflow", "api"):
            port = getattr(settings(), f"{name}_port")
            if listens(port):
                raise WrongUsage(f"something listens on {name}'s port {port}: stop 'ringback up' before restoring")


def _refuse_other_database(manifest: Manifest, home: Path) -> None:
    """What is restored must be what is used afterwards; of a home not configured here only the kind is known."""
    database = settings().database
    if manifest.engine == "postgresql":
        if upkeep.is_sqlite():
            raise WrongUsage(
                "this backup is of a PostgreSQL database; RINGBACK_DATABASE_URL must name one to restore into"
            )
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


def _holds_something(home: Path) -> bool:
    """A folder that a command has just made for itself is as good as empty."""
    if not home.is_dir():
        return False
    return any(path.is_file() or path.is_symlink() for path in home.rglob("*"))


def _workplace(home: Path) -> Path:
    """A place on the same disk: beside the home, or in it where it is a disk of its own."""
    parent = home if os.path.ismount(home) else home.parent
    parent.mkdir(parents=True, exist_ok=True)
    work = parent / f".{home.name}.restoring"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    return work


def _move_addresses(fresh: Path, old: Path, new: Path) -> None:
    """MLflow and Prefect keep absolute addresses of files: they follow when the home comes to stand elsewhere."""
    if old == new:
        return
    for name in (MLFLOW, PREFECT):
        if (fresh / name).exists():
            for before, after in ((old.as_uri(), new.as_uri()), (str(old), str(new))):
                upkeep.move_paths(fresh / name, f"{before}/", f"{after}/")


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
    if aside is not None:
        os.rename(home, aside)
    elif home.exists():
        shutil.rmtree(home)
    try:
        os.rename(fresh, home)
    except OSError:
        if aside is not None:
            os.rename(aside, home)
        raise
    return aside


def _load_database(home: Path, aside: Path | None, work: Path, before: Path | None, force: bool) -> None:
    """The dump goes into PostgreSQL; where that does not take it the home is put back as it was."""
    try:
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
