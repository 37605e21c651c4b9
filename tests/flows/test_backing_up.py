"""A backup is made while others write, holds each store as it was at one moment, and comes back whole or not at all."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from database import keys, published
from database.incidents import open_incident, open_incidents
from database.session import engine
from flows import backing_up
from flows.__main__ import app
from flows.archive import FORMAT, unpack
from flows.backing_up import back_up
from flows.kept_backups import backups, forget_backups
from flows.restoring import restore
from monitoring.health_gathering import LAST_BACKUP, last_backup
from ringback.errors import NoRoom, NotMigrated, StoreError, WrongUsage
from ringback.settings import settings
from tests.conftest import forget_home
from tests.disks import fill, small_disk
from tests.factories import DAY, NOON, a_payload
from warehouse.connect import reading, rows
from warehouse.connect import writing as warehouse_writing
from warehouse.landing import land_payloads

pytestmark = pytest.mark.sqlite


@pytest.fixture
def full(home: Path) -> Path:
    """A home with something of everything."""
    open_incident("drift", "progression: industry", "moved", NOON)
    keys.create("crm", ["read"], NOON, "me")
    with warehouse_writing() as warehouse:
        land_payloads(warehouse, [a_payload("one"), a_payload("two")])
    with closing(sqlite3.connect(home / "mlflow.db")) as mlflow:
        mlflow.execute("CREATE TABLE runs (run_uuid VARCHAR(32), artifact_uri VARCHAR(200))")
        mlflow.execute("INSERT INTO runs VALUES ('r1', ?)", (f"{(home / 'mlartifacts').as_uri()}/progression/r1",))
        mlflow.commit()
    for name, text in {
        "tracking.secret": "s3cret", "mlartifacts/progression/r1/model.ubj": "a model", "logs/api.log": "a line\n",
        "landing/decisions/crm.jsonl": '{"a": 1}\n{"torn', "decisions/day=2026-03-18/a.parquet": "parquet",
        "landing/decisions/done/old.jsonl": "{}\n", "reports/index.html": "<p>", "vendors/fellow.json": "{}",
    }.items():  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (home / "tracking.secret").chmod(0o600)
    return home


def in_archive(archive: Path) -> dict[str, bytes]:
    opened = pa.CompressedInputStream(pa.OSFile(str(archive), "rb"), "zstd")
    with opened as packed, tarfile.open(mode="r|", fileobj=packed) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]  # plain files


def write_archive(
    to: Path, files: dict[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda _: None
) -> Path:
    """An archive as somebody else might make one."""
    opened = pa.CompressedOutputStream(pa.OSFile(str(to), "wb"), "zstd")
    with opened as packed, tarfile.open(mode="w|", fileobj=packed) as tar:
        for name, content in files.items():
            told = tarfile.TarInfo(name)
            told.size = len(content)
            change(told)
            tar.addfile(told, io.BytesIO(content))
    return to


@contextmanager
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RINGBACK_HOME", str(home))
    forget_home()
    yield


def test_a_home_comes_back_elsewhere_with_every_row_and_file(
    full: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(NOON)
    there = tmp_path_factory.mktemp("elsewhere") / "home"
    done = restore(made.file, there, NOON)
    assert (done.home, done.moved_aside, done.rows) == (there, None, made.rows)
    assert (there / "tracking.secret").read_text() == "s3cret"
    assert (there / "tracking.secret").stat().st_mode & 0o077 == 0
    assert (there / "landing/decisions/crm.jsonl").read_text() == '{"a": 1}\n'
    with closing(sqlite3.connect(there / "mlflow.db")) as mlflow:
        moved = mlflow.execute("SELECT artifact_uri FROM runs").fetchone()[0]
    assert moved == f"{(there / 'mlartifacts').as_uri()}/progression/r1"
    with at_home(there, monkeypatch):
        assert [one.subject for one in open_incidents()] == ["progression: industry"]
        assert len(keys.keys()) == 1
        with reading() as warehouse:
            assert rows(warehouse, "SELECT count(*) AS n FROM raw_payloads") == [{"n": 2}]


def test_an_archive_is_for_its_owner_only_and_its_manifest_says_what_is_in_it_and_what_is_not(full: Path) -> None:
    made = back_up(NOON)
    assert made.file == full / "backups" / "ringback-20260318T120000.tar.zst"
    assert made.file.stat().st_mode & 0o077 == 0
    files = in_archive(made.file)
    told = json.loads(files.pop("manifest.json"))
    assert {one["name"] for one in told["files"]} == files.keys()
    assert (told["format"], told["engine"], told["home"]) == (FORMAT, "sqlite", str(full))
    assert told["counts"]["database.sqlite"]["incidents"] == 1
    assert told["counts"]["warehouse.duckdb"]["raw_payloads"] == 2
    assert {"landing/decisions/crm.jsonl", "mlartifacts/progression/r1/model.ubj", "reports/index.html"} <= files.keys()
    assert not {"logs/api.log", "vendors/fellow.json", "landing/decisions/done/old.jsonl"} & files.keys()
    assert "logs: logs" in told["left_out"]
    assert sorted(path.name for path in made.file.parent.iterdir()) == [".lock", made.file.name]


WRITERS = """
import sys, time
from pathlib import Path
from database.incidents import open_incident
from database.keys import create
from datetime import datetime
from warehouse.connect import writing
from database.session import writing as database, insert_new
from database.models import Alert
number, stop = 0, Path(sys.argv[1])
log = open(stop.parent / "landing" / "decisions" / f"w{sys.argv[2]}.jsonl", "ab", buffering=0)
while not stop.exists():
    number += 1
    one = dict(subject=f"{sys.argv[2]} {number}", raised_at=datetime(2026, 3, 18), text="x" * 500)
    pair = [one | dict(kind=kind) for kind in "ab"]
    with database() as connection:
        insert_new(connection, Alert, pair[:1])
        insert_new(connection, Alert, pair[1:])
    log.write(b'{"number": %d}\\n' % number)
    if number % 20 == 0:
        with writing() as warehouse:
            for kind in "ab":
                warehouse.execute("INSERT INTO pairs VALUES (?, ?, ?)", [kind, sys.argv[2], number])
