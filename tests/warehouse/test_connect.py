"""Many readers or one writer; who has to wait is told whom for."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Barrier, Thread

import pytest

from ringback.errors import NotMigrated, WarehouseBusy
from ringback.settings import CHECKOUT
from warehouse.connect import reading, rows, writing

Opening = Callable[..., AbstractContextManager[object]]
HOLD = "import sys; from warehouse.connect import {0}\nwith {0}(): print('held', flush=True); sys.stdin.read()"


@contextmanager
def another_process(does: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the warehouse open, `writing` or `reading`."""
    command = [sys.executable, "-c", HOLD.format(does)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        try:
            yield other
        finally:
            other.kill()


def waits_in_vain(how: Opening) -> str:
    """What somebody is told who cannot open the warehouse at once."""
    with pytest.raises(WarehouseBusy) as told, how(wait_seconds=0.03):
        pass
    return str(told.value)


def sources() -> list[str]:
    with reading() as warehouse:
        return [row["source"] for row in rows(warehouse, "SELECT source FROM quarantine ORDER BY source")]


def put_aside(source: str) -> str:
    return f"INSERT INTO quarantine VALUES ('{source}', 'k', 'e', 'h', now(), 'f', 'r', 'b', now())"


@pytest.mark.usefixtures("home")
def test_a_second_writer_is_told_who_holds_the_warehouse() -> None:
    with another_process("writing") as other:
        assert f"being written by process {other.pid} " in waits_in_vain(writing)


@pytest.mark.usefixtures("home")
def test_a_reader_waits_for_the_writer_too() -> None:
    with another_process("writing") as other:
        assert f"being written by process {other.pid} " in waits_in_vain(reading)


@pytest.mark.usefixtures("home")
def test_a_killed_writer_leaves_the_warehouse_free_and_is_not_blamed_afterwards() -> None:
    with another_process("writing"):
        pass
    with reading():
        assert "is being read by another process" in waits_in_vain(writing)


@pytest.mark.usefixtures("home")
def test_readers_of_several_processes_and_threads_read_at_once() -> None:
    all_inside = Barrier(4, timeout=10)

    def read() -> None:
        with reading():
            all_inside.wait()

    with another_process("reading"):
        threads = [Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        read()
        for thread in threads:
            thread.join()
    assert not all_inside.broken


@pytest.mark.usefixtures("home")
def test_a_transaction_that_fails_leaves_nothing() -> None:
    def fail_halfway() -> None:
        with writing() as warehouse:
            warehouse.execute(put_aside("undone"))
            raise ZeroDivisionError

    with writing() as warehouse:
        warehouse.execute(put_aside("kept"))
    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert sources() == ["kept"]


@pytest.mark.usefixtures("home")
def test_writers_take_turns() -> None:
    def write(source: str) -> None:
        with writing() as warehouse:
            warehouse.execute(put_aside(source))

    threads = [Thread(target=write, args=[source]) for source in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sources() == list("abcdef")


def test_reading_where_there_is_no_warehouse_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotMigrated, match="'ringback migrate' makes one"), reading(tmp_path / "none.duckdb"):
        pass
