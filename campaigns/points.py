"""What a dimension makes of a member, and the scales that dimensions share.

Points go from 0 (speaks against it) over 50 (says nothing either way) to 100. Where a dimension names no source of its
judgement, the points are ASSUMPTIONS of this product, round on purpose, to be replaced by what your own outcomes say.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import log10
from typing import Any, NamedTuple

from campaigns.facts import MemberFacts

TEXTS_REMEMBERED = 5_000


class Judged(NamedTuple):
    """What a dimension makes of a member."""

    points: int
    """0 to 100."""
    value: Any
    """What it looked at, as JSON keeps it."""
    why: str


Judge = Callable[[MemberFacts], Judged | None]
Weights = Mapping[Judge, int]


def between(value: float, low: float, high: float) -> int:
    """0 at the low end and below, 100 at the high end and above, straight between.

    >>> between(0.05, -0.1, 0.1), between(7, 0, 5)
    (75, 100)
    """
    return round(100 * min(1.0, max(0.0, (value - low) / (high - low))))


def by_size(value: float | None, low: float, high: float, told: str) -> Judged | None:
    """0 at the low end and below, 100 at the high end and above, by the logarithm between."""
    if value is None:
        return None
    points = between(log10(value), log10(low), log10(high)) if value > 0 else 0
    return Judged(points, round(value), told.format(large(value)))


def faded(days: float, half_life_days: float) -> int:
    """100 today, half of it after each half-life."""
    return round(float(100 * 0.5 ** (days / half_life_days)))


def steps(times: int, *points: int) -> int:
    """The points of so many times; the last of all that are more.

    >>> steps(0, 30, 60, 100), steps(7, 30, 60, 100)
    (30, 100)
    """
    return points[min(times, len(points) - 1)]


def using(f: MemberFacts, names: re.Pattern[str]) -> list[str] | None:
    """Technologies of these names that the company uses; None where no source looked."""
    if f.company.technologies is None:
        return None
    return [name for name in f.company.technologies if _is_named(names.pattern, names.flags, name)]


@lru_cache(maxsize=50_000)
def _is_named(pattern: str, flags: int, name: str) -> bool:
    """Many companies use the same: looking it up takes a tenth of searching again."""
    return re.compile(pattern, flags).search(name) is not None


def where_used(f: MemberFacts, names: re.Pattern[str], used: int, not_used: int, what: str) -> Judged | None:
    """Points for using any technology of these names, and for using none."""
    found = using(f, names)
    if found is None:
        return None
    if not found:
        return Judged(not_used, [], f"not seen to use {what}")
    return Judged(used, found, f"uses {what}: {listed(found)}")


def on_site(f: MemberFacts, function: str, does: int, does_not: int, what: str) -> Judged | None:
    """Points for a web site that does something, and for one that does not."""
    offered = f.company.web_functions
    if offered is None:
        return None
    if any(function in name.lower() for name in offered):
        return Judged(does, True, f"its web site {what}")
    return Judged(does_not, False, f"nothing on its web site {what}")


def listed(names: Sequence[str]) -> str:
    """Up to three names.

    >>> listed(["a", "b", "c", "d"])
    'a, b, c …'
    """
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def large(number: float) -> str:
    """A number in a few characters.

    >>> large(1234567), large(45000), large(320)
    ('1.2 million', '45,000', '320')
    """
    if number >= 1e9:
        return f"{number / 1e9:.1f} billion"
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number:,.0f}"


def ago(days: float) -> str:
    """How long ago something was.

    >>> ago(0.2), ago(1.5), ago(12.9)
    ('today', 'a day ago', '12 days ago')
    """
    return "today" if days < 1 else "a day ago" if days < 2 else f"{int(days)} days ago"
