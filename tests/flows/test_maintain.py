"""The night's housework: each step is done whatever becomes of the others, and what failed is told once."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from database import health, inbox, incidents, keys
from database.inbox import Name
from database.incidents import open_incidents
from flows import maintain, retention
from flows.maintain import MaintenanceFailed, keep_in_order, modes
from flows.retention import NotForgotten, forget
from ringback.clock import now
from ringback.errors import StoreError
from ringback.health import Finding
from ringback.settings import settings
from tests.database.locking import locked
from tests.factories import DAY, NOON
from warehouse.connect import reading, writing


@pytest.fixture(autouse=True)
def _no_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's Prefect server is asked."""
    monkeypatch.setattr(retention, "prefect_url", lambda: None)


@contextmanager
def a_server(status: int | None) -> Iterator[str]:
    """The address of a server that answers everything with a status; with None nobody listens there any more."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status or 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        if status is None:
            server.server_close()
            yield url
            return
        Thread(target=server.serve_forever, daemon=True).start()
        yield url
        server.shutdown()


def aged(path: Path, days: float) -> Path:
    """A file, or the folder that is there, last written to so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        path.write_text("x")
    stamp = (now() - timedelta(days=days)).replace(tzinfo=UTC).timestamp()
    os.utime(path, (stamp, stamp))
    return path


@pytest.mark.sqlite
def test_a_night_backs_up_first_then_tidies_and_says_what_it_did(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "api.log").write_bytes(b"a line\n" * 300_000)
    done = keep_in_order(NOON)
    assert done.failed == {}
    assert done.logs.startswith("api-20260318T120000.log.gz (2.0 MiB)")
    assert f"ringback-{now():%Y%m%d}T" in done.backup  # of now, whatever moment the night is asked for
    assert done.forgotten == "nothing was too old"
    assert done.database.startswith("analysed, its log emptied; ")
    assert done.modes == "closed to others: database.sqlite, warehouse.duckdb"
    assert keep_in_order(NOON + DAY).modes == "only those read secrets who should"


