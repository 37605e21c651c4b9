"""Looking after the database: a copy while others write, whether a copy is whole, and its good shape.

SQLite's files are copied with its online backup, in one step: that reads one state, and in WAL mode keeps nobody from
writing. PostgreSQL is copied by its own pg_dump.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url, text

from database.session import engine
from ringback.errors import StoreError
from ringback.settings import settings

PATIENCE_SECONDS = 20.0
FREE_SHARE = 0.2
"""From this share of unused pages on a file is written anew."""
LARGEST_VACUUM = 2**30
"""Bytes; to write a larger file anew could keep writers waiting for longer than the thirty seconds that they do."""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
EMPTY_SCHEMA, OTHERS = (Path(__file__).with_name(f"{name}.sql") for name in ("empty_schema", "others_connected"))
PG_TOOLS_MISSING = (
    "{} is not installed; a PostgreSQL database is copied with its own tools: install the package postgresql-client "
    "in the server's version"
)


@dataclass(frozen=True, slots=True)
class Optimised:
    """What was done about the database."""

    words: str
    bytes_before: int
    bytes_after: int


def is_sqlite(url: str | None = None) -> bool:
    """Whether a database URL (that of the settings where none is said) is of an SQLite file."""
    return make_url(url or settings().database).get_backend_name() == "sqlite"


def shown(url: str) -> str:
    """A URL of a store without its password."""
    return make_url(url).render_as_string(hide_password=True)


def sqlite_file(url: str) -> Path:
    """The file of an SQLite URL."""
    return Path(make_url(url).database or "")


def copy_sqlite(source: Path, to: Path) -> None:
    """Copy an SQLite file as it is at one moment, while others read and write; raises StoreError where it cannot be.

    To read a file that nobody has open SQLite makes one beside it. Where there is no room for that nobody else can open
    it either, and the file is copied as it lies there with its log.
    """
    try:
        with _opened(source, "ro") as there, closing(sqlite3.connect(to)) as copy:
            there.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    except sqlite3.Error as failure:
        if getattr(failure, "sqlite_errorcode", 0) != sqlite3.SQLITE_IOERR_SHMSIZE:
            raise StoreError(f"{source} cannot be copied: {failure}") from failure
        _copy_as_it_lies(source, to)


def check_sqlite(file: Path) -> dict[str, int]:
    """Look through an SQLite file that nobody uses, all of it; gives the rows of each table.

    Raises StoreError that says what is broken.
    """
    try:
        with _opened(file, "ro") as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            broken = [tuple(row) for row in connection.execute("PRAGMA foreign_key_check").fetchmany(5)]
            counts = {row[0]: _count(connection, row[0]) for row in connection.execute(TABLES).fetchall()}
    except sqlite3.Error as failure:
        raise StoreError(f"{file.name} cannot be read: {failure}") from failure
    if found != ["ok"]:
        raise StoreError(f"{file.name} is broken: {'; '.join(found)[:300]}")
    if broken:
        raise StoreError(f"{file.name} has rows that name others that are not there, in table {broken[0][0]}")
    return counts


def move_paths(file: Path, old: str, new: str) -> int:
    """Change what begins with one text to begin with another, in all columns of an SQLite file; gives how many values.

    For stores of other programs that keep absolute addresses, when they come to stand elsewhere.
    """
    changed = 0
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for column in _text_columns(connection, table):
                t, c = _quoted(table), _quoted(column)
                moved = f"UPDATE {t} SET {c} = ? || substr({c}, ?) WHERE substr({c}, 1, ?) = ?"  # noqa: S608  (names of the file's own tables, quoted)
                changed += connection.execute(moved, (new, len(old) + 1, len(old), old)).rowcount
        connection.execute("COMMIT")
    return changed


def optimise() -> Optimised:
    """Give unused room back and bring statistics up to date; what others hold just now is left for the next night."""
    if not is_sqlite():
        with engine(settings().database).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            before = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
            connection.execute(text("VACUUM (ANALYZE)"))
            after = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
        return Optimised("vacuumed and analysed", before, after)
    file = sqlite_file(settings().database)
    before = _size(file)
    words = []
    with _opened(file, "rw") as connection:
        try:
            if _is_worth_writing_anew(connection, before):
                connection.execute("VACUUM")
                words.append("written anew without unused pages")
            connection.execute("PRAGMA analysis_limit = 1000")
            connection.execute("ANALYZE")
            words.append("analysed")
        except sqlite3.OperationalError as failure:
            if "locked" not in str(failure):
                raise StoreError(f"the database cannot be optimised: {failure}") from failure
            words.append("left as it is, others hold it")
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        words.append("its log goes on, others read it" if busy else "its log emptied")
    return Optimised(", ".join(words), before, _size(file))


def dump_postgres(to: Path) -> None:
    """Dump the PostgreSQL database of the settings as it is at one moment, of whatever shape.

    Raises StoreError where pg_dump is not there or fails.
    """
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}")


def check_dump(file: Path) -> int:
    """How many tables' rows a dump holds; raises StoreError where it cannot be read."""
    listed = _run("pg_restore", "--list", str(file), has_database=False)
    return sum(" TABLE DATA " in line for line in listed.splitlines())


