"""A company's own web site, read as a source of enrichment: what it runs on, what its customers can do there, and AI.

A few pages are read as a polite visitor would (robots.txt, one visit, no scripts executed) and as a careful one
(`website_guard`, `website_fetch`). A site that cannot be read is an answer too: `failed_because` says why.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from ringback.errors import AddressRefused, VendorError, VendorRefused, VendorUnavailable, VendorUnreadable
from vendors.website_fetch import MOST_SECONDS, USER_AGENT, Answer, Fetch, Guarded
from vendors.website_guard import said
from vendors.website_page import Link, WebPage, parse
from vendors.website_signals import Evidence, Signal, SignalName, signals_of, strongest

__all__ = ["Evidence", "Signal", "SignalName", "WebsiteSignals", "read_website"]

SOURCE = "website"
MOST_REDIRECTS = 5
FURTHER_PAGES = 3
PROMISING = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"pricing|price|plans|tarif|preise",
        r"log-?in|sign-?in|account|portal",
        r"product|platform|solution|feature|service",
        r"contact|support|kontakt",
    )
)
"""What a page is worth reading for; one page for each, in this order."""
SELDOM_PROMISING = re.compile(r"terms|privacy|legal|cookie|career|jobs|blog|news|logout", re.IGNORECASE)
HAS_SCHEME = re.compile(r"[a-z][a-z0-9+-]*:(?!\d)", re.IGNORECASE)
NOT_THEIR_OWN = (
    "facebook.com", "instagram.com", "linkedin.com", "twitter.com", "x.com", "youtube.com", "linktr.ee", "yelp.com",
    "sedo.com", "dan.com", "afternic.com", "hugedomains.com", "godaddy.com", "parkingcrew.net", "bodis.com",
)  # fmt: skip
"""Where domains without a site lead: social networks, and those who park or sell domains."""


@dataclass(frozen=True, slots=True)
class WebsiteSignals:
    """What a web site says: the strongest signal for each name and value, the pages read and those not."""

    domain: str
    pages: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    unread: tuple[str, ...] = ()
    failed_because: str | None = None

    def best(self, name: SignalName) -> Signal | None:
        """The strongest signal of one kind; None where the site shows none."""
        return next((signal for signal in self.signals if signal.name == name), None)


def read_website(domain: str, fetch: Fetch | None = None, seconds: float = MOST_SECONDS) -> WebsiteSignals:
    """Read the front page of a domain (or URL) and up to three promising pages, all within `seconds`.

    Never raises for what the site does: without a front page there is `failed_because`; a further page that cannot be
    read stands in `unread` with the reason.
    """
    visit = _Visit(fetch or Guarded().get, monotonic() + seconds)
    try:
        front = _front_page(domain.strip(), visit)
    except VendorError as failure:
        return WebsiteSignals(domain, failed_because=str(failure))
    pages, unread = [front], []
    for url in _further_pages(front, visit):
        try:
            pages.append(visit.page(url))
        except VendorError as failure:
            unread.append(str(failure))
    signals = strongest(signal for page in pages for signal in signals_of(page))
    return WebsiteSignals(domain, tuple(page.url for page in pages), signals, tuple(unread))


@dataclass(slots=True)
class _Visit:
    """One visit: its end, and what each origin's robots.txt allows."""

    fetch: Fetch
    ends_at: float
    robots: dict[str, RobotFileParser] = field(default_factory=dict)

    def page(self, url: str) -> WebPage:
        """A page, after redirects; raises a VendorError."""
        answer = self._follow(url, heeds_robots=True)
        if not 200 <= answer.status < 300:
            raise VendorRefused(f"{said(answer.url)} answered {answer.status}")
        return parse(answer.url, answer.text)

    def asks_for_patience(self, url: str) -> bool:
        """Whether the site wants to be read slowly: then one page is enough."""
        robots = self._robots_of(url)
        return robots.crawl_delay(USER_AGENT) is not None or robots.request_rate(USER_AGENT) is not None

    def allows(self, url: str) -> bool:
        robots = self._robots_of(url)
        try:
            return robots.can_fetch(USER_AGENT, url)
        except ValueError as failure:
            raise AddressRefused(f"{said(url)} is not a URL: {failure}") from failure

    def _follow(self, url: str, heeds_robots: bool) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            if heeds_robots and not self.allows(url):
                raise VendorRefused(f"robots.txt asks not to read {said(url)}")
            answer = self.fetch(url, self._left(url))
            if answer.leads_to is None:
                return answer
            url = answer.leads_to
        raise VendorUnavailable(f"more than {MOST_REDIRECTS} redirects, the last to {said(url)}")

    def _robots_of(self, url: str) -> RobotFileParser:
        origin = _origin(url)
        if origin not in self.robots:
            self.robots[origin] = self._read_robots(f"{origin}/robots.txt")
        return self.robots[origin]

    def _read_robots(self, url: str) -> RobotFileParser:
        """The rules of an origin, as RFC 9309 has it: with 4xx there are none, without an answer all is forbidden."""
        answer = self._follow(url, heeds_robots=False)
        if answer.status >= 500:
            raise VendorUnavailable(f"{said(url)} answered {answer.status}: without it the site is left alone")
        rules = RobotFileParser(url)
        try:
            rules.parse(answer.text.splitlines() if answer.status < 300 else [])
        except ValueError as failure:
            raise VendorUnreadable(f"{said(url)} makes no sense: the site is left alone") from failure
        return rules

    def _left(self, url: str) -> float:
        left = self.ends_at - monotonic()
        if left <= 0:
            raise VendorUnavailable(f"the time for this site was over before {said(url)}")
        return left


