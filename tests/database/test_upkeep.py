"""The database is copied while others write; what is broken is said; addresses follow a store to another place."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from database.incidents import open_incident
from database.upkeep import check_sqlite, copy_sqlite, dump_postgres, move_paths
from ringback.errors import StoreError
from tests.conftest import forget_home
from tests.database.locking import locked
from tests.factories import NOON

pytestmark = pytest.mark.sqlite


def test_a_copy_holds_what_was_committed_while_another_writes(home: Path, tmp_path: Path) -> None:
    open_incident("drift", "progression: industry", "moved", NOON)
    with locked(home) as other:
        other.execute("DELETE FROM incidents")
        copy_sqlite(home / "database.sqlite", tmp_path / "copy.sqlite")
    assert check_sqlite(tmp_path / "copy.sqlite")["incidents"] == 1
    assert not (tmp_path / "copy.sqlite-wal").exists()


def test_a_file_that_is_broken_or_none_at_all_is_said(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    copy_sqlite(home / "database.sqlite", copy)
    with copy.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 3))
    with pytest.raises(StoreError, match=r"copy\.sqlite"):
        check_sqlite(copy)
    copy.write_bytes(b"no database at all" * 300)
    with pytest.raises(StoreError, match="file is not a database"):
        check_sqlite(copy)
    with pytest.raises(StoreError, match="cannot be copied"):
        copy_sqlite(tmp_path / "none.sqlite", tmp_path / "to.sqlite")


def test_rows_that_name_others_that_are_not_there_are_said(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        connection.executescript(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (p INTEGER REFERENCES parent (id));"
            "INSERT INTO child VALUES (7);"
        )
    with pytest.raises(StoreError, match="in table child"):
        check_sqlite(tmp_path / "a.sqlite")


def test_addresses_that_begin_so_are_moved_and_no_others(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        connection.execute('CREATE TABLE "odd ""name" (uri VARCHAR(200), n INTEGER)')
        connection.executemany('INSERT INTO "odd ""name" VALUES (?, 1)', [
            ("file:///old/home/a/b",), ("file:///old/homestead/a",), ("see file:///old/home/a",), (None,),
        ])  # fmt: skip
        connection.commit()
    assert move_paths(tmp_path / "mlflow.db", "file:///old/home/", "file:///new/") == 1
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        found = [row[0] for row in connection.execute('SELECT uri FROM "odd ""name" ORDER BY rowid')]
    assert found == ["file:///new/a/b", "file:///old/homestead/a", "see file:///old/home/a", None]


def test_without_postgresqls_tools_the_way_out_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_DATABASE_URL", "postgresql://me:pw@127.0.0.1:9/ringback")
    monkeypatch.setenv("PATH", str(home))
    forget_home()
    with pytest.raises(StoreError, match="install the package postgresql-client"):
        dump_postgres(home / "database.pgdump")
