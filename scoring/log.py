"""The log of answers: a line in a file of the process's own, written before the reply goes out, later in the database.

A line that the kernel has taken outlives the process, whatever ends it. Another process makes it outlive the machine
and reads it into the database, so that neither takes time from requests (`scoring.keeping`). The mark of how far a file
was read is kept in the same transaction as what was read, so whoever comes next goes on there.
"""

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from logging import getLogger
from pathlib import Path
from threading import Lock
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from database.away import is_away
from database.prediction_log import Logged, keep_logged, read_to, shadows_of
from database.predictions import counts_for_lead, raise_alerts
from ringback.clock import now, parse_time
from ringback.errors import StoreError
from ringback.records import Prediction
from ringback.settings import settings
from scoring.policy import policy

if TYPE_CHECKING:  # who reads the log needs nothing of what answers
    from scoring.service import Scored

PLAIN_KINDS: Mapping[str, tuple[type, ...]] = {
    "prediction_id": (str,), "call_id": (str,), "content_hash": (str,), "lead_id": (str,),
    "progression_version": (str,), "voice_ai_version": (str,), "progression_probability": (float, int),
    "voice_ai_probability": (float, int, NoneType), "qualification_score": (int,), "voice_ai_fit": (int, NoneType),
    "recommendation": (str,), "priority": (str,), "confidence": (float, int), "points": (float, int, NoneType),
    "features_hash": (str, NoneType), "company_name": (str, NoneType), "challenger": (dict, NoneType),
}  # fmt: skip
"""What the database takes: one line that it refuses would hold up all that come after."""
LINES_AT_ONCE = 200
LARGEST_FILE = 32 * 1024 * 1024
"""Bytes from which a process starts a new file."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
DONE = "done"
REJECTS = ".rejects"
"""After the name of a file: its lines that could not be read, each with where it began and why."""
log = getLogger("ringback.scoring")


def folder() -> Path:
    """Where the files of answers are."""
    return settings().home / "landing" / "predictions"


class PredictionLog:
    """This process's file. One at a time may write; a line is whole or was never answered with."""

    def __init__(self) -> None:
        """Opens no file before there is something to write."""
        self._lock = Lock()
        self._file: int | None = None
        self._path: Path | None = None
        self._size = 0

    def append(self, lines: bytes) -> None:
        """Hand lines to the kernel; raises StoreError where it did not take all of them: then nothing is replied."""
        with self._lock:
            try:
                if self._file is None or self._size > LARGEST_FILE:
                    self._start()
                assert self._file is not None  # noqa: S101  (_start opened it)
                written = os.write(self._file, lines)
            except OSError as failure:
                if failure.errno not in NO_ROOM:  # where there was no room nothing was written, and the file is whole
                    self._end()
                raise StoreError(f"the log of answers cannot be written ({failure.strerror})") from failure
            if written < len(lines):  # a torn line glues itself to whatever follows: nothing follows it
                self._end()
                raise StoreError("the log of answers cannot be written: the disk is full")
            self._size += written

    def close(self) -> None:
        """End the file, and make what is in it outlive the machine."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        self._end()
        folder().mkdir(parents=True, exist_ok=True)
        path = folder() / f"{now():%Y%m%dT%H%M%S}-{os.getpid()}-{uuid4().hex[:8]}.jsonl"
        begun = path.with_suffix(".begun")
        file = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)  # the kernel lets go of it when the process ends
            os.rename(begun, path)  # nobody sees it before it is locked, and takes it for one of a process that is gone
        except OSError:
            os.close(file)
            begun.unlink(missing_ok=True)
            raise
        self._file, self._path, self._size = file, path, 0

    def _end(self) -> None:
        if self._file is None:
            return
        file, path, self._file, self._path = self._file, self._path, None, None
        try:
            if path is not None and not self._size and not os.fstat(file).st_size:
                path.unlink(missing_ok=True)  # a disk that takes nothing is not to be filled with empty files
                return
            os.fsync(file)
        except OSError:  # what the kernel has taken is in the file; whether it outlives the machine nobody can say
            log.error("the log of answers could not be made durable", exc_info=True)
        finally:
            os.close(file)


def bring_in() -> int:
    """Read what is new in all files into the database; gives how many lines were. Doing it twice changes nothing."""
    return sum(_bring_in_file(path) for path in sorted(folder().glob("*.jsonl")))


def waiting_bytes() -> int:
    """How much of the files has not been read yet; all of it where the database cannot say."""
    total = 0
    for path in folder().glob("*.jsonl"):
        try:
            total += max(0, path.stat().st_size - _known_to_be_read(path))
        except FileNotFoundError:  # read to its end and put aside meanwhile
            continue
    return total


def _known_to_be_read(path: Path) -> int:
    try:
        return read_to(path.name)
    except Exception as failure:
        if is_away(failure):
            return 0
        raise


def _bring_in_file(path: Path) -> int:
    brought = 0
    while True:
        try:
            start = read_to(path.name)
            lines, end = _lines_from(path, start)
            if end == start:
                _put_aside(path)
                return brought
        except FileNotFoundError:  # another process has put it aside
            return brought
        good = list(_readable(path, start, lines))
        _alert([one.prediction for one in good])  # before the mark moves: a process that ends here leaves it to others
        if keep_logged(path.name, start, end, good, now()):
            brought += len(good)


def _lines_from(path: Path, start: int) -> tuple[list[bytes], int]:
    """Whole lines from a place in a file, and where they end."""
    lines, end = [], start
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                break
            lines.append(line)
            end += len(line)
            if len(lines) >= LINES_AT_ONCE:
                break
    return lines, end


def _put_aside(path: Path) -> None:
    """A file that is read to its end and that nobody writes any more goes to the done ones, with a torn last line."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if read_to(path.name) < _whole_size(path):
            return
        (path.parent / DONE).mkdir(exist_ok=True)
        os.replace(path, path.parent / DONE / path.name)


