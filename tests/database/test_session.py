"""Short, durable transactions from any thread; unique keys decide what is new."""

from threading import Thread

import pytest

from database import models
from database.migrate import migrate
from database.session import insert_new, insert_or_replace, reading, writing
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")


def an_alert(subject: str, text: str = "Call now") -> dict[str, object]:
    return {"kind": "high_value_lead", "subject": subject, "raised_at": NOON, "text": text}


def a_company(name: str, known_at: object = NOON) -> dict[str, object]:
    return {"company_id": "acme.com", "name": name, "domain": "acme.com", "known_at": known_at}


def subjects() -> list[str]:
    with reading() as connection:
        return sorted(row.subject for row in connection.execute(models.Alert.__table__.select()))


def company_name() -> str | None:
    with reading() as connection:
        return connection.execute(models.Company.__table__.select()).one().name


def test_connections_are_durable_and_patient() -> None:
    with reading() as connection:
        pragmas = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        set_to = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
    assert set_to == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000, "foreign_keys": 1}


def test_only_new_rows_are_inserted_and_counted() -> None:
    with writing() as connection:
        assert insert_new(connection, models.Alert, [an_alert("a"), an_alert("b")]) == 2
        assert insert_new(connection, models.Alert, [an_alert("b"), an_alert("c"), an_alert("c")]) == 1
        assert insert_new(connection, models.Alert, []) == 0
    assert subjects() == ["a", "b", "c"]


def test_what_was_there_first_stays() -> None:
    with writing() as connection:
        insert_new(connection, models.Alert, [an_alert("a", "first")])
        insert_new(connection, models.Alert, [an_alert("a", "second")])
        assert connection.execute(models.Alert.__table__.select()).one().text == "first"


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_what_became_known_later_is_kept_in_whatever_order_it_comes(order: tuple[str, str]) -> None:
    known_at = {"old": NOON, "new": NOON + DAY}
    for name in order:
        with writing() as connection:
            insert_or_replace(connection, models.Company, [a_company(name, known_at[name])])
    assert company_name() == "new"


def test_both_in_one_batch_keep_the_later_too() -> None:
    with writing() as connection:
        insert_or_replace(connection, models.Company, [a_company("new", NOON + DAY), a_company("old")])
    assert company_name() == "new"


def test_a_transaction_that_fails_leaves_nothing() -> None:
    def fail_halfway() -> None:
        with writing() as connection:
            insert_new(connection, models.Alert, [an_alert("a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert subjects() == []


def test_writers_at_once_wait_for_each_other() -> None:
    def write(writer: int) -> None:
        for n in range(10):
            with writing() as connection:
                insert_new(connection, models.Alert, [an_alert(f"{writer}-{n}"), an_alert("shared")])

    threads = [Thread(target=write, args=[writer]) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(subjects()) == 41


def test_migrating_again_changes_nothing() -> None:
    with writing() as connection:
        insert_new(connection, models.Alert, [an_alert("a")])
    migrate()
    assert subjects() == ["a"]


def test_the_migrations_make_the_tables_of_the_models() -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), models.Base.metadata) == []


def test_a_postgresql_url_is_spoken_to_with_the_driver_that_is_installed() -> None:
    from database.session import engine

    assert engine("postgresql://ringback@db.test/ringback").url.drivername == "postgresql+psycopg"
