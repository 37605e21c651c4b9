"""The company's own web site: free, and seen with our own eyes."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from database.wanted import Wanted
from enrichment.sources.base import Answer, Source, all_missed
from enrichment.subjects import Subject
from ringback.settings import Settings
from vendors import website
from vendors.website import WebsiteSignals, read_website
from vendors.website_fetch import Answer as WebAnswer
from vendors.website_fetch import Fetch, Guarded

FUNCTIONS = ("authentication", "transactions", "communication", "ai", "voice_ai")
LOCAL = "127.0.0.1"


class Website(Source):
    """Reads a few pages as a polite visitor."""

    name: ClassVar[str] = website.SOURCE
    signals = ("web_functions", "tech_stack")
    at_once = 16
    runs_at_once = 16

    def __init__(self, settings: Settings) -> None:
        """In the sandbox, the sites that it shows; else the public web."""
        self._fetch = _of_sandbox(settings.sandbox_port) if not settings.has_vendor_keys else Guarded().get

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs the domain."""
        return None if subject.domain else "no company domain is known"

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> list[Answer]:
        """One site."""
        subject = subjects[0]
        seen = read_website(str(subject.domain), self._fetch)
        if seen.failed_because:
            return all_missed(subject, signals, f"the web site could not be read: {seen.failed_because}")
        return [
            Answer(Wanted(subject.subject_id, signal), _value(signal, seen), confidence=_confidence(signal, seen))
            for signal in signals
        ]


def _value(signal: str, seen: WebsiteSignals) -> dict[str, Any]:
    technologies = sorted({one.value for one in seen.signals if one.name == "technology"})
    if signal == "tech_stack":
        return {"technologies": technologies}
    return {
        "functions": [name for name in FUNCTIONS if any(one.name == name for one in seen.signals)],
        "technologies": technologies,
        "evidence": [
            {"name": one.name, "value": one.value, "confidence": one.confidence, "text": one.evidence.text,
             "url": one.evidence.url}
            for one in seen.signals if one.name != "technology"
        ],
        "pages": list(seen.pages),
    }  # fmt: skip


def _confidence(signal: str, seen: WebsiteSignals) -> float | None:
    """The mean confidence of what was seen; None where nothing was."""
    mine = [one.confidence for one in seen.signals if (one.name == "technology") == (signal == "tech_stack")]
    return sum(mine) / len(mine) if mine else None


def _of_sandbox(port: int) -> Fetch:
    """Gets pages of the simulated companies from the sandbox, as if they came from their own hosts."""
    guarded = Guarded(further_ports=frozenset({port}), exempt_addresses=frozenset({LOCAL}))

    def fetch(url: str, seconds: float) -> WebAnswer:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        answer = guarded.get(f"http://{LOCAL}:{port}/web/{parts.netloc}{parts.path or '/'}{query}", seconds)
        return WebAnswer(url, answer.status, answer.text, answer.leads_to)

    return fetch
