"""Rotating logs that processes hold open: what is packed away is cut off the front of the file, and no line is lost.

Our processes append to their logs for as long as they live and cannot be asked to open them anew, so a log can be
neither renamed nor, as is often done, copied and emptied: what is written between the two would be gone. Linux can cut
whole blocks off the front of a file (`fallocate`, collapse range; ext4, xfs) while others append to it, so exactly what
was packed is cut. Where the file system cannot do that, what came meanwhile is copied until nothing more comes, and the
file is emptied right after that look; the result says so.
"""

import ctypes
import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

from ringback.errors import RingbackError

LEAST_BYTES = 1024 * 1024
"""A smaller log is left as it is."""
KEPT = timedelta(days=30)
CHUNK = 1024 * 1024
COLLAPSE_RANGE = 0x08
"""FALLOC_FL_COLLAPSE_RANGE of linux/falloc.h."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """A log whose front was packed away."""

    packed: Path
    bytes: int
    """Packed, as they were before packing."""
    is_exact: bool
    """Whether nothing can have been lost or doubled in between."""


class NotRotated(RingbackError):
    """Some logs could not be packed; the message says which and why. All others were, and none has lost a line."""


def rotate_logs(folder: Path, at: datetime, least_bytes: int = LEAST_BYTES) -> list[Rotated]:
    """Pack every log (`*.log`) of a folder that has grown large into `NAME-MOMENT.log.gz` beside it.

    A process that is killed between packing and cutting leaves lines that stand in both, and loses none. Raises
    NotRotated where a log could not be packed, after all others were.
    """
    rotated: list[Rotated] = []
    failed: list[str] = []
    for path in sorted(folder.glob("*.log")):
        try:
            if (done := _rotate(path, at, least_bytes)) is not None:
                rotated.append(done)
        except OSError as failure:
            failed.append(f"{path.name}: {failure}")
    if failed:
        others = ", ".join(one.packed.name for one in rotated) or "none"
        raise NotRotated(f"{'; '.join(failed)} (packed: {others}); it is tried again at the next maintenance")
    return rotated


def forget_logs(folder: Path, before: datetime) -> int:
    """Remove packed logs, and what was left of half packed ones, that were packed before a moment; gives how many."""
    bound = before.replace(tzinfo=UTC).timestamp()
    packed = [*folder.glob("*.log.gz"), *folder.glob("*.log.part")]
    old = [path for path in packed if path.stat().st_mtime < bound]
    for path in old:
        path.unlink()
    return len(old)


def _rotate(path: Path, at: datetime, least_bytes: int) -> Rotated | None:
    with path.open("r+b") as log:
        size = os.fstat(log.fileno()).st_size
        if size < max(least_bytes, 1):
            return None
        packed = _free_name(path, at)
        part = packed.with_suffix(".part")
        block = os.fstatvfs(log.fileno()).f_bsize
        whole = (size - 1) // block * block
        try:
            if whole and _can_collapse():
                _pack(log, whole, part)
                os.replace(part, packed)
                if _collapse(log.fileno(), whole):
                    return Rotated(packed, whole, is_exact=True)
            end = _pack(log, None, part)
            os.replace(part, packed)
        finally:
            part.unlink(missing_ok=True)
        log.truncate(0)
        return Rotated(packed, end, is_exact=False)


def _free_name(path: Path, at: datetime) -> Path:
    """What a log is packed into; a second time of the same moment has a number, by which it sorts behind the first."""
    stem = f"{path.stem}-{at:%Y%m%dT%H%M%S}"
    numbered = (path.with_name(f"{stem}_{number}.log.gz") for number in count(2))
    return next(name for name in chain([path.with_name(f"{stem}.log.gz")], numbered) if not name.exists())


def _pack(log: BinaryIO, until: int | None, to: Path) -> int:
    """Pack from the beginning to a place, or to where nothing more comes; gives where that was."""
    with to.open("wb") as raw:
        os.chmod(to, 0o600)
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
            for piece in _pieces(log, until):
                file.write(piece)
        raw.flush()
        os.fsync(raw.fileno())
    return log.tell()


def _pieces(log: BinaryIO, until: int | None) -> Iterator[bytes]:
    log.seek(0)
    while piece := log.read(CHUNK if until is None else min(CHUNK, until - log.tell())):
        yield piece


def _collapse(file: int, length: int) -> bool:
    """Cut so many bytes, whole blocks, off the front; False where the file system cannot."""
    done: int = _libc().fallocate(file, COLLAPSE_RANGE, ctypes.c_int64(0), ctypes.c_int64(length))
    return done == 0


def _can_collapse() -> bool:
    return hasattr(_libc(), "fallocate")


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
