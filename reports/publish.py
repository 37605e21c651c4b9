"""Putting a report where people find it: whole or not at all, and in the archive's index."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, get_args

from reports.archive import render_dashboard, render_index
from reports.as_csv import render_csv
from reports.as_json import render_json, render_run
from reports.as_pdf import render_pdf
from reports.mail import render_mail
from reports.periods import AnyReport, PublishedReport, as_published
from reports.render import render_html, render_technical
from ringback.errors import WrongUsage

Format = Literal["html", "json", "csv", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
RENDERED: Mapping[Format, Mapping[str, Callable[[PublishedReport], str | bytes]]] = {
    "json": {"report.json": render_json, "run.json": render_run},
    "csv": {"report.csv": render_csv},
    "pdf": {"report.pdf": render_pdf},
    "html": {"mail.html": render_mail, "technical.html": render_technical, "report.html": render_html},
}
"""The files of each format, in the order in which they are written: what links to others comes after them."""


def publish(report: AnyReport, folder: Path, formats: Sequence[str] = FORMATS) -> Path:
    """Write a report's files to `KIND/NAME/` under `folder`, re-make `index.html` and `dashboard.html`.

    Gives the path of report.html, else of the last file written. report.json is always written: the archive reads it.
    Files of formats that are not asked for stay as they are. All is rendered before anything is written, and each file
    is written under another name and renamed, so a reader sees the old one or the new one, never half of one. The same
    report published again leaves the same bytes. Raises WrongUsage for a format that does not exist.
    """
    if unknown := sorted(set(formats) - set(FORMATS)):
        raise WrongUsage(f"there is no format {unknown[0]!r}; there are {', '.join(FORMATS)}")
    published = as_published(report)
    place = folder / published.period.kind / published.period.name
    asked = [files for format, files in RENDERED.items() if format in formats or format == "json"]
    rendered = {name: render(published) for files in asked for name, render in files.items()}
    place.mkdir(parents=True, exist_ok=True)
    for name, content in rendered.items():
        _write(place / name, content)
    write_index(folder)
    return place / next(reversed(rendered))


def write_index(folder: Path) -> None:
    """Make the archive's index and dashboard anew from the reports that are there."""
    _write(folder / "dashboard.html", render_dashboard(folder))
    _write(folder / "index.html", render_index(folder))


def _write(path: Path, content: str | bytes) -> None:
    data = content.encode(errors="replace") if isinstance(content, str) else content
    with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
