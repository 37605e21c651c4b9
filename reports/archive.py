"""The archive: every week's report, newest first, with its headline and first numbers."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from improvement.wording import percent
from reports.render import page

_WEEK = re.compile(r"\d{4}-W\d{2}")


@dataclass(frozen=True, slots=True)
class Archived:
    """One week in the archive."""

    week: str
    link: str
    headline: str
    numbers: tuple[tuple[str, str], ...]
    synthetic: bool


def archived(folder: Path) -> list[Archived]:
    """Every week found under `folder`, newest first; one whose numbers cannot be read is listed without them."""
    places = (place for place in (folder / "weekly").glob("*") if _WEEK.fullmatch(place.name))
    return [_archived(place) for place in sorted(places, reverse=True) if (place / "report.html").exists()]


def render_index(folder: Path) -> str:
    """The archive's page."""
    return page("index.html", weeks=archived(folder))


def _archived(place: Path) -> Archived:
    link = f"weekly/{place.name}/report.html"
    try:
        facts = json.loads((place / "report.json").read_text(encoding="utf-8"))
        about, measures = facts["report_metadata"], facts["performance_metrics"]
        numbers = tuple((measures[key]["title"], _number(measures[key])) for key in about["key_measures"])
        return Archived(place.name, link, about["headline"], numbers, about["synthetic"])
    except (OSError, ValueError, KeyError, TypeError):
        return Archived(place.name, link, "The numbers of this week cannot be read.", (), False)


def _number(measure: dict[str, Any]) -> str:
    value, n = measure["value"], measure["n"]
    if value is None:
        return "not enough data"
    if measure["kind"] == "count":
        return f"{value:,.0f}"
    text = percent(value) if measure["kind"] == "share" else f"{value:.2f}"
    return f"{text} (n = {n:,})"
