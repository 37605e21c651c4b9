"""How well everything is: each check is a function of the facts and the limits, and its name in `CHECKS`.

A check gives a finding for each thing that it looked at. Where a fact could not be asked for, that is what it finds;
where a thing was never used it says so, and nobody is woken for it.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from monitoring.health_facts import Circuit, Facts
from monitoring.health_grading import aged, graded, judged, shared, unknown
from monitoring.health_limits import Limits
from monitoring.health_of_flows import runs_begin_and_end, runs_succeed, workers_live
from ringback.errors import StoreError
from ringback.health import Finding, Status

Findings = Iterator[Finding]
HOUR = timedelta(hours=1)
GIB = 2**30
LEAST_QUESTIONS = 20
LEAST_CALIBRATED = 50
CLOSED = "closed"


def vendors_answer(facts: Facts, limits: Limits) -> Findings:
    """Every vendor that is used answers, in time, and is not left alone for failing."""
    if not facts.vendors.value:
        yield from unknown("vendors", "answers", facts.vendors)
    for one in facts.vendors.value or ():
        component = f"vendor {one.vendor}"
        if one.seconds is None:
            yield Finding(component, "answers", "critical", f"{one.vendor} does not answer: {one.failure}")
        else:
            words = f"{one.vendor} answers after {one.seconds:.2f} s"
            yield graded(component, "answers", one.seconds, limits.vendor_seconds, words)
        circuit = facts.circuits.get(one.vendor)
        if circuit is not None:
            yield _circuit(component, one.vendor, circuit)


def database_works(facts: Facts, limits: Limits) -> Findings:
    """The database answers, can be written to, and is whole."""
    signs = facts.database.value
    if signs is None:
        failure = facts.database.failure
        if failure is None:
            yield from unknown("database", "answers", facts.database)
        else:
            yield Finding("database", "answers", "critical", f"the database does not answer: {failure}")
        return
    yield graded(
        "database",
        "answers",
        signs.seconds,
        limits.database_seconds,
        f"the database answers after {signs.seconds * 1000:.0f} ms",
    )
    if signs.lock_seconds is None:
        words = "nobody can write to the database: somebody has held it for more than 5 s"
        yield Finding("database", "can be written", "critical", words)
    else:
        yield graded(
            "database",
            "can be written",
            signs.lock_seconds,
            limits.lock_seconds,
            f"a writer gets its turn in the database after {signs.lock_seconds * 1000:.0f} ms",
        )
    if signs.problems:
        told = "; ".join(signs.problems)
        words = f"the database's file is broken: {told[:300]}; 'ringback restore' brings back the last backup"
        yield Finding("database", "is whole", "critical", words)
    elif not signs.is_looked_through:
        yield Finding("database", "is whole", "good", "not looked through (a server's own, or too large); backups are")
    else:
        yield Finding("database", "is whole", "excellent", "the database's file is whole")


def warehouse_opens(facts: Facts, limits: Limits) -> Findings:
    """The warehouse can be opened for reading, and nobody holds it for long; one that is broken stops every flow."""
    kind, _, words = (facts.warehouse.failure or "").partition(": ")
    if kind == StoreError.__name__:
        yield Finding("warehouse", "opens", "critical", words)
        return
    yield from judged(
        "warehouse",
        "opens",
        facts.warehouse,
        lambda seconds: graded(
            "warehouse", "opens", seconds, limits.warehouse_seconds, f"the warehouse is open after {seconds:.1f} s"
        ),
    )


def mlflow_answers(facts: Facts, limits: Limits) -> Findings:
    """MLflow's store answers."""
    yield from judged(
        "mlflow",
        "answers",
        facts.mlflow,
        lambda seconds: graded(
            "mlflow", "answers", seconds, limits.database_seconds, f"MLflow's store answers after {seconds:.2f} s"
        ),
    )


