"""Opening the database: short transactions, from any process.

On SQLite every connection is durable (WAL with full synchronisation), waits its turn for up to thirty seconds, checks
foreign keys, and begins writing transactions at once (BEGIN IMMEDIATE), because a transaction that turns from reading
to writing halfway fails instead of waiting.

On PostgreSQL texts lose the characters that it refuses, a lock is waited for as long as on SQLite, and rows are written
in the order of their keys, because two writers of the same rows would otherwise wait for each other for ever.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    UpdateBase,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler

from database.json_columns import from_json, sound_text, to_json
from ringback.settings import settings

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

BUSY_TIMEOUT_MS = 30_000
PATIENCE: dict[str, Any] = {"connect_timeout": 10, "options": f"-c lock_timeout={BUSY_TIMEOUT_MS}"}
"""Of PostgreSQL: a host that does not answer, and locks that others hold; the database's address may say otherwise."""
LOG_PAGES = 8_000
"""Of the write-ahead log, from which on it is copied back; a transaction of many rows has more than SQLite's 1,000."""
CACHE_KIB = 32_000
"""Of a connection, at most; with SQLite's own 2 MB a large campaign's pages are read again and again."""
MANY_ROWS = 100
"""From so many on it is worth it to compile a statement anew."""
COUNTED = {"preserve_rowcount": True}
KEYS_AT_ONCE = 500
"""SQLite takes no more than 1,000 terms of an OR, into which pairs of keys may turn."""
JSON: dict[str, Any] = {"json_serializer": to_json, "json_deserializer": from_json}
K = TypeVar("K", bound="SupportsRichComparison")


@contextmanager
def writing(url: str | None = None) -> Iterator[Connection]:
    """A transaction, committed at the end and undone on an error."""
    with _turn(url := url or settings().database), engine(url).begin() as connection:
        yield connection


@contextmanager
def reading(url: str | None = None) -> Iterator[Connection]:
    """A connection whose transaction is never kept open for writing."""
    with engine(url or settings().database).connect().execution_options(ringback_reads=True) as connection:
        yield connection


@lru_cache(maxsize=4)
def engine(url: str) -> Engine:
    """The engine of a database URL, one per process."""
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        patience = {name: parsed.query.get(name, usual) for name, usual in PATIENCE.items()}
        made = create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=patience, **JSON)
        event.listen(made, "connect", _make_forgiving)
        return made
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **JSON)
    event.listen(made, "connect", _make_durable)
    event.listen(made, "begin", _begin)
    return made


def take_turns(connection: Connection, name: str) -> None:
    """Let one transaction at a time, of all processes, pass this point; SQLite has only one writer anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))


@lru_cache(maxsize=4)
def _turn(url: str) -> AbstractContextManager[object]:
    """Threads of one process take turns on SQLite: waiting for its lock means sleeping, waiting here does not."""
    return Lock() if make_url(url).get_backend_name() == "sqlite" else nullcontext()


def in_parts(keys: Iterable[K]) -> Iterator[list[K]]:
    """Keys, each once and in order, as many at a time as one condition of a query takes."""
    listed = sorted(set(keys))
    for start in range(0, len(listed), KEYS_AT_ONCE):
        yield listed[start : start + KEYS_AT_ONCE]


def borders_of(connection: Connection, asked: Select[tuple[str]], many: int, parts: int) -> list[str]:
    """The keys between equal parts of what is asked for; none where that is fewer than so many."""
    keys = asked.subquery()
    count = connection.scalar(select(func.count()).select_from(keys)) or 0
    if count < many:
        return []
    numbered = select(keys.c[0].label("key"), func.row_number().over(order_by=keys.c[0]).label("number")).subquery()
    ends = [count * part // parts for part in range(1, parts)]
    between = select(numbered.c.key).where(numbered.c.number.in_(ends)).order_by(numbered.c.key)
    return list(connection.scalars(between))


def count_rows() -> dict[str, int]:
    """Rows of each table."""
    from database.models import Base

    with reading() as connection:
        return {
            name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for name, table in Base.metadata.tables.items()
        }


def insert_new(connection: Connection, model: type[DeclarativeBase], rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert rows whose unique keys are not there yet; gives how many were new."""
    listed = _by_key(connection, model, rows)
    if not listed:
        return 0
    return execute_many(connection, _insert(connection, model).on_conflict_do_nothing(), listed)


