"""A database that takes nothing is told of even where the disk takes no note of it, and once."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest

from database import incidents
from database.vital_signs import database_signs
from flows import without_database
from flows.check_health import act
from flows.telling import tell_due
from flows.without_database import away_file, away_folders, take_over
from monitoring.health_facts import Asked
from monitoring.health_limits import Quiet
from ringback.errors import VendorUnavailable
from tests.conftest import forget_home
from tests.database.locking import locked
from tests.disks import fill, small_disk
from tests.factories import DAY, HOUR, NOON
from tests.monitoring.facts import rules, some_facts
from tests.vendors.scripted import KEY, Answer, Server, a_server

pytestmark = pytest.mark.sqlite
RULES = rules()
SUBJECT = "database: can be written"
OK = Answer(body="ok", kind="text/plain")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The places outside of the home, of this test's own."""
    places = tmp_path_factory.mktemp("memory"), tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(without_database, "ELSEWHERE", places)
    monkeypatch.setattr("database.session.BUSY_TIMEOUT_MS", 50)
    return places


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A Slack on a real local server, whose requests are counted as ever."""
    with a_server(OK) as server:
        monkeypatch.setenv("RINGBACK_SLACK_URL", f"{server.url}/services/T1/B1/{KEY.replace('-', '')}")
        forget_home()
        yield server


def first_words(slack: Server) -> list[str]:
    return [one.json["text"].partition(" (")[0] for one in slack.received]


@pytest.fixture
def disk(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home on a disk of four MiB."""
    with small_disk(tmp_path / "disk", "4m") as home:
        shutil.copy(migrated / "database.sqlite", home / "database.sqlite")
        monkeypatch.setenv("RINGBACK_HOME", str(home))
        forget_home()
        yield home
        forget_home()


@contextmanager
def full(*folders: Path) -> Iterator[None]:
    """Nothing new can be written below these folders."""
    with pytest.MonkeyPatch.context() as patched:
        write = Path.open

        def refused(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
            if "w" in mode and any(folder in path.parents for folder in folders):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(path, mode, *more, **named)

        patched.setattr(Path, "open", refused)
        yield


def test_a_full_disk_is_told_once_though_neither_database_nor_note_has_room_on_it(disk: Path, slack: Server) -> None:
    ballast = fill(disk)
    for hours in (0, 4, 8):
        found = act(some_facts(at=NOON + hours * HOUR), RULES, None)
        assert found.status == "critical"
    assert first_words(slack) == ["*Something is wrong*"]
    assert not away_file().exists()
    ballast.unlink()
    act(some_facts(at=NOON + 12 * HOUR), RULES, None)
    act(some_facts(at=NOON + 16 * HOUR), RULES, None)
    assert first_words(slack) == ["*Something is wrong*", "*Well again*"]
    (told,) = incidents.timeline()
    assert (told.opened_at, told.recovered_at) == (NOON, NOON + 12 * HOUR)


def test_a_note_for_which_the_home_has_no_room_goes_to_the_first_place_that_has(
    home: Path, slack: Server, elsewhere: tuple[Path, Path]
) -> None:
    memory, temporary = elsewhere
    facts = some_facts(database=Asked(database_signs(0.05)))
    with locked(home):
        with full(home / "health", memory):
            act(facts, RULES, None)
            act(facts, RULES, None)
        act(facts, RULES, None)  # there is room again: it stays where it is
    assert first_words(slack) == ["*Something is wrong*"]
    assert [path.name for path in temporary.rglob("*.json")] == [away_file().name]
    assert take_over()
    assert (take_over(), [*temporary.rglob("database-away*")]) == (False, [])


def test_what_was_noted_before_the_disk_was_full_goes_along(home: Path, slack: Server) -> None:
    facts = some_facts(database=Asked(database_signs(0.05)))
    with locked(home):
        act(facts, RULES, None)
        with full(home / "health"):
            act(facts, RULES, None)
    assert first_words(slack) == ["*Something is wrong*"]
    assert take_over()
    assert [one.subject for one in incidents.open_incidents()] == [SUBJECT]
    assert not away_file().exists()


def test_where_no_place_has_room_it_is_told_all_the_same(
    home: Path, slack: Server, elsewhere: tuple[Path, Path]
) -> None:
    with locked(home), full(home / "health", *elsewhere):
        act(some_facts(database=Asked(database_signs(0.05))), RULES, None)
    assert first_words(slack) == ["*Something is wrong*"]


def test_a_folder_that_others_may_use_is_not_believed(home: Path, slack: Server, elsewhere: tuple[Path, Path]) -> None:
    folder = away_folders()[0]
    folder.mkdir()
    folder.chmod(0o777)
    noted = {"subject": "theirs", "words": "theirs", "at": NOON.isoformat(), "told": {}}
    (folder / away_file().name).write_text(json.dumps(noted))
    assert not take_over()
    with locked(home), full(home / "health"):
        act(some_facts(database=Asked(database_signs(0.05))), RULES, None)
    assert first_words(slack) == ["*Something is wrong*"]
    assert len(list(elsewhere[1].rglob("*.json"))) == 1


def test_that_it_became_critical_is_told_afterwards_where_it_could_not_be_and_nowhere_twice(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise VendorUnavailable("Slack is down")

    incidents.open_incident("health", SUBJECT, "is slow", NOON - DAY)
    with monkeypatch.context() as patched, locked(home):
        patched.setattr("vendors.slack.post", down)
        assert act(some_facts(database=Asked(database_signs(0.05))), RULES, None).told == 1
    texts: list[str] = []
    monkeypatch.setattr("vendors.slack.post", lambda client, text, *_: texts.append(text))
    act(some_facts(at=NOON + 4 * HOUR), RULES, None)
    assert [text.partition(" (")[0] for text in texts] == ["*Still wrong, and now critical*", "*Well again*"]
    (told,) = incidents.timeline()
    assert (told.escalated_at, told.recovered_at) == (NOON, NOON + 4 * HOUR)
    mails = [path.read_text() for path in (home / "outbox").glob("*.eml")]
    assert len(mails) == 2, "that it is critical, by the file, and that it is well again"


def test_what_quiet_hours_held_while_the_database_was_away_is_told_when_they_are_over(
    home: Path, slack: Server
) -> None:
    held = RULES.model_copy(update={"quiet": Quiet(since=time(21), until=time(6), critical="hold")})
    night = datetime(2026, 3, 19, 3)  # 22:00 in Chicago
    incidents.open_incident("health", SUBJECT, "is slow", NOON)
    with locked(home):
        act(some_facts(at=night, database=Asked(database_signs(0.05))), held, None)
    act(some_facts(at=night + HOUR), held, None)
    assert first_words(slack) == []
    tell_due(night + 8 * HOUR, None)
    assert first_words(slack) == ["*Still wrong, and now critical*", "*Well again*"]
