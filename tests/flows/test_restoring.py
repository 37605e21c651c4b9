"""A backup is restored into the database that is used afterwards, and what stood there can be had again."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api.sessions import SECRET_FILE
from database import upkeep
from database.incidents import close_incident, open_incident, open_incidents
from database.session import reading
from flows.archive import unpack
from flows.backing_up import SESSION_SECRET, back_up
from flows.restoring import restore
from ringback.errors import StoreError, WrongUsage
from tests.conftest import forget_home
from tests.factories import DAY, NOON

pytestmark = pytest.mark.sqlite  # those on PostgreSQL ask for it themselves
SUBJECT = "progression: industry"


def everything_under(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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


def test_the_secret_of_sessions_does_not_come_back_from_a_backup_that_holds_it(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (used / SECRET_FILE).write_text("s3cret")
    with monkeypatch.context() as earlier:
        earlier.setattr("flows.backing_up.LEFT_OUT", {})
        made = back_up(NOON)
    done = restore(made.file, used.parent / "other", NOON)
    assert not (done.home / SECRET_FILE).exists()


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
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True)
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    try:
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
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
