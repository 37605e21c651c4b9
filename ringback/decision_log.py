"""A log of decisions that any Python program can write: copy this one file, it needs the standard library alone.

    from decision_log import DecisionLog
    log = DecisionLog("/srv/ringback/landing/decisions", system="crm-bot")
    log.decision("website_analysis", lead={"company": "Acme"}, method="crawler", seconds=1.2, success=True)

`decision` never waits for a disk and never raises: what cannot be said in JSON is said as text, what the log would not
take in its place stands in `not_read`, what is too large is cut and marked, and what has no room is counted, and the
count is logged as soon as there is room (`log_loss`). A thread writes each entry as one line to a file of the process's
own, so that whatever ends the process, every line the kernel has taken stays; a full disk is waited for. What the lines
mean: docs/decision-log.md.
"""

import atexit
import math
import os
import re
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import islice
from json import dumps
from pathlib import Path
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows has none: there a file is to be moved to the landing folder when it is closed
    fcntl = None  # type: ignore[assignment]

LARGEST_FILE, FILE_SECONDS = 64 * 1024 * 1024, 86_400.0
"""Bytes and age from which a new file is begun."""
LARGEST_ENTRY = 64 * 1024
"""Bytes of an entry; of a larger one the input and output are cut."""
LONGEST_TEXT = 8_000
MOST_PARTS = 3_000
"""Values of an entry, in all its lists and objects, and 64 characters of a text each."""
DEEPEST = 12
CUT = "… (cut)"
MOST_WAITING_BYTES = 32 * 1024 * 1024
LINES_AT_ONCE = 500
TRY_AGAIN_SECONDS, CLOSING_SECONDS = 0.5, 2.0
PLAIN_WHOLE_NUMBER = 2**53  # beyond it not every reader of JSON tells whole numbers apart
SECONDS_OF_A_YEAR = 31_536_000.0
YES, NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})
LEVELS = frozenset({"high", "medium", "low"})
OBJECTS = frozenset({"input_data", "output_data"})
NOT_SAID = "not said"
"""The method of an entry that names none."""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?[+-]\d\d:\d\d")
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")