def data_is_fresh(facts: Facts, limits: Limits) -> Findings:
    """Calls come in, are scored with fresh features, and reports are made."""
    newest, at = facts.newest.value, facts.at
    if newest is None:
        yield from unknown("data", "calls", facts.newest)
        return
    yield aged("data", "calls", newest.call, at, limits.calls_hours, "the newest call came", "no call came yet")
    for check, last, limit in (
        ("scores", newest.score, limits.unscored_hours),
        ("features", newest.features, limits.features_hours),
    ):
        if newest.open_call is None or last is None:
            yield Finding("data", check, "not_in_use", f"no call of the last two weeks has {check} yet")
            continue
        waits = (at - newest.open_call) / HOUR if newest.open_call > last else 0.0
        words = f"the newest call waits for {check} since {waits:.0f} h"
        words = words if waits else f"the newest {check} are up to date"
        yield graded("data", check, max(0.0, waits), limit, words)
    yield aged(
        "data",
        "report",
        newest.report,
        at,
        limits.report_days,
        "the last weekly report was made",
        "no weekly report was made yet",
    )


def queues_move(facts: Facts, limits: Limits) -> Findings:
    """What waits is worked off, nothing is given up, and of every mail it is known whether it went out."""
    backlog, at = facts.backlog.value, facts.at
    if backlog is None:
        yield from unknown("queues", "enrichment", facts.backlog)
        return
    yield aged(
        "queues",
        "enrichment",
        backlog.enrichment_oldest,
        at,
        limits.enrichment_hours,
        f"{backlog.enrichment_waiting:,} wait for enrichment, the first since",
        "nothing waits for enrichment",
        "excellent",
    )
    yield aged(
        "queues",
        "inbox",
        backlog.inbox_oldest,
        at,
        limits.inbox_minutes,
        f"{backlog.inbox_waiting:,} deliveries wait, the first since",
        "no delivery waits",
        "excellent",
    )
    dead, doubtful = backlog.dead_letters, backlog.mails_in_doubt
    words = f"{dead:,} leads and deliveries were given up; 'ringback queue list' says why"
    yield graded("queues", "dead letters", dead, limits.dead_letters, words if dead else "nothing was given up")
    words = f"of {doubtful:,} mails nobody knows whether they went out; 'ringback campaigns reconcile' asks the server"
    yield graded(
        "queues", "mails in doubt", doubtful, limits.mails_in_doubt, words if doubtful else "no mail is in doubt"
    )


def files_move(facts: Facts, limits: Limits) -> Findings:
    """Logged decisions are landed, and logs do not fill the disk."""
    yield from judged(
        "queues",
        "decision files",
        facts.files,
        lambda files: graded(
            "queues",
            "decision files",
            files.decision_files,
            limits.decision_files,
            f"{files.decision_files:,} files of logged decisions wait to be landed",
        ),
    )
    yield from judged(
        "machine",
        "logs",
        facts.files,
        lambda files: graded(
            "machine", "logs", files.log_bytes / GIB, limits.log_gib, f"the logs take {files.log_bytes / GIB:.2f} GiB"
        ),
    )


def enrichment_succeeds(facts: Facts, limits: Limits) -> Findings:
    """Few of enrichment's questions fail."""
    backlog = facts.backlog.value
    if backlog is None:
        yield from unknown("enrichment", "errors", facts.backlog)
    elif not backlog.questions:
        yield Finding("enrichment", "errors", "not_in_use", "nothing was asked in 24 hours")
    else:
        share = backlog.questions_failed / backlog.questions
        words = f"{backlog.questions_failed:,} of {backlog.questions:,} questions failed in 24 hours"
        yield shared("enrichment", "errors", share, backlog.questions, LEAST_QUESTIONS, limits.failed_questions, words)


def machine_has_room(facts: Facts, limits: Limits) -> Findings:
    """There is room on the disk and in memory."""
    machine = facts.machine.value
    if machine is None:
        yield from unknown("machine", "disk", facts.machine)
        return
    free = machine.disk_free / GIB
    yield graded(
        "machine",
        "disk",
        free,
        limits.disk_free_gib,
        f"{free:.1f} GiB of {machine.disk_total / GIB:.0f} are free on the disk of the stores",
    )
    share = machine.memory_free / machine.memory_total
    yield graded("machine", "memory", share, limits.memory_free_share, f"{share:.0%} of the memory are free")


