"""Looking after the warehouse: whether it opens, its checkpoint, a copy for a backup, and whether a copy is whole."""

import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ringback.errors import NotMigrated, StoreError
from ringback.settings import settings
from warehouse.connect import alone, reading, rows, untouched

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COPY = """
import os, shutil, sys
for source, to in zip(sys.argv[1::2], sys.argv[2::2]):
    shutil.copyfile(source, to)
    with open(to, "rb") as file:
        os.fsync(file.fileno())
"""
"""Run by another process: to open and close the file in one that has it open too would drop that one's lock on it."""
MEMORY = "512MB"
"""Of the DuckDB that reads a copy."""
HELD_SECONDS = 600.0
"""How long a copy waits for whoever writes; the writers that come meanwhile wait behind it."""


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """The size of the warehouse before and after its checkpoint, in bytes."""

    bytes_before: int
    bytes_after: int


def opens(wait_seconds: float) -> float:
    """Seconds until the warehouse is open for reading; it is let go at once.

    Raises WarehouseBusy, naming the holder, where that takes longer than `wait_seconds`.
    """
    began = time.monotonic()
    with reading(wait_seconds=wait_seconds) as warehouse:
        warehouse.execute("SELECT count(*) FROM schema_migrations").fetchone()
    return time.monotonic() - began


def checkpoint() -> Checkpointed:
    """Bring what is in the warehouse's log into its file, and give room back; waits for its turn as every writer does.

    Raises WarehouseBusy, naming the holder, where the warehouse stays held.
    """
    path = settings().warehouse
    before = _size(path)
    with alone() as warehouse:
        warehouse.execute("CHECKPOINT")
    return Checkpointed(before, _size(path))


def copy_warehouse(to: Path) -> None:
    """Copy the warehouse as it is at one moment; who reads goes on, who writes waits until it is copied.

    Raises WarehouseBusy where somebody writes for longer than ten minutes, StoreError where it cannot be copied.
    """
    path = settings().warehouse
    if not path.exists():
        raise NotMigrated(f"there is no warehouse at {path}; 'ringback migrate' makes one")
    with untouched(path, HELD_SECONDS):
        wal = _wal(path)
        pairs = [str(path), str(to), *([str(wal), str(_wal(to))] if wal.exists() else [])]
        done = subprocess.run([sys.executable, "-c", COPY, *pairs], capture_output=True, text=True)
    if done.returncode:
        raise StoreError(f"the warehouse cannot be copied: {done.stderr.strip().splitlines()[-1][:200]}")


def check_warehouse(file: Path) -> dict[str, int]:
    """Read a copy that nobody uses, all of it; gives the rows of each table. Raises StoreError where it is broken.

    Every column is read, so that a block whose sum is wrong is found.
    """
    import duckdb

    try:
        with reading(file) as copy:
            copy.execute(f"SET memory_limit = '{MEMORY}'")
            return {name: _read(copy, name)[0] for name in _tables(copy)}
    except duckdb.Error as failure:
        raise StoreError(f"{file.name} is broken: {' '.join(str(failure).split())[:300]}") from failure


def fingerprint(file: Path, passed_over: tuple[str, ...] = ()) -> str:
    """What is in a copy that nobody uses, in short: the same for the same rows, in whatever order they were written.

    Tables whose names begin as `passed_over` says do not count.
    """
    with reading(file) as copy:
        copy.execute(f"SET memory_limit = '{MEMORY}'")
        found = {name: _read(copy, name) for name in _tables(copy) if not name.startswith(passed_over)}
    return sha256(repr(found).encode()).hexdigest()


def _tables(copy: "DuckDBPyConnection") -> list[str]:
    found = rows(copy, "SELECT table_name AS name FROM duckdb_tables() ORDER BY table_name")
    return [row["name"] for row in found]


def _read(copy: "DuckDBPyConnection", table: str) -> tuple[int, int]:
    """The rows of a table, of which every value is looked at, and what these come to."""
    name = '"' + table.replace('"', '""') + '"'
    ((count, found),) = copy.execute(f"SELECT count(*), bit_xor(hash({name})) FROM {name}").fetchall()  # noqa: S608  (quoted)
    return int(count), int(found or 0)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in (path, _wal(path)) if one.exists())
