"""Restoring a backup: nothing of the home is touched before all of it is unpacked, compared, opened and counted."""

import os
import shutil
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from database import upkeep
from flows.archive import Manifest
from flows.backing_up import DUMP, MLFLOW, PREFECT, verify
from ringback.errors import WrongUsage
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


def restore(archive: Path, home: Path, at: datetime, force: bool = False) -> Restored:
    """Restore a backup into a home; with `force` what is there is moved aside, and a PostgreSQL database replaced.

    Raises WrongUsage where the home is not empty, or in use; StoreError where the backup does not hold, before anything
    of the home is touched.
    """
    home = home.absolute()
    _refuse(home, force)
    work = _workplace(home)
    try:
        fresh = work / "home"
        manifest = verify(archive, fresh)
        _move_addresses(fresh, Path(manifest.home), home)
        _load_database(fresh, manifest, force)
        aside = _put_in_place(fresh, home, at)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    rows = sum(n for tables in manifest.counts.values() for n in tables.values())
    return Restored(home, manifest.made_at, len(manifest.files), rows, aside)


def _refuse(home: Path, force: bool) -> None:
    if home.exists() and not home.is_dir():
        raise WrongUsage(f"{home} is no folder")
    if _holds_something(home) and not force:
        raise WrongUsage(f"{home} is not empty; restore --into another folder, or --force to move what is there aside")
    if home == settings().home.absolute():
        for name in ("prefect", "mlflow", "api"):
            port = getattr(settings(), f"{name}_port")
            if _listens(port):
                raise WrongUsage(f"something listens on {name}'s port {port}: stop 'ringback up' before restoring")


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


def _load_database(fresh: Path, manifest: Manifest, force: bool) -> None:
    """A dump goes into the PostgreSQL server of the settings."""
    if manifest.engine != "postgresql":
        return
    if upkeep.is_sqlite():
        raise WrongUsage("this backup is of a PostgreSQL database; RINGBACK_DATABASE_URL must name one to restore into")
    upkeep.load_dump(fresh / DUMP, replace=force)


def _put_in_place(fresh: Path, home: Path, at: datetime) -> Path | None:
    """The restored folder becomes the home; what stood there is moved aside first."""
    aside = home.with_name(f"{home.name}{KEPT_APART}{at:%Y%m%dT%H%M%S}") if _holds_something(home) else None
    if os.path.ismount(home):
        return _move_one_by_one(fresh, home, at)
    if aside is not None:
        os.rename(home, aside)
    elif home.exists():
        shutil.rmtree(home)
    os.rename(fresh, home)
    return aside


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


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
