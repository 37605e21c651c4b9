"""A PostgreSQL database is dumped, looked through and put back whole, and never over another by mistake."""

import os
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from database.incidents import open_incident, open_incidents
from database.models import Base, Incident
from database.promotions import ledger
from database.session import reading, writing
from database.upkeep import check_dump, dump_postgres, load_dump
from ringback.errors import StoreError
from tests.factories import NOON
from tests.postgres import Server

pytestmark = pytest.mark.sqlite  # it asks for PostgreSQL itself


@pytest.fixture
def on_postgres(home: Path, postgres: Server, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose database is on PostgreSQL, with that server's own tools."""
    from tests.conftest import forget_home

    if not (postgres.programs / "pg_dump").exists():
        pytest.skip(f"pg_dump is not in {postgres.programs}")
    monkeypatch.setenv("RINGBACK_DATABASE_URL", postgres_url)
    monkeypatch.setenv("PATH", f"{postgres.programs}{os.pathsep}{os.environ['PATH']}")
    forget_home()
    return home


def test_what_was_dumped_comes_back_with_its_tables_and_the_trigger_of_the_ledger(on_postgres: Path) -> None:
    open_incident("drift", "progression: industry", "moved", NOON)
    dump = on_postgres / "database.pgdump"
    assert dump_postgres(dump)["incidents"] == 1
    assert check_dump(dump) == len(Base.metadata.tables) + 1  # and Alembic's
    with writing() as connection:
        connection.execute(delete(Incident))
    load_dump(dump, replace=True)
    assert [one.words for one in open_incidents()] == ["moved"]
    with reading() as connection:
        triggers = connection.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).all()
    assert (triggers, ledger("progression", NOON)) == (["promotions_keep"], [])


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
