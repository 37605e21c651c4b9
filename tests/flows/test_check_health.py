"""What goes wrong is told once, what is well again too; also when processes die, channels fail, and at night."""

import socket
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from database import incidents, notices
from database.health import found_at, standings
from database.vital_signs import database_signs
from flows import check_health
from flows.check_health import act, run_crashed_again
from flows.telling import tell_due
from flows.without_database import away_file
from monitoring.health_facts import Asked, ClockSigns, Facts, Machine
from monitoring.health_gathering import clock, gather
from monitoring.health_limits import Rules
from ringback.errors import VendorUnavailable
from tests.conftest import forget_home
from tests.database.locking import locked
from tests.dying import die
from tests.factories import DAY, HOUR, NOON
from tests.monitoring.facts import GIB, a_run, rules, some_facts
from vendors.prefect_health import OpenRun, PrefectSigns
from vendors.reach import Address, Reached, reach

FOUR_HOURS = 4 * HOUR
NIGHT = datetime(2026, 3, 19, 3)
RULES = rules()


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was posted to Slack."""
    texts: list[str] = []
    monkeypatch.setattr("vendors.slack.post", lambda client, text, *_: texts.append(text))
    return texts


def full(free: float = 0.5, **known: Any) -> Facts:
    return some_facts(machine=Asked(Machine(int(free * GIB), 200 * GIB, 8 * GIB, 16 * GIB)), **known)


def mails(home: Path) -> list[str]:
    read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in (home / "outbox").glob("*.eml")]
    return sorted(str(one["Subject"]) for one in read)


def looks(*facts: Facts, rules: Rules = RULES) -> list[check_health.Health]:
    """Checks four hours apart."""
    return [act(replace(one, at=NOON + n * FOUR_HOURS), rules, None) for n, one in enumerate(facts)]


def test_a_full_disk_is_told_once_and_so_is_that_it_has_room_again(home: Path, posted: list[str]) -> None:
    first, again, well, still_well = looks(full(), full(), some_facts(), some_facts())
    assert (first.status, first.opened) == (
        "critical", ("machine: disk: 0.5 GiB of 200 are free on the disk of the stores",),
    )  # fmt: skip
    assert (again.status, again.opened, again.told) == ("critical", (), 0)
    assert (well.recovered, still_well.recovered) == (
        ("machine: disk: 100.0 GiB of 200 are free on the disk of the stores",), (),
    )  # fmt: skip
    assert [text.partition(" (")[0] for text in posted] == ["*Something is wrong*", "*Well again*"]
    assert mails(home) == [
        "ringback: something is wrong: machine: disk", "ringback: well again: machine: disk",
    ]  # fmt: skip


def test_the_third_check_in_a_row_escalates_to_mail(home: Path, posted: list[str]) -> None:
    results = looks(full(2), full(2), full(2), full(2), full(2))
    assert [(len(one.opened), len(one.escalated)) for one in results] == [(1, 0), (0, 0), (0, 1), (0, 0), (0, 0)]
    assert len(posted) == 2
    assert mails(home) == ["ringback: still wrong, and now critical: machine: disk"]


@pytest.mark.usefixtures("home")
def test_a_dead_vendor_is_told_once(posted: list[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = reach(Address("Fellow", f"http://127.0.0.1:{port}"))
    dead, well = Asked((found,)), Asked((Reached("Fellow", 0.1),))
    looks(some_facts(vendors=dead), some_facts(vendors=dead), some_facts(vendors=well))
    assert len(posted) == 2
    assert "Fellow does not answer: it is not reached: " in posted[0]
    assert "Connection refused" in posted[0]


@pytest.mark.usefixtures("home")
def test_a_clock_that_jumps_is_told_once(posted: list[str]) -> None:
    jumped = ClockSigns(NOON + 2 * HOUR, "a", 14_500.0, (NOON - FOUR_HOURS, 100.0))
    steady = ClockSigns(NOON + 4 * HOUR, "a", 21_700.0, (NOON + 2 * HOUR, 14_500.0))
    looks(some_facts(clock=Asked(jumped)), some_facts(clock=Asked(steady)), some_facts(clock=Asked(steady)))
    assert len(posted) == 2
    assert "the clock was set forward by 7,200 s since 2026-03-18 08:00 UTC" in posted[0]


@pytest.mark.usefixtures("home", "posted")
def test_the_clock_is_compared_with_that_of_the_check_before() -> None:
    first = clock()
    assert first is not None
    assert first.before is None
    looks(some_facts(clock=Asked(first)))
    second = clock()
    assert second is not None
    assert second.before == (first.now, first.seconds)


@pytest.fixture
def impatient(home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody waits long for the database's lock."""
    monkeypatch.setattr("database.session.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr("flows.without_database.ELSEWHERE", (tmp_path_factory.mktemp("elsewhere"),))
    forget_home()
    return home


@pytest.mark.sqlite
def test_a_locked_database_is_told_once_without_it_and_its_recovery_with_it(impatient: Path, posted: list[str]) -> None:
    with locked(impatient):
        facts = [some_facts(database=Asked(database_signs(0.05))) for _ in range(2)]
        first, again = looks(*facts)
    assert (first.status, first.told, again.told) == ("critical", 2, 0)
    assert len(posted) == 1
    assert "nobody can write to the database" in posted[0]
    (well,) = [act(some_facts(at=NOON + 2 * FOUR_HOURS), RULES, None)]
    assert well.recovered == ("database: can be written: a writer gets its turn in the database after 1 ms",)
    assert (len(posted), len(mails(impatient)), away_file().exists()) == (2, 2, False)
    (told,) = incidents.timeline()
    assert (told.opened_at, told.recovered_at, told.severity) == (NOON, NOON + 2 * FOUR_HOURS, "critical")
    assert act(some_facts(at=NOON + 3 * FOUR_HOURS), RULES, None).told == 0


@pytest.mark.sqlite
def test_what_could_not_be_told_while_the_database_was_locked_is_told_afterwards(
    impatient: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise VendorUnavailable("Slack is down")

    with monkeypatch.context() as patched, locked(impatient):
        patched.setattr("vendors.slack.post", down)
        assert looks(some_facts(database=Asked(database_signs(0.05))))[0].told == 1
    texts: list[str] = []
    monkeypatch.setattr("vendors.slack.post", lambda client, text, *_: texts.append(text))
    act(some_facts(at=NOON + FOUR_HOURS), RULES, None)
    assert [text.partition(" (")[0] for text in texts] == ["*Something is wrong*", "*Well again*"]


@pytest.mark.sqlite
def test_a_check_killed_while_telling_without_the_database_never_tells_twice(
    impatient: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []

    def dies(_: object, text: str, *__: object) -> None:
        texts.append(text)
        raise KeyboardInterrupt

    monkeypatch.setattr("vendors.slack.post", dies)
    with locked(impatient):
        facts = some_facts(database=Asked(database_signs(0.05)))
        with pytest.raises(KeyboardInterrupt):
            looks(facts)
        looks(facts)
    monkeypatch.setattr("vendors.slack.post", lambda client, text, *_: texts.append(text))
    act(some_facts(at=NOON + FOUR_HOURS), RULES, None)
    assert len([text for text in texts if text.startswith("*Something is wrong*")]) == 1
    assert incidents.timeline()[0].notices["in_doubt"] == 1


@pytest.mark.usefixtures("home")
def test_a_check_killed_between_noting_and_telling_is_made_up_for_by_the_next(
    posted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(check_health, "tell_due", die)
        with pytest.raises(KeyboardInterrupt):
            looks(full())
    assert posted == []
    looks(full(), full())
    assert len(posted) == 1


@pytest.mark.usefixtures("home")
def test_a_check_killed_while_telling_leaves_the_notice_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []

    def dies(_: object, text: str, *__: object) -> None:
        texts.append(text)
        raise KeyboardInterrupt

    monkeypatch.setattr("vendors.slack.post", dies)
    with pytest.raises(KeyboardInterrupt):
        looks(full(2))
    act(full(2, at=NOON + FOUR_HOURS), RULES, None)
    assert len(texts) == 1
    assert incidents.timeline()[0].notices == {"in_doubt": 1, "skipped": 1}


def test_an_alert_that_did_not_go_out_is_tried_again_and_the_other_channels_are_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []

    def down(*_: object) -> None:
        raise VendorUnavailable("Slack is down")

    monkeypatch.setattr("vendors.slack.post", down)
    looks(full())
    assert (mails(home), texts) == (["ringback: something is wrong: machine: disk"], [])
    monkeypatch.setattr("vendors.slack.post", lambda client, text, *_: texts.append(text))
    act(full(at=NOON + FOUR_HOURS), RULES, None)
    act(full(at=NOON + 2 * FOUR_HOURS), RULES, None)
    assert (len(mails(home)), len(texts)) == (1, 1)


@pytest.mark.usefixtures("home")
def test_what_is_held_at_night_is_told_in_the_morning_though_it_is_over(posted: list[str]) -> None:
    act(full(2, at=NIGHT), RULES, None)
    act(some_facts(at=NIGHT + 4 * HOUR), RULES, None)
    assert posted == []
    tell_due(NIGHT + 8 * HOUR, None)
    assert [text.partition(" (")[0] for text in posted] == ["*Something is wrong*", "*Well again*"]


@pytest.mark.usefixtures("home")
def test_incidents_of_others_are_told_once_too(posted: list[str]) -> None:
    incidents.open_incident("drift", "progression: industry", "industry moved", NOON - HOUR)
    looks(some_facts(), some_facts())
    incidents.close_incident("drift", "progression: industry", NOON + 5 * HOUR)
    for hours in (8, 12):
        act(some_facts(at=NOON + hours * HOUR), RULES, None)
    assert posted == [
        "*Something is wrong* (drift, progression: industry, needs attention): industry moved",
        "*Well again* (drift, progression: industry, needs attention): over since 2026-03-18 17:00 UTC; "
        "it was: industry moved",
    ]


@pytest.mark.usefixtures("home", "posted")
def test_events_are_emitted_under_the_component_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    emitted: list[tuple[Any, ...]] = []
    monkeypatch.setattr("vendors.prefect_events.emit", lambda *told: emitted.append(told))
    monkeypatch.setattr(check_health, "run_crashed_again", lambda *_: [])
    for n, facts in enumerate((full(2), full(2), some_facts())):
        act(replace(facts, at=NOON + n * FOUR_HOURS), RULES, "http://prefect.example")
    assert [(event, resource) for _, event, resource, *_ in emitted] == [
        ("incident.opened", "ringback.health.machine"), ("incident.recovered", "ringback.health.machine"),
    ]  # fmt: skip
    assert emitted[0][3]["subject"] == "machine: disk"


@pytest.mark.usefixtures("home")
def test_a_crashed_run_is_run_again_once_unless_it_runs_or_stood_in_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(check_health, "run_again", lambda server, run: asked.append(run.run_id))
    signs = PrefectSigns(0.1, {}, running=(OpenRun("enrich", NOON),), last={
        "train": (a_run("CRASHED", "r1"),),
        "enrich": (a_run("CRASHED", "r2"),),
        "score-leads": (a_run("CRASHED", "r3", is_again=True),),
        "check-drift": (a_run("CRASHED", "r4", began_at=NOON - 2 * DAY),),
        "ingest-calls": (a_run("COMPLETED", "r5"), a_run("CRASHED", "r6")),
        "check-health": (a_run("CRASHED", "r7"),),
        "maintain": (),
    })  # fmt: skip
    assert run_crashed_again(signs, NOON, "http://prefect.example") == ["train: crashed"]
    assert asked == ["r1"]


@pytest.mark.usefixtures("home", "posted")
def test_the_past_is_read_and_not_looked_at() -> None:
    looks(full(), some_facts())
    then = check_health.check_health.fn(as_of=NOON + HOUR)
    assert (then.status, then.wrong) == (
        "critical", ("critical: machine: disk: 0.5 GiB of 200 are free on the disk of the stores",),
    )  # fmt: skip
    assert [one.subject for one in found_at(NOON - HOUR)] == []


@pytest.mark.usefixtures("home", "posted")
def test_a_whole_look_at_a_new_installation_finds_nothing_wrong_and_keeps_it() -> None:
    facts = gather(datetime(2026, 3, 18, 12), None, vendors=[])
    assert act(facts, RULES, None).wrong == ()
    assert {one.component for one in standings()} >= {"database", "warehouse", "machine", "prefect", "queues", "data"}


@pytest.mark.usefixtures("home")
def test_a_warehouse_that_is_held_is_a_finding_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    from warehouse.connect import writing

    monkeypatch.setattr("monitoring.health_gathering.WAREHOUSE_PATIENCE_SECONDS", 0.05)
    with writing():
        facts = gather(NOON, None, vendors=[])
    assert facts.warehouse.failure is not None
    assert "WarehouseBusy: the warehouse" in facts.warehouse.failure
    assert gather(NOON, None, vendors=[]).warehouse.value is not None


@pytest.mark.sqlite
def test_a_database_whose_file_is_broken_or_gone_is_a_finding(home: Path) -> None:
    (home / "database.sqlite").write_bytes(b"this is no database" * 100)
    facts = gather(NOON, None, vendors=[])
    assert facts.database.failure is not None
    assert "file is not a database" in facts.database.failure
    (home / "database.sqlite").unlink()
    assert "unable to open" in (gather(NOON, None, vendors=[]).database.failure or "")


@pytest.mark.usefixtures("home")
def test_a_notice_waits_for_its_moment_and_goes_out_once() -> None:
    incidents.open_incident(
        "health", "machine: disk", "full", NOON, tell=[notices.Telling("mail", NOON + DAY, "a@b.c")]
    )
    assert (tell_due(NOON, None).sent, tell_due(NOON + DAY, None).sent, tell_due(NOON + 2 * DAY, None).sent) == (
        0,
        1,
        0,
    )