print(number)
"""


@pytest.mark.long
def test_a_backup_made_while_processes_write_holds_no_half_transaction_and_stops_none(
    full: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with warehouse_writing() as warehouse:
        warehouse.execute("CREATE TABLE pairs (kind VARCHAR, writer VARCHAR, number INTEGER)")
    stop = full / "stop"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITERS, str(stop), name], stdout=subprocess.PIPE, text=True,
                         env=os.environ | {"RINGBACK_HOME": str(full)})
        for name in "xy"
    ]  # fmt: skip
    landing = [full / "landing" / "decisions" / f"w{name}.jsonl" for name in "xy"]
    while not all(path.exists() and path.stat().st_size > 1000 for path in landing):
        assert all(writer.poll() is None for writer in writers)
    sizes = []
    for number in range(3):
        made = back_up(NOON + timedelta(minutes=number))
        there = tmp_path_factory.mktemp("restored") / "home"
        restore(made.file, there, NOON)
        with closing(sqlite3.connect(there / "database.sqlite")) as connection:
            pairs = dict(connection.execute("SELECT kind, count(*) FROM alerts GROUP BY kind").fetchall())
        with reading(there / "warehouse.duckdb") as warehouse:
            in_bulk = {
                row["kind"]: row["n"] for row in rows(warehouse, "SELECT kind, count(*) AS n FROM pairs GROUP BY kind")
            }
        assert pairs["a"] == pairs["b"]
        assert in_bulk.get("a") == in_bulk.get("b")
        for path in landing:
            lines = (there / path.relative_to(full)).read_text().splitlines()
            assert [json.loads(line)["number"] for line in lines] == list(range(1, len(lines) + 1))
        sizes.append(pairs["a"])
    stop.touch()
    assert all(int(writer.communicate(timeout=60)[0]) > 0 and writer.returncode == 0 for writer in writers)
    assert sizes == sorted(set(sizes)), "the writers went on between the backups"


def test_a_home_that_is_not_empty_is_refused_and_with_force_moved_aside(full: Path, tmp_path: Path) -> None:
    made = back_up(NOON)
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("keep me")
    with pytest.raises(WrongUsage, match="is not empty"):
        restore(made.file, other, NOON)
    assert [path.name for path in other.iterdir()] == ["mine.txt"]
    done = restore(made.file, other, NOON, force=True)
    assert done.moved_aside is not None
    assert (done.moved_aside / "mine.txt").read_text() == "keep me"
    assert not (other / "mine.txt").exists()
    assert (other / "database.sqlite").exists()


@pytest.mark.parametrize("place", [0.1, 0.5, 0.95])
def test_a_damaged_or_cut_off_backup_restores_nothing(full: Path, tmp_path: Path, place: float) -> None:
    made = back_up(NOON)
    content = bytearray(made.file.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    cut = bytes(content[: int(len(content) * place)])
    for number, broken in enumerate((bytes(content), cut)):
        (tmp_path / "broken.tar.zst").write_bytes(broken)
        with pytest.raises(StoreError):
            restore(tmp_path / "broken.tar.zst", tmp_path / f"to{number}", NOON)
        assert not (tmp_path / f"to{number}").exists()
        assert not (tmp_path / f".to{number}.restoring").exists()


@pytest.mark.usefixtures("full")
def test_a_file_that_was_changed_or_added_is_named_though_the_archive_is_whole(tmp_path: Path) -> None:
    files = in_archive(back_up(NOON).file)
    changed = write_archive(tmp_path / "changed.tar.zst", files | {"tracking.secret": b"s3cr3t"})
    with pytest.raises(StoreError, match=r"tracking\.secret is damaged"):
        restore(changed, tmp_path / "to", NOON)
    added = write_archive(tmp_path / "added.tar.zst", {"more.py": b"evil", **files})
    with pytest.raises(StoreError, match=r"more\.py is not in its manifest"):
        restore(added, tmp_path / "to", NOON)
    missing = write_archive(tmp_path / "missing.tar.zst", {n: c for n, c in files.items() if n != "tracking.secret"})
    with pytest.raises(StoreError, match=r"tracking\.secret is missing"):
        restore(missing, tmp_path / "to", NOON)
    bare = write_archive(tmp_path / "bare.tar.zst", {"a.txt": b"a"})
    with pytest.raises(StoreError, match="has no manifest"):
        restore(bare, tmp_path / "to", NOON)
    newer = json.loads(files["manifest.json"]) | {"format": 2}
    later = write_archive(tmp_path / "later.tar.zst", files | {"manifest.json": json.dumps(newer).encode()})
    with pytest.raises(StoreError, match="is of format 2"):
        restore(later, tmp_path / "to", NOON)


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / "a.tar.zst", {name: b"x"})
    (tmp_path / "in").mkdir()
    with pytest.raises(StoreError, match="outside"):
        unpack(archive, tmp_path / "in")
    assert list((tmp_path / "in").rglob("*")) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_anything_but_a_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    def turn(told: tarfile.TarInfo) -> None:
        told.type, told.linkname = kind, "database.sqlite"

    archive = write_archive(tmp_path / "a.tar.zst", {"x": b""}, turn)
    (tmp_path / "in").mkdir()
    with pytest.raises(StoreError, match="is no plain file"):
        unpack(archive, tmp_path / "in")


def test_a_database_that_is_broken_makes_no_backup_and_leaves_nothing_behind(full: Path) -> None:
    with (full / "database.sqlite").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096 * 4))
    (full / "database.sqlite-wal").unlink(missing_ok=True)
    with pytest.raises(StoreError, match=r"database\.sqlite"):
        back_up(NOON)
    assert [path.name for path in (full / "backups").iterdir()] == [".lock"]


def test_without_room_nothing_is_begun_and_what_is_left_to_do_is_said(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_backups(full, 0, 1, 2, 3)
    monkeypatch.setattr(backing_up.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(NoRoom, match=(
        r"^a backup needs .* are free; the backups there \(4\) take 0\.0 GiB: make room, keep them for less long "
        r"\(RINGBACK_KEEP_BACKUPS_DAYS is 14\), or let RINGBACK_BACKUPS name a folder on another disk$"
    )):  # fmt: skip
        back_up(NOON + DAY)
    assert [moment for moment, _ in backups()] == [NOON - days * DAY for days in (3, 2, 1, 0)]


def room_for(backups: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk of a folder have room for so many backups in all."""

    def usage(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=2**40 if len([*folder.glob("*.tar.zst")]) < backups else 1000)

    monkeypatch.setattr(backing_up.shutil, "disk_usage", usage)


