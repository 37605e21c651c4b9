"""Short, durable transactions from any thread; unique keys decide what is new."""

from math import nan
from threading import Barrier, Thread

import pytest
from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.exc import OperationalError

from database import models, session
from database.away import is_away
from database.migrate import migrate
from database.session import engine, execute_many, insert_new, insert_or_replace, reading, writing
from tests.factories import DAY, NOON
from tests.postgres import Server

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


def test_many_rows_are_bound_as_a_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    statements = [
        {"entity_id": f"e{n}", "source": "csv", "fields": {"name": {"value": f"Zoë {n}\x00" if n % 2 else None}}}
        for n in range(120)
    ]
    measures = [{"measure": f"m{n}", "week": NOON + n * DAY, "value": n / 7, "low": None, "high": nan, "n": n,
                 "as_of": NOON} for n in range(120)]  # fmt: skip
    kept = []
    for many in (100, 1_000):
        monkeypatch.setattr(session, "MANY_ROWS", many)
        with writing() as connection:
            for model, listed in ((models.Statement, statements), (models.Measure, measures)):
                connection.execute(delete(model))
                assert insert_new(connection, model, listed) == 120
                assert insert_new(connection, model, listed) == 0
            moved = update(models.Measure).where(models.Measure.measure == bindparam("which")).values(
                as_of=NOON + DAY, n=bindparam("count")
            )  # fmt: skip
            rows = [{"which": f"m{n}", "count": 5} for n in range(110)] + [{"which": "none", "count": 5}]
            assert execute_many(connection, moved, rows) == 110
            both = (models.Statement, models.Measure)
            kept.append([connection.execute(select(one).order_by(*one.__table__.primary_key)).all() for one in both])
    assert repr(kept[0]) == repr(kept[1])
    assert {row[-1] for row in kept[0][1]} == {NOON, NOON + DAY}


def test_the_same_row_many_times_is_one() -> None:
    with writing() as connection:
        assert insert_new(connection, models.Alert, [an_alert("acme.com")] * 150) == 1


@pytest.mark.sqlite
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


def test_writers_of_the_same_rows_in_another_order_do_not_wait_for_each_other_for_ever() -> None:
    names = [f"{n:02}" for n in range(40)]
    together = Barrier(2)
    failed: list[BaseException] = []

    def write(order: list[str]) -> None:
        for round_ in range(10):
            together.wait(30)
            try:
                with writing() as connection:
                    known_at = NOON + round_ * DAY
                    rows = [a_company("x", known_at) | {"company_id": name} for name in order]
                    insert_or_replace(connection, models.Company, rows)
            except OperationalError as failure:
                failed.append(failure)

    threads = [Thread(target=write, args=[order]) for order in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_what_no_text_may_hold_is_left_out_or_kept_but_never_fails() -> None:
    with writing() as connection:
        insert_new(connection, models.Company, [
            a_company("A\x00cme") | {"chosen": {"industry": {"value": "Soft\x00ware"}, "size": {"value": nan}}}
        ])  # fmt: skip
    with reading() as connection:
        industry = models.Company.chosen["industry"]["value"].as_string()
        name, found = connection.execute(select(models.Company.name, industry)).one()
    assert (name.replace("\x00", ""), found.replace("\x00", "")) == ("Acme", "Software")


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


@pytest.mark.sqlite
def test_processes_that_migrate_at_once_wait_for_each_other(postgres: Server) -> None:
    url, failed = postgres.create(), list[BaseException]()

    def bring_up() -> None:
        try:
            migrate(url)
        except Exception as failure:
            failed.append(failure)

    threads = [Thread(target=bring_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(url) as connection:
        assert (failed, connection.scalar(select(models.Company.company_id))) == ([], None)


@pytest.mark.sqlite
def test_a_lock_that_another_process_holds_is_not_waited_for_for_ever(postgres_url: str) -> None:
    impatient = f"{postgres_url}&options=-c%20lock_timeout%3D50"
    with writing(postgres_url) as holder:
        holder.execute(text("LOCK TABLE companies"))
        with pytest.raises(OperationalError, match="lock timeout") as failure, writing(impatient) as connection:
            insert_new(connection, models.Company, [a_company("Acme")])
    assert is_away(failure.value)


@pytest.mark.sqlite
def test_a_postgresql_url_is_spoken_to_with_the_driver_that_is_installed() -> None:
    assert engine("postgresql://ringback@db.test/ringback").url.drivername == "postgresql+psycopg"
