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
from improvement.rules.targets import (
    BASELINE_ACCURACY,
    BASELINE_REJECTED,
    TARGET_ACCURACY,
    TARGET_REJECTED,
    TARGET_TIME_SAVED,
    TARGET_VOICE_AI_PRECISION,
    TIME_SAVED_ASSUMES,
)
from monitoring.measure import Measure, load_measures
from ringback.clock import now

KEPT_SECONDS = 60.0
DAYS, WEEKS = 90, 26
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CHARTED = ("calls_held", "sentiment", "high_value_rate", "enrichment_coverage", "live_accuracy", "recall",
           "voice_ai_precision", "voice_ai_recall", "brier_score", "rejection_rate", "handoff_rate")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aim:
    """What was promised of a measure."""

    measure: str
    title: str
    """How it is called here."""
    target: float
    is_limit: bool = False
    """Whether the target is an upper limit."""
    baseline: float | None = None
    """What the rules of old came to."""
    is_rest: bool = False
    """Whether the promise is about one minus the measure."""
    assumes: str = ""


AIMS = (
    Aim("live_accuracy", "Live accuracy", TARGET_ACCURACY, baseline=BASELINE_ACCURACY),
    Aim("voice_ai_precision", "Voice-AI precision", TARGET_VOICE_AI_PRECISION),
    Aim("rejection_rate", "Rejected by AEs", TARGET_REJECTED, is_limit=True, baseline=BASELINE_REJECTED),
    Aim("handoff_rate", "AE time saved", TARGET_TIME_SAVED, is_rest=True, assumes=TIME_SAVED_ASSUMES),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise, and how it stands."""

    aim: Aim
    measure: Measure
    last: WeekMeasure | None
    """The last week with enough observations."""

    @property
    def is_met(self) -> bool | None:
        """Whether the whole interval keeps the promise; None where it cannot be said."""
        if self.last is None or self.last.low is None or self.last.high is None:
            return None
        target = self.aim.target
        if self.aim.is_limit:
            return True if self.last.high <= target else False if self.last.low > target else None
        return True if self.last.low >= target else False if self.last.high < target else None


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
    well_again: int
    """Further incidents that are open still, though what they are about is well by now."""
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


def _bands(many: int) -> list[str]:
    """What the bands of ten scores are called; the last has 100 as well.

    >>> _bands(10)[0], _bands(10)[-1]
    ('0-9', '90-100')
    """
    return [f"{10 * at}-{10 * at + 9 + (at == many - 1)}" for at in range(many)]


def _make() -> Overview:
    at = now()
    measures = {one.name: one for one in load_measures()}
    series = stored.measures_since(list(measures), at - timedelta(weeks=WEEKS))
    scored = _ranked(stored.scores())
    days = stored.calls_by_day(at - timedelta(days=DAYS))
    health, opened = system(), open_incidents()
    return Overview(
        made_at=at,
        counted=stored.counted(),
        goals=tuple(Goal(aim, measures[aim.measure], _last(series[aim.measure], measures[aim.measure], aim.is_rest))
                    for aim in AIMS),
        scored=scored,
        bands=chart("bars", _bands(len(scored.bands)), [Series("Leads", list(scored.bands))], least=0),
        daily=_daily(days),
        seasonal=_seasonal(days),
        courses=[
            (measures[name], drawn) for name in CHARTED if (drawn := measure_chart(measures[name], series[name]))
        ],
        followed=stored.followed_up(at - timedelta(days=DAYS) - stored.FOLLOWED_WITHIN, at),
        companies=stored.top_companies(),
        industries=stored.industries(),
        incidents=[one for one in opened if one.incident_id not in health.well_again],
        well_again=len(health.well_again),
        open_tasks=tasks.open_tasks(),
        status=health.overall,
    )  # fmt: skip


def _last(series: Sequence[WeekMeasure], measure: Measure, is_rest: bool) -> WeekMeasure | None:
    enough = [one for one in series if one.value is not None and one.n >= measure.minimum_sample]
    if not enough:
        return None
    return _rest(enough[-1]) if is_rest else enough[-1]


def _rest(one: WeekMeasure) -> WeekMeasure:
    """What is left to the whole of a share."""
    value, low, high = (None if part is None else 1 - part for part in (one.value, one.high, one.low))
    return replace(one, value=value, low=low, high=high)


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
