"""What comes first, on every page, in the mail and in the PDF: what changed, what to do, what the last changes brought.

One record, so that all of them say the same numbers in the same words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from improvement.recommendation import Recommendation, rank_of
from improvement.roi import Return
from improvement.tickets import Line, effect_text
from improvement.trends import Direction, Trend
from improvement.wording import NOT_ENOUGH, against_text, difference_text, range_text, sample_text
from monitoring.measure import Measure
from reports.periods import AnyReport, PeriodFigure, PublishedReport, as_published, headline
from reports.weekly import WeeklyReport
from reports.words import (
    VERDICT_TONE,
    Errs,
    earned_text,
    errs_of,
    is_assumed,
    level_text,
    measured_text,
    waiting_text,
    worth_text,
)
from ringback.clock import shown_in

NUMBERS_FIRST = 4
"""On a phone the first three."""
ADVICE_FIRST = 3
OUTCOMES_FIRST = 2
LATELY = timedelta(weeks=6)
"""Since a change: its window takes two weeks, and a month later it is news no more."""
SYNTHETIC = "Synthetic data: simulated calls; says nothing about real performance."
ARROWS = {True: "\N{UPWARDS ARROW}", False: "\N{DOWNWARDS ARROW}"}


@dataclass(frozen=True, slots=True)
class Number:
    """A key number."""

    measure: str
    title: str
    value: str
    interval: str
    """`54 to 68 %`; empty for a count of one week, which is what it is."""
    sample: str
    direction: Direction
    told: str
    """The direction with an arrow where it is clear."""
    change: str
    """By how much, with the interval, or why nothing is said."""
    against: str
    """What it is held against, and on how much; empty where nothing is said."""
    n: str
    """`n = 178`, without what they are."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation in two lines."""

    anchor: str
    """Where the page says more of it: the recommendation, or the ticket that waits."""
    priority: str
    title: str
    worth: str
    is_assumed: bool
    effort: str

    @property
    def stake(self) -> str:
        """What it is worth and takes: `$800 a week (95 %: $400 to $1,200) (assumed); 3 h`."""
        return f"{self.worth}{' (assumed)' if self.is_assumed else ''}; {self.effort}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change brought, in two lines."""

    ticket_id: str
    title: str
    said: str
    tone: str
    """How the verdict is coloured: a direction word."""
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Front:
    """What comes first."""

    title: str
    """The period: `Week 2026-W12`."""
    when: str
    """Which days, and whether they are over."""
    as_of: str
    headline: str
    synthetic: str
    """Empty where the data are real."""
    notes: tuple[str, ...]
    numbers: tuple[Number, ...]
    advice: tuple[Advice, ...]
    further_advice: int
    undecided: tuple[Advice, ...]
    """Earlier recommendations that nobody has decided on, as far as there is room, the most urgent first."""
    no_advice: str
    outcomes: tuple[Outcome, ...]
    earned: str
    waiting: str
    errs: Errs
    """How often each kind of claim is a false alarm."""
    undecided_title: str = "Still to be decided:"


def front_of(report: AnyReport) -> Front:
    """What a report says first."""
    published = as_published(report)
    week = published.report
    undecided = _undecided(week)
    return Front(
        title=published.period.title,
        when=_when(published),
        as_of=f"as of {shown_in(week.as_of, week.zone):%a %-d %b %Y, %H:%M %Z}",
        headline=headline(published),
        synthetic=SYNTHETIC if week.synthetic else "",
        notes=week.notes,
        numbers=tuple(_numbers(published)),
        advice=tuple(advice_of(one, at) for at, one in enumerate(week.recommendations[:ADVICE_FIRST], 1)),
        further_advice=max(0, len(week.recommendations) - ADVICE_FIRST),
        undecided=tuple(
            _advice(line.ticket_id, line, line.expected)
            for line in undecided[: max(0, ADVICE_FIRST - len(week.recommendations))]
        ),
        no_advice=_no_advice(week, bool(undecided)),
        outcomes=tuple(outcome_of(line, measures_of(week)) for line in measured_lately(published)[:OUTCOMES_FIRST]),
        earned=earned_text(week.earned),
        waiting=waiting_text(week.tickets),
        errs=errs_of(bool(published.figures)),
    )


def number_of(trend: Trend) -> Number:
    """A measure's newest week."""
    now, measure = trend.now, trend.measure
    change, against = "", ""
    if not now.enough:
        change = f"at least {measure.minimum_sample} needed"
    elif trend.difference is None:
        change = f"not enough data in the weeks before (n = {trend.before.n})" if trend.before else against_text(trend)
    else:
        change, against = difference_text(trend), f"against {against_text(trend)}"
    is_count = measure.kind == "count"
    interval = "" if is_count or now.value is None else range_text(measure, now.low, now.high)
    sample, n = ("counted", "counted") if is_count else (sample_text(now), f"n = {now.n:,}")
    told = _told(trend.direction if now.enough else NOT_ENOUGH, trend.rose)
    if now.enough and trend.is_clear and trend.changed_in != now.week:
        told += f" since {trend.changed_in:%-d %b}" if trend.changed_in else " week by week"
    return Number(
        measure.name, measure.title, level_text(now), interval, sample, trend.direction, told, change, against, n
    )  # fmt: skip


