"""How well things are: limits decide, what is not known is said, what was never used wakes nobody."""

from datetime import timedelta
from pathlib import Path

import pytest

from database.vital_signs import Backlog, DatabaseSigns, Newest
from monitoring.health import CHECKS, judge
from monitoring.health_facts import Asked, Calibration, Champion, Circuit, ClockSigns, Facts, Files, Machine
from monitoring.health_limits import FILE, load_rules
from ringback.errors import WrongUsage
from ringback.health import Finding
from tests.factories import DAY, HOUR, NOON
from tests.monitoring.facts import GIB, a_run, of, rules, some_facts
from vendors.prefect_health import OpenRun, PrefectSigns
from vendors.reach import Reached

MINUTE = timedelta(minutes=1)


def judged(facts: Facts) -> list[Finding]:
    return judge(facts, rules().limits)


def test_a_new_installation_is_well_and_what_it_does_not_use_is_said() -> None:
    found = judged(some_facts())
    assert [one.words for one in found if one.is_wrong] == []
    assert of(found, "data: calls").words == "no call came yet"
    assert of(found, "prefect: server").words == "not in use: Prefect is not running"
    assert of(found, "model: age").status == "not_in_use"


def test_each_check_finds_something_even_of_no_facts_at_all() -> None:
    nothing = Facts(at=NOON)
    for check in CHECKS:
        assert [one.status for one in check(nothing, rules().limits)][:1] == ["not_in_use"], check.__name__


def test_each_check_that_could_not_ask_says_what_could_not_be_asked() -> None:
    names = [name for name in Facts.__slots__ if name not in ("at", "circuits", "database")]
    broken = Facts(at=NOON, **{name: Asked(failure=f"{name} is away") for name in names})
    found = [one for one in judged(broken) if one.component != "database"]
    assert {one.status for one in found} == {"needs_attention"}
    assert {name for name in names if any(one.words == f"could not be asked: {name} is away" for one in found)} == {
        *names
    }


def test_names_of_findings_are_unique() -> None:
    subjects = [one.subject for one in judged(some_facts())]
    assert len(subjects) == len(set(subjects))


def test_a_warehouse_that_cannot_be_opened_is_critical_and_one_that_is_held_for_long_is_not() -> None:
    broken, held = (
        of(judged(some_facts(warehouse=Asked(failure=failure))), "warehouse: opens")
        for failure in ("StoreError: the warehouse cannot be opened: torn", "WarehouseBusy: held by train")
    )
    assert (broken.status, broken.words) == ("critical", "the warehouse cannot be opened: torn")
    assert held.status == "needs_attention"


def test_a_dead_vendor_is_critical_a_slow_one_needs_attention_and_its_circuit_is_told() -> None:
    vendors = Asked(
        (Reached("Fellow", None, "it is not reached: refused"), Reached("Apollo", 7.0), Reached("pipe0", 0.2))
    )
    found = judged(some_facts(vendors=vendors, circuits={"Apollo": Circuit("open", 10), "pipe0": Circuit("closed", 0)}))
    assert of(found, "vendor Fellow: answers").status == "critical"
    assert of(found, "vendor Fellow: answers").words == "Fellow does not answer: it is not reached: refused"
    assert of(found, "vendor Apollo: answers").status == "needs_attention"
    assert of(found, "vendor Apollo: circuit").status == "critical"
    assert of(found, "vendor pipe0: circuit").status == "excellent"


@pytest.mark.parametrize(
    ("database", "check", "status"),
    [
        (Asked(failure="no such file"), "answers", "critical"),
        (Asked(DatabaseSigns(0.001, None, (), is_looked_through=True)), "can be written", "critical"),
        (Asked(DatabaseSigns(0.001, 2.0, (), is_looked_through=True)), "can be written", "needs_attention"),
        (Asked(DatabaseSigns(0.001, 0.0, ("row 7 missing",), is_looked_through=True)), "is whole", "critical"),
        (Asked(DatabaseSigns(0.001, 0.0, (), is_looked_through=False)), "is whole", "good"),
    ],
)
def test_a_database_that_is_away_locked_slow_broken_or_large(
    database: Asked[DatabaseSigns], check: str, status: str
) -> None:
    assert of(judged(some_facts(database=database)), f"database: {check}").status == status


def test_a_disk_that_fills_up_goes_from_good_to_critical() -> None:
    def status(free: float) -> str:
        machine = Machine(int(free * GIB), 200 * GIB, 8 * GIB, 16 * GIB)
        return of(judged(some_facts(machine=Asked(machine))), "machine: disk").status

    assert [status(free) for free in (100, 10, 2, 0.5)] == ["excellent", "good", "needs_attention", "critical"]


def test_a_call_that_waits_for_its_score_is_seen_and_old_scores_without_new_calls_are_not() -> None:
    waits = Newest(
        call=NOON - 4 * DAY,
        open_call=NOON - 4 * DAY,
        score=NOON - 5 * DAY,
        features=NOON - 5 * DAY,
        report=NOON - 9 * DAY,
        of_all=None,
    )
    found = judged(some_facts(newest=Asked(waits)))
    assert [of(found, f"data: {check}").status for check in ("calls", "scores", "features", "report")] == [
        "good", "needs_attention", "needs_attention", "needs_attention",
    ]  # fmt: skip
    calm = Newest(
        call=NOON - 3 * DAY,
        open_call=NOON - 3 * DAY,
        score=NOON - 2 * DAY,
        features=NOON - 2 * DAY,
        report=NOON,
        of_all=None,
    )
    assert of(judged(some_facts(newest=Asked(calm))), "data: scores").value == 0


