"""A database that somebody else holds."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def locked(home: Path) -> Iterator[sqlite3.Connection]:
    """Somebody writes and does not end; what was written is undone."""
    with closing(sqlite3.connect(home / "database.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.execute("ROLLBACK")
