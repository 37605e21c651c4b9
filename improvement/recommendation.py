"""What a rule says: what to do, why, by which measure the effect will show, and what it is expected to be worth."""

from dataclasses import dataclass
from typing import Literal

from improvement.roi import Estimate, Return

Priority = Literal["HIGH", "MEDIUM", "LOW"]
ORDER: dict[Priority, int] = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}


@dataclass(frozen=True, slots=True)
class Expected:
    """The change to expect of a measure, in its own unit, with its 95 % interval."""

    low: float
    value: float
    high: float
    per_week_n: float
    """Observations a week that it applies to; 1 for a count, whose change is so many a week."""
    because: str
    """How it was arrived at."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do, why, and by which measure the effect will show."""

    rule: str
    subject: str
    """What it is about; with the rule it names the recommendation, so that one open ticket is enough."""
    category: str
    priority: Priority
    title: str
    description: str
    evidence: tuple[tuple[str, str], ...]
    """Label and text; every text has its sample size."""
    action_items: tuple[str, ...]
    effort_hours: float
    measure: str
    dimension: str | None = None
    member: str | None = None
    """The part of the measure that the change touches; None: all of it."""
    expected: Expected | None = None
    """None where the data do not say how much would be gained."""
    usd_a_week: Estimate | None = None
    """Where the data say it in money already."""
    returns: Return | None = None
    """What that is worth by the stated assumptions."""
    earlier: tuple[str, ...] = ()
    """What was done about the same before, and what it did."""

    @property
    def rank(self) -> tuple[int, float, float, str, str]:
        """Most urgent first, then what is worth most, then the least effort."""
        return rank_of(self.priority, self.returns, self.effort_hours, self.rule, self.subject)


def rank_of(
    priority: Priority, worth: Return | None, effort_hours: float, rule: str, subject: str
) -> tuple[int, float, float, str, str]:
    """The order of recommendations and of tickets that wait: most urgent, then worth most, then the least effort."""
    value = worth.value.value if worth and worth.value else 0.0
    return ORDER[priority], -value, effort_hours, rule, subject