def keep_postgres(to: Path, replace: bool) -> bool:
    """Dump what is to be replaced in the PostgreSQL database of the settings, of whatever shape, for its owner only.

    False where there are no tables, and so no file. Raises StoreError where there are some and `replace` is not said.
    """
    there = _count_tables(replace)
    if there:
        _make_private(to)
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}")
    return there > 0


def others_connected() -> list[str]:
    """Who else is connected to the PostgreSQL database of the settings, as its own role can see them."""
    engine(settings().database).dispose()  # what this process itself had open
    with engine(settings().database).connect() as connection:
        found = connection.execute(text(OTHERS.read_text())).tuples().all()
    return [f"process {pid} of {program or 'unknown'} at {host or 'this machine'}" for pid, program, host in found]


def load_dump(file: Path, replace: bool) -> None:
    """Put a dump into the PostgreSQL database of the settings, all of it or nothing.

    With `replace` all that is in the schema goes first, in the same transaction, and not only what the dump knows of:
    tables of a newer ringback would stand in the way of the migration that makes them again.
    Raises StoreError where there are tables and `replace` is not said, before anything is done.
    """
    _count_tables(replace)
    script = file.with_name(f".{file.name}.sql")
    _make_private(script)
    try:
        _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(file), has_database=False)
        first = [f"--file={EMPTY_SCHEMA}", *_drop_schemas(file)] if replace else []
        _run(
            "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", *first,
            f"--file={script}", dbname=True,
        )  # fmt: skip
    finally:
        script.unlink(missing_ok=True)


def _count_tables(replace: bool) -> int:
    with engine(settings().database).connect() as connection:
        there = int(connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")) or 0)
    if there and not replace:
        raise StoreError(f"the PostgreSQL database has {there} tables already; --force replaces them")
    return there


def _drop_schemas(dump: Path) -> list[str]:
    """What drops the schemas that a dump makes itself; the usual one, `public`, it takes as it is."""
    listed = _run("pg_restore", "--list", str(dump), has_database=False).splitlines()
    names = [line.partition(" SCHEMA - ")[2].rpartition(" ")[0] for line in listed if " SCHEMA - " in line]
    return [f"--command=DROP SCHEMA IF EXISTS {_quoted(name)} CASCADE" for name in names]


def _make_private(file: Path) -> None:
    """An empty file that only its owner can read, for another program to write into."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def _run(tool: str, *arguments: str, has_database: bool = True, dbname: bool = False) -> str:
    """Run a tool of PostgreSQL's on the database of the settings; the password goes over its environment."""
    url = make_url(settings().database).set(drivername="postgresql")
    place, environment = [], dict(os.environ)
    if has_database:
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
        shown = url.set(password=None).render_as_string(hide_password=False)
        place = [f"--dbname={shown}"] if dbname or tool == "pg_dump" else []
    try:
        done = subprocess.run(
            [tool, *place, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise StoreError(PG_TOOLS_MISSING.format(tool)) from None
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        way_out = "; install the package postgresql-client in the server's version" if "version" in said else ""
        raise StoreError(f"{tool} failed: {said}{way_out}")
    return done.stdout


def _copy_as_it_lies(source: Path, to: Path) -> None:
    """Copy an SQLite file that nobody has open, and bring what is in its log into the copy."""
    log, its_log = (file.with_name(f"{file.name}-wal") for file in (source, to))
    before = _state(source, log)
    shutil.copyfile(source, to)
    if log.exists():
        shutil.copyfile(log, its_log)
    if _state(source, log) != before:
        raise StoreError(f"{source} was changed while it was copied; run it again")
    with closing(sqlite3.connect(to)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")


def _state(*files: Path) -> list[tuple[int, int]]:
    """Sizes of files and when they were written."""
    return [(stat.st_size, stat.st_mtime_ns) for file in files if file.exists() for stat in (file.stat(),)]


def _is_worth_writing_anew(connection: sqlite3.Connection, size: int) -> bool:
    pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    return bool(pages) and free / pages > FREE_SHARE and size <= LARGEST_VACUUM


def _text_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    described = connection.execute(f"PRAGMA table_info({_quoted(table)})")
    return [row[1] for row in described if str(row[2]).upper().startswith(("VARCHAR", "TEXT", "CHAR"))]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608  (quoted)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _size(file: Path) -> int:
    return sum(path.stat().st_size for path in (file, file.with_name(f"{file.name}-wal")) if path.exists())


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    address = f"{file.resolve().as_uri()}?mode={mode}"
    with closing(
        sqlite3.connect(address, timeout=PATIENCE_SECONDS, isolation_level=None, uri=True)
    ) as connection:  # fmt: skip
        yield connection