def insert_or_replace(connection: Connection, model: type[DeclarativeBase], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows; where the primary key is there already the other columns take the new values.

    A table that has `known_at` keeps what became known later, in whatever order rows come.
    """
    listed = _by_key(connection, model, rows)
    if not listed:
        return
    table = _table(model)
    statement = _insert(connection, model)
    keys = [column.name for column in table.primary_key]
    fresh = {name: statement.excluded[name] for name in listed[0] if name not in keys}
    newer = statement.excluded["known_at"] >= table.c["known_at"] if "known_at" in table.c else None
    execute_many(connection, statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=newer), listed)


def upsert(
    connection: Connection,
    model: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    replace: Sequence[str],
    where: ColumnElement[bool],
) -> list[tuple[Any, ...]]:
    """Insert rows; one whose primary key is there takes the new values of `replace` if the row there fits `where`.

    Gives the primary keys of the rows that were inserted or replaced.
    """
    if not rows:
        return []
    keys = list(_table(model).primary_key)
    statement = _upserting(connection, model, replace, where).returning(*keys)
    return [tuple(row) for row in connection.execute(statement, _by_key(connection, model, rows))]


def put(
    connection: Connection,
    model: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    replace: Sequence[str] = (),
    where: ColumnElement[bool] | None = None,
) -> None:
    """As `upsert`, or without `replace` as `insert_new`, where nobody asks which rows that were: it is much quicker."""
    if where is None:
        insert_new(connection, model, rows)
    elif rows:
        execute_many(connection, _upserting(connection, model, replace, where), _by_key(connection, model, rows))


def execute_many(connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> int:
    """Run a statement for each of these rows, which all have the same keys; gives how many rows it changed.

    Many rows are bound a column at a time on SQLite: bound one by one they take several times as long as SQLite does. A
    value that cannot be bound then raises TypeError or ValueError, where SQLAlchemy's own way raises StatementError.
    """
    compiled = None
    if connection.dialect.name == "sqlite" and len(rows) >= MANY_ROWS:
        compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  (narrows the type; statements of data have this one)
    if compiled is None or compiled.insert_prefetch or compiled.update_prefetch:  # columns that SQLAlchemy fills
        return connection.execute(statement, rows, execution_options=COUNTED).rowcount
    columns = [_bound(compiled, name, rows) for name in compiled.positiontup or ()]
    return connection.exec_driver_sql(compiled.string, list(zip(*columns, strict=True)), COUNTED).rowcount


def _bound(compiled: SQLCompiler, name: str, rows: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
    """The values of a parameter, as the driver takes them: of each row, or one for all."""
    process = compiled.binds[name].type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)
    if name not in rows[0]:
        value = compiled.params[name]
        return [process(value) if process else value] * len(rows)
    values = [row[name] for row in rows]
    if process is None:
        return values
    if all(value is values[0] for value in values):
        return [process(values[0])] * len(rows)
    return map(process, values)


def _by_key(
    connection: Connection, model: type[DeclarativeBase], rows: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows in the order in which every writer locks them; of the same key as they came."""
    listed = [dict(row) for row in rows]
    if connection.dialect.name != "sqlite":  # there is one writer at a time
        keys = [column.name for column in _table(model).primary_key]
        listed.sort(key=lambda row: [row.get(key, "") for key in keys])
    return listed


def _upserting(
    connection: Connection, model: type[DeclarativeBase], replace: Sequence[str], where: ColumnElement[bool]
) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(connection, model)
    fresh = {name: statement.excluded[name] for name in replace}
    keys = [column.name for column in _table(model).primary_key]
    return statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=where)


def _insert(connection: Connection, model: type[DeclarativeBase]) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(model)
    return postgresql.insert(model)


def _table(model: type[DeclarativeBase]) -> Table:
    assert isinstance(model.__table__, Table)  # noqa: S101  (narrows the type; every model here is a table)
    return model.__table__


def _make_forgiving(connection: Any, _record: Any) -> None:
    """Texts that people typed or vendors sent lose the characters that PostgreSQL refuses, instead of failing."""
    from psycopg.types.string import StrDumperUnknown

    class SoundText(StrDumperUnknown):
        def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
            return super().dump(sound_text(obj))

    connection.adapters.register_dumper(str, SoundText)


def _make_durable(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, see _begin
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "foreign_keys = ON",
        f"cache_size = -{CACHE_KIB}",
        "temp_store = MEMORY",
        f"wal_autocheckpoint = {LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("ringback_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