def test_backups_that_are_too_old_make_room_for_the_next(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room_for(4, some_backups(full, 0, 1, 2, 17, 30), monkeypatch)
    made = back_up(NOON + DAY)
    assert (made.forgotten, str(made).endswith("; 2 that were too old made room for it")) == (2, True)
    assert [moment for moment, _ in backups()] == [NOON - days * DAY for days in (2, 1, 0, -1)]


def test_where_forgetting_is_not_enough_the_newest_three_stay(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room_for(3, some_backups(full, 0, 1, 2, 17, 30), monkeypatch)
    with pytest.raises(NoRoom, match="; 2 that were too old are removed, which was not enough; the backups there"):
        back_up(NOON + DAY)
    assert [moment for moment, _ in backups()] == [NOON - days * DAY for days in (2, 1, 0)]


def test_in_a_folder_that_was_named_for_once_no_backup_is_forgotten(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = some_backups(full / "usb", 0, 1, 2, 30)
    monkeypatch.setattr(backing_up.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(NoRoom, match=r"make room, or let RINGBACK_BACKUPS"):
        back_up(NOON + DAY, folder)
    assert len(backups(folder)) == 4


def test_a_disk_that_becomes_full_on_the_way_is_said_and_nothing_is_left_on_it(
    full: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "_refuse_without_room", lambda _: None)
    (full / "large.bin").write_bytes(os.urandom(6 * 2**20))
    with small_disk(tmp_path_factory.mktemp("usb"), "5m") as disk:
        with pytest.raises(NoRoom, match=f"^the disk of {disk} became full while a backup was made there; "):
            back_up(NOON, disk)
        assert [path.name for path in disk.iterdir()] == [".lock"]


def test_a_folder_that_takes_no_backup_is_said(full: Path) -> None:
    (full / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"no backup can be made in .*file/backups: .*Not a directory"):
        back_up(NOON, full / "file" / "backups")


def test_a_home_on_a_full_disk_that_nobody_has_open_is_backed_up_to_another_disk(
    full: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(settings().database).dispose()
    elsewhere = tmp_path_factory.mktemp("usb")
    with small_disk(tmp_path_factory.mktemp("disk"), "64m") as disk:
        there = shutil.copytree(full, disk / "home")
        with at_home(there, monkeypatch):
            filler = fill(disk)
            done = CliRunner().invoke(app, ["backup", "--to", str(elsewhere)])
            assert (done.exit_code, "the health check does not know of it" in done.stdout) == (0, True)
            filler.unlink()
    ((_, file),) = backups(elsewhere)
    restored = restore(file, elsewhere / "home", NOON).home
    with at_home(restored, monkeypatch):
        assert [one.subject for one in open_incidents()] == ["progression: industry"]


def test_a_home_without_a_database_is_no_home_to_back_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with at_home(tmp_path / "typo", monkeypatch), pytest.raises(NotMigrated, match="nothing to back up; RINGBACK_HOME"):
        back_up(NOON, tmp_path / "backups")
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(("folder", "left"), [("backups", []), ("elsewhere", ["backup"])])
def test_a_backup_that_ends_well_ends_the_incident_of_those_of_its_folder(
    full: Path, folder: str, left: list[str]
) -> None:
    open_incident("maintenance", "backup", "another backup is being made", NOON)
    back_up(NOON, full / folder)
    assert [one.subject for one in open_incidents() if one.kind == "maintenance"] == left


@pytest.mark.usefixtures("full")
def test_two_backups_at_once_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    def second(*_: object) -> None:
        with pytest.raises(StoreError, match="another backup is being made"):
            back_up(NOON)

    monkeypatch.setattr(backing_up, "_refuse_without_room", second)
    assert back_up(NOON).file.exists()


def test_a_backup_that_does_not_hold_when_it_is_verified_does_not_count(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(archive: Path, into: Path) -> None:
        raise StoreError("it does not hold")

    monkeypatch.setattr(backing_up, "verify", damaged)
    with pytest.raises(StoreError, match="does not hold"):
        back_up(NOON)
    assert (backups(), last_backup(), list((full / "backups").glob(".*.unverified"))) == ([], None, [])


def some_backups(home: Path, *days: int) -> Path:
    """A folder of backups that were made so many days before noon."""
    folder = home / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    for ago in days:
        (folder / f"ringback-{NOON - ago * DAY:%Y%m%dT%H%M%S}.tar.zst").touch()
    return folder


def test_the_last_backup_that_was_verified_is_known(full: Path) -> None:
    made = back_up(NOON)
    assert last_backup() == NOON
    assert (published.published(LAST_BACKUP) or ({},))[0] == {"file": str(made.file), "bytes": made.bytes}
    assert full in made.file.parents


@pytest.mark.usefixtures("full")
def test_a_backup_that_a_clock_dated_a_year_ahead_is_the_last_one_only_until_the_next() -> None:
    back_up(NOON + 365 * DAY)
    back_up(NOON + DAY)
    assert last_backup() == NOON + DAY


def test_backups_go_that_are_fourteen_days_older_than_the_newest_three(home: Path) -> None:
    folder = some_backups(home, 0, 1, 2, 16, 17)
    (folder / "ringback-notes.tar.zst").touch()
    assert [path.name for path in forget_backups(14)] == ["ringback-20260301T120000.tar.zst"]
    assert [moment for moment, _ in backups()] == [NOON - days * DAY for days in (16, 2, 1, 0)]


def test_the_newest_three_backups_stay_however_long_ago_they_were_made(home: Path) -> None:
    some_backups(home, 365, 730, 1095)
    assert forget_backups(14) == []
    some_backups(home, 0)
    assert [path.name for path in forget_backups(14)] == ["ringback-20230319T120000.tar.zst"]


@pytest.mark.parametrize("nights", [1, 2, 5])
def test_backups_that_a_clock_dated_a_year_ahead_make_none_old(home: Path, nights: int) -> None:
    some_backups(home, *range(14), *(-365 - night for night in range(nights)))
    assert forget_backups(14, at=NOON) == []


def test_backups_grow_old_beside_those_that_a_clock_dated_ahead(home: Path) -> None:
    some_backups(home, -365, -366, -367, 0, 1, 2, 17)
    assert [path.name for path in forget_backups(14, at=NOON)] == ["ringback-20260301T120000.tar.zst"]


def test_while_the_clock_is_a_year_ahead_for_a_night_or_two_nothing_is_old(home: Path) -> None:
    some_backups(home, *range(14), -365, -366)
    assert forget_backups(14, at=NOON + 366 * DAY) == []


def test_the_backup_that_was_just_made_stays_however_it_is_dated(full: Path) -> None:
    some_backups(full, 0, 1, 2)
    made = back_up(NOON - 100 * DAY)
    assert (forget_backups(14, at=NOON), made.file.exists()) == ([], True)
    back_up(NOON + DAY)
    assert forget_backups(14, at=NOON + DAY) == [made.file]


def test_a_backup_of_a_moment_that_has_one_is_refused_and_that_one_stays(full: Path) -> None:
    made = back_up(NOON)
    content = made.file.read_bytes()
    (full / "reports" / "index.html").write_text("<p>of today")
    with pytest.raises(StoreError, match=r"ringback-20260318T120000\.tar\.zst is there already and is not replaced"):
        back_up(NOON)
    assert made.file.read_bytes() == content


def test_a_restored_home_is_as_it_was_when_the_backup_was_made_whatever_moment_that_was_named_for(
    full: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "now", lambda: NOON + DAY)
    made = back_up(NOON)
    assert made.file == full / "backups" / "ringback-20260318T120000.tar.zst"
    assert restore(made.file, tmp_path_factory.mktemp("other") / "home", NOON).made_at == (NOON + DAY).isoformat()


def test_earlier_backups_are_in_no_later_one_wherever_in_the_home_they_lie(full: Path) -> None:
    back_up(NOON, full / "mine")
    for later in (back_up(NOON + DAY, full / "mine"), back_up(NOON + 2 * DAY)):
        assert [name for name in in_archive(later.file) if "tar.zst" in name] == []


def test_where_the_database_cannot_say_which_backup_was_made_last_the_last_written_stays(home: Path) -> None:
    folder = some_backups(home, 0, 1, 2, 20, 30)
    for number, path in enumerate(sorted(folder.iterdir(), reverse=True)):  # the oldest by its name was written last
        os.utime(path, (number, number))
    (home / "database.sqlite").write_bytes(b"no database" * 1000)
    assert [path.name for path in forget_backups(14)] == ["ringback-20260226T120000.tar.zst"]


@pytest.mark.usefixtures("home")
def test_a_folder_without_backups_has_none_to_forget() -> None:
    assert forget_backups(14) == []


def test_what_a_backup_that_was_killed_left_behind_is_removed_by_the_next(full: Path) -> None:
    folder = full / "backups"
    (folder / ".work" / "staged").mkdir(parents=True)
    (folder / ".work" / "staged" / "database.sqlite").write_text("half")
    (folder / ".ringback-1.tar.zst.unverified").write_text("half")
    (folder / "..ringback-1.tar.zst.unverified.part").write_text("half")
    made = back_up(NOON)
    assert sorted(path.name for path in folder.iterdir()) == [".lock", made.file.name]


def test_a_home_that_is_in_use_is_not_restored_over(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    made = back_up(NOON)
    with socket.socket() as api:
        api.bind(("127.0.0.1", 0))
        api.listen()
        monkeypatch.setenv("RINGBACK_API_PORT", str(api.getsockname()[1]))
        settings.cache_clear()
        with pytest.raises(WrongUsage, match="stop 'ringback up'"):
            restore(made.file, full, NOON, force=True)
