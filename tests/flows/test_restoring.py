"""A backup is restored into the database that is used afterwards, and what stood there can be had again."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.sessions import SECRET_FILE
from database import upkeep
from database.campaigns import Planned, campaigns, change, save
from database.incidents import close_incident, open_incident, open_incidents
from database.session import engine, reading
from database.spending import stop, stops
from flows import backing_up, holding, restoring
from flows.__main__ import app
from flows.archive import Manifest, unpack
from flows.backing_up import SESSION_SECRET, back_up
from flows.environment import prepare_stores, switch_tools
from flows.kept_backups import backups
from flows.restoring import restore
from flows.supervising import only_one
from ringback.errors import StoreError, WarehouseBusy, WrongUsage
from ringback.settings import settings
from tests.conftest import forget_home
from tests.disks import small_disk
from tests.dying import die
from tests.factories import DAY, NOON
from warehouse.connect import writing as warehouse_writing

pytestmark = pytest.mark.sqlite  # those on PostgreSQL ask for it themselves
SUBJECT = "progression: industry"


def everything_under(folder: Path) -> dict[str, bytes]:
    """All files by name, but the supervisor's lock and an SQLite file, which with and without a log is the same."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(("up.", "database.")))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def used(home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one folder among others, with its backups outside."""
    place = tmp_path_factory.mktemp("machine")
    os.rename(home, place / "home")
    home.mkdir()  # for whoever made it
    monkeypatch.setenv("RINGBACK_HOME", str(place / "home"))
    monkeypatch.setenv("RINGBACK_BACKUPS", str(place / "backups"))
    for name in ("PREFECT", "MLFLOW", "API"):
        monkeypatch.setenv(f"RINGBACK_{name}_PORT", "1025")  # where nobody listens
    forget_home()
    return place / "home"


@pytest.mark.parametrize(
    ("database", "way_out"),
    [
        ("postgresql://me:s3cret@127.0.0.1:9/ringback", r"names postgresql://me:\*\*\*@.*: unset it to restore"),
        ("sqlite:////tmp/elsewhere.sqlite", r"names /tmp/elsewhere\.sqlite.*unset RINGBACK_DATABASE_URL"),
    ],
)
def test_an_sqlite_backup_is_refused_where_another_database_is_used_and_nothing_is_touched(
    used: Path, monkeypatch: pytest.MonkeyPatch, database: str, way_out: str
) -> None:
    made = back_up(NOON)
    (used / "note.txt").write_text("written since")
    monkeypatch.setenv("RINGBACK_DATABASE_URL", database)
    forget_home()
    with pytest.raises(WrongUsage, match=way_out):
        restore(made.file, used, NOON, force=True)
    assert (used / "note.txt").read_text() == "written since"
    assert sorted(path.name for path in used.parent.iterdir()) == ["backups", "home"]


