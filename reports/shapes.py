"""The shape of report.json, which docs/report-schema.json publishes (JSON Schema, Draft 2020-12).

Shares are between 0 and 1, times are UTC, intervals are at 95 %. A field is added under a new minor version of
`SCHEMA_VERSION`; where one goes or changes its meaning, the major version rises.
"""

from typing import Any, Literal

from pydantic import Field

from improvement.trends import Direction
from reports.action_shapes import EarnedShape, HeldBackShape, Moment, RecommendationShape, Shape, TicketShape

SCHEMA_VERSION = "2.1"
SCHEMA_FILE = "docs/report-schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Health = Literal["excellent", "good", "needs_attention", "critical"]


class AnalysisPeriod(Shape):
    """What the report speaks of."""

    start_date: str = Field(description="Its first day.")
    end_date: str = Field(description="The day after its last.")
    days_analyzed: int = Field(description="Days of it that had begun as of the report's moment.")
    weeks: int
    is_over: bool


class ReportMetadata(Shape):
    """Which report this is."""

    schema_version: str
    report_id: str
    report_type: Literal["weekly", "monthly", "quarterly"]
    name: str = Field(description="2026-W12, 2026-03 or 2026-Q1.")
    generated_at: Moment = Field(description="As of which moment everything was computed.")
    analysis_period: AnalysisPeriod
    week: str = Field(description="The newest week.")
    zone: str = Field(description="The customer's time zone, in which pages show times.")
    synthetic: bool = Field(description="Whether the numbers come from simulated calls.")
    headline: str
    key_measures: list[str]


class WeekValue(Shape):
    """One measure in one week."""

    week: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    enough: bool = Field(description="Whether there are observations enough to judge by.")


class MeasureValues(WeekValue):
    """One measure: its newest week, what it is, and all weeks shown."""

    title: str
    unit: str
    kind: Literal["share", "mean", "count"]
    direction: Literal["higher_is_better", "lower_is_better", "neutral"]
    owner: str
    file: str = Field(description="Where it is defined, with its SQL.")
    minimum_sample: int
    weeks: list[WeekValue]


class Before(Shape):
    """What the newest week is compared with."""

    value: float | None = Field(description="Of a count, the mean per week.")
    n: int
    weeks: int


class TrendShape(Shape):
    """The course of a measure; docs/trends.md says what each word means."""

    metric_name: str
    trend_direction: Direction
    change_percentage: float | None = Field(description="The difference in percent of what it is compared with.")
    significance: Literal["low", "medium", "high"]
    p_value_adjusted: float | None
    difference: float | None
    low: float | None
    high: float | None
    slope_a_week: float | None
    slope_low: float | None
    slope_high: float | None
    changed_in: str | None = Field(description="The week of a step.")
    n: int
    before: Before | None


class Part(TrendShape):
    """The course of one part of a measure, such as a template or a source."""

    dimension: str
    member: str
    value: float | None
    value_low: float | None
    value_high: float | None
    enough: bool


class PeriodShape(Shape):
    """A measure over the whole month or quarter against the one before."""

    metric_name: str
    trend_direction: Direction
    value: float | None = Field(description="Of a count, the sum.")
    value_low: float | None
    value_high: float | None
    n: int
    weeks: int
    before: Before | None = Field(description="Of a count, the value is the sum.")
    difference: float | None = Field(description="Of a count, how many a week.")
    low: float | None
    high: float | None
    p_value_adjusted: float | None


class GoalShape(Shape):
    """A business measure against the old rules and the customer's target."""

    title: str
    measure: str
    is_one_minus_measure: bool
    baseline: float | None
    target: float
    target_is_upper_limit: bool
    this_week: WeekValue | None
    all_weeks: WeekValue | None
    assumes: str | None = Field(None, description="Under which assumption it says what its title claims.")


class ModelShape(Shape):
    """A model version: one that decides, or one that was tried."""

    target: str
    version: str
    candidate: str | None
    trained_as_of: Moment | None
    test_roc_auc: float | None
    test_roc_auc_low: float | None
    test_roc_auc_high: float | None
    test_rows: int | None
    reason: str | None


class FigureShape(Shape):
    """A figure of performance with its interval."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int


class EstimateShape(Shape):
    """What a model expected of its own answers, and what turned out."""

    since: Moment
    until: Moment
    expected: list[FigureShape]
    turned_out: list[FigureShape]


class DecidingShape(Shape):
    """How much a pair of model versions decided this week."""

    progression_version: str
    voice_ai_version: str
    predictions: int


class LeadShape(Shape):
    """A lead scored this week."""

    lead_id: str
    name: str | None
    company: str | None
    score: int
    progression_probability: float
    voice_ai_fit: int | None
    recommendation: str
    priority: str
    reasons: list[str]
    scored_at: Moment


class SegmentShape(Shape):
    """Decided calls of one industry."""

    industry: str
    decided: int
    progressed: int
    handed_off: int
    handed_off_progressed: int
    handed_off_share: float | None
    low: float | None
    high: float | None
    verdict: Literal["below the others", "above the others", "no clear difference", "not enough data"]


class ComponentShape(Shape):
    """One kind of logged decisions in the newest week."""

    name: str
    n: int
    success_rate: float
    approval_rate: float | None
    judged: int
    mean_quality: float | None = Field(description="Points of 100.")
    rated: int
    median_seconds: float | None
    seconds_95: float | None
    timed: int


class LogQuality(Shape):
    """What became of the logged lines that landed: lines = kept + duplicates + rejected."""

    files: int
    lines: int
    kept: int
    duplicates: int
    rejected: int
    lost: int
    reasons: dict[str, int]


class DataShape(Shape):
    """How much is known, and how fresh it is."""

    calls: int
    calls_with_company: int
    calls_with_text: int
    last_call_at: Moment | None
    progression_outcomes: int
    voice_ai_outcomes: int
    last_outcome_at: Moment | None
    progression_labels: int
    predictions: int
    last_prediction_at: Moment | None
    quarantined: int
    quarantine_reasons: list[str]


class ThresholdsShape(Shape):
    """What matured answers say of the thresholds."""

    is_change: bool
    said: list[str]
    n: int


class Alert(Shape):
    """A recommendation that cannot wait."""

    rule: str
    subject: str
    title: str


class SystemHealth(Shape):
    """What the rules found, in one word for all and one for each component."""

    overall_status: Health
    component_health: dict[str, Health]
    alerts: list[Alert]


class ReportShape(Shape):
    """A report of ringback."""

    report_metadata: ReportMetadata
    performance_metrics: dict[str, MeasureValues] = Field(description="By the measure's name.")
    trends: list[TrendShape]
    parts: list[Part]
    period_figures: list[PeriodShape] = Field(description="Of a month or quarter; empty for a week.")
    goals: list[GoalShape]
    recommendations: list[RecommendationShape]
    tickets: list[TicketShape]
    held_back: list[HeldBackShape]
    earned: EarnedShape | None
    models: list[ModelShape]
    attempts: list[ModelShape]
    estimates: list[EstimateShape]
    thresholds: ThresholdsShape | None
    deciding_versions: list[DecidingShape]
    leads: list[LeadShape]
    segments: list[SegmentShape]
    components: list[ComponentShape]
    decision_log: LogQuality | None
    data: DataShape
    system_health: SystemHealth


def schema() -> dict[str, Any]:
    """The published schema."""
    return {"$schema": DIALECT, "$id": SCHEMA_FILE} | ReportShape.model_json_schema(mode="serialization")
