"""The shape of recommendations and tickets in report.json: part of `reports.shapes`."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from database.tickets import State
from improvement.impact import Verdict

Priority = Literal["HIGH", "MEDIUM", "LOW"]


def _said(moment: object) -> object:
    return moment.isoformat() if isinstance(moment, datetime) else moment


Moment = Annotated[str, BeforeValidator(_said)]
"""UTC, ISO 8601 without zone."""


class Shape(BaseModel):
    """What all shapes have in common: nothing is there that the schema does not name."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Range(Shape):
    """A number with its 95 % interval."""

    low: float
    value: float
    high: float


class Evidence(Shape):
    """One piece of it."""

    label: str
    text: str


class ReturnShape(Shape):
    """What something brings, in US dollars."""

    cost: float
    per_week: Range | None
    horizon_weeks: int
    value: Range | None = Field(description="Over the horizon, before cost.")
    roi: Range | None
    payback_weeks: float | None
    assumed: str = Field(description="What was assumed, or why no money is claimed.")


class EstimatedImpact(Shape):
    """What a recommendation is expected to bring."""

    metric_improvements: dict[str, Range] = Field(description="By measure, in its own unit.")
    applies_to_per_week: float | None
    because: str | None
    roi_estimate: float | None
    implementation_effort: float = Field(description="Hours.")
    returns: ReturnShape | None


class RecommendationShape(Shape):
    """What to do, and why."""

    id: str
    rule: str
    subject: str
    priority: Priority
    category: str
    title: str
    description: str
    evidence: list[Evidence]
    action_items: list[str]
    measure: str
    dimension: str | None
    member: str | None
    estimated_impact: EstimatedImpact
    earlier: list[str] = Field(description="What was done about the same before, and what it did.")


class ImpactShape(Shape):
    """What a change was measured to do; docs/impact.md says how."""

    effect: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n_before: int
    n_after: int
    compared_with: str | None
    smallest: float | None = Field(description="The smallest effect that is found in 80 of 100 cases.")
    placebos: int
    placebos_changed: int
    history_days: int
    window_days: int
    reasons: list[str]


class TicketShape(Shape):
    """A recommendation that became a ticket, and what it came to."""

    ticket_id: str
    title: str
    state: State
    is_stale: bool
    round: int
    rule: str
    subject: str
    category: str
    priority: Priority
    measure: str
    dimension: str | None
    member: str | None
    created_at: Moment
    age_days: int
    effort_hours: float
    expected: ReturnShape | None
    implemented_on: Moment | None
    verdict: Verdict | None
    impact: ImpactShape | None
    returned: ReturnShape | None


class HeldBackShape(Shape):
    """What is not recommended again."""

    rule: str
    subject: str
    title: str
    ticket_id: str
    state: State


class EarnedShape(Shape):
    """What all measured tickets together brought, in US dollars."""

    tickets: int
    with_money: int
    cost: float
    earned: Range | None
    roi: Range | None