def test_an_sqlite_backup_is_restored_where_the_address_names_the_file_of_the_home(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_incident("drift", SUBJECT, "moved", NOON)
    made = back_up(NOON)
    engine(settings().database).dispose()  # another process would not have it open under the former address
    monkeypatch.setenv("RINGBACK_DATABASE_URL", f"sqlite:///{used}/../home/database.sqlite")
    forget_home()
    close_incident("drift", SUBJECT, NOON)
    restore(made.file, used, NOON, force=True)
    forget_home()
    assert [one.subject for one in open_incidents()] == [SUBJECT]


def test_into_another_home_only_the_kind_of_database_matters(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = back_up(NOON)
    monkeypatch.setenv("RINGBACK_DATABASE_URL", f"sqlite:///{used.parent}/elsewhere.sqlite")
    forget_home()
    assert (restore(made.file, used.parent / "other", NOON).home / "database.sqlite").exists()
    monkeypatch.setenv("RINGBACK_DATABASE_URL", "postgresql://me@127.0.0.1:9/ringback")
    forget_home()
    with pytest.raises(WrongUsage, match="unset it to restore"):
        restore(made.file, used.parent / "third", NOON)


def test_the_secret_of_sessions_is_in_no_backup_and_the_one_of_links_is(used: Path, tmp_path: Path) -> None:
    for name in (SECRET_FILE, "tracking.secret"):
        (used / name).write_text(name)
    made = back_up(NOON)
    manifest = unpack(made.file, tmp_path / "unpacked")
    secrets = [one.name for one in manifest.files if one.name.endswith(".secret")]
    assert (SESSION_SECRET, secrets) == (SECRET_FILE, ["tracking.secret"])
    assert [one for one in manifest.left_out if one.startswith(SECRET_FILE)] == [
        "session.secret: who holds it can sign in as anybody; people sign in anew after a restore"
    ]


@pytest.mark.parametrize("name", [SECRET_FILE, "up.json"])
def test_what_is_of_a_machine_and_its_people_does_not_come_back_from_an_earlier_backup_that_holds_it(
    used: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (used / name).write_text("s3cret")
    with monkeypatch.context() as earlier:
        earlier.setattr("flows.backing_up.LEFT_OUT", {})
        made = back_up(NOON)
    done = restore(made.file, used.parent / "other", NOON)
    assert not (done.home / name).exists()


def test_what_a_supervisor_runs_is_in_no_backup_so_that_a_copy_stops_nothing_of_the_original(
    used: Path, tmp_path: Path
) -> None:
    for name in ("up.json", "up.part", "up.lock"):
        (used / name).write_text("{}")
    manifest = unpack(back_up(NOON).file, tmp_path / "unpacked")
    assert [one.name for one in manifest.files if one.name.startswith("up.")] == []
    assert [one for one in manifest.left_out if one.startswith("up.")] == [
        "up.json: which processes 'ringback up' had started on that machine"
    ]


@pytest.mark.parametrize(
    ("mlflow", "told"),
    [
        ("http://mlflow.internal:5000", ["http://mlflow.internal:5000"]),
        ("postgresql+psycopg://me:s3cret@db/mlflow", ["postgresql+psycopg://me:***@db/mlflow"]),
        ("", []),
    ],
)
def test_a_manifest_says_that_an_mlflow_elsewhere_is_not_in_it(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow: str, told: list[str]
) -> None:
    monkeypatch.setenv("RINGBACK_MLFLOW_URL", mlflow)
    forget_home()
    left_out = unpack(back_up(NOON).file, tmp_path / "unpacked").left_out
    assert [one for one in left_out if "MLflow" in one] == [
        f"MLflow's runs and models: they are at {url}, back them up there" for url in told
    ]
    assert used.exists()


def an_old_and_a_new_state(home: Path) -> Path:
    """A backup with an incident, and a home and database after it in which that is over; gives the backup."""
    open_incident("drift", SUBJECT, "moved", NOON)
    (home / "note.txt").write_text("old")
    made = back_up(NOON)
    close_incident("drift", SUBJECT, NOON + DAY)
    (home / "note.txt").write_text("new")
    return made.file


@pytest.fixture
def used_on_postgres(on_postgres: Path, used: Path) -> Path:
    """The same with its database on PostgreSQL."""
    assert not upkeep.is_sqlite()
    return used


def test_what_was_in_postgresql_before_is_in_a_dump_beside_the_home(used_on_postgres: Path) -> None:
    home = used_on_postgres
    archive = an_old_and_a_new_state(home)
    done = restore(archive, home, NOON + DAY, force=True)
    assert (len(open_incidents()), (home / "note.txt").read_text()) == (1, "old")
    assert done.moved_aside is not None
    assert (done.moved_aside / "note.txt").read_text() == "new"
    assert done.database_aside == home.with_name("home.before-20260319T120000.pgdump")
    upkeep.load_dump(done.database_aside, replace=True)
    assert open_incidents() == []


def test_without_force_a_database_that_has_tables_is_refused_before_the_home_is_made(used_on_postgres: Path) -> None:
    archive = an_old_and_a_new_state(used_on_postgres)
    other = used_on_postgres.with_name("other")
    with pytest.raises(StoreError, match="--force replaces them"):
        restore(archive, other, NOON + DAY)
    assert (other.exists(), open_incidents()) == (False, [])


def test_a_home_that_cannot_be_renamed_leaves_the_database_as_it_was(
    used_on_postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = an_old_and_a_new_state(used_on_postgres)
    rename = os.rename

    def refused(source: Path, to: Path) -> None:
        if Path(source).parent.name == ".home.restoring":
            raise PermissionError(f"{to} may not be written")
        rename(source, to)

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refused)
        with pytest.raises(PermissionError):
            restore(archive, used_on_postgres, NOON + DAY, force=True)
    assert (open_incidents(), (used_on_postgres / "note.txt").read_text()) == ([], "new")


def test_a_database_that_does_not_take_the_dump_is_as_it_was_and_so_is_the_home(
    used_on_postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = an_old_and_a_new_state(used_on_postgres)
    before = everything_under(used_on_postgres)
    monkeypatch.setattr(upkeep, "_drop_schemas", lambda _: ["--command=SELECT 1 / 0"])  # after all was emptied
    with pytest.raises(StoreError, match=r"division by zero; home and database are as they were \(a copy of it is in"):
        restore(archive, used_on_postgres, NOON + timedelta(days=2), force=True)
    assert everything_under(used_on_postgres) == before
    assert open_incidents() == []
    with reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM incidents")) == 1


def test_on_a_disk_of_its_own_a_home_comes_back_too_when_the_database_takes_nothing(
    used_on_postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = used_on_postgres.with_name("disk")
    with small_disk(disk, "64m"):
        archive = an_old_and_a_new_state(used_on_postgres)
        (disk / "mine.txt").write_text("keep me")
        with monkeypatch.context() as patched:
            patched.setattr(upkeep, "_drop_schemas", lambda _: ["--command=SELECT 1 / 0"])
            with pytest.raises(StoreError, match="division by zero"):
                restore(archive, disk, NOON + DAY, force=True)
        assert {name for name in everything_under(disk) if not name.endswith(".pgdump")} == {"mine.txt"}
        done = restore(archive, disk, NOON + 2 * DAY, force=True)
        assert (len(open_incidents()), (disk / "note.txt").read_text()) == (1, "old")
        assert done.database_aside == disk / ".before-20260320T120000.pgdump"


def a_backup_in_a_home_with_something_new(home: Path) -> Path:
    made = back_up(NOON)
    (home / "note.txt").write_text("written since")
    return made.file


@contextmanager
def nothing_touched(home: Path) -> Iterator[None]:
    """Whatever is done within leaves the home, and what stands beside it, as it was."""
    beside, before = sorted(home.parent.iterdir()), everything_under(home)
    yield
    assert (sorted(home.parent.iterdir()), everything_under(home)) == (beside, before)


@pytest.fixture
def with_backups_inside(used: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that its backups lie in, as they usually do."""
    monkeypatch.delenv("RINGBACK_BACKUPS")
    forget_home()
    return used


def test_backups_in_a_home_are_still_in_it_after_one_of_them_is_restored(with_backups_inside: Path) -> None:
    archive = a_backup_in_a_home_with_something_new(with_backups_inside)
    done = restore(archive, with_backups_inside, NOON, force=True)
    assert done.moved_aside is not None
    assert (backups(), done.backups_aside) == ([(NOON, archive)], None)
    assert not (done.moved_aside / "backups").exists()


def test_backups_that_cannot_be_brought_along_are_named(
    with_backups_inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, rename = a_backup_in_a_home_with_something_new(with_backups_inside), os.rename

    def refused(source: Path, to: Path) -> None:
        if Path(source).name == "backups":
            raise OSError(f"{source} is a disk of its own")
        rename(source, to)

    monkeypatch.setattr(os, "rename", refused)
    done = restore(archive, with_backups_inside, NOON, force=True)
    assert done.moved_aside is not None
    assert done.backups_aside == done.moved_aside / "backups"


KILLED_RESTORE = """
import os, sys
from datetime import datetime
from pathlib import Path
from flows.restoring import restore
rename = os.rename
def dying(source, to):
    if Path(source).parent.name == ".home.restoring":
        os._exit(9)
    rename(source, to)
os.rename = dying
restore(Path(sys.argv[1]), Path(sys.argv[2]), datetime(2026, 3, 18, 12), force=True)
"""


def test_after_a_restore_that_was_killed_between_its_renames_no_empty_home_is_made(used: Path) -> None:
    archive = a_backup_in_a_home_with_something_new(used)
    engine(settings().database).dispose()
    killed = subprocess.run([sys.executable, "-c", KILLED_RESTORE, str(archive), str(used)])
    aside = used.with_name("home.before-20260318T120000")
    assert (killed.returncode, used.exists(), (aside / "note.txt").read_text()) == (9, False, "written since")
    prepare_stores.cache_clear()
    for makes_a_home in (switch_tools, prepare_stores):
        with pytest.raises(WrongUsage, match=f"a restore was interrupted: 'mv {aside} {used}' puts back what was"):
            makes_a_home()
    assert not used.exists()
    os.rename(aside, used)
    switch_tools()
    restore(archive, used, NOON, force=True)
    assert not (used / "note.txt").exists()


def test_a_restore_that_is_interrupted_between_its_renames_puts_the_home_back(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, rename = a_backup_in_a_home_with_something_new(used), os.rename

    def interrupted(source: Path, to: Path) -> None:
        if Path(source).parent.name == ".home.restoring":
            raise KeyboardInterrupt
        rename(source, to)

    monkeypatch.setattr(os, "rename", interrupted)
    with nothing_touched(used), pytest.raises(KeyboardInterrupt):
        restore(archive, used, NOON, force=True)


def test_a_home_whose_supervisor_is_starting_running_or_stopping_is_not_restored_over(used: Path) -> None:
    archive = a_backup_in_a_home_with_something_new(used)
    with only_one(used), nothing_touched(used), pytest.raises(WrongUsage, match="another 'ringback up' is starting"):
        restore(archive, used, NOON, force=True)


def test_no_supervisor_starts_on_what_is_being_restored(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, rename, refused = a_backup_in_a_home_with_something_new(used), os.rename, []

    def watched(source: Path, to: Path) -> None:
        rename(source, to)
        if Path(to) == used:
            with pytest.raises(WrongUsage, match="another 'ringback up'"), only_one(used):
                pass
            refused.append(to)

    monkeypatch.setattr(os, "rename", watched)
    restore(archive, used, NOON, force=True)
    assert refused == [used]
    with only_one(used):
        assert not (used / "note.txt").exists()


def test_an_api_that_listens_on_its_own_address_or_only_since_a_moment_is_seen_too(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = a_backup_in_a_home_with_something_new(used)
    with socket.socket() as api:
        api.bind(("127.0.0.2", 0))
        monkeypatch.setenv("RINGBACK_API_HOST", "127.0.0.2")
        monkeypatch.setenv("RINGBACK_API_PORT", str(api.getsockname()[1]))
        forget_home()
        verify = restoring.verify

        def comes_up_meanwhile(archive: Path, into: Path) -> Manifest:
            api.listen()
            return verify(archive, into)

        monkeypatch.setattr(restoring, "verify", comes_up_meanwhile)
        for _ in range(2):
            with nothing_touched(used), pytest.raises(WrongUsage, match="something listens on api's port"):
                restore(archive, used, NOON, force=True)


def test_a_home_whose_stores_others_have_open_is_not_restored_over(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = a_backup_in_a_home_with_something_new(used)
    monkeypatch.setattr(holding, "PATIENCE_SECONDS", 0.1)
    with closing(sqlite3.connect(used / "database.sqlite")) as other:
        other.execute("SELECT count(*) FROM incidents").fetchall()
        with nothing_touched(used), pytest.raises(WrongUsage, match=r"database\.sqlite is in use by another process"):
            restore(archive, used, NOON, force=True)
    with warehouse_writing(), pytest.raises(WarehouseBusy):
        restore(archive, used, NOON, force=True)
    restore(archive, used, NOON, force=True)


def test_who_opens_the_database_while_it_is_moved_fails_instead_of_writing_where_nobody_looks(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, rename = a_backup_in_a_home_with_something_new(used), os.rename
    with closing(sqlite3.connect(used / "database.sqlite", timeout=0.1, isolation_level=None)) as other:

        def opened_meanwhile(source: Path, to: Path) -> None:
            if Path(source) == used:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("SELECT count(*) FROM incidents")
            rename(source, to)

        monkeypatch.setattr(os, "rename", opened_meanwhile)
        restore(archive, used, NOON, force=True)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            other.execute("DELETE FROM published")


def test_a_home_with_a_broken_database_can_be_restored_over(used: Path) -> None:
    archive = a_backup_in_a_home_with_something_new(used)
    forget_home()
    (used / "database.sqlite").write_bytes(b"no database" * 1000)
    restore(archive, used, NOON, force=True)
    assert open_incidents() == []


def test_two_restores_of_one_home_at_once_are_one_too_many(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, other, verify = back_up(NOON).file, used.with_name("other"), restoring.verify

    def second(archive: Path, into: Path) -> Manifest:
        with pytest.raises(WrongUsage, match=r"another 'ringback restore' into .*other is at work"):
            restore(archive, other, NOON)
        return verify(archive, into)

    monkeypatch.setattr(restoring, "verify", second)
    restore(archive, other, NOON)
    assert (other / "database.sqlite").exists()


def test_models_of_a_home_behind_a_link_are_found_where_it_is_restored(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = used.with_name("link")
    link.symlink_to(used)
    monkeypatch.setenv("RINGBACK_HOME", str(link))
    forget_home()
    kept = [f"{place.as_uri()}/mlartifacts/r1" for place in (link, used)]
    with closing(sqlite3.connect(used / "mlflow.db")) as mlflow:
        mlflow.execute("CREATE TABLE runs (artifact_uri VARCHAR(200))")
        mlflow.executemany("INSERT INTO runs VALUES (?)", [(one,) for one in kept])
        mlflow.commit()
    there = restore(back_up(NOON).file, used.with_name("other"), NOON).home
    with closing(sqlite3.connect(there / "mlflow.db")) as mlflow:
        moved = mlflow.execute("SELECT artifact_uri FROM runs").fetchall()
    assert moved == 2 * [(f"{there.as_uri()}/mlartifacts/r1",)]


def test_a_backup_with_mlflows_file_is_refused_where_another_file_is_used(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = used.with_name("elsewhere.db")
    with closing(sqlite3.connect(elsewhere)) as mlflow:
        mlflow.execute("CREATE TABLE runs (artifact_uri VARCHAR(200))")
    monkeypatch.setenv("RINGBACK_MLFLOW_URL", f"sqlite:///{elsewhere}")
    forget_home()
    archive = a_backup_in_a_home_with_something_new(used)
    with nothing_touched(used), pytest.raises(WrongUsage, match=r"names .*elsewhere\.db.*unset RINGBACK_MLFLOW_URL"):
        restore(archive, used, NOON, force=True)
    assert (restore(archive, used.with_name("other"), NOON).home / "mlflow.db").exists()


def with_an_active_campaign() -> None:
    """Of three campaigns one is active, and nothing is bought from one source."""
    save([Planned(name, name, "csv", NOON) for name in ("spring", "autumn", "winter")])
    change("autumn", {"state": "paused"}, NOON)
    change("winter", {"state": "archived"}, NOON)
    stop("pipe0", "its answers are wrong", NOON)


def what_is_held() -> tuple[dict[str, str], dict[str, str]]:
    """The states of campaigns, and why nothing is bought from each source."""
    return {one.campaign_id: one.state for one in campaigns()}, {one.source: one.because for one in stops()}


AFTERWARDS = (
    {"spring": "paused", "autumn": "paused", "winter": "archived"},
    {"pipe0": "its answers are wrong",
     "*": "restored as it was at 2026-03-18 12:00 UTC: what was bought since is not known here"},
)  # fmt: skip


def test_a_restored_home_sends_and_buys_nothing_until_a_person_lets_it(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_an_active_campaign()
    monkeypatch.setattr(backing_up, "now", lambda: NOON)
    archive = a_backup_in_a_home_with_something_new(used)
    change("autumn", {"state": "active"}, NOON + DAY)  # since the backup: the restored home does not know
    assert restore(archive, used, NOON + DAY, force=True).paused == ("spring",)
    assert sorted(path.name for path in used.glob("database.sqlite*")) == ["database.sqlite"]
    forget_home()
    assert what_is_held() == AFTERWARDS


def test_what_is_killed_before_it_is_all_in_place_is_held_already(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_an_active_campaign()
    monkeypatch.setattr(backing_up, "now", lambda: NOON)
    archive = back_up(NOON).file
    monkeypatch.setattr(restoring, "_bring_backups_along", die)
    with pytest.raises(KeyboardInterrupt):
        restore(archive, used, NOON, force=True)
    forget_home()
    assert what_is_held() == AFTERWARDS


def test_why_spending_was_stopped_before_is_kept(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop("*", "too dear this month", NOON)
    monkeypatch.setattr(backing_up, "now", lambda: NOON)
    restore(back_up(NOON).file, used, NOON, force=True)
    forget_home()
    assert [one.because for one in stops()] == [f"{AFTERWARDS[1]['*']}; before that: too dear this month"]


def test_a_restored_postgresql_is_held_as_well(used_on_postgres: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_an_active_campaign()
    monkeypatch.setattr(backing_up, "now", lambda: NOON)
    archive = back_up(NOON).file
    assert restore(archive, used_on_postgres, NOON, force=True).paused == ("spring",)
    assert what_is_held() == AFTERWARDS


@pytest.mark.parametrize("comes", ["before", "meanwhile"])
def test_a_postgresql_that_others_are_connected_to_is_not_replaced(
    used_on_postgres: Path, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    archive, load = an_old_and_a_new_state(used_on_postgres), restoring.refuse_connected
    monkeypatch.setattr(holding, "PATIENCE_SECONDS", 1.0)
    with ExitStack() as others:

        def connect() -> None:
            address = settings().database.replace("postgresql+psycopg", "postgresql")
            others.enter_context(psycopg.connect(address, application_name="another worker"))

        def comes_then() -> None:
            load()
            connect()

        if comes == "before":
            connect()
        else:
            monkeypatch.setattr(restoring, "refuse_connected", comes_then)
        with pytest.raises(
            WrongUsage, match=r"others are connected to postgresql.*: process \d+ of another worker at "
        ):
            restore(archive, used_on_postgres, NOON + DAY, force=True)
    assert (open_incidents(), (used_on_postgres / "note.txt").read_text()) == ([], "new")


def test_a_person_is_told_which_commands_let_a_restored_home_go_on(used: Path) -> None:
    with_an_active_campaign()
    archive, other = back_up(NOON).file, used.with_name("other")
    said = CliRunner().invoke(app, ["restore", str(archive), "--into", str(other), "--json"])
    assert f"With RINGBACK_HOME={other}: 'ringback spending resume' buys again; " in said.stderr
    assert "'ringback campaigns resume spring' let the campaigns go on that were active" in said.stderr
    assert json.loads(said.stdout)["paused"] == ["spring"]
