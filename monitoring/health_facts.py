"""What health is judged by: facts as they were found, or why they could not be asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from database.vital_signs import Backlog, DatabaseSigns, Newest
from vendors.prefect_health import PrefectSigns
from vendors.reach import Reached

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What came of asking for a fact: the fact, or why there is none."""

    value: T | None = None
    failure: str | None = None
    """Why it could not be asked for."""
    unused: str | None = None
    """Why there is nothing to ask: it was never used."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """Whether a vendor is left alone because it failed."""

    state: str
    """closed (asked as usual), open (left alone) or half-open."""
    failures: int
    """In a row."""


@dataclass(frozen=True, slots=True)
class Files:
    """What lies in folders and waits."""

    decision_files: int
    answer_bytes: int
    """Of answers of the service that are not in the database yet."""
    log_bytes: int


@dataclass(frozen=True, slots=True)
class Machine:
    """What is left of the machine, in bytes."""

    disk_free: int
    disk_total: int
    memory_free: int
    memory_total: int


@dataclass(frozen=True, slots=True)
class Champion:
    """Who decides for a target, and since when."""

    target: str
    version: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far foretold and real shares lay apart in the last week that was measured."""

    gap: float
    n: int
    week: datetime


@dataclass(frozen=True, slots=True)
class ClockSigns:
    """The clock now and at the last check; the second of each pair is seconds since this start of the machine."""

    now: datetime
    boot: str | None
    seconds: float
    before: tuple[datetime, float] | None
    """None where there was no check since this start."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known at a moment."""

    at: datetime
    vendors: Asked[tuple[Reached, ...]] = Asked(unused="no vendor is asked")
    circuits: Mapping[str, Circuit] = field(default_factory=dict)
    """By vendor."""
    database: Asked[DatabaseSigns] = Asked(unused="not looked at")
    warehouse: Asked[float] = Asked(unused="there is none yet")
    """Seconds until it was open."""
    mlflow: Asked[float] = Asked(unused="nothing was trained yet")
    """Seconds until it answered."""
    newest: Asked[Newest] = Asked(unused="not looked at")
    backlog: Asked[Backlog] = Asked(unused="not looked at")
    files: Asked[Files] = Asked(unused="not looked at")
    machine: Asked[Machine] = Asked(unused="not looked at")
    champions: Asked[tuple[Champion, ...]] = Asked(unused="no model yet")
    calibration: Asked[Calibration] = Asked(unused="not measured yet")
    backup: Asked[datetime] = Asked(unused="no backup was ever made; 'ringback backup' makes one")
    """When the last one that was verified was made."""
    prefect: Asked[PrefectSigns] = Asked(unused="Prefect is not running")
    clock: Asked[ClockSigns] = Asked(unused="not looked at")
