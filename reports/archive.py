"""The archive: every report under a folder, newest first, and the course of the key numbers across weeks.

It is read from the reports' own report.json and nothing else; a folder that cannot be read is listed as such.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from improvement.wording import percent
from reports.charts import plot, svg_of
from reports.pages import page
from reports.periods import KINDS, Kind, Period, period_named

HEADLINES_READ = 26
"""Of each kind the newest so many are opened; older ones are listed by name, so the time does not grow with history."""
DASHBOARD_DAYS = 90
MEASURES_CHARTED = 8
FILES = ("report.html", "technical.html", "report.pdf", "report.csv", "report.json", "mail.html")
UNREADABLE = "This report cannot be read."
Facts = Mapping[str, Any]
"""What a report.json says."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One report in the archive."""

    period: Period
    place: Path
    files: tuple[str, ...]
    """Those that are there, the page for people first."""
    facts: Facts | None
    """None where it cannot be read, or was not opened."""
    was_opened: bool = True

    @property
    def link(self) -> str:
        """From the archive's folder to the report."""
        return f"{self.period.kind}/{self.period.name}/{self.files[0]}" if self.files else ""

    @property
    def headline(self) -> str:
        """What it says first."""
        if self.facts is not None:
            return str(self.facts["report_metadata"]["headline"])
        return UNREADABLE if self.was_opened else ""

    @property
    def is_synthetic(self) -> bool:
        """Whether it is about simulated calls."""
        return self.facts is not None and bool(self.facts["report_metadata"]["synthetic"])

    @property
    def as_of(self) -> datetime:
        """The report's own moment; where that cannot be read, the end of its period."""
        if self.facts is None:
            return self.period.ends
        return datetime.fromisoformat(self.facts["report_metadata"]["generated_at"])

    @property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """Title and value of its key measures."""
        if self.facts is None:
            return ()
        measures = self.facts["performance_metrics"]
        keys = self.facts["report_metadata"]["key_measures"]
        return tuple((measures[key]["title"], _number(measures[key])) for key in keys if key in measures)


@dataclass(frozen=True, slots=True)
class Course:
    """A key measure across the reports of the dashboard."""

    title: str
    unit: str
    svg: str
    described: str
    told: str
    """What the newest report says of it."""


def archived(folder: Path, kind: Kind = "weekly", most_opened: int = HEADLINES_READ) -> list[Archived]:
    """Every report of a kind found under `folder`, newest first; the newest `most_opened` are read."""
    found = [(period, place) for place in (folder / kind).glob("*") if (period := period_named(kind, place.name))]
    found.sort(key=lambda pair: pair[0].first_week, reverse=True)
    return [_archived(period, place, at < most_opened) for at, (period, place) in enumerate(found)]


def render_index(folder: Path) -> str:
    """The archive's page."""
    kinds = {kind: archived(folder, kind) for kind in KINDS}
    return page("index.html", kinds={kind: some for kind, some in kinds.items() if some})


def render_dashboard(folder: Path) -> str:
    """The key measures, recommendations and tickets of the weekly reports of the newest one's last 90 days."""
    weeks = [one for one in archived(folder) if one.facts is not None]
    if weeks:
        since = weeks[0].period.ends - timedelta(days=DASHBOARD_DAYS)
        weeks = [one for one in weeks if one.period.first_week >= since]
    facts = [one.facts for one in reversed(weeks) if one.facts is not None]
    return page(
        "dashboard.html",
        weeks=weeks,
        courses=_courses(facts),
        advice=[(one, _listed(one, "recommendations")) for one in weeks],
        tickets=_tickets(facts),
        synthetic=any(one.is_synthetic for one in weeks),
    )


def _archived(period: Period, place: Path, is_opened: bool) -> Archived:
    files = tuple(name for name in FILES if (place / name).is_file())
    return Archived(period, place, files, _read(place) if is_opened else None, is_opened)


def _read(place: Path) -> Facts | None:
    """A report's facts; None where they are not there, not whole, or not those of a report."""
    try:
        facts = json.loads((place / "report.json").read_text(encoding="utf-8"))
        about = facts["report_metadata"]
        datetime.fromisoformat(about["generated_at"])
        shown = all(isinstance(about[key], str | bool) for key in ("headline", "synthetic", "report_type"))
        keyed = [_number(facts["performance_metrics"][key]) for key in about["key_measures"]]
        return facts if shown and len(keyed) == len(about["key_measures"]) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _courses(facts: Sequence[Facts]) -> list[Course]:
    """A chart for each measure that was a key one lately, by how each week's own report knew it."""
    names = dict.fromkeys(key for one in reversed(facts) for key in one["report_metadata"]["key_measures"])
    return [_course(name, facts) for name in list(names)[:MEASURES_CHARTED]]


def _course(name: str, facts: Sequence[Facts]) -> Course:
    known = [one["performance_metrics"].get(name) for one in facts]
    last = next(one for one in reversed(known) if one is not None)
    scale = 100.0 if last["kind"] == "share" else 1.0
    values = [None if one is None or one["value"] is None else scale * one["value"] for one in known]
    drawn = plot(
        [str(one["report_metadata"]["week"])[5:] for one in facts],
        values,
        [_interval(one, scale) for one in known],
        [one is not None and bool(one["enough"]) for one in known],
        from_nought=last["kind"] == "count",
    )  # fmt: skip
    unit = "%" if last["kind"] == "share" else "" if last["unit"] == "points" else str(last["unit"])
    trend = next((one for one in facts[-1].get("trends", ()) if one["metric_name"] == name), None)
    told = f"{_number(last)}; {trend['trend_direction'] if trend else 'not enough data'}"
    return Course(
        str(last["title"]), unit, svg_of(drawn), f"{last['title']}, {len(facts)} reports. Last: {told}.", told
    )


def _interval(measure: Facts | None, scale: float) -> tuple[float, float] | None:
    if measure is None or measure["low"] is None or measure["high"] is None:
        return None
    return scale * measure["low"], scale * measure["high"]


def _tickets(facts: Sequence[Facts]) -> list[Facts]:
    """The tickets as the newest report that has any tells of them."""
    return next((list(one["tickets"]) for one in reversed(facts) if one.get("tickets")), [])


def _listed(one: Archived, name: str) -> Sequence[Facts]:
    return list((one.facts or {}).get(name, ()))


def _number(measure: Facts) -> str:
    value, n, low, high = measure["value"], measure["n"], measure["low"], measure["high"]
    if value is None:
        return "not enough data"
    if measure["kind"] == "count":
        return f"{value:,.0f}"
    is_share = measure["kind"] == "share"
    text = percent(value) if is_share else f"{value:.2f}"
    if low is None or high is None:
        return f"{text} (no interval; n = {n:,})"
    interval = f"{100 * low:.1f} to {100 * high:.1f} %" if is_share else f"{low:.2f} to {high:.2f}"
    return f"{text} (95 %: {interval}; n = {n:,})"
