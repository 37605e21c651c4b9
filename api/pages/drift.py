"""Drift: what the daily checks found, and how the champion does on calls whose outcomes are known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.pages.charts import Series, chart
from database.incidents import Open, open_incidents
from ringback.settings import settings

CHECKS_SHOWN = 60
FINDINGS = ".findings.json"
KINDS = frozenset({"drift", "performance"})
FEATURES_DRAWN = 15


@dataclass(frozen=True, slots=True)
class Check:
    """A check of a day."""

    day: str
    moved: int
    page: str | None
    """Evidently's page of it."""
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drifting:
    """What the page shows."""

    checks: Sequence[Check]
    """The latest first."""
    distances: Mapping[str, object] | None
    """Population stability index by feature, of the latest check."""
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
        facts = json.loads(file.read_text(encoding="utf-8"))
        moved = len(facts["findings"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    page = file.with_name(f"{day}.html")
    return Check(day, moved, page.name if page.is_file() else None, facts)


def _distances(facts: Mapping[str, Any]) -> Mapping[str, object] | None:
    told = facts.get("distances") or {}
    largest = sorted(((float(one["psi"]), name) for name, one in told.items()), reverse=True)[:FEATURES_DRAWN]
    if not largest:
        return None
    return chart(
        "bars", [name.replace("_", " ") for _, name in largest], [Series("PSI", [psi for psi, _ in largest])], least=0
    )
