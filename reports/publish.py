"""Putting a report where people find it: whole or not at all, and in the archive's index."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from reports.archive import render_index
from reports.render import render_html, render_json
from reports.weekly import WeeklyReport, week_name


def publish(report: WeeklyReport, folder: Path) -> Path:
    """Write `weekly/YYYY-Wnn/report.html` and `report.json` under `folder`, re-make `index.html`; give the page's path.

    Each file is written under another name and renamed, so a reader sees the old one or the new one, never half of one.
    The same report published again leaves the same bytes.
    """
    place = folder / "weekly" / week_name(report.week)
    place.mkdir(parents=True, exist_ok=True)
    _write(place / "report.json", render_json(report))
    _write(place / "report.html", render_html(report))
    _write(folder / "index.html", render_index(folder))
    return place / "report.html"


def _write(path: Path, text: str) -> None:
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
