"""Opening the warehouse: many readers or one writer, held briefly, never over a network call, a fit or a page.

Two lock files beside the DuckDB file decide who may open it: a process takes the gate, then the main lock, then lets
the gate go, so that a writer that waits is not starved by readers that keep coming. The kernel frees both when a
process dies. The main lock's file says who holds it.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from ringback.clock import now
from ringback.errors import NotMigrated, StoreError, WarehouseBusy
from ringback.settings import settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.02
CONFIG: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.5.0"}

Rows: TypeAlias = list[dict[str, Any]]


@contextmanager
def writing(path: Path | None = None, wait_seconds: float = WAIT_SECONDS) -> Iterator["DuckDBPyConnection"]:
    """Open the warehouse to write, in one transaction that is committed at the end and undone on an error.

    Raises WarehouseBusy, naming the holder, where it is still held after `wait_seconds`.
    """
    path = path or settings().warehouse
    with _held(path, fcntl.LOCK_EX, wait_seconds), _opened(path, read_only=False) as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def reading(path: Path | None = None, wait_seconds: float = WAIT_SECONDS) -> Iterator["DuckDBPyConnection"]:
    """Open the warehouse to read, beside other readers; raises WarehouseBusy as `writing` does."""
    path = path or settings().warehouse
    if not path.exists():
        raise NotMigrated(f"there is no warehouse at {path}; 'ringback migrate' makes one")
    with _held(path, fcntl.LOCK_SH, wait_seconds), _opened(path, read_only=True) as connection:
        yield connection


@contextmanager
def alone(path: Path | None = None, wait_seconds: float = WAIT_SECONDS) -> Iterator["DuckDBPyConnection"]:
    """Open the warehouse to write, outside of a transaction: for its upkeep. Raises WarehouseBusy as `writing` does."""
    path = path or settings().warehouse
    with _held(path, fcntl.LOCK_EX, wait_seconds), _opened(path, read_only=False) as connection:
        yield connection


@contextmanager
def untouched(path: Path, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Have nobody write to the warehouse's file, which this does not open; others may read it meanwhile."""
    with _held(path, fcntl.LOCK_SH, wait_seconds):
        yield


def query(connection: "DuckDBPyConnection", name: str, parameters: Mapping[str, object] | None = None) -> Rows:
    """Run the named query of `queries/NAME.sql`; one dictionary a row."""
    return rows(connection, query_text(name), parameters)


def rows(connection: "DuckDBPyConnection", sql: str, parameters: Mapping[str, object] | None = None) -> Rows:
    """Run a statement with named parameters; one dictionary a row."""
    cursor = connection.execute(sql, dict(parameters) if parameters else None)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


@cache
def query_text(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text()


@contextmanager
def _opened(path: Path, read_only: bool) -> Iterator["DuckDBPyConnection"]:
    import duckdb

    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=CONFIG)
    except duckdb.IOException as failure:
        words = " ".join(str(failure).removeprefix("IO Error: ").split())
        raise StoreError(f"the warehouse cannot be opened: {words}; is it yours? else restore a backup") from failure
    try:
        connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


@contextmanager
def _held(path: Path, mode: int, wait_seconds: float) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait_seconds
    with _lock_file(path, "gate") as gate, _lock_file(path, "lock") as main:
        _take(gate, fcntl.LOCK_EX, until, path)
        _take(main, mode, until, path)
        fcntl.flock(gate, fcntl.LOCK_UN)
        main.truncate(0)  # a writer that was killed left its name behind
        if mode == fcntl.LOCK_EX:
            _sign(main)
        try:
            yield
        finally:
            if mode == fcntl.LOCK_EX:
                main.truncate(0)


@contextmanager
def _lock_file(path: Path, kind: str) -> Iterator[TextIO]:
    with path.with_suffix(f".{kind}").open("a+") as file:
        yield file


def _take(file: TextIO, mode: int, until: float, path: Path) -> None:
    while True:
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise WarehouseBusy(_who_holds(path)) from None
            time.sleep(POLL_SECONDS)


def _sign(file: TextIO) -> None:
    file.seek(0)
    file.truncate()
    json.dump({"pid": os.getpid(), "command": " ".join(sys.argv)[:200], "since": now().isoformat()}, file)
    file.flush()


def _who_holds(path: Path) -> str:
    text = path.with_suffix(".lock").read_text()
    if not text:
        return f"the warehouse {path} is being read by another process; try again in a moment"
    holder = json.loads(text)
    return (
        f"the warehouse {path} is being written by process {holder['pid']} ({holder['command']}) "
        f"since {holder['since']} UTC; wait for it or stop it"
    )
