"""Attribution: which mails came before calls that progressed, by three rules that people use.

None of them says what a mail caused: leads that would have progressed anyway were mailed, too. What a mail causes an
A/B test says (`campaigns/experiments.py`). The three are shown side by side, so that nobody takes one for the truth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from database.campaign_performance import Touch

Name = tuple[str, str]
"""Sequence and template."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What a template is credited with, in calls that progressed; each rule adds up to their number over all."""

    sequence: str
    template: str
    first_touch: float
    last_touch: float
    linear: float
    calls: int
    """Before so many such calls the template was sent at all."""


def credits_of(touches: Iterable[Touch]) -> list[Credit]:
    """Credit by template, most linear credit first.

    First touch: all to the first mail before the call; last touch: all to the last; linear: an equal part to each.
    """
    first: dict[Name, float] = {}
    last: dict[Name, float] = {}
    linear: dict[Name, float] = {}
    calls: dict[Name, int] = {}
    ordered = sorted(touches, key=lambda one: (one.lead_id, one.call_id, one.sent_at, one.template))
    for _, group in groupby(ordered, key=lambda one: (one.lead_id, one.call_id)):
        names = [(one.sequence, one.template) for one in group]
        _add(first, names[0], 1.0)
        _add(last, names[-1], 1.0)
        for name in names:
            _add(linear, name, 1 / len(names))
        for name in set(names):
            calls[name] = calls.get(name, 0) + 1
    found = [Credit(*name, first.get(name, 0.0), last.get(name, 0.0), linear[name], calls[name]) for name in linear]
    return sorted(found, key=lambda one: (-one.linear, one.sequence, one.template))


def _add(where: dict[Name, float], name: Name, credit: float) -> None:
    where[name] = where.get(name, 0.0) + credit


def totals(credits: Iterable[Credit]) -> Mapping[str, float]:
    """What each rule gave out in all.

    >>> totals([Credit("a", "x", 1.0, 0.0, 0.5, 1), Credit("a", "y", 0.0, 1.0, 0.5, 1)])
    {'first_touch': 1.0, 'last_touch': 1.0, 'linear': 1.0}
    """
    listed = list(credits)
    return {name: sum(getattr(one, name) for one in listed) for name in ("first_touch", "last_touch", "linear")}
