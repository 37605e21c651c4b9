"""A PostgreSQL database is dumped, looked through and put back whole, and never over another by mistake."""

from pathlib import Path

import pytest
from sqlalchemy import delete, text

from database.incidents import open_incident, open_incidents
from database.migrate import migrate
from database.models import Base, Incident
from database.promotions import ledger
from database.session import reading, writing
from database.upkeep import check_dump, dump_postgres, keep_postgres, load_dump
from ringback.errors import StoreError
from ringback.settings import settings
from tests.factories import NOON

NEWER = """
CREATE TYPE newer_mood AS ENUM ('well', 'ill');
CREATE TABLE newer (incident_id varchar REFERENCES incidents (incident_id), mood newer_mood, number serial);
CREATE VIEW newer_view AS SELECT mood FROM newer;
CREATE FUNCTION newer_function(one newer_mood) RETURNS newer_mood LANGUAGE sql AS 'SELECT one';
"""
"""As a later ringback might have it."""
pytestmark = pytest.mark.sqlite  # it asks for PostgreSQL itself


def test_what_was_dumped_comes_back_with_its_tables_and_the_trigger_of_the_ledger(on_postgres: Path) -> None:
    open_incident("drift", "progression: industry", "moved", NOON)
    dump = on_postgres / "database.pgdump"
    dump_postgres(dump)
    assert check_dump(dump) == len(Base.metadata.tables) + 1  # and Alembic's
    with writing() as connection:
        connection.execute(delete(Incident))
    load_dump(dump, replace=True)
    assert [one.words for one in open_incidents()] == ["moved"]
    with reading() as connection:
        triggers = connection.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).all()
    assert (triggers, ledger("progression", NOON)) == (["promotions_keep"], [])


def test_of_a_newer_shape_nothing_is_left_when_an_older_dump_comes_back(on_postgres: Path) -> None:
    dump = on_postgres / "database.pgdump"
    dump_postgres(dump)
    with writing() as connection:
        connection.execute(text(NEWER))
    load_dump(dump, replace=True)
    with reading() as connection:
        tables = set(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        left = connection.scalars(text(
            "SELECT proname FROM pg_proc WHERE proname LIKE 'newer%' UNION ALL "
            "SELECT typname FROM pg_type WHERE typname LIKE 'newer%' UNION ALL "
            "SELECT relname FROM pg_class WHERE relname LIKE 'newer%'"
        )).all()  # fmt: skip
    assert (tables, left) == ({*Base.metadata.tables, "alembic_version"}, [])
    migrate(settings().database)


def test_what_is_replaced_is_in_a_dump_of_its_own_though_its_shape_is_another(on_postgres: Path) -> None:
    dump, kept = on_postgres / "database.pgdump", on_postgres / "before.pgdump"
    dump_postgres(dump)
    with writing() as connection:
        connection.execute(text(NEWER))
        connection.execute(text("ALTER TABLE incidents RENAME TO newer_incidents"))
    assert keep_postgres(kept, replace=True)
    load_dump(dump, replace=True)
    assert check_dump(kept) == len(Base.metadata.tables) + 2
    assert kept.stat().st_mode & 0o077 == 0


def test_a_dump_that_does_not_go_in_changes_nothing(on_postgres: Path) -> None:
    open_incident("drift", "progression: industry", "moved", NOON)
    dump = on_postgres / "database.pgdump"
    dump_postgres(dump)
    with writing() as connection:
        connection.execute(text(NEWER))
    broken = dump.read_bytes()
    dump.write_bytes(broken[: len(broken) * 9 // 10])
    with pytest.raises(StoreError):
        load_dump(dump, replace=True)
    with reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM newer")) == 0
    assert len(open_incidents()) == 1
    assert [path.name for path in on_postgres.glob(".*.sql")] == []
    dump.write_bytes(broken)
    load_dump(dump, replace=True)


def test_a_dump_that_makes_its_schema_itself_replaces_that(on_postgres: Path) -> None:
    dump = on_postgres / "database.pgdump"
    with writing() as connection:
        connection.execute(text("CREATE SCHEMA other CREATE TABLE of_old (n integer)"))
    try:
        dump_postgres(dump)
        with writing() as connection:
            connection.execute(text("CREATE TABLE other.of_new (n integer)"))
        load_dump(dump, replace=True)
        with reading() as connection:
            tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'other'")).all()
        assert tables == ["of_old"]
    finally:
        with writing() as connection:
            connection.execute(text("DROP SCHEMA other CASCADE"))


def test_a_dump_is_not_put_over_tables_that_are_there_unless_that_is_said(on_postgres: Path) -> None:
    dump = on_postgres / "database.pgdump"
    dump_postgres(dump)
    open_incident("drift", "progression: industry", "moved", NOON)
    with pytest.raises(StoreError, match="--force replaces them"):
        load_dump(dump, replace=False)
    assert len(open_incidents()) == 1


def test_a_dump_that_is_cut_off_is_said(on_postgres: Path) -> None:
    dump = on_postgres / "database.pgdump"
    dump_postgres(dump)
    dump.write_bytes(dump.read_bytes()[:300])
    with pytest.raises(StoreError, match="pg_restore failed"):
        check_dump(dump)