def backups_are_made(facts: Facts, limits: Limits) -> Findings:
    """There is a backup of last night, and it was verified."""
    yield from judged(
        "backup",
        "age",
        facts.backup,
        lambda made: aged(
            "backup", "age", made, facts.at, limits.backup_hours, "the last verified backup was made", "none"
        ),
    )


def models_are_young(facts: Facts, limits: Limits) -> Findings:
    """Champions were chosen not too long ago."""
    if not facts.champions.value:
        yield from unknown("model", "age", facts.champions)
    for one in facts.champions.value or ():
        words = f"version {one.version} of {one.target} is champion since"
        yield aged(f"model {one.target}", "age", one.decided_at, facts.at, limits.model_days, words, "no model yet")


def probabilities_hold(facts: Facts, limits: Limits) -> Findings:
    """What was foretold is what happened, as far as the weeks' measures say."""
    found = facts.calibration.value
    if found is None:
        yield from unknown("model progression", "calibration", facts.calibration)
        return
    words = f"foretold less real share {found.gap:+.3f} on {found.n:,} calls of the week of {found.week:%Y-%m-%d}"
    yield shared(
        "model progression", "calibration", abs(found.gap), found.n, LEAST_CALIBRATED, limits.calibration_gap, words
    )


def clock_is_steady(facts: Facts, limits: Limits) -> Findings:
    """Nobody set the clock, and nothing that is kept lies in the future."""
    clock = facts.clock.value
    if clock is None:
        yield from unknown("machine", "clock", facts.clock)
        return
    if clock.before is None:
        yield Finding("machine", "clock", "good", "the first check since the machine started: nothing to compare with")
    else:
        then, seconds = clock.before
        jump = (clock.now - then).total_seconds() - (clock.seconds - seconds)
        way = "forward" if jump > 0 else "back"
        words = f"the clock was set {way} by {abs(jump):,.0f} s since {then:%Y-%m-%d %H:%M} UTC"
        is_steady = abs(jump) <= limits.clock_seconds.excellent
        yield graded("machine", "clock", abs(jump), limits.clock_seconds, "the clock is steady" if is_steady else words)
    last = facts.newest.value.of_all if facts.newest.value else None
    if last is not None:
        ahead = max(0.0, (last - clock.now).total_seconds())
        words = (
            f"something kept lies {ahead:,.0f} s in the future: the clock is, or was, wrong"
            if ahead
            else "nothing kept lies ahead"
        )
        yield graded("machine", "moments ahead", ahead, limits.clock_seconds, words)


CHECKS: tuple[Callable[[Facts, Limits], Findings], ...] = (
    vendors_answer, database_works, warehouse_opens, mlflow_answers, data_is_fresh, queues_move, files_move,
    enrichment_succeeds, runs_succeed, runs_begin_and_end, workers_live, machine_has_room, backups_are_made,
    models_are_young, probabilities_hold, clock_is_steady,
)  # fmt: skip


CHEAP: tuple[Callable[[Facts, Limits], Findings], ...] = (
    data_is_fresh, queues_move, files_move, enrichment_succeeds, runs_succeed, runs_begin_and_end, workers_live,
    machine_has_room, backups_are_made, models_are_young, probabilities_hold,
)  # fmt: skip
"""Those whose facts a page can ask for while somebody waits: nobody outside is asked, and no store looked through."""


def judge(
    facts: Facts, limits: Limits, checks: Sequence[Callable[[Facts, Limits], Findings]] = CHECKS
) -> list[Finding]:
    """What checks find, in their order."""
    return [finding for check in checks for finding in check(facts, limits)]


def _circuit(component: str, vendor: str, circuit: Circuit) -> Finding:
    words, status = f"{vendor} is asked as usual, {circuit.failures} failures in a row", _status_of(circuit)
    if status == "critical":
        words = f"{vendor} is left alone after {circuit.failures} failures in a row, and tried again each minute"
    return Finding(component, "circuit", status, words, float(circuit.failures), "failures")


def _status_of(circuit: Circuit) -> Status:
    if circuit.state != CLOSED:
        return "critical"
    return "good" if circuit.failures else "excellent"
