"""Files that flows wrote for people: reports, and pages about drift."""

import re
from collections.abc import Mapping
from pathlib import Path

from api.errors import ApiError
from reports.archive import FILES
from ringback.settings import settings

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)  # fmt: skip
"""Self-contained pages with styles of their own, which no script, picture or request of anybody gets into."""
DRIFT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; frame-ancestors 'none'"
)
"""Evidently's page brings scripts of its own: they run without an origin, and can ask nobody anything."""
DRIFT_PAGE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.html")
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8", ".json": "application/json", ".csv": "text/csv; charset=utf-8; header=present",
    ".pdf": "application/pdf",
}  # fmt: skip


def report_file(kind: str, name: str, file: str) -> Path:
    """A file of a report; raises ApiError 404 for what is none, or is not inside the folder of reports."""
    if file not in FILES:
        raise ApiError(404, "There is no such file of a report.")
    return _inside(settings().reports / kind / name / file)


def index_file(name: str) -> Path:
    """The archive's index or dashboard; raises ApiError 404 where none has been made yet."""
    return _inside(settings().reports / name)


def drift_file(name: str) -> Path:
    """Evidently's page of a day; raises ApiError 404 where there is none."""
    if not DRIFT_PAGE.fullmatch(name):
        raise ApiError(404, "There is no such page about drift.")
    return _inside(settings().reports / "drift" / name)


def _inside(path: Path) -> Path:
    root, found = settings().reports.resolve(), path.resolve()
    if not found.is_relative_to(root) or not found.is_file():
        raise ApiError(404, "There is no such report.")
    return found
