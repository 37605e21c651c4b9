"""Filling the pages' templates: escaped, with the navigation of whoever looks, and headers that let nothing else in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from api import sessions
from api.as_sent import in_address
from api.pages import words
from reports.pages import plain
from ringback.clock import now, shown_in
from ringback.names import headed
from ringback.settings import settings
from scoring.history import sentence

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent.parent
ASSETS = FOLDER / "assets"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
"""With no referrer at all a browser would not say where a form was sent from."""
NAVIGATION = (
    ("/", "Overview"), ("/leads", "Leads"), ("/tasks", "Tasks"), ("/campaigns", "Campaigns"), ("/models", "Models"),
    ("/drift", "Drift"), ("/improvement", "Improvement"), ("/archive", "Reports"), ("/system", "Health"),
)  # fmt: skip
CHIEF = {"/tickets": "/improvement", "/reports": "/archive"}
"""Under which entry of the navigation further pages stand."""
SIGNED_OUT: Mapping[str, Any] = {"who": None, "may": frozenset(), "csrf": ""}
LONGEST_SAID = 300


def show(request: Request, template: str, status: int = 200, **facts: object) -> HTMLResponse:
    """A page for whoever asked."""
    return HTMLResponse(_filled(request.scope, template, facts), status, HEADERS)


def failure_page(scope: Scope, status: int, said: str, headers: Mapping[str, str]) -> HTMLResponse:
    """What went wrong, with the way back."""
    facts = {"status": status, "wrong": said, "request_id": scope["state"]["request_id"]}
    return HTMLResponse(_filled(scope, "failure.html", facts), status, {**headers, **HEADERS})


def back_to(address: str, said: str = "") -> Response:
    """To a page of ours after something was done, which says what; the browser asks for it anew."""
    sign = "&" if "?" in address else "?"
    more = f"{sign}{urlencode({'said': sessions.signed(said[:LONGEST_SAID])})}" if said else ""
    return RedirectResponse(address + more, 303, HEADERS)


def _filled(scope: Scope, template: str, facts: Mapping[str, object]) -> str:
    state, path = scope["state"], scope["path"]
    key, session = state.get("key"), state.get("session")
    known = SIGNED_OUT if key is None else {
        "who": key.name, "may": key.may, "csrf": session.token if session else "",
    }  # fmt: skip
    first = "/" + path.strip("/").split("/", 1)[0]
    asked = Request(scope).query_params
    always = {
        "navigation": NAVIGATION, "here": CHIEF.get(first, first), "path": path, "moment": now(),
        "is_synthetic": settings().uses_sandbox, "zone": settings().zone,
        "said": sessions.unsigned(asked.get("said", "")),
    }  # fmt: skip
    return _environment().get_template(template).render({**always, **known, **facts})


def asset_text(name: str) -> str:
    """The address of an asset, which changes when its content does, so that browsers may keep it for ever."""
    return f"/assets/{name}?v={_digest(name)}"


@lru_cache
def _digest(name: str) -> str:
    return blake2b((ASSETS / name).read_bytes(), digest_size=6).hexdigest()


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates/app"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finished,
        auto_reload=False,
    )
    environment.globals |= {"asset": asset_text, "bar": _bar}
    environment.filters |= {
        "when": _when, "day": _day, "ago": lambda moment: words.ago(moment, now()), "as_json": _as_json,
        "percent": words.percent, "number": words.number, "usd": words.usd, "between": words.between,
        "share": words.share, "words": words.name_text, "headed": headed, "value": words.value_text,
        "rule": words.rule_text, "change": sentence, "urlencode": in_address,  # Jinja's own lets slashes be
    }  # fmt: skip
    return environment


def _finished(value: object) -> object:
    """What is printed of a value; our own markup stays as it is."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else plain(value)


def _when(moment: datetime | None, pattern: str = "%-d %b %Y, %H:%M") -> str:
    return shown_in(moment, settings().zone).strftime(pattern) if moment else "never"


def _day(moment: datetime | date | None) -> str:
    if isinstance(moment, datetime):
        return shown_in(moment, settings().zone).strftime("%-d %b %Y")
    return moment.strftime("%-d %b %Y") if moment else "never"


def _as_json(value: object) -> Markup:
    """For an attribute, escaped whole; what the page's script draws from."""
    from markupsafe import escape

    def simple(one: object) -> object:
        return asdict(one) if is_dataclass(one) and not isinstance(one, type) else str(one)

    return escape(json.dumps(value, default=simple, separators=(",", ":"), allow_nan=False))


def _bar(share: float | None, kind: str = "", marks: Sequence[float] = ()) -> Markup:
    """A bar as wide as a share, with marks at others; for the eye only, the number stands beside it."""
    width = 0.0 if share is None else max(0.0, min(1.0, share)) * 100
    lines = (Markup('<rect class="mark" x="{:.2f}" width=".5" height="6"/>').format(100 * mark) for mark in marks)
    return Markup(
        '<svg class="bar {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="all" width="100" height="6" rx="1"/><rect class="part" width="{:.2f}" height="6" rx="1"/>{}</svg>'
    ).format(kind, width, Markup("").join(lines))
