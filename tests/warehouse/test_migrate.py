"""Migrating applies what is missing, once."""

from pathlib import Path

import pytest

from ringback.errors import NotMigrated
from warehouse.connect import reading, rows, writing
from warehouse.migrate import HERE, migrate


def test_migrating_again_applies_nothing(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    assert migrate(path) == sorted(file.stem for file in (HERE / "migrations").glob("*.sql"))
    assert migrate(path) == []


@pytest.mark.usefixtures("home")
def test_views_are_made_anew() -> None:
    with writing() as warehouse:
        warehouse.execute("CREATE OR REPLACE VIEW current_calls AS SELECT 'outdated' AS call_id")
    migrate()
    with reading() as warehouse:
        assert rows(warehouse, "SELECT call_id FROM current_calls") == []


@pytest.mark.usefixtures("home")
def test_a_warehouse_of_a_newer_ringback_is_left_alone() -> None:
    with writing() as warehouse:
        warehouse.execute("INSERT INTO schema_migrations VALUES ('9999_future', now())")
    with pytest.raises(NotMigrated, match="9999_future"):
        migrate()
