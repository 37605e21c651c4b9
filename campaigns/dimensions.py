"""A member's card: all dimensions in five groups, and what a campaign wants of these at least.

A new dimension is a function in `interest.py`, `fit.py` or `need.py`, with its weight in the group under it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from campaigns.facts import GROUPS, MemberFacts
from campaigns.fit import BUDGET_FIT, COMPANY_FIT
from campaigns.interest import ENGAGEMENT, TIMING
from campaigns.need import NEED
from campaigns.playbook import Part
from campaigns.points import Judge, Judged, Weights

KNOWN_SHARE = 0.3
"""Of a group's weights at least this much must be known, or the group says nothing: one fact is no picture."""
Points = Annotated[int, Field(ge=0, le=100)] | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that a member is judged by."""

    name: str
    group: str
    weight: int
    judge: Judge


@dataclass(frozen=True, slots=True)
class Card:
    """What a member comes to."""

    made_at: datetime
    groups: Mapping[str, int | None]
    """By group its points, 0 to 100; None where too little is known."""
    dimensions: Mapping[str, Judged]
    """Those of which anything is known."""


class Thresholds(Part):
    """Least points that a campaign wants of a member that its rules qualify; what is left out is not asked for."""

    engagement: Points = None
    budget_fit: Points = None
    company_fit: Points = None
    need: Points = None
    timing: Points = None
    score: Points = Field(None, description="Of the last score.")
    below: Literal["review", "disqualify"] = Field("review", description="What becomes of a member with fewer points.")
    unknown: Literal["review", "disqualify", "pass"] = Field(
        "review", description="What becomes of a member of which too little is known."
    )

    @property
    def asked(self) -> dict[str, int]:
        """Least points by group, and of the score, as far as any are asked for."""
        wanted = {name: getattr(self, name) for name in (*GROUPS, "score")}
        return {name: points for name, points in wanted.items() if points is not None}


def card_of(facts: MemberFacts) -> Card:
    """The card of a member, as of the moment of its facts.

    A group's points are the mean of its known dimensions by their weights, as far as `KNOWN_SHARE` of these is known.
    """
    judged: dict[str, Judged] = {}
    groups: dict[str, int | None] = {}
    for group, dimensions in BY_GROUP.items():
        known = earned = 0
        for one in dimensions:
            made = one.judge(facts)
            if made is not None:
                judged[one.name] = made
                known += one.weight
                earned += one.weight * made.points
        groups[group] = round(earned / known) if known >= ENOUGH[group] else None
    return Card(facts.at, groups, judged)


def _listed(group: str, weights: Weights) -> tuple[Dimension, ...]:
    return tuple(Dimension(judge.__name__, group, weight, judge) for judge, weight in weights.items())


BY_GROUP: Mapping[str, tuple[Dimension, ...]] = {
    "engagement": _listed("engagement", ENGAGEMENT),
    "budget_fit": _listed("budget_fit", BUDGET_FIT),
    "company_fit": _listed("company_fit", COMPANY_FIT),
    "need": _listed("need", NEED),
    "timing": _listed("timing", TIMING),
}
ENOUGH: Mapping[str, float] = {group: KNOWN_SHARE * sum(one.weight for one in some) for group, some in BY_GROUP.items()}
DIMENSIONS: tuple[Dimension, ...] = tuple(one for some in BY_GROUP.values() for one in some)
