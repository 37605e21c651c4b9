"""How a finding is worded and graded: of a value, an age, a share, and of what nobody could ask for."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from monitoring.health_facts import Asked
from monitoring.health_limits import Limit
from ringback.health import Finding, Status

T = TypeVar("T")
UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def graded(component: str, check: str, value: float, limit: Limit, words: str) -> Finding:
    """A value, in the limit's unit."""
    return Finding(component, check, limit.status_of(value), words, float(value), limit.unit)


def judged(component: str, check: str, fact: Asked[T], found: Callable[[T], Finding]) -> Iterator[Finding]:
    """What is found of a fact, or that it is not known."""
    if fact.value is None:
        yield from unknown(component, check, fact)
    else:
        yield found(fact.value)


def unknown(component: str, check: str, fact: Asked[T]) -> Iterator[Finding]:
    """That nothing is known, and why: of what was never used nobody has to take care."""
    if fact.failure is not None:
        yield Finding(component, check, "needs_attention", f"could not be asked: {fact.failure}")
    else:
        yield Finding(component, check, "not_in_use", f"not in use: {fact.unused or 'nothing to look at'}")


def aged(
    component: str, check: str, last: datetime | None, at: datetime, limit: Limit, words: str, never: str,
    if_never: Status = "not_in_use",
) -> Finding:  # fmt: skip
    """How long ago something was, in the limit's unit."""
    if last is None:
        return Finding(component, check, if_never, never, 0.0 if if_never != "not_in_use" else None, limit.unit)
    unit = UNITS[limit.unit]
    ago = max(0.0, (at - last) / unit)
    said = f"{words} {last:%Y-%m-%d %H:%M} UTC" if words.endswith("since") else f"{words} {ago:.1f} {limit.unit} ago"
    return graded(component, check, ago, limit, said)


def shared(component: str, check: str, share: float, n: int, least: int, limit: Limit, words: str) -> Finding:
    """A share, which says nothing where it is one of a few."""
    if n < least:
        return Finding(component, check, "good", f"{words}: too few to judge ({least} needed)", share, limit.unit)
    return graded(component, check, share, limit, words)
