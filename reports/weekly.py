"""The week as one record: measures, changes, leads, segments and recommendations, as they stood as of a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from improvement.recommendation import Recommendation
from improvement.roi import Cumulative
from improvement.tickets import HeldBack, Line
from improvement.trends import Trend
from improvement.week import DataFacts, ModelFacts, Segment
from monitoring.estimate import ASSUMPTIONS, Estimate
from monitoring.measure import Measurement
from monitoring.thresholds import Proposal
from ringback.clock import WEEK
from warehouse.decision_counts import DecisionQuality

if TYPE_CHECKING:
    pass

__all__ = ["ASSUMPTIONS", "DataFacts", "ModelFacts", "Segment", "WeeklyReport", "says_something", "week_name"]


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead scored this week."""

    lead_id: str
    name: str | None
    company: str | None
    score: int
    progression_probability: float
    voice_ai_fit: int | None
    recommendation: str
    priority: str
    reasons: tuple[str, ...]
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class Deciding:
    """A pair of model versions and how much they decided this week."""

    progression_version: str
    voice_ai_version: str
    predictions: int


@dataclass(frozen=True, slots=True)
class Component:
    """One kind of logged decisions in one week."""

    name: str
    n: int
    success_rate: float
    approval_rate: float | None
    judged: int
    """Decisions that people approved or rejected."""
    mean_quality: float | None
    rated: int
    median_seconds: float | None
    seconds_95: float | None
    """Within so many seconds 95 % of the timed decisions were made."""
    timed: int


@dataclass(frozen=True, slots=True)
class Goal:
    """A business measure against the rule-based baseline and the customer's target."""

    title: str
    measure: str
    baseline: float | None
    target: float
    at_most: bool
    """Whether the target is an upper limit."""
    complement: bool
    """Whether the number is one minus the measure."""
    now: Measurement | None
    lately: Measurement | None
    """Pooled over all the weeks shown."""
    assumes: str = ""
    """Under which assumption it says what its title claims."""


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """All that a weekly report says; the same for the same stores and `as_of`."""

    week: datetime
    as_of: datetime
    zone: str
    synthetic: bool
    flow_run: str | None
    headline: str
    series: Mapping[str, Sequence[Measurement]]
    """The measures by name, oldest week first, this week last."""
    trends: Mapping[str, Trend]
    keys: tuple[str, ...]
    """The measures that come first."""
    goals: tuple[Goal, ...]
    recommendations: tuple[Recommendation, ...]
    models: tuple[ModelFacts, ...]
    attempts: tuple[ModelFacts, ...]
    """Of each target the latest training that made no champion: what was tried, and why it does not decide."""
    estimates: tuple[Estimate, ...]
    """What the progression champion expected of its own answers, the latest period first, and what turned out."""
    deciding: tuple[Deciding, ...]
    leads: tuple[Lead, ...]
    segments: tuple[Segment, ...]
    data: DataFacts
    members: Mapping[tuple[str, str], tuple[Trend, ...]] = field(default_factory=dict)
    """By measure and dimension: the course of each part."""
    components: tuple[Component, ...] = ()
    """What logged decisions say of each kind of decision this week."""
    decisions: DecisionQuality | None = None
    """What became of the logged lines that landed this week."""
    thresholds: Proposal | None = None
    tickets: tuple[Line, ...] = ()
    """What became of earlier recommendations, as of the report's moment."""
    held_back: tuple[HeldBack, ...] = ()
    """What is not recommended again because a ticket on it is under way."""
    earned: Cumulative | None = None
    """What all measured tickets together brought."""
    notes: tuple[str, ...] = ()
    """What must be known of how this report came about: data that is missing, runs that were late, a full disk."""

    @property
    def is_over(self) -> bool:
        """Whether the week had ended as of the report's moment."""
        return self.as_of >= self.week + WEEK

    @property
    def measurements(self) -> list[Measurement]:
        """Every measure of every week shown."""
        return [measurement for series in self.series.values() for measurement in series]


def week_name(week: datetime) -> str:
    """The ISO week.

    >>> week_name(datetime(2026, 3, 16))
    '2026-W12'
    """
    year, number, _ = week.isocalendar()
    return f"{year}-W{number:02}"


def says_something(series: Sequence[Measurement]) -> bool:
    """Whether a measure is about anything in this data: a share or count that is zero in every week is not."""
    return any(m.value for m in series)