def _whole_size(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    data = path.read_bytes()
    return data.rfind(b"\n") + 1


def line_of(scored: "Scored", circumstances: Mapping[str, str | None]) -> bytes:
    """An answer with all that it was made from, as one line of JSON."""
    return orjson.dumps({"prediction": scored.prediction, "features": scored.row, **circumstances}) + b"\n"


def _readable(path: Path, start: int, lines: list[bytes]) -> Iterator[Logged]:
    """The answers in lines; what cannot be read is kept beside the file, with the reason."""
    for line in lines:
        try:
            yield _logged(line)
        except (AttributeError, KeyError, TypeError, ValueError) as failure:
            log.error("a line of the log of answers cannot be read; it is kept in %s%s", path.name, REJECTS)
            _keep_reject(path, start, line, f"{type(failure).__name__}: {failure}")
        start += len(line)


def _keep_reject(path: Path, at: int, line: bytes, because: str) -> None:
    """Keep a line that cannot be read, once, however often and by how many processes it is come across."""
    told = {"at": at, "because": because, "line": line.decode("utf-8", "backslashreplace").rstrip("\n")}
    with path.with_name(path.name + REJECTS).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not any(kept.startswith(b'{"at":%d,' % at) for kept in file):
            file.write(orjson.dumps(told) + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _logged(line: bytes) -> Logged:
    """A line as it was written; raises AttributeError, KeyError, TypeError or ValueError where it was not by us."""
    told = orjson.loads(line)
    plain: dict[str, Any] = dict(told["prediction"])
    plain |= {"predicted_at": parse_time(plain["predicted_at"]), "reasons": tuple(plain["reasons"])}
    prediction, row = Prediction(**plain), told["features"]
    for name, kinds in PLAIN_KINDS.items():
        if not isinstance(getattr(prediction, name), kinds):
            raise TypeError(f"{name} is a {type(getattr(prediction, name)).__name__}")
    if not isinstance(row, dict):
        raise TypeError("features are none")
    list(shadows_of([prediction]))  # what a challenger said can be told apart, too
    return Logged(prediction, row)


def _alert(predictions: list[Prediction]) -> None:
    rules = policy()
    worth = {
        p.lead_id: f"{p.company_name or p.lead_id} scores {p.qualification_score}: {'; '.join(p.reasons[:2])}"
        for p in predictions
        if p.qualification_score >= rules.alert_at and counts_for_lead(p)
    }
    if worth:
        raise_alerts(worth.items(), max(p.predicted_at for p in predictions))