def _front_page(domain: str, visit: _Visit) -> WebPage:
    """The front page, over https or, where nothing answers there, http."""
    front = visit.page(domain) if HAS_SCHEME.match(domain) else _over_https_or_http(domain, visit)
    host = _host(front.url)
    if any(_is_below(host, other) and not _is_below(_host_of(domain), other) for other in NOT_THEIR_OWN):
        raise AddressRefused(f"{said(domain)} leads to {said(host)}, which is not the company's own site")
    return front


def _over_https_or_http(domain: str, visit: _Visit) -> WebPage:
    try:
        return visit.page(f"https://{domain}")
    except VendorUnavailable as failure:
        try:
            return visit.page(f"http://{domain}")
        except VendorUnavailable:
            raise failure from None


def _further_pages(front: WebPage, visit: _Visit) -> Iterator[str]:
    """The most promising pages of the same site, one for each thing worth knowing."""
    if visit.asks_for_patience(front.url):
        return
    own = [link for link in front.links if _is_own(link.url, front.url)]
    seen = {_plain(front.url)}
    for link in _promising(own):
        if len(seen) > FURTHER_PAGES:
            return
        if _plain(link.url) not in seen:
            seen.add(_plain(link.url))
            yield _plain(link.url)


def _promising(links: Iterable[Link]) -> Iterator[Link]:
    links = [link for link in links if not SELDOM_PROMISING.search(link.url)]
    for words in PROMISING:
        fitting = [link for link in links if words.search(urlsplit(link.url).path) or words.search(link.words[:40])]
        if fitting:
            yield min(fitting, key=lambda link: len(link.url))


def _is_own(url: str, front: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"} and _is_below(_host(url), _host(front).removeprefix("www."))
    except ValueError:
        return False


def _plain(url: str) -> str:
    """Without the place on the page, which a server is not asked for."""
    return url.partition("#")[0]


def _origin(url: str) -> str:
    """Scheme, host and port, unchecked: the guard looks at all that is asked for under it."""
    try:
        parts = urlsplit(url)
    except ValueError as failure:
        raise AddressRefused(f"{said(url)} is not a URL: {failure}") from failure
    return f"{parts.scheme}://{parts.netloc}"


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _host_of(domain: str) -> str:
    return _host(domain if "://" in domain else f"https://{domain}")


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