class DecisionFile:
    """A file of lines that this process alone appends to, one thread at a time.

    It is locked while it is written to. Whoever lands it locks it too, and moves it away: then a new one is begun.
    """

    def __init__(self, folder: str | Path, name: str = "decisions", file_seconds: float = FILE_SECONDS) -> None:
        """Opens nothing before there is something to write; `name` begins the name of each file."""
        self.folder, self._name = Path(folder), NOT_IN_NAMES.sub("_", name)[:40].lstrip(".") or "decisions"
        self._file_seconds = file_seconds
        self._file: int | None = None
        self._path = self.folder
        self._size = 0
        self._since = 0.0

    def append(self, lines: bytes) -> None:
        """Hand whole lines to the kernel: all of them, or none and OSError."""
        self.turn()
        if self._file is None or not self._is_ours(self._file):
            self._start()
        assert self._file is not None  # noqa: S101  (_start opened it)
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            os.ftruncate(self._file, self._size)  # no torn line: what follows would stick to it
            raise
        finally:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        self._size += len(lines)

    def turn(self) -> None:
        """Close the file if it is large or old enough."""
        is_old = time.monotonic() - self._since >= self._file_seconds
        if self._file is not None and (self._size >= LARGEST_FILE or is_old):
            self.close()

    def close(self) -> None:
        """Close the file; the next line begins a new one."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _is_ours(self, file: int) -> bool:
        """Take the lock; False where somebody lands the file, or has moved it away."""
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(file), os.stat(self._path))
        except (BlockingIOError, FileNotFoundError):
            return False

    def _start(self) -> None:
        self.close()
        self.folder.mkdir(parents=True, exist_ok=True)
        at = datetime.now(UTC)
        path = self.folder / f"{self._name}-{at:%Y%m%dT%H%M%S}-{os.getpid()}-{uuid4().hex[:8]}.jsonl"
        begun = path.with_suffix(".begun")
        file = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o640)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)  # the kernel lets go of it when the process ends
            os.rename(begun, path)  # nobody sees it before it is locked, and takes it for one that is closed
        except OSError:
            os.close(file)
            begun.unlink(missing_ok=True)
            raise
        self._file, self._path, self._size, self._since = file, path, 0, time.monotonic()


class DecisionLog:
    """Takes decisions from any thread and writes them in one of its own."""

    def __init__(
        self, folder: str | Path, system: str, most_waiting: int = 10_000, session_id: str | None = None,
        file_seconds: float = FILE_SECONDS,
    ) -> None:  # fmt: skip
        """At most `most_waiting` entries wait; `session_id` is said of entries that have none, without it a new one."""
        self._system, self._most_waiting = _cut(str(system), 200), max(1, most_waiting)
        self._session_id = session_id or uuid4().hex
        self._file = DecisionFile(folder, str(system), file_seconds)
        self._start_anew()
        _logs.add(self)

    def decision(
        self, log_type: str, *, method: str, success: bool | str, session_id: str | None = None,
        lead: Mapping[str, object] | None = None, input: Mapping[str, object] | None = None,
        output: Mapping[str, object] | None = None, confidence: str | None = None,
        seconds: float | str | timedelta | None = None, labels: Mapping[str, object] | None = None,
        entry_id: str | None = None, at: datetime | date | str | None = None, **further: object,
    ) -> None:  # fmt: skip
        """Log a decision; returns at once and raises nothing.

        `lead` has name, company and industry; `confidence` is high, medium or low; `labels` has quality_score (0-100),
        success_indicator and improvement_potential. The same `entry_id` counts once; `at` is UTC where it says no zone,
        now where it is left out. `further` fields are template, campaign_id and model_version. A value that cannot be
        read is left out (of `at` it is now, of `success` false) and stands as text in the entry's `not_read`.
        """
        try:
            read = _Reading()
            entry = {
                "log_type": log_type, "session_id": _word(session_id) or self._session_id,
                "timestamp": read("at", at, _stamp) or _stamp(None),
                "entry_id": _word(entry_id) or uuid4().hex, "system": self._system,
                "decision_reasoning": {
                    "method_used": _word(method) or NOT_SAID,
                    "confidence_level": read("confidence", confidence, _level),
                    "success": read("success", success, _is_true) or False,
                    "processing_time": read("seconds", seconds, _seconds),
                },
                "lead_identifier": read("lead", lead, _words), "training_labels": read.labels(labels),
                "input_data": input, "output_data": output,
            }  # fmt: skip
            more = {name: said for name, said in further.items() if name not in entry}
            more |= {name: _word(more[name]) for name in ("template", "campaign_id", "model_version") if name in more}
            self._put(line_of(entry | more | {"not_read": read.not_read or None}))
        except Exception as failure:
            self._count_loss(f"{type(failure).__name__} while an entry was made")

    def flush(self, seconds: float = CLOSING_SECONDS) -> bool:
        """Wait until all that was logged so far is in the file; False where that takes longer."""
        with self._changed:
            upto = self._taken
            return self._changed.wait_for(lambda: self._written >= upto and not self._lost, seconds)

    def close(self, seconds: float = CLOSING_SECONDS) -> None:
        """Write what waits, for at most so long, and close the file. What is logged afterwards is dropped."""
        self.flush(seconds)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def __enter__(self) -> "DecisionLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_anew(self) -> None:
        """Nothing waits and nothing runs: at the beginning, and in a forked child, whose parent writes what waited."""
        self._changed = threading.Condition(threading.RLock())
        self._lines: deque[bytes] = deque()
        self._taken = self._written = self._lost = self._waiting_bytes = 0
        self._why_lost = ""
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._file.close()  # a parent goes on holding its own

    def _put(self, line: bytes) -> None:
        with self._changed:
            if self._is_closed:
                self._count_loss("the log was closed")
            elif len(self._lines) >= self._most_waiting or self._waiting_bytes > MOST_WAITING_BYTES:
                self._count_loss(f"{len(self._lines)} entries were waiting")
            else:
                self._lines.append(line)
                self._taken, self._waiting_bytes = self._taken + 1, self._waiting_bytes + len(line)
                self._see_that_it_runs()
                self._changed.notify_all()

    def _count_loss(self, because: str) -> None:
        with self._changed:
            self._lost += 1
            self._why_lost = because
            self._see_that_it_runs()
            self._changed.notify_all()

    def _see_that_it_runs(self) -> None:
        if self._thread is None and not self._is_closed:
            thread = threading.Thread(target=self._write_on, name="decision-log", daemon=True)
            with suppress(RuntimeError):  # no more threads now: the next entry, or the end of the program, tries again
                thread.start()
                self._thread = thread

    def _write_on(self) -> None:
        """Write what comes, until the log is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._lost or self._is_closed, TRY_AGAIN_SECONDS)
            is_written = self._write_some()
            if self._is_closed and not (is_written and self._lines):
                self._file.close()
                return
            if not is_written:
                time.sleep(TRY_AGAIN_SECONDS)

    def _write_some(self) -> bool:
        """Write the first of what waits; False where the disk takes nothing."""
        with self._changed:
            lines, lost, because = list(islice(self._lines, LINES_AT_ONCE)), self._lost, self._why_lost
        told = [line_of(_loss(self._system, self._session_id, lost, because))] if lost else []
        try:
            if not lines and not told:
                self._file.turn()
                return True
            self._file.append(b"".join(lines + told))
        except Exception:  # mostly a disk that is full; whatever it is, it may pass, and this thread has to go on
            return False
        with self._changed:
            for line in lines:
                self._lines.popleft()
                self._waiting_bytes -= len(line)
            self._written += len(lines)
            self._lost -= lost
            self._changed.notify_all()
        return True