def test_on_a_full_disk_stores_that_cannot_be_prepared_keep_no_step_from_making_room(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    old = aged(home / "landing" / "decisions" / "done" / "old.jsonl", 200)
    monkeypatch.setattr(maintain, "prepare_stores", full)
    done = keep_in_order(now())
    assert list(done.failed) == ["stores"]
    assert "No space left" in done.failed["stores"]
    assert not old.exists()


@pytest.mark.usefixtures("home")
@pytest.mark.sqlite
def test_a_step_that_fails_stops_none_of_the_others_and_is_one_incident_until_it_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(_: object) -> str:
        raise StoreError("a backup needs 9.0 GiB")

    with monkeypatch.context() as patched:
        patched.setattr(maintain, "back_up", no_room)
        for _ in range(2):
            done = keep_in_order(NOON)
            assert done.failed == {"backup": "StoreError: a backup needs 9.0 GiB"}
            assert done.modes
        with pytest.raises(MaintenanceFailed, match="backup: StoreError: a backup needs"):
            maintain.maintain.fn(as_of=NOON)
    assert [(one.kind, one.subject) for one in open_incidents()] == [("maintenance", "backup")]
    assert keep_in_order(NOON + DAY).failed == {}
    assert open_incidents() == []


@pytest.mark.sqlite
def test_another_backup_that_ended_well_meanwhile_ends_the_incident(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_ends_just_now(_: object) -> str:
        aged(home / "backups" / f"ringback-{NOON:%Y%m%dT%H%M%S}.tar.zst", 0)
        raise StoreError("another backup is being made")

    monkeypatch.setattr(maintain, "back_up", another_ends_just_now)
    assert keep_in_order(NOON).failed == {"backup": "StoreError: another backup is being made"}
    assert open_incidents() == []
    assert keep_in_order(NOON).failed.keys() == {"backup"}
    assert [one.subject for one in open_incidents()] == ["backup"]


@pytest.mark.sqlite
def test_while_backups_fail_every_night_the_good_ones_stay(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: object) -> str:
        raise StoreError("a backup needs 9.0 GiB")

    made = {home / "backups" / f"ringback-{NOON - days * DAY:%Y%m%dT%H%M%S}.tar.zst" for days in (0, 1, 2, 13, 30)}
    for path in made:
        aged(path, 0)
    monkeypatch.setattr(maintain, "back_up", no_room)
    done = [keep_in_order(NOON + night * DAY) for night in range(1, 40)]
    assert set((home / "backups").iterdir()) == made
    assert {one.forgotten for one in done} == {"nothing was too old; backups stay, for there is none of tonight"}


@pytest.mark.parametrize("status", [404, None])
def test_a_prefect_that_knows_nothing_or_refuses_keeps_nothing_else_from_being_forgotten(
    home: Path, monkeypatch: pytest.MonkeyPatch, status: int | None
) -> None:
    with a_server(status) as url:
        monkeypatch.setattr(retention, "prefect_url", lambda: url)
        for days in (0, 1, 2, 30):
            aged(home / "backups" / f"ringback-{NOON - days * DAY:%Y%m%dT%H%M%S}.tar.zst", 0)
        with pytest.raises(NotForgotten, match=r"^runs in Prefect: .*\(removed: 1 backups\)$"):
            forget(NOON)
    assert len(list((home / "backups").iterdir())) == 3


def test_what_is_too_old_is_forgotten_and_what_is_not_stays(home: Path) -> None:
    at = now()
    for name, days in (("old", 100), ("young", 80)):
        inbox.keep(Name("leads", name), "{}", {}, at - days * DAY)
        inbox.finish_waiting("leads", at - days * DAY + timedelta(seconds=1), at - days * DAY)
        incidents.open_incident("drift", name, "moved", at - days * DAY)
        incidents.close_incident("drift", name, at - days * DAY)
        for place in ("landing/predictions/done/{}.jsonl", "landing/decisions/done/{}.jsonl", "outbox/{}.eml",
                      "landing/bulk_scores/{}.parquet"):  # fmt: skip
            aged(home / place.format(name), days)
    for name, days in (("old", 40), ("young", 20)):
        aged(home / f"logs/{name}.log.gz", days)
    for name, days in (("old", 2), ("young", 0)):  # where a training was killed, and where one is at work
        aged(home / f"snapshots-{name}/0001.arrow", days)
        aged(home / f"snapshots-{name}", days)
    health.keep_findings([Finding("machine", "disk", "good", "room")], at - 10 * DAY)
    keys.create("crm", ["read"], at, "me")
    for days in (5, 0):
        keys.take_share(keys.keys()[0].key_id, at - days * DAY, 5, 100)
    assert forget(at) == {
        "webhook deliveries": 1, "minutes of key usage": 1, "incidents": 1, "files of answers": 1,
        "files of decisions": 1, "rows of scored files": 1, "mails in the folder": 1, "packed logs": 1,
        "folders of snapshots": 1,
    }  # fmt: skip
    assert forget(at) == {}
    assert [folder.name for folder in home.glob("snapshots-*")] == ["snapshots-young"]
    assert {path.stem.partition(".")[0] for path in home.rglob("young*")} == {"young"}
    assert list(home.rglob("old*")) == []


@pytest.mark.sqlite
def test_secrets_and_backups_are_closed_to_others_and_an_open_env_file_is_told_of(home: Path, tmp_path: Path) -> None:
    for name in ("tracking.secret", "session.secret"):
        (home / name).write_text("s3cret")
        (home / name).chmod(0o644)
    (home / "database.sqlite").chmod(0o664)
    settings().backup_folder.mkdir(mode=0o755)
    closed = "backups, database.sqlite, session.secret, tracking.secret, warehouse.duckdb"
    assert modes(tmp_path / "none") == f"closed to others: {closed}"
    assert {oct(path.stat().st_mode & 0o777) for path in home.glob("*.secret")} == {"0o600"}
    assert oct((home / "database.sqlite").stat().st_mode & 0o777) == "0o660"
    assert modes(tmp_path / "none") == "only those read secrets who should"
    env = tmp_path / "an.env"
    env.write_text("RINGBACK_FELLOW_KEY=k")
    env.chmod(0o644)
    with pytest.raises(MaintenanceFailed, match="chmod 600"):
        modes(env)
    assert env.stat().st_mode & 0o077
    env.chmod(0o600)
    modes(env)


@pytest.mark.usefixtures("home")
@pytest.mark.sqlite
def test_unused_room_of_the_database_is_given_back_and_of_the_warehouse_its_log() -> None:
    for number in range(2_000):
        inbox.keep(Name("leads", str(number)), "x" * 2_000, {}, NOON)
    inbox.finish_waiting("leads", NOON + DAY, NOON)
    inbox.forget_done(NOON + DAY)
    with writing() as warehouse:
        warehouse.execute("CREATE TABLE much AS SELECT range AS n FROM range(100000)")
    done = keep_in_order(NOON)
    assert done.database.startswith("written anew without unused pages, analysed, its log emptied")
    before, after = (float(part.split()[0]) for part in done.database.rpartition("; ")[2].split(", "))
    assert after < before / 4
    with reading() as warehouse:
        assert warehouse.execute("SELECT count(*) FROM much").fetchall() == [(100_000,)]


@pytest.mark.sqlite
def test_a_database_that_others_hold_is_left_for_the_next_night(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from database import upkeep

    monkeypatch.setattr(upkeep, "PATIENCE_SECONDS", 0.05)
    with locked(home):
        assert upkeep.optimise().words.startswith("left as it is, others hold it")
    assert upkeep.optimise().words.startswith("analysed")
