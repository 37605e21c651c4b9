"""How long reports are kept, and making room on a full disk: the oldest go first, the newest of each kind never.

A report's age is its own: that of the moment it speaks of, else of the period its folder is named for, never of a file.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reports.archive import Archived, archived
from reports.periods import KINDS
from reports.publish import write_index

KEEP_DAYS = 90
ROOM_BYTES = 16 * 1024 * 1024
GOING = ".going."
"""Begins the name of a folder that is being removed, so that nobody lists it and a killed removal is ended later."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed."""

    removed: tuple[str, ...]
    """`weekly/2026-W12`, the oldest first."""
    bytes: int
    """What their files held."""


def clean_archive(folder: Path, as_of: datetime, keep_days: int = KEEP_DAYS) -> Cleaned:
    """Remove reports that are older than `keep_days` at `as_of`; the index and the dashboard are made anew.

    The newest report of each kind stays, however old. Killed and run again it ends what it began.
    """
    oldest = as_of - timedelta(days=keep_days)
    cleaned = _remove(folder, [one for one in _by_age(folder) if one.as_of < oldest])
    if folder.exists():
        write_index(folder)
    return cleaned


def make_room(folder: Path, as_of: datetime, least_bytes: int = ROOM_BYTES) -> Cleaned:
    """Remove the oldest reports that speak of before `as_of` until `least_bytes` are freed, or none is left to remove.

    For a full disk: nothing is written. The next `publish` makes the index anew. The newest of each kind stays.
    """
    going: list[Archived] = []
    freed = 0
    for one in _by_age(folder):
        if freed >= least_bytes:
            break
        if one.as_of < as_of:
            going.append(one)
            freed += _size(one.place)
    return _remove(folder, going)


def _by_age(folder: Path) -> list[Archived]:
    """What may be removed, the oldest first: all but the newest readable report of each kind."""
    removable: list[Archived] = []
    for kind in KINDS:
        reports = archived(folder, kind, most_opened=10_000)
        newest = next((one for one in reports if one.facts is not None), reports[0] if reports else None)
        removable += [one for one in reports if one is not newest]
    return sorted(removable, key=lambda one: (one.as_of, one.place.as_posix()))


def _remove(folder: Path, going: Iterable[Archived]) -> Cleaned:
    _end_removals(folder)
    removed, freed = [], 0
    for one in going:
        freed += _size(one.place)
        if one.place.is_symlink():
            one.place.unlink()
        else:
            one.place.rename(one.place.with_name(f"{GOING}{one.place.name}"))
        removed.append(f"{one.period.kind}/{one.period.name}")
    _end_removals(folder)
    return Cleaned(tuple(removed), freed)


def _end_removals(folder: Path) -> None:
    for kind in KINDS:
        for left in (folder / kind).glob(f"{GOING}*"):
            shutil.rmtree(left)


def _size(place: Path) -> int:
    if place.is_symlink():
        return 0
    return sum(file.lstat().st_size for file in place.rglob("*") if not file.is_dir())
