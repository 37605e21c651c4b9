"""Landing logged decisions: files of JSON lines are checked, counted, and become Parquet files by day.

A file is worked through in blocks, so that memory does not grow with it, in a DuckDB of its own: the warehouse is held
for moments only. What a run writes before its one transaction bears the file's name and is written over by the next
run, so that a process killed anywhere and run again leaves the same rows. What each line became adds up:
lines = kept + duplicates + rejected.
"""

import fcntl
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ringback.clock import now
from ringback.settings import settings
from warehouse.connect import query_text, reading, rows, writing
from warehouse.decision_blocks import read_block
from warehouse.decision_counting import Counting
from warehouse.decision_counts import DecisionCount, DecisionQuality, decision_counts, decision_quality
from warehouse.decision_lines import BLOCK_BYTES, LONGEST_LINE, Block, Lines
from warehouse.decision_parquet import PART, write_entries

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

__all__ = [
    "DecisionCount", "DecisionQuality", "LandedDecisions", "LandedFile", "decision_counts", "decision_quality",
    "decisions_folder", "land_decisions", "landed_file", "landing_folder",
]  # fmt: skip

MEMORY = "128MB"
"""Of the DuckDB that works through a file; what does not fit goes to the disk under home."""
THREADS = 2
MOST_TEXT = 2_000
"""Bytes of a line that was set aside that are shown with it."""
AHEAD = timedelta(days=1)
KEYS_AT_ONCE = 100_000
DONE = "done"
NO_JSON, NO_UTF_8 = "line: is no JSON", "line: is no UTF-8"
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


@dataclass(frozen=True, slots=True)
class LandedFile:
    """What became of the lines of one file."""

    name: str
    digest: str
    bytes: int
    lines: int
    kept: int
    duplicates: int
    rejected: int
    lost: int
    """Entries that a logger had to drop, by its own count."""
    first_day: date | None
    last_day: date | None
    reasons: Mapping[str, int]
    """How many lines were set aside, by reason."""


@dataclass(frozen=True, slots=True)
class LandedDecisions:
    """What a run landed, by file."""

    files: tuple[LandedFile, ...]

    @property
    def lines(self) -> int:
        """In all files."""
        return sum(one.lines for one in self.files)

    @property
    def kept(self) -> int:
        """Entries that count from now on."""
        return sum(one.kept for one in self.files)

    @property
    def duplicates(self) -> int:
        """Entries that had been there before."""
        return sum(one.duplicates for one in self.files)

    @property
    def rejected(self) -> int:
        """Lines that were set aside."""
        return sum(one.rejected for one in self.files)

    @property
    def reasons(self) -> dict[str, int]:
        """Lines that were set aside by reason, the most frequent first."""
        total: Counter[str] = Counter()
        for one in self.files:
            total.update(one.reasons)
        return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))


def landing_folder() -> Path:
    """Where files of logged decisions arrive."""
    return settings().home / "landing" / "decisions"


def decisions_folder() -> Path:
    """Where kept entries are, by day, and under `rejects` the lines that were set aside."""
    return settings().home / "decisions"


def land_decisions(
    moment: datetime, files: Sequence[Path] | None = None, block_bytes: int = BLOCK_BYTES
) -> LandedDecisions:
    """Land the files of the landing folder, or some of them, as known from `moment` on (UTC); gives the sums.

    A file that is being written to is left for the next time. Nothing becomes known before what was landed earlier,
    so that a report of the past stays as it was. A file goes to `done` when its rows are committed. Raises
    WarehouseBusy where the warehouse stays held.
    """
    landed = []
    with _alone():
        for path in sorted(landing_folder().glob("*.jsonl")) if files is None else files:
            with _unheld(path) as is_there:
                if is_there and (one := _land(path, moment, block_bytes)):
                    landed.append(one)
    return LandedDecisions(tuple(landed))


def landed_file(name: str) -> LandedFile | None:
    """What became of a file that has landed, by its name without `.jsonl`; None where none of that name has."""
    with reading() as warehouse:
        found = rows(warehouse, "SELECT * EXCLUDE known_at FROM decision_files WHERE name = $name", {"name": name})
        said = rows(warehouse, "SELECT reason, n FROM decision_rejects WHERE file = $name", {"name": name})
    return LandedFile(**found[0], reasons={row["reason"]: row["n"] for row in said}) if found else None


def _land(path: Path, moment: datetime, block_bytes: int) -> LandedFile | None:
    """Land one file; None where it had landed before a process was killed."""
    name = _name_of(path)
    before = landed_file(name)
    if before is not None:
        digest = _digest_of(path)
        if before.digest == digest:
            _put_away(path, name)
            return None
        name = f"{name}~{digest[:16]}"  # another file under a name that was used before
        if landed_file(name) is not None:
            _put_away(path, name)
            return None
    with _scratch() as scratch:
        landed, sums = _work_through(scratch, path, name, moment, block_bytes)
        _commit(scratch, landed, sums, moment)
    _put_away(path, name)
    return landed


