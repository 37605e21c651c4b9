"""Which addresses need no key, and which are pages for people in browsers."""

SIGN_IN = "/sign-in"
OPEN = frozenset({"/health", "/docs", "/openapi.json", SIGN_IN})
"""Addresses that need no key; all others do, whether anything is there or not."""
OPEN_UNDER = ("/webhooks/", "/t/", "/assets/")
"""Addresses whose requests are signed instead, or are themselves signed (links in mails), or files without secrets."""
PAGES = frozenset(
    {"", "archive", "campaigns", "drift", "improvement", "leads", "models", "reports", "sign-in", "sign-out", "system",
     "tasks", "tickets"}
)  # fmt: skip
"""First parts of the addresses of pages."""
PROGRAMS = frozenset({"api", "assets", "docs", "health", "logs", "metrics", "openapi.json", "score", "t", "webhooks"})
"""First parts of the addresses of the REST API, and of what needs nobody signed in."""
NOT_PAGES = ("/models/info", "/models/reload/")
"""Addresses of the REST API beneath them."""


def is_page(path: str) -> bool:
    """Whether an address is a page for people, where the cookie of a session counts.

    >>> is_page("/leads/ana@acme.com"), is_page("/api/leads"), is_page("/models/info"), is_page("/"), is_page("*")
    (True, False, False, True, False)
    """
    return path.strip("/").split("/", 1)[0] in PAGES and not path.startswith(NOT_PAGES)


def is_nowhere(path: str) -> bool:
    """Whether neither a page nor anything of the API can be at an address: who has signed in is told so on a page.

    >>> is_nowhere("/nopage"), is_nowhere("/leads/ana"), is_nowhere("/api/nothing")
    (True, False, False)
    """
    return path.strip("/").split("/", 1)[0] not in PAGES | PROGRAMS


def is_open(path: str) -> bool:
    """Whether an address needs no key."""
    return path in OPEN or path.startswith(OPEN_UNDER)