class _Reading:
    """Reads what a decision is told with, and keeps what could not be read."""

    def __init__(self) -> None:
        self.not_read: dict[str, str] = {}

    def __call__(self, name: str, value: object, how: "Callable[[object], object]") -> object:
        """The value as the log takes it; None where it says nothing, or cannot be read."""
        if value is None and name != "success":
            return None
        try:
            return how(value)
        except Exception:
            self.not_read[name] = _text(value)
            return None

    def labels(self, labels: object) -> object:
        """The three labels read, whatever else is there as it is."""
        how = {"quality_score": _points, "success_indicator": _is_true, "improvement_potential": _level}
        found = self("labels", labels, _items)
        if not isinstance(found, dict):
            return None
        return {
            name: self(f"labels.{name}", value, how[name]) if name in how and value is not None else value
            for name, value in found.items()
        }


def _is_true(value: object) -> bool:
    """Of a text what it says, of anything else what Python takes it for."""
    if value is None:
        raise ValueError("nothing was said")
    if not isinstance(value, str):
        return bool(value)
    said = value.strip().lower()
    if said not in YES | NO:
        raise ValueError("neither yes nor no")
    return said in YES


def _number(value: object, most: float) -> float:
    number = float(value)  # type: ignore[arg-type]  # raises where it is none
    if not 0 <= number <= most:
        raise ValueError("out of bounds")
    return number


def _seconds(value: object) -> float:
    return _number(value.total_seconds() if isinstance(value, timedelta) else value, SECONDS_OF_A_YEAR)


def _points(value: object) -> object:
    number = _number(value, 100.0)
    return value if isinstance(value, int | float) else number


def _level(value: object) -> str:
    said = str(value).strip().lower()
    if said not in LEVELS:
        raise ValueError("no level")
    return said


