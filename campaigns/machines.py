"""Whether a person or a machine opened a mail or followed a link, and by what that is seen.

Security gateways fetch every link of a mail before anybody reads it, and some mail programs fetch every picture. The
rules are of what such machines are known to do; each gives its reason, so that people can say where one is wrong. That
all links of a mail were followed within seconds is known only afterwards (`all_at_once`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import groupby
from typing import Final

Link = tuple[str, str, str, datetime]
"""Event, mail, address that it leads to, and when it was followed."""
TOO_SOON: Final = timedelta(seconds=8)
"""After it was sent a mail is not yet seen by anybody, let alone read."""
AT_ONCE: Final = timedelta(seconds=10)
SCANNERS = {
    "safelinks": "Microsoft SafeLinks", "ms-office365": "Microsoft SafeLinks", "mimecast": "Mimecast",
    "proofpoint": "Proofpoint", "urldefense": "Proofpoint", "barracuda": "Barracuda", "symantec": "Symantec",
    "messagelabs": "Symantec", "trendmicro": "Trend Micro", "fireeye": "FireEye", "forcepoint": "Forcepoint",
    "sophos": "Sophos", "cisco": "Cisco", "ironport": "Cisco", "zscaler": "Zscaler", "paloalto": "Palo Alto",
}  # fmt: skip
"""A word in the user agent, and whose it is."""
PROGRAMS = (
    "bot", "crawler", "spider", "curl/", "wget/", "python-requests", "python-urllib", "httpx", "aiohttp",
    "go-http-client", "java/", "okhttp", "libwww", "headless", "phantomjs", "facebookexternalhit", "slackbot",
    "preview", "scanner", "monitoring",
)  # fmt: skip
"""Words of programs that are no browser and no mail program."""
PHONE = "cubot"
"""A maker of phones, whose name only looks like a program's."""
NETWORKS = {
    "Microsoft": ("40.94.0.0/16", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17"),
    "Proofpoint": ("67.231.144.0/20", "148.163.128.0/19", "185.132.180.0/22"),
    "Mimecast": ("91.220.42.0/24", "146.101.78.0/24", "195.130.217.0/24", "205.139.110.0/23", "207.211.30.0/23"),
    "Barracuda": ("64.235.144.0/20", "209.222.80.0/21"),
}  # fmt: skip
"""Where mail gateways ask from: a beginning, from what they publish; user agents and times find the others."""
APPLE = ("17.0.0.0/8",)
GOOGLE_PROXY = "googleimageproxy"
GMAIL_AHEAD = "edge/12.246 mozilla/5.0"
"""Gmail's picture store when it fetches ahead; when a person opens, it says GoogleImageProxy instead."""
APPLE_AHEAD = "mozilla/5.0"
"""Apple's privacy proxy says this and nothing more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a pixel or link, as it came."""

    kind: str
    """opened or clicked"""
    at: datetime
    sent_at: datetime | None
    method: str
    user_agent: str | None
    """In small letters; empty where the request had none, None where nobody says."""
    ip: str


def made_by_machine(
    kind: str, at: datetime, sent_at: datetime | None, method: str = "GET", user_agent: str | None = None, ip: str = ""
) -> str | None:
    """Why this was a machine, by the first rule that says so; None where it may have been a person.

    >>> made_by_machine("clicked", datetime(2026, 3, 2, 12), None, user_agent="Mimecast URL Protect")
    'the user agent is of Mimecast'
    """
    agent = None if user_agent is None else user_agent.strip().lower().replace(PHONE, "")
    asked = Asked(kind, at, sent_at, method.upper(), agent, ip)
    return next((why for rule in RULES if (why := rule(asked)) is not None), None)


def all_at_once(links: Iterable[Link]) -> Iterator[tuple[str, str]]:
    """Events of clicks on several links of one mail within seconds, with the reason: nobody reads so fast."""
    ordered = sorted(links, key=lambda one: (one[1], one[3], one[0]))
    for _, of_mail in groupby(ordered, key=lambda one: one[1]):
        clicks = list(of_mail)
        for event_id, _, _, at in clicks:
            near = {link for _, _, link, moment in clicks if abs(moment - at) <= AT_ONCE}
            if len(near) > 1:
                yield event_id, f"{len(near)} links of the mail were followed within {AT_ONCE.seconds} seconds"


def only_looked(asked: Asked) -> str | None:
    """HEAD asks whether something is there, and no person does that."""
    return f"the request was {asked.method}" if asked.method not in ("GET", "POST") else None


def is_a_scanner(asked: Asked) -> str | None:
    """The user agent names a mail gateway."""
    whose = next((name for word, name in SCANNERS.items() if word in (asked.user_agent or "")), None)
    return f"the user agent is of {whose}" if whose else None


def is_a_program(asked: Asked) -> str | None:
    """The user agent is of a program, or there is none; Google's proxy fetches pictures when a person opens a mail."""
    if asked.user_agent is None or (asked.kind == "opened" and GOOGLE_PROXY in asked.user_agent):
        return None
    if not asked.user_agent:
        return "there is no user agent"
    agent = asked.user_agent
    word = next((word for word in PROGRAMS if word in agent), None)
    return f"the user agent is of a program ({word.strip('/')})" if word else None


def asks_from_a_gateway(asked: Asked) -> str | None:
    """The address belongs to a maker of mail gateways."""
    whose = _network_of(asked.ip)
    return f"the address is of {whose}'s mail gateways" if whose else None


def fetched_ahead(asked: Asked) -> str | None:
    """Gmail and Apple Mail fetch pictures before anybody looks."""
    if asked.kind != "opened":
        return None
    if (asked.user_agent or "").endswith(GMAIL_AHEAD):
        return "Gmail fetched the picture ahead"
    is_apple = asked.user_agent == APPLE_AHEAD or _is_within(asked.ip, APPLE)
    return "Apple Mail fetched the picture ahead" if is_apple else None


def came_too_soon(asked: Asked) -> str | None:
    """It came seconds after the mail went out."""
    if asked.sent_at is None or asked.at - asked.sent_at >= TOO_SOON:
        return None
    seconds = max(0, int((asked.at - asked.sent_at).total_seconds()))
    return f"it came {seconds} seconds after the mail was sent"


RULES: tuple[Callable[[Asked], str | None], ...] = (
    only_looked, is_a_scanner, is_a_program, asks_from_a_gateway, fetched_ahead, came_too_soon,
)  # fmt: skip


@lru_cache(maxsize=4096)
def _network_of(ip: str) -> str | None:
    return next((whose for whose, networks in NETWORKS.items() if _is_within(ip, networks)), None)


def _is_within(ip: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in ip_network(one) for one in networks)
