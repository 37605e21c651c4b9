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


@pytest.mark.usefixtures("home")
def test_mails_that_were_landed_before_are_kept_when_a_mail_may_have_two_states() -> None:
    values = "'m1', 'e1', 'spring', 'ana', 's', 't', 0, '{}'"
    with writing() as warehouse:
        warehouse.execute("DROP TABLE sent_mails")
        warehouse.execute((HERE / "migrations/0007_campaigns.sql").read_text().split(";")[0])
        warehouse.execute(f"INSERT INTO sent_mails VALUES ({values}, 'in_doubt', NULL, now(), now())")
        warehouse.execute("DELETE FROM schema_migrations WHERE name LIKE '0009_%'")
    assert migrate() == ["0009_mails_settled_again"]
    with writing() as warehouse:
        warehouse.execute(f"INSERT INTO sent_mails VALUES ({values}, 'sent', now(), now(), now())")
        found = rows(warehouse, "SELECT message_id, state FROM sent_mails ORDER BY state")
    assert [(row["message_id"], row["state"]) for row in found] == [("m1", "in_doubt"), ("m1", "sent")]
