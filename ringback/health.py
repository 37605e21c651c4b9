"""What a health check finds, and the words for how well it is."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["excellent", "good", "needs_attention", "critical", "not_in_use"]
STATUSES: tuple[Status, ...] = ("not_in_use", "excellent", "good", "needs_attention", "critical")
"""From what asks for nothing to the worst."""
Severity = Literal["needs_attention", "critical"]
WRONG = frozenset({"needs_attention", "critical"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one component."""

    component: str
    """`database`, `vendor Fellow`, `flow train`, …"""
    check: str
    """What was looked at: `answers`, `free space`, …"""
    status: Status
    words: str
    """A sentence for a person."""
    value: float | None = None
    unit: str | None = None

    @property
    def subject(self) -> str:
        """What an incident about this is about."""
        return f"{self.component}: {self.check}"

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to look at it."""
        return self.status in WRONG


def worst(statuses: "list[Status]") -> Status:
    """The worst of some, `not_in_use` where there are none.

    >>> worst(["good", "critical", "not_in_use"]), worst([])
    ('critical', 'not_in_use')
    """
    return max(statuses, key=STATUSES.index, default="not_in_use")