def test_what_waits_for_long_was_given_up_or_is_in_doubt_is_counted() -> None:
    backlog = Backlog(7, NOON - 4 * DAY, 2, NOON - 50 * MINUTE, 3, 6, 100, 60)
    found = judged(some_facts(backlog=Asked(backlog), files=Asked(Files(300, 0, 3 * GIB))))
    wrong = {one.subject: one.status for one in found if one.is_wrong}
    assert wrong == {
        "queues: enrichment": "needs_attention", "queues: inbox": "needs_attention",
        "queues: dead letters": "needs_attention", "queues: mails in doubt": "needs_attention",
        "queues: decision files": "needs_attention", "machine: logs": "needs_attention",
        "enrichment: errors": "critical",
    }  # fmt: skip


def test_a_share_of_a_few_is_no_reason_to_wake_anybody() -> None:
    found = of(judged(some_facts(backlog=Asked(Backlog(0, None, 0, None, 0, 0, 3, 3)))), "enrichment: errors")
    assert (found.status, found.words) == ("good", "3 of 3 questions failed in 24 hours: too few to judge (20 needed)")


def test_a_flow_that_failed_thrice_needs_attention_and_twice_does_not() -> None:
    def last(*states: str) -> Finding:
        runs = tuple(a_run(state, words="disk full") for state in states)
        signs = PrefectSigns(0.1, {"ringback": NOON}, last={"train": runs})
        return of(judged(some_facts(prefect=Asked(signs))), "flow train: last runs")

    assert last("FAILED", "CRASHED", "COMPLETED").status == "good"
    assert last("FAILED", "CRASHED", "FAILED").status == "needs_attention"
    assert (
        last("FAILED", "CRASHED", "FAILED").words == "the last 3 runs of train failed or crashed; the last: disk full"
    )
    assert last("COMPLETED", "FAILED", "FAILED", "FAILED").status == "excellent"


def test_a_run_that_stood_in_for_a_crash_and_failed_too_needs_attention() -> None:
    signs = PrefectSigns(0.1, {"ringback": NOON}, last={"train": (a_run("CRASHED", is_again=True), a_run("CRASHED"))})
    found = of(judged(some_facts(prefect=Asked(signs))), "flow train: last runs")
    assert (found.status, found.words) == ("needs_attention", "train crashed, was run again, and failed again")


def test_late_and_endless_runs_and_a_silent_worker_are_seen() -> None:
    signs = PrefectSigns(
        0.1, {"ringback": NOON - 10 * MINUTE}, late=(OpenRun("enrich", NOON - HOUR),),
        running=(OpenRun("train", NOON - 30 * HOUR),), ended=10, failed=6,
    )  # fmt: skip
    found = judged(some_facts(prefect=Asked(signs)))
    assert {one.subject: one.status for one in found if one.is_wrong} == {
        "flows: missed schedules": "needs_attention", "flows: endless runs": "critical", "flows: errors": "critical",
        "prefect: worker": "needs_attention",
    }  # fmt: skip
    assert of(judged(some_facts(prefect=Asked(PrefectSigns(0.1, {})))), "prefect: worker").status == "critical"


def test_a_clock_that_was_set_is_seen_either_way_and_so_is_what_lies_in_the_future() -> None:
    def jumped(by: timedelta) -> Finding:
        clock = ClockSigns(NOON + by, "a", 14_500.0, (NOON - 4 * HOUR, 100.0))
        return of(judged(some_facts(clock=Asked(clock))), "machine: clock")

    assert jumped(timedelta()).words == "the clock is steady"
    assert jumped(2 * HOUR).words == "the clock was set forward by 7,200 s since 2026-03-18 08:00 UTC"
    assert [jumped(by).status for by in (30 * timedelta(seconds=1), 2 * HOUR, -2 * DAY)] == [
        "good", "needs_attention", "critical",
    ]  # fmt: skip
    ahead = Newest(None, None, None, None, None, of_all=NOON + HOUR)
    found = of(judged(some_facts(newest=Asked(ahead))), "machine: moments ahead")
    assert (found.status, found.value) == ("needs_attention", 3600)


def test_an_old_champion_a_bad_calibration_and_a_missing_backup_need_attention() -> None:
    found = judged(some_facts(
        champions=Asked((Champion("progression", "3", NOON - 100 * DAY),)),
        calibration=Asked(Calibration(-0.1, 80, NOON - 7 * DAY)), backup=Asked(NOON - 3 * DAY),
    ))  # fmt: skip
    assert {one.subject: one.status for one in found if one.is_wrong} == {
        "model progression: age": "needs_attention", "model progression: calibration": "needs_attention",
        "backup: age": "needs_attention",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('"lower"\nexcellent = 20', '"lower"\nexcellent = 2', "limits.disk_free_gib"),
        ("[limits.log_gib]", "[limits.logs]", "limits.log_gib: Field required"),
        ('critical = "pass"', 'critical = "sometimes"', "quiet.critical"),
        ("escalate_after = 3", "escalate_after = 0", "incidents.escalate_after"),
        ("[quiet]", "[quiet", "is not TOML"),
    ],
)
def test_a_file_of_limits_that_cannot_be_followed_names_the_key_and_a_file_that_can(
    tmp_path: Path, was: str, now: str, said: str
) -> None:
    changed = tmp_path / "health.toml"
    text = FILE.read_text()
    assert was in text
    changed.write_text(text.replace(was, now, 1))
    with pytest.raises(WrongUsage, match=said.replace(".", r"\.")) as raised:
        load_rules(changed)
    assert str(changed) in str(raised.value)
