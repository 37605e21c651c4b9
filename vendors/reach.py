"""Whether an outside system answers at all, and how soon: no key is sent, nothing is bought, no circuit counts it."""

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ringback.settings import DATA_KEYS, Settings
from vendors import apollo, aturiya, clearbit, dropcontact, fellow, openfunnel, pipe0, slack
from vendors.slack import HOST as SLACK_HOST

PATIENCE_SECONDS = 20.0
CONNECTS = {
    "apollo": apollo.connect, "aturiya": aturiya.connect, "clearbit": clearbit.connect,
    "dropcontact": dropcontact.connect, "openfunnel": openfunnel.connect, "pipe0": pipe0.connect,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where a vendor is."""

    vendor: str
    url: str
    """http, https, or smtp for a mail server (`smtp://host:port`)."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of asking: seconds until it answered, or why it did not."""

    vendor: str
    seconds: float | None
    failure: str | None = None


def addresses(settings: Settings) -> list[Address]:
    """The vendors that this installation uses, the sandbox in the place of those without a key."""
    found = []
    with fellow.connect(settings) as client:
        found.append(Address(client.vendor, client.base_url))
    for name in DATA_KEYS:
        if settings.asks(name) and (name != "clearbit" or settings.clearbit_enabled):
            with CONNECTS[name](settings) as client:
                found.append(Address(client.vendor, client.base_url))
    if settings.slack_url is not None:
        found.append(Address("Slack", f"https://{SLACK_HOST}"))
    elif (hook := slack.connect(settings)) is not None:
        with hook:
            found.append(Address(hook.vendor, hook.base_url))
    for url in (settings.crm_leads_url, settings.crm_outcomes_url):
        if url:
            parts = urlsplit(url)
            found.append(Address("CRM", f"{parts.scheme}://{parts.netloc}"))
    if settings.smtp_host:
        found.append(Address("mail server", f"smtp://{settings.smtp_host}:{settings.smtp_port}"))
    return list({one.vendor: one for one in found}.values())


def reach_all(listed: Sequence[Address], patience_seconds: float = PATIENCE_SECONDS) -> tuple[Reached, ...]:
    """Ask all of them at the same time, each once and for at most so long."""
    if not listed:
        return ()
    with ThreadPoolExecutor(max_workers=len(listed)) as pool:
        return tuple(pool.map(lambda one: reach(one, patience_seconds), listed))


def reach(address: Address, patience_seconds: float = PATIENCE_SECONDS) -> Reached:
    """Ask once; any answer counts but one that says that the server itself fails (5xx)."""
    began = time.monotonic()
    try:
        if address.url.startswith("smtp:"):
            _open(address.url, patience_seconds)
        else:
            request = Request(address.url, headers={"User-Agent": "ringback"})  # noqa: S310  (the settings' own addresses)
            with urlopen(request, timeout=patience_seconds):  # noqa: S310
                pass
    except HTTPError as answer:
        answer.close()
        if answer.code >= 500:
            return Reached(address.vendor, None, f"it answers with status {answer.code}")
    except (OSError, HTTPException, ValueError) as failure:
        reason = failure.reason if isinstance(failure, URLError) else failure
        said = str(reason) or type(reason).__name__
        return Reached(address.vendor, None, f"it is not reached: {said[:200]}")
    return Reached(address.vendor, time.monotonic() - began)


def _open(url: str, patience_seconds: float) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 25), timeout=patience_seconds):
        return
