"""The web sites of the simulated companies, below `/web/{host}/`: `www.` and bare hosts, robots.txt, a few pages.

A site is always the same for the same company. Some are down, some lead to `www`, some ask not to be read; how many
can be set, so that a test can have all sites up. Redirects name the real address (`https://www.acme.example/...`), as
a site would that does not know of the sandbox: whoever fetches has to map it back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from sandbox.directory import dice_for
from sandbox.fellow_records import JsonObject
from sandbox.records import Company
from sandbox.vendor import Handler, Settings, Vendor
from sandbox.web_pages import PAGES, page_of, pages_of
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class WebSettings(Settings):
    """What shares of the sites, from 0 to 1, are difficult."""

    down_rate: float = 0.04
    """503 for every page."""
    www_rate: float = 0.2
    """The bare host leads to `www`."""
    forbidding_rate: float = 0.03
    """robots.txt disallows everything."""
    partly_forbidding_rate: float = 0.1
    """robots.txt disallows one of the pages there are."""
    slow_rate: float = 0.02
    """robots.txt asks for a long pause between requests."""


class Web(Vendor[WebSettings]):
    """All the sites."""

    name = "web"
    limits = ()

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, WebSettings())

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Any page of any host."""
        return [("GET", "/{host}", self.page), ("GET", "/{host}/{path:path}", self.page)]

    def authenticate(self, request: Request) -> None:
        """Anybody may read."""

    def not_found(self) -> Response:
        """404 as a page."""
        return html("<!doctype html><title>Not found</title><h1>Not found</h1>", 404)

    def server_error(self) -> Response:
        """500 as a page."""
        return html("<!doctype html><title>Error</title><h1>Something went wrong</h1>", 500)

    def too_many(self, request: Request) -> Response:
        """429 as a page."""
        return Response("Too many requests", 429, {"Retry-After": "1"}, media_type="text/plain")

    def books(self) -> JsonObject:
        """Nothing is bought here."""
        return {}

    async def page(self, host: str, path: str = "") -> Response:
        """One page of one site."""
        bare = host.lower().partition(":")[0].removeprefix("www.")
        company = self.directory.company(bare)
        if company is None or company.domain != bare:
            return self.not_found()
        if self.is_down(company):
            return html("<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>", 503)
        if self.prefers_www(company) and not host.lower().startswith("www."):
            return Response(b"", 301, {"Location": f"https://www.{company.domain}/{path}"})
        if path == "robots.txt":
            return Response(self.robots(company), media_type="text/plain")
        if path and path not in PAGES:
            return self.not_found()
        shown = page_of(company, path)
        return html(shown) if shown is not None else self.not_found()

    def is_down(self, company: Company) -> bool:
        """The site does not answer."""
        return falls_under(company, "down", self.settings.down_rate)

    def prefers_www(self, company: Company) -> bool:
        """The bare host leads to `www`."""
        return falls_under(company, "www", self.settings.www_rate)

    def robots(self, company: Company) -> str:
        """The site's robots.txt."""
        lines = ["User-agent: *"]
        if falls_under(company, "slow", self.settings.slow_rate):
            lines.append("Crawl-delay: 20")
        if falls_under(company, "robots", self.settings.forbidding_rate):
            return "\n".join([*lines, "Disallow: /", ""])
        if falls_under(company, "one page", self.settings.partly_forbidding_rate):
            further = [name for name in pages_of(company) if name]
            lines.append(f"Disallow: /{dice_for('web which page', company.domain).pick(further)}")
        return "\n".join([*lines, "Allow: /", ""])


def falls_under(company: Company, what: str, rate: float) -> bool:
    """Whether the company's site is one of those; with a higher rate more are, and all of those before."""
    return dice_for(f"web {what}", company.domain).fraction() < rate


def html(text: str, status: int = 200) -> Response:
    """A page."""
    return Response(text, status, media_type="text/html; charset=utf-8")