def number_over(figure: PeriodFigure, before: str) -> Number:
    """A measure over a period against the one `before`."""
    measure, now = figure.measure, figure.now
    is_count = measure.kind == "count"
    if figure.difference is None or figure.low is None or figure.high is None or figure.before is None:
        change, against = f"no comparison with {before}: not enough data", ""
    else:
        value, _, ends = effect_text(measure, figure.difference, figure.low, figure.high).partition(", ")
        change = f"{value} ({ends})"
        against = f"against {level_text(figure.before)} in {before} (n = {figure.before.n:,})"
    interval = "" if now is None or is_count else range_text(measure, now.low, now.high)
    n = f"n = {0 if now is None else now.n:,}"
    told = _told(figure.direction, (figure.difference or 0.0) > 0)
    return Number(
        measure.name, measure.title, level_text(now), interval, f"{n} {measure.sample}", figure.direction, told, change,
        against, n,
    )  # fmt: skip


def advice_of(one: Recommendation, at: int) -> Advice:
    """A recommendation in two lines; `at` is its place in the list, from 1."""
    return _advice(f"do-{at}", one, one.returns)


def _advice(anchor: str, one: Recommendation | Line, worth: Return | None) -> Advice:
    return Advice(
        anchor, one.priority, one.title, worth_text(worth), is_assumed(worth), f"{one.effort_hours:g} h"
    )  # fmt: skip


def _undecided(week: WeeklyReport) -> list[Line]:
    """Tickets that wait and were recommended lately, not by this report; in the order of recommendations."""
    new = {(one.rule, one.subject) for one in week.recommendations}
    lines = [
        line for line in week.tickets
        if line.state == "open" and not line.is_stale and (line.rule, line.subject) not in new
    ]  # fmt: skip
    return sorted(lines, key=lambda one: rank_of(one.priority, one.expected, one.effort_hours, one.rule, one.subject))


def _no_advice(week: WeeklyReport, is_some_undecided: bool) -> str:
    """What is said where nothing new is recommended."""
    if not week.data.calls:
        return "Bring in calls: 'ringback import calls FILE', or connect Fellow."
    if is_some_undecided:
        return "Nothing new."
    if week.held_back:
        return "Nothing new: what the rules found has its ticket already."
    return "Nothing this week: no rule found enough evidence for a change."


def outcome_of(line: Line, measures: dict[str, Measure]) -> Outcome:
    """What a ticket's change brought."""
    said = measured_text(line, measures.get(line.measure), is_short=True)
    return Outcome(line.ticket_id, line.title, said, VERDICT_TONE.get(line.verdict or "", ""), line.implemented_on)


def measured_lately(published: PublishedReport) -> list[Line]:
    """Tickets whose change was measured not long ago, or in the period, the latest change first."""
    week, period = published.report, published.period
    since = min(week.as_of - LATELY, period.first_week - timedelta(weeks=2))
    lines = [
        (line.implemented_on, line) for line in week.tickets
        if line.verdict is not None and line.implemented_on is not None and line.implemented_on >= since
    ]  # fmt: skip
    by_id = sorted(lines, key=lambda pair: pair[1].ticket_id)
    return [line for _, line in sorted(by_id, key=lambda pair: pair[0], reverse=True)]


def measures_of(report: AnyReport) -> dict[str, Measure]:
    """The measures of a report by name."""
    return {name: series[-1].measure for name, series in as_published(report).report.series.items()}


def _numbers(published: PublishedReport) -> Sequence[Number]:
    week = published.report
    if not published.figures:
        return [number_of(week.trends[key]) for key in week.keys[:NUMBERS_FIRST]]
    over = [figure for key in week.keys if (figure := published.figure(key)) is not None]
    return [number_over(figure, published.period.previous.title) for figure in over[:NUMBERS_FIRST]]


def _when(published: PublishedReport) -> str:
    period = published.period
    over = "" if published.is_over else "; it is not over, this is how it stood"
    if period.kind == "weekly":
        return f"from Monday {period.first_week:%-d %B %Y}{over}"
    last_day = period.ends - timedelta(days=1)
    return f"{period.weeks} whole weeks, {period.first_week:%-d %B} to {last_day:%-d %B %Y}{over}"


def _told(direction: str, rose: bool) -> str:
    is_clear = direction in ("improving", "declining", "rising", "falling")
    return f"{ARROWS[rose]} {direction}" if is_clear else direction
