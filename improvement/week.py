"""What a rule may look at: one week's facts, gathered once, so that rules fetch nothing and know no day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from improvement.trends import FALSE_DISCOVERY_RATE, Trend, share_p_value
from monitoring.measure import Interval, Measurement, intervals, pooled
from monitoring.thresholds import Proposal
from warehouse.decision_counts import DecisionQuality

MINIMUM_SEGMENT = 20
LATELY_WEEKS = 5


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A champion: which version decides for a target, and what it was promoted on."""

    target: str
    version: str
    candidate: str | None = None
    trained_as_of: datetime | None = None
    test_roc_auc: float | None = None
    test_roc_auc_low: float | None = None
    test_roc_auc_high: float | None = None
    test_rows: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Decided calls of one industry over the weeks of the report."""

    name: str
    decided: int
    progressed: int
    handed_off: int
    handed_off_progressed: int
    interval: Interval = (None, None)
    """95 % interval (Wilson) of the share of hand-offs that progressed."""
    verdict: Literal["below the others", "above the others", "no clear difference", "not enough data"] = (
        "not enough data"
    )

    @property
    def handed_off_share(self) -> float | None:
        """Share of its hand-offs that progressed."""
        return self.handed_off_progressed / self.handed_off if self.handed_off else None


@dataclass(frozen=True, slots=True)
class DataFacts:
    """How much is known as of the report's moment, and how fresh it is."""

    calls: int = 0
    calls_with_company: int = 0
    calls_with_text: int = 0
    last_call_at: datetime | None = None
    progression_outcomes: int = 0
    voice_ai_outcomes: int = 0
    last_outcome_at: datetime | None = None
    progression_labels: int = 0
    """Outcomes that a model may learn from already."""
    predictions: int = 0
    last_prediction_at: datetime | None = None
    quarantined: int = 0
    quarantine_reasons: tuple[str, ...] = ()
    """This week's, most frequent first."""


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """A signal that is paid for: what it cost over some weeks, and how much the scores rest on it."""

    name: str
    bought: int
    found: int
    usd: float
    weight: float | None
    """Share of all attributions of the scores of these weeks that are of its features; None where none are known."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What was paid for signals lately."""

    signals: tuple[SignalFacts, ...] = ()
    weeks: float = 0.0
    """Over how many weeks."""
    attributed: int = 0
    """Scores whose attributions say how much the scores rest on each."""


@dataclass(frozen=True, slots=True)
class Week:
    """One week as rules see it."""

    week: datetime
    as_of: datetime
    data: DataFacts = field(default_factory=DataFacts)
    series: Mapping[str, Sequence[Measurement]] = field(default_factory=dict)
    """Measurements by the measure's name, oldest week first, this week last."""
    trends: Mapping[str, Trend] = field(default_factory=dict)
    """By the measure's name."""
    members: Mapping[tuple[str, str], tuple[Trend, ...]] = field(default_factory=dict)
    """By measure and dimension: each member's part of the measure, the newest week last."""
    models: tuple[ModelFacts, ...] = ()
    segments: tuple[Segment, ...] = ()

    decisions: DecisionQuality | None = None
    """What became of the logged decisions that landed this week."""
    thresholds: Proposal | None = None
    """What matured answers say of the thresholds in force."""
    signals: tuple[SignalFacts, ...] = ()
    signal_weeks: float = 0.0
    """Over how many weeks they were paid for."""
    attributed: int = 0
    """Scores whose attributions were looked at."""

    def parts(self, measure: str, dimension: str) -> tuple[Trend, ...]:
        """The trends of a measure's parts; empty where it was not split so."""
        return self.members.get((measure, dimension), ())

    def lately(self, measure: str) -> Measurement | None:
        """The measure pooled over this week and the four before; None where there are too few observations."""
        together = pooled(self.series.get(measure, ())[-LATELY_WEEKS:])
        return together if together is not None and together.enough else None

    def has_champion(self, target: str) -> bool:
        """Whether a model decides for the target."""
        return any(model.target == target for model in self.models)


def judge_segments(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Say of each segment whether its hand-offs progress more or less often than all the others'.

    Each is tested against the rest; the false discovery rate over the segments is held at 5 % (Benjamini-Hochberg).
    """
    from statsmodels.stats.multitest import multipletests

    total, progressed = sum(s.handed_off for s in segments), sum(s.handed_off_progressed for s in segments)
    p_values = {
        s.name: share_p_value(
            s.handed_off_progressed, s.handed_off, progressed - s.handed_off_progressed, total - s.handed_off
        )
        for s in segments
        if s.handed_off >= MINIMUM_SEGMENT and total - s.handed_off >= MINIMUM_SEGMENT
    }
    adjusted = (
        dict(zip(p_values, multipletests(list(p_values.values()), method="fdr_bh")[1], strict=True)) if p_values else {}
    )
    return tuple(_judged(s, adjusted.get(s.name), progressed / total if total else 0.0) for s in segments)


def _judged(segment: Segment, p_value: float | None, overall: float) -> Segment:
    share = segment.handed_off_share
    if share is None:
        return segment
    interval = intervals("share", [share], [segment.handed_off], [None])[0]
    if p_value is None:
        return replace(segment, interval=interval)
    if p_value >= FALSE_DISCOVERY_RATE:
        return replace(segment, interval=interval, verdict="no clear difference")
    return replace(segment, interval=interval, verdict="below the others" if share < overall else "above the others")
