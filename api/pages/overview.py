"""The first page: what came in, how the model does against what was promised, and where the leads go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from api.pages.charts import Series, chart, measure_chart
from api.pages.keeping import Kept
from api.pages.leads import PRIORITIES
from api.pages.system import system
from database import overview as stored
from database import tasks
from database.incidents import Open, open_incidents
from database.overview import CompanyScore, IndustryScore, Scored, WeekMeasure
from monitoring.measure import Measure, load_measures
from ringback.clock import now

KEPT_SECONDS = 60.0
DAYS, WEEKS = 90, 26
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
GOALS = (
    ("live_accuracy", "Live accuracy", 0.85, False, 0.388),
    ("voice_ai_precision", "Voice-AI precision", 0.90, False, None),
    ("rejection_rate", "Rejected by AEs", 0.15, True, 0.612),
)  # fmt: skip
"""Measure, how it is called here, its target, whether the target is an upper limit, and the rule-based baseline."""
CHARTED = ("calls_held", "sentiment", "high_value_rate", "enrichment_coverage", "live_accuracy", "brier_score",
           "rejection_rate", "handoff_rate")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise, and how it stands over the last weeks together."""

    title: str
    measure: Measure
    target: float
    is_limit: bool
    baseline: float | None
    last: WeekMeasure | None
    """The last week with enough observations."""

    @property
    def is_met(self) -> bool | None:
        """Whether the whole interval keeps the promise; None where it cannot be said."""
        if self.last is None or self.last.low is None or self.last.high is None:
            return None
        if self.is_limit:
            return True if self.last.high <= self.target else False if self.last.low > self.target else None
        return True if self.last.low >= self.target else False if self.last.high < self.target else None


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the first page shows."""

    made_at: datetime
    counted: Mapping[str, int]
    goals: tuple[Goal, ...]
    scored: Scored
    bands: Mapping[str, object]
    daily: Mapping[str, object] | None
    seasonal: Mapping[str, object] | None
    courses: Sequence[tuple[Measure, Mapping[str, object]]]
    followed: tuple[int, int]
    companies: Sequence[CompanyScore]
    industries: Sequence[IndustryScore]
    incidents: Sequence[Open]
    open_tasks: int
    status: str | None
    """Of health; None where nothing was looked at yet."""


def overview() -> Overview:
    """How things stand; for a minute the same for all who look."""
    return _kept.get()


def _ranked(scored: Scored) -> Scored:
    """With the highest priority first."""
    known = [name for name in PRIORITIES if name in scored.by_priority]
    others = sorted(scored.by_priority.keys() - set(known))
    return replace(scored, by_priority={name: scored.by_priority[name] for name in [*known, *others]})


def _make() -> Overview:
    at = now()
    measures = {one.name: one for one in load_measures()}
    series = stored.measures_since(list(measures), at - timedelta(weeks=WEEKS))
    scored = _ranked(stored.scores())
    days = stored.calls_by_day(at - timedelta(days=DAYS))
    return Overview(
        made_at=at,
        counted=stored.counted(),
        goals=tuple(
            Goal(title, measures[name], target, is_limit, baseline, _last(series[name], measures[name]))
            for name, title, target, is_limit, baseline in GOALS
        ),
        scored=scored,
        bands=chart("bars", [f"{10 * at}-{min(10 * at + 9, 100)}" for at in range(len(scored.bands))],
                    [Series("Leads", list(scored.bands))], least=0),
        daily=_daily(days),
        seasonal=_seasonal(days),
        courses=[
            (measures[name], drawn) for name in CHARTED if (drawn := measure_chart(measures[name], series[name]))
        ],
        followed=stored.followed_up(at - timedelta(days=DAYS) - stored.FOLLOWED_WITHIN, at),
        companies=stored.top_companies(),
        industries=stored.industries(),
        incidents=open_incidents(),
        open_tasks=tasks.open_tasks(),
        status=system().overall,
    )  # fmt: skip


def _last(series: Sequence[WeekMeasure], measure: Measure) -> WeekMeasure | None:
    enough = [one for one in series if one.value is not None and one.n >= measure.minimum_sample]
    return enough[-1] if enough else None


def _daily(days: Sequence[stored.CallDay]) -> Mapping[str, object] | None:
    if not days:
        return None
    by_day = {one.day: one.calls for one in days}
    first, last = days[0].day, days[-1].day
    every = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return chart(
        "bars", [f"{day:%-d %b}" for day in every], [Series("Calls", [by_day.get(day, 0) for day in every])], least=0
    )  # fmt: skip


def _seasonal(days: Sequence[stored.CallDay]) -> Mapping[str, object] | None:
    """Mean calls by day of the week, days without a call among them."""
    if not days:
        return None
    first, last = days[0].day, days[-1].day
    span = [(first + timedelta(days=number)).weekday() for number in range((last - first).days + 1)]
    held = {key: sum(one.calls for one in some) for key, some in groupby(
        sorted(days, key=lambda one: one.day.weekday()), key=lambda one: one.day.weekday()
    )}  # fmt: skip
    means = [held.get(day, 0) / span.count(day) if span.count(day) else None for day in range(7)]
    return chart("bars", list(WEEKDAYS), [Series("Calls a day", means)], least=0)


_kept = Kept(_make, KEPT_SECONDS)