def _work_through(
    scratch: "DuckDBPyConnection", path: Path, name: str, moment: datetime, block_bytes: int
) -> tuple[LandedFile, "pa.Table"]:
    """Write the entries of a file and what is set aside; gives what became of its lines, and its sums."""
    _clear(name)
    lines, latest = Lines(path, block_bytes), max(moment, now()) + AHEAD
    kept = duplicates = lost = 0
    days: set[date] = set()
    reasons: Counter[str] = Counter()
    scratch.execute(query_text("decision_scratch"))
    counting = Counting(scratch)
    with _reject_file(name) as rejects, ThreadPoolExecutor(1) as writer:
        written: list[Future[None]] = []
        for block in lines.blocks():
            read = read_block(scratch, block, latest)
            _set_aside(read.rejected, block, rejects, name, reasons)
            kept, duplicates, lost = kept + len(read.kept), duplicates + read.duplicates, lost + read.lost
            days |= read.days
            while written:
                written.pop().result()  # not more than one block is written while the next one is read
            if read.kept:
                written.append(writer.submit(write_entries, decisions_folder(), name, read.kept, block))
                _remember(scratch, read.kept)
                counting.add(read.kept)
        sums = counting.sums()
        while written:
            written.pop().result()
    landed = LandedFile(
        name, lines.digest, lines.bytes, lines.lines, kept, duplicates, reasons.total(), lost,
        min(days, default=None), max(days, default=None), dict(reasons),
    )  # fmt: skip
    return landed, sums


def _set_aside(rejected: Mapping[int, str], block: Block, rejects: BinaryIO, name: str, reasons: Counter[str]) -> None:
    for line, reason in rejected.items():
        because = NO_UTF_8 if reason == NO_JSON and not _is_utf_8(block.raw(line, LONGEST_LINE)) else reason
        reasons[because] += 1
        text = block.raw(line, MOST_TEXT).decode("utf-8", "backslashreplace")
        told = {"file": name, "line": line, "reason": because, "text": text}
        rejects.write(dumps(told, ensure_ascii=False).encode() + b"\n")


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _remember(scratch: "DuckDBPyConnection", kept: "pa.Table") -> None:
    """Remember the kept entries of a block for finding repeated ones."""
    scratch.register("kept", kept)
    scratch.execute(query_text("decision_remember"))


def _commit(scratch: "DuckDBPyConnection", landed: LandedFile, sums: "pa.Table", moment: datetime) -> None:
    """The one transaction by which a file comes to be there."""
    keys = scratch.sql(query_text("decision_keys")).to_arrow_reader(KEYS_AT_ONCE)
    with writing() as warehouse:
        latest = rows(warehouse, "SELECT max(known_at) AS at FROM decision_files")[0]["at"]
        known_at = max(moment, latest or moment)
        warehouse.execute(
            "INSERT INTO decision_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [landed.name, landed.digest, landed.bytes, landed.lines, landed.kept, landed.duplicates, landed.rejected,
             landed.lost, landed.first_day, landed.last_day, known_at],
        )  # fmt: skip
        warehouse.register("sums", sums)
        warehouse.execute(query_text("decision_sums_in"), {"file": landed.name})
        warehouse.register("keys", keys)
        warehouse.execute("INSERT INTO decision_keys SELECT key_high, key_low, content FROM keys")
        if landed.reasons:
            told = [[landed.name, reason, n] for reason, n in sorted(landed.reasons.items())]
            warehouse.executemany("INSERT INTO decision_rejects VALUES (?, ?, ?)", told)


def _put_away(path: Path, name: str) -> None:
    """A file whose rows are committed goes to the done ones."""
    done = path.parent / DONE
    done.mkdir(exist_ok=True)
    os.replace(path, done / f"{name}.jsonl")


def _clear(name: str) -> None:
    """Remove what a run that was killed has written of this file."""
    for ending in (".parquet", PART):
        for left in decisions_folder().glob(f"day=*/{name}.[0-9]*{ending}"):
            left.unlink()


@contextmanager
def _reject_file(name: str) -> Iterator[BinaryIO]:
    """A new file of what is set aside; in its place when it is whole, not at all where nothing was."""
    path = decisions_folder() / "rejects" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        yield file
    if part.stat().st_size:
        os.replace(part, path)
    else:
        part.unlink()


@contextmanager
def _scratch() -> Iterator["DuckDBPyConnection"]:
    """A DuckDB in memory with a bound, whose surplus goes to a folder that is empty at first."""
    import duckdb

    folder = decisions_folder() / "scratch"
    shutil.rmtree(folder, ignore_errors=True)  # whoever was killed cannot clean up; no two runs are at it at once
    folder.mkdir(parents=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS, "memory_limit": MEMORY, "temp_directory": str(folder),
    }  # fmt: skip
    with closing(duckdb.connect(":memory:", config=config)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(query_text("decision_words"))
        yield connection
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone() -> Iterator[None]:
    """One run at a time lands: two would not see each other's entries. The next one waits."""
    decisions_folder().mkdir(parents=True, exist_ok=True)
    landing_folder().mkdir(parents=True, exist_ok=True)
    with (decisions_folder() / "landing.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _unheld(path: Path) -> Iterator[bool]:
    """Whether a file is there and nobody is writing to it; a logger that comes meanwhile begins a new one."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _name_of(path: Path) -> str:
    """A file's name without its ending, as it can stand in names of ours."""
    if PLAIN_NAME.fullmatch(path.stem):
        return path.stem
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", path.stem)[:100]
    return f"file-{plain}-{sha256(path.stem.encode(errors='surrogateescape')).hexdigest()[:12]}"


def _digest_of(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while some := file.read(1024 * 1024):
            digest.update(some)
    return digest.hexdigest()
