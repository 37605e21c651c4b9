"""The backups that there are: for how long each is kept, and which go where the next finds no room."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from database import published
from database.away import is_of_database
from flows.archive import SUFFIX
from monitoring.health_gathering import LAST_BACKUP
from ringback.clock import now, parse_time
from ringback.settings import settings

PREFIX = "ringback-"
ALWAYS_KEPT = 3
"""So many of the newest backups stay, however old they are."""


def backups(folder: Path | None = None) -> list[tuple[datetime, Path]]:
    """The backups of a folder with their moments (UTC), the oldest first."""
    found = (folder or settings().backup_folder).glob(f"{PREFIX}*{SUFFIX}")
    return sorted((moment, path) for path in found if (moment := _moment_of(path)) is not None)


def forget_backups(days: int, folder: Path | None = None, at: datetime | None = None) -> list[Path]:
    """Remove backups that are so many days older than the newest three by a moment, default now; gives which.

    Age counts from the oldest of these three and not from now: while backups fail nothing becomes old. Those that a
    clock dated ahead are none of the three, and the one that was made last stays however it is dated.
    """
    kept = backups(folder)
    newest = [moment for moment, _ in kept if moment <= (at or now())][-ALWAYS_KEPT:]
    last = _made_last(path for _, path in kept)
    old = [path for moment, path in kept if newest and moment < newest[0] - timedelta(days=days) and path != last]
    for path in old:
        path.unlink()
    return old


def forget_to_make_room(folder: Path) -> list[Path]:
    """Remove the backups that are too old in the folder of the settings; gives which.

    In another, that was named for once, nobody has said how long they are kept.
    """
    return forget_backups(settings().keep_backups_days, folder) if is_own(folder) else []


def what_makes_room(folder: Path) -> str:
    """What a person can do about a disk that is too full for another backup."""
    there = [path for _, path in backups(folder)]
    size = sum(path.stat().st_size for path in there) / 2**30
    days = f"keep them for less long (RINGBACK_KEEP_BACKUPS_DAYS is {settings().keep_backups_days}), "
    shorter = days if is_own(folder) and len(there) > ALWAYS_KEPT else ""
    return (
        f"the backups there ({len(there)}) take {size:,.1f} GiB: make room, {shorter}"
        "or let RINGBACK_BACKUPS name a folder on another disk"
    )


def is_own(folder: Path) -> bool:
    """Whether it is the folder of the settings, whose backups are kept for so many days."""
    return folder.resolve() == settings().backup_folder.resolve()


def _made_last(there: Iterable[Path]) -> Path | None:
    """The backup that was verified last; where the database cannot be asked, as on a full disk, the last written."""
    try:
        noted = (published.published(LAST_BACKUP) or ({}, None))[0].get("file")
    except Exception as failure:
        if not is_of_database(failure):
            raise
        return max(there, key=lambda path: path.stat().st_mtime, default=None)
    return Path(noted) if noted else None


def _moment_of(path: Path) -> datetime | None:
    try:
        return parse_time(path.name.removeprefix(PREFIX).removesuffix(SUFFIX), "%Y%m%dT%H%M%S")
    except ValueError:
        return None
