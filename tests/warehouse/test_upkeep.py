"""The warehouse is copied as it is at one moment; a copy that is broken is found out."""

import os
from pathlib import Path
from threading import Event, Thread

import pytest

from ringback.errors import StoreError, WarehouseBusy
from ringback.settings import settings
from warehouse import upkeep
from warehouse.connect import reading, untouched, writing
from warehouse.upkeep import check_warehouse, checkpoint, copy_warehouse, opens

pytestmark = pytest.mark.usefixtures("home")
ROWS = 200_000


@pytest.fixture
def numbers(home: Path) -> None:
    """A table of some size."""
    assert home.exists()
    with writing() as warehouse:
        warehouse.execute(f"CREATE TABLE numbers AS SELECT range AS n, md5(range::VARCHAR) AS t FROM range({ROWS})")


@pytest.mark.usefixtures("numbers")
def test_a_copy_holds_what_is_there_while_others_read(tmp_path: Path) -> None:
    with reading() as other:
        assert other.execute("SELECT count(*) FROM numbers").fetchall() == [(ROWS,)]
        copy_warehouse(tmp_path / "copy.duckdb")
        assert other.execute("SELECT max(n) FROM numbers").fetchall() == [(ROWS - 1,)]
    counts = check_warehouse(tmp_path / "copy.duckdb")
    assert (counts["numbers"], "raw_payloads" in counts) == (ROWS, True)


@pytest.mark.usefixtures("numbers")
def test_a_copy_waits_for_who_writes_and_has_all_of_it(tmp_path: Path) -> None:
    begun, may_end = Event(), Event()

    def write() -> None:
        with writing() as warehouse:
            warehouse.execute("INSERT INTO numbers SELECT 7, 'half'")
            begun.set()
            may_end.wait(10)
            warehouse.execute("INSERT INTO numbers SELECT 8, 'half'")

    writer = Thread(target=write)
    writer.start()
    begun.wait(10)
    copier = Thread(target=copy_warehouse, args=(tmp_path / "copy.duckdb",))
    copier.start()
    assert not (tmp_path / "copy.duckdb").exists()
    may_end.set()
    for thread in (writer, copier):
        thread.join(30)
    assert check_warehouse(tmp_path / "copy.duckdb")["numbers"] == ROWS + 2


def test_a_copy_says_who_holds_the_warehouse_for_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "HELD_SECONDS", 0.05)
    with writing(), pytest.raises(WarehouseBusy, match="is being written by process"):
        copy_warehouse(tmp_path / "copy.duckdb")


def test_nobody_writes_while_it_is_to_stay_untouched() -> None:
    with untouched(settings().warehouse), pytest.raises(WarehouseBusy), writing(wait_seconds=0.05):
        pass
    with writing():
        pass


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize("place", [0.3, 0.7])
def test_a_copy_that_is_broken_is_found_out(tmp_path: Path, place: float) -> None:
    copy = tmp_path / "copy.duckdb"
    copy_warehouse(copy)
    with copy.open("r+b") as file:
        file.seek(int(copy.stat().st_size * place))
        file.write(os.urandom(300_000))
    with pytest.raises(StoreError, match=r"copy\.duckdb is broken"):
        check_warehouse(copy)


@pytest.mark.usefixtures("numbers")
def test_a_checkpoint_keeps_every_row_and_room_that_was_given_back_is_gone() -> None:
    with writing() as warehouse:
        warehouse.execute("DROP TABLE numbers")
    done = checkpoint()
    assert done.bytes_after <= done.bytes_before
    assert opens(1.0) < 1.0
