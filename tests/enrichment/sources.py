"""A source whose answers a test says, and a world of companies to ask it about."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from database import queue, signals
from database.people import publish_companies
from database.queue import Waiting
from database.wanted import Known, Wanted
from enrichment.sources.base import Answer, Run, Source
from enrichment.subjects import Subject
from enrichment.worker import Pace, Worked, work
from ringback.clock import now
from ringback.settings import settings
from tests.factories import company_facts

Say = Callable[[Wanted], Answer | Exception]
QUICK = Pace(lease=timedelta(minutes=1), patience=timedelta(0))


class Scripted(Source):
    """Answers at once, or as runs that are fetched; counts what it was asked."""

    def __init__(self, name: str, signal_names: Sequence[str], say: Say, as_runs: bool = False) -> None:
        self.name = name  # type: ignore[misc]
        self.signals = tuple(signal_names)
        self.batch = 10
        self.record = f"{name}_record" if f"{name}_record" in signal_names else None
        self.poll_seconds = 0.001
        self.asked: list[Wanted] = []
        self._say, self._as_runs, self._numbers = say, as_runs, count()
        self.runs: dict[str, list[Wanted]] = {}

    def lacks(self, signal: str, subject: Subject) -> str | None:
        return None if subject.domain else "no company domain is known"

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
        wanted = [Wanted(one.subject_id, signal) for one in subjects for signal in signals]
        self.asked += wanted
        if self._as_runs:
            run = Run(f"{self.name}-{next(self._numbers)}")
            self.runs[run.run_id] = wanted
            return run
        return [_said(self._say(one)) for one in wanted]

    def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
        return [_said(self._say(one)) for one in wanted]


def _said(answer: Answer | Exception) -> Answer:
    if isinstance(answer, Exception):
        raise answer
    return answer


def finds(value: Mapping[str, Any]) -> Say:
    """Finds the same of everybody."""
    return lambda wanted: Answer(wanted, value)


def misses(reason: str = "nobody knows") -> Say:
    """Finds nothing."""
    return lambda wanted: Answer(wanted, None, reason)


def fails(failure: Exception) -> Say:
    """Raises."""
    return lambda wanted: failure


def wait_for(*domains: str, campaign_id: str | None = None) -> None:
    """Companies that wait for enrichment."""
    publish_companies([company_facts(domain, name=domain, domain=domain) for domain in domains])
    queue.enqueue([Waiting(domain, 50, "test", "company", campaign_id) for domain in domains], now())


def enriched(
    *sources: Source, signal_names: Sequence[str] = ("tech_stack",), worker: str = "ana", **changed: Any
) -> Worked:
    """One worker's work with these sources."""
    chosen = settings().model_copy(update={"signals": tuple(signal_names), **changed})
    return work(chosen, worker, now, pace=QUICK, sources=sources)


def known_of(*domains: str) -> dict[str, Known]:
    """What is known, by `domain signal`."""
    return {f"{one.wanted.entity_id} {one.wanted.signal}": one for one in signals.known(domains, now())}


def soon(minutes: float) -> datetime:
    """Some time from now."""
    return now() + timedelta(minutes=minutes)
