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
TREND = frozenset({"metric_name", "trend_direction", "before", "difference", "low", "high", "n"})
ADVICE = frozenset({"title", "priority", "description", "action_items", "evidence"})
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
    measures: Mapping[str, Any] = facts.get("performance_metrics") or {}
    order = {direction: at for at, direction in enumerate(MOVED)}
    known = [one for one in facts.get("trends") or () if _has(one, TREND) and one["metric_name"] in measures]
    trends = sorted(known, key=lambda one: order.get(one["trend_direction"], len(order)))
    advice = [one for one in facts.get("recommendations") or () if _has(one, ADVICE)]
    return Improving(report, trends, measures, advice, tickets.listed(moment, None))


def _has(told: Any, names: frozenset[str]) -> bool:
    """Whether something of a report has what the page shows; a report of another version may not."""
    return isinstance(told, dict) and names <= told.keys()


def archive() -> dict[Kind, list[Archived]]:
    """Every report that is kept, by kind, the newest first; for a while the same for all who look."""
    return _kept.get()


def _read() -> dict[Kind, list[Archived]]:
    kinds = {kind: archived(settings().reports, kind, REPORTS_OPENED) for kind in KINDS}
    return {kind: some for kind, some in kinds.items() if some}


_kept = Kept(_read, KEPT_SECONDS)
