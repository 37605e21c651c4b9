"""Improvement: what the latest weekly report says of trends and what to do, and the tickets that came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.pages import tickets
from api.pages.keeping import Kept
from reports.archive import Archived, archived
from reports.periods import KINDS, Kind
from ringback.settings import settings

REPORTS_OPENED, KEPT_SECONDS = 26, 20.0
MOVED = ("declining", "improving", "rising", "falling")


@dataclass(frozen=True, slots=True)
class Improving:
    """What the page shows."""

    report: Archived | None
    """The latest weekly one."""
    trends: Sequence[Mapping[str, Any]]
    """What moved first."""
    measures: Mapping[str, Mapping[str, Any]]
    recommendations: Sequence[Mapping[str, Any]]
    tickets: tickets.Listed


def improving(moment: datetime) -> Improving:
    """What the latest readable weekly report says, and how the tickets stand."""
    report = next((one for one in archived(settings().reports, "weekly", 4) if one.facts is not None), None)
    facts: Mapping[str, Any] = report.facts if report and report.facts else {}
    order = {direction: at for at, direction in enumerate(MOVED)}
    trends = sorted(facts.get("trends", ()), key=lambda one: order.get(one["trend_direction"], len(order)))
    return Improving(
        report, trends, facts.get("performance_metrics", {}), facts.get("recommendations", ()),
        tickets.listed(moment, None),
    )  # fmt: skip


def archive() -> dict[Kind, list[Archived]]:
    """Every report that is kept, by kind, the newest first; for a while the same for all who look."""
    return _kept.get()


def _read() -> dict[Kind, list[Archived]]:
    kinds = {kind: archived(settings().reports, kind, REPORTS_OPENED) for kind in KINDS}
    return {kind: some for kind, some in kinds.items() if some}


_kept = Kept(_read, KEPT_SECONDS)