def _items(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return {_text(name): inner for name, inner in value.items()}


def _words(value: object) -> dict[str, object]:
    return {name: _word(inner) for name, inner in _items(value).items()}


def _word(value: object) -> object:
    """A text or a number as it is, anything else as text; None of what is blank."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    said = value if value is None or is_number else _text(value)
    return None if isinstance(said, str) and not said.strip() else said


def line_of(entry: Mapping[str, object]) -> bytes:
    """An entry as a line of JSON of bounded size, without what it does not state."""
    stated = {key: value for key, value in entry.items() if value is not None}
    left = [MOST_PARTS]
    plain = {_cut(str(key), 200): _plain(value, left, 0) for key, value in stated.items()}
    for name in OBJECTS & plain.keys():
        if not isinstance(plain[name], dict):
            plain[name] = {"value": plain[name]}
    line = _json(plain)
    if len(line) > LARGEST_ENTRY:
        for name in OBJECTS:
            if name in plain:
                text = _json(plain[name]).decode(errors="ignore")
                plain[name] = {"cut": True, "bytes": len(text.encode()), "begins": _cut(text, LONGEST_TEXT)}
        line = _json(plain)
    if len(line) > LARGEST_ENTRY:
        raise ValueError("the entry is too large")
    return line + b"\n"


def _json(plain: object) -> bytes:
    return dumps(plain, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _plain(value: object, left: list[int], depth: int) -> object:
    """A value as JSON has it: what is no JSON is text, what is too much is cut and marked."""
    left[0] -= 1
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        left[0] -= min(len(value), LONGEST_TEXT) // 64
        return _cut(str(value), LONGEST_TEXT)
    if isinstance(value, int):
        return int(value) if -PLAIN_WHOLE_NUMBER <= value <= PLAIN_WHOLE_NUMBER else _text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if depth >= DEEPEST or left[0] <= 0:
        return CUT
    try:
        return _inside(value, left, depth)
    except Exception as failure:
        return _not_shown(value, failure)


def _inside(value: object, left: list[int], depth: int) -> object:
    if isinstance(value, Mapping):
        found: dict[str, object] = {}
        for key, inner in value.items():
            if left[0] <= 0:
                found[CUT] = f"{len(value)} in all"
                break
            found[_cut(_text(key), 200)] = _plain(inner, left, depth + 1)
        return found
    if isinstance(value, list | tuple | set | frozenset):
        listed: list[object] = []
        for inner in value:
            if left[0] <= 0:
                listed.append(f"{CUT} {len(value)} in all")
                break
            listed.append(_plain(inner, left, depth + 1))
        return listed
    return value.isoformat() if isinstance(value, datetime) else _text(value)


def _text(value: object) -> str:
    try:
        return _cut(str(value), LONGEST_TEXT)
    except Exception as failure:
        return _not_shown(value, failure)


def _not_shown(value: object, failure: Exception) -> str:
    return f"a {type(value).__name__} that cannot be shown ({type(failure).__name__})"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + CUT


def _stamp(at: object) -> str:
    """A moment, a day or the text of one as ISO 8601 has it; raises ValueError where it is none of these."""
    moment = datetime.now(UTC) if at is None else datetime.fromisoformat(at.strip()) if isinstance(at, str) else at
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time_of_day())
    if not isinstance(moment, datetime):
        raise ValueError("no moment")
    stated = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    for text in (stated.isoformat(), stated.astimezone(UTC).isoformat()):  # some old zones are off by seconds
        if STAMP.fullmatch(text):
            return text
    raise ValueError("no moment")


def _loss(system: str, session_id: str, lost: int, because: str) -> dict[str, object]:
    return {
        "log_type": "log_loss", "session_id": session_id, "timestamp": _stamp(None), "entry_id": uuid4().hex,
        "system": system, "output_data": {"lost": lost, "because": because},
        "decision_reasoning": {"method_used": "decision_log", "success": False},
    }  # fmt: skip


_logs: "weakref.WeakSet[DecisionLog]" = weakref.WeakSet()


def _in_a_child() -> None:
    for log in list(_logs):
        log._start_anew()


def _close_all() -> None:
    for log in list(_logs):
        log._see_that_it_runs()
        log.close()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_child)
