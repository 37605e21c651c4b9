"""Drift: what the daily checks found, and how the champion does on calls whose outcomes are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from pydantic import BaseModel

from database.incidents import Open, open_incidents
from monitoring.checks import PSI_MAJOR, PSI_MODERATE, Size, size_of
from monitoring.profile import NAMES
from ringback.names import headed, spoken
from ringback.settings import settings

CHECKS_SHOWN = 60
FINDINGS = ".findings.json"
KINDS = frozenset({"drift", "performance"})
FEATURES_FIRST = 15
BARS_END_AT = 0.5
"""So that one feature that is far away does not make all other bars alike."""


class Figure(BaseModel):
    """A figure with its 95 % interval; `value` is None where there is not enough data."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class InTwoPeriods(BaseModel):
    """A figure of the last period, and of the one before it."""

    name: str
    last: Figure
    before: Figure


class ExpectedFigure(BaseModel):
    """A figure as it was expected, and as it turned out so far."""

    name: str
    expected: Figure
    so_far: Figure


class Estimated(BaseModel):
    """What is expected of calls whose outcomes are not known."""

    since: str
    until: str
    said: list[str]
    figures: list[ExpectedFigure] = []
    """Files of earlier have sentences alone."""


class Found(BaseModel):
    """A feature that moved."""

    words: str


class Distance(BaseModel):
    """How far a feature is from what was learned."""

    psi: float | None = None


class Findings(BaseModel):
    """What `check-drift` writes (`monitoring/drift_report.py`), as far as the page shows it."""

    champion: str = "not known"
    findings: list[Found]
    performance: list[str] = []
    figures: list[InTwoPeriods] = []
    commoner: float | None = None
    """Accuracy of always answering the commoner outcome."""
    undecided: list[str] = []
    retraining: list[str] = []
    estimates: list[Estimated] = []
    assumptions: str = ""
    distances: dict[str, Distance] = {}


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a day."""

    day: str
    moved: int
    page: str | None
    """Evidently's page of it."""
    facts: Findings


@dataclass(frozen=True, slots=True)
class Apart:
    """How far a feature is from what was learned, by its population stability index."""

    name: str
    psi: float
    size: Size


@dataclass(frozen=True, slots=True)
class Distances:
    """All features by how far they are, those that are farthest first."""

    farthest: Sequence[Apart]
    others: Sequence[Apart]
    moderate: float
    major: float
    """From where on a distance is called so."""
    scale: float
    """The distance at the right end of the bars."""


@dataclass(frozen=True, slots=True)
class Drifting:
    """What the page shows."""

    checks: Sequence[Check]
    """The latest first."""
    distances: Distances | None
    """Of the latest check."""
    incidents: Sequence[Open]
    unreadable: int


def drifting() -> Drifting:
    """What the last checks found; files that cannot be read are counted."""
    folder = settings().reports / "drift"
    files = sorted(folder.glob(f"*{FINDINGS}"), reverse=True)[:CHECKS_SHOWN]
    read = [_check(file) for file in files]
    checks = [one for one in read if one is not None]
    mine = [one for one in open_incidents() if one.kind in KINDS]
    return Drifting(checks, _distances(checks[0].facts) if checks else None, mine, len(read) - len(checks))


def _check(file: Path) -> Check | None:
    day = file.name.removesuffix(FINDINGS)
    try:
        told = Findings.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # also what pydantic says of another shape
        return None
    page = file.with_name(f"{day}.html")
    return Check(day, len(told.findings), page.name if page.is_file() else None, told)


def _distances(told: Findings) -> Distances | None:
    known = [(one.psi, name) for name, one in told.distances.items() if one.psi is not None and isfinite(one.psi)]
    apart = [
        Apart(headed(NAMES.get(name, spoken(name))), psi, size_of(psi)) for psi, name in sorted(known, reverse=True)
    ]
    if not apart:
        return None
    return Distances(apart[:FEATURES_FIRST], apart[FEATURES_FIRST:], PSI_MODERATE, PSI_MAJOR, BARS_END_AT)
