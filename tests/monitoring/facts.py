"""Facts of health for tests: each call names only what matters, the rest is well or not in use."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from database.vital_signs import Backlog, DatabaseSigns, Newest
from monitoring.health_facts import Asked, ClockSigns, Facts, Files, Machine
from monitoring.health_limits import FILE, Rules, load_rules
from ringback.health import Finding
from tests.factories import NOON
from vendors.prefect_health import EndedRun

GIB = 2**30
WELL = Facts(
    at=NOON,
    database=Asked(DatabaseSigns(0.001, 0.001, (), is_looked_through=True)),
    newest=Asked(Newest(None, None, None, None, None, None)),
    backlog=Asked(Backlog(0, None, 0, None, 0, 0, 0, 0)),
    files=Asked(Files(0, 0, 0)),
    machine=Asked(Machine(disk_free=100 * GIB, disk_total=200 * GIB, memory_free=8 * GIB, memory_total=16 * GIB)),
    clock=Asked(ClockSigns(NOON, "this start", 14_500.0, (NOON - timedelta(hours=4), 100.0))),
)


def some_facts(**known: Any) -> Facts:
    """Facts at noon."""
    return replace(WELL, **known)


def rules() -> Rules:
    """The rules that ringback comes with."""
    return load_rules(FILE)


def of(findings: list[Finding], subject: str) -> Finding:
    """The finding about a subject, `component: check`."""
    (found,) = [one for one in findings if one.subject == subject]
    return found


def a_run(state: str, name: str = "r1", **known: Any) -> EndedRun:
    """A run of `train` that is over."""
    facts: dict[str, Any] = {
        "run_id": name, "flow": "train", "state": state, "began_at": NOON - timedelta(hours=2), "is_again": False,
        "parameters": {}, "words": "",
    }  # fmt: skip
    return EndedRun(**(facts | known))
