"""Small pages for people who come from one of our mails: they have no key, and need nothing of the others."""

from collections.abc import Mapping

from fastapi.responses import HTMLResponse
from markupsafe import Markup

MAIL_LINKS = "/t/"
"""What the addresses of links in mails begin with."""
PAGE_POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    )
}
PAGE = Markup(
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>{title}</title>'
    "<style>body{{font-family:sans-serif;max-width:32em;margin:4em auto;padding:0 1em}}</style></head>\n"
    "<body><h1>{title}</h1>\n{body}\n</body></html>\n"
)
NOWHERE = Markup(
    "<p>This link is not whole, or the mail it stood in is no longer known here. "
    "To get no more mails, answer the mail and say so.</p>"
)


def page_of_mail(title: str, body: Markup, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page with a heading and some words."""
    return HTMLResponse(PAGE.format(title=title, body=body), status, dict(headers or {}) | PAGE_POLICY)


def nowhere_page(headers: Mapping[str, str]) -> HTMLResponse:
    """What is said of a link that leads nowhere."""
    return page_of_mail("This link leads nowhere", NOWHERE, 404, headers)
