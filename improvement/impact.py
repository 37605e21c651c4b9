"""What a change did: the measure after it against before it, held against a part that was left alone, judged once.

The words of a verdict, what the design can see, and how often it errs are in docs/impact.md; the statistics are in
improvement/difference.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from improvement.controls import deviation_of, series_of
from improvement.difference import Difference, difference
from monitoring.days import DAY, Day
from monitoring.measure import Direction, Kind

WINDOW_DAYS = 14
"""Before and after: two whole weeks, so that every weekday is on both sides as often."""
HISTORY_DAYS = 112
"""How much of the past tells how much the measure moves by itself."""
LEAST_HISTORY_DAYS = 42
LEAST_SAMPLE = 20
LEAST_HITS = 10
"""Of a share: fewer hits, or misses, in both windows together say nothing about a spread."""
SMALL_SHARE = 0.05
SMALL_COUNT = 0.1
SMALL_DEVIATIONS = 0.2
"""The smallest effects worth seeing where no effect was expected: 5 points, a tenth, Cohen's small effect."""
FALSE_VERDICTS = 0.05
ODD_CONTROL = 0.01

Verdict = Literal["worked", "made it worse", "no visible effect", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Side:
    """One series in both windows."""

    n_before: int
    n_after: int
    before: float | None
    """Mean of the observations; of a count, how many a week."""
    after: float | None


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change did, in the measure's own unit (shares between 0 and 1, counts a week), and how that is known."""

    on: datetime
    """The day of the change, which counts on neither side."""
    verdict: Verdict | None
    """None while it is too early."""
    reasons: tuple[str, ...]
    """Why it is no clearer, and what to bear in mind."""
    touched: Side
    control: Side | None = None
    compared_with: str | None = None
    """What the control is, in words."""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    """The 95 % interval."""
    p_value: float | None = None
    smallest: float | None = None
    """The smallest effect that this comparison finds in 80 of 100 cases."""
    looked_for: float | None = None
    """The smallest effect that matters: what was expected, or a stated one."""
    placebos: int = 0
    placebos_changed: int = 0
    """At how many days of the past, of `placebos`, the same test says "changed"."""
    history_days: int = 0
    window_days: int = WINDOW_DAYS

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"on": self.on.isoformat(), "reasons": list(self.reasons)}

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> "Impact":
        """From `facts`."""
        control = Side(**facts["control"]) if facts["control"] else None
        parts = {"on": datetime.fromisoformat(facts["on"]), "reasons": tuple(facts["reasons"]), "control": control}
        return cls(**(dict(facts) | parts | {"touched": Side(**facts["touched"])}))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the days."""

    on: datetime
    """The day of the change, 00:00."""
    kind: Kind
    direction: Direction
    expected: float | None = None
    """The effect that was promised, in the measure's own unit."""
    minimum_sample: int = LEAST_SAMPLE
    compared_with: str = "the others"
    overlapping: Sequence[str] = field(default=())
    """Other changes to the same measure in the windows, in words, that the control does not keep apart."""
    kept_apart: Sequence[str] = field(default=())
    """Those that touched the control as well, so that they fall out of the difference."""
    window_days: int = WINDOW_DAYS


def first_day(on: datetime) -> datetime:
    """The first day whose observations are looked at."""
    return on - HISTORY_DAYS * DAY


def is_over(on: datetime, moment: datetime, window_days: int = WINDOW_DAYS) -> bool:
    """Whether the window after the change has ended."""
    return moment >= on + (window_days + 1) * DAY


def judge(asked: Question, days: Sequence[Day], as_of: datetime, control: Sequence[Day] | None = None) -> Impact:
    """Judge a change by the days of what it touched and, where there is one, of a control it left alone.

    `days` and `control` have a Day for each day from at most 16 weeks before the change to the end of the window; what
    is after `as_of` must not be in them. Before the window is over nothing is judged. A control that has too few
    observations is not used, and that is said.
    """
    window, since = asked.window_days, asked.on
    known = Impact(since, None, (), _side(asked, days), window_days=window, looked_for=_looked_for(asked, days))
    if not is_over(since, as_of, window):
        day = max(0, min(window, (as_of - since) // DAY))
        return replace(known, reasons=(f"too early (day {day} of {window})",))
    if missing := _missing(asked, days, "it"):
        return replace(known, verdict="cannot tell", reasons=(missing,))
    notes: list[str] = []
    compared = control
    if control is not None and (missing := _missing(asked, control, asked.compared_with)):
        notes.append(f"without a control: {missing}")
        compared = None
    if compared is not None:
        known = replace(known, control=_side(asked, compared), compared_with=asked.compared_with)
    found = difference(series_of(asked.kind, since, days, compared), window, with_trend=compared is None)
    if found is None:
        return replace(known, verdict="cannot tell", reasons=(*notes, "too few days have a value, or none differ"))
    known = replace(
        known, effect=found.effect, low=found.effect - found.half, high=found.effect + found.half,
        p_value=found.p_value, smallest=found.smallest, placebos=found.placebos,
        placebos_changed=found.placebos_changed, history_days=_history(asked, days),
    )  # fmt: skip
    verdict, why = _verdict(asked, known, found, days, compared)
    return replace(known, verdict=verdict, reasons=(*notes, *why))


def _verdict(
    asked: Question, known: Impact, found: Difference, days: Sequence[Day], control: Sequence[Day] | None
) -> tuple[Verdict, list[str]]:
    notes = []
    if control is not None and asked.kept_apart:
        notes.append(f"the control had it as well, so it falls out: {'; '.join(asked.kept_apart)}")
    if in_between := [*asked.overlapping, *(asked.kept_apart if control is None else ())]:
        return "cannot tell", [*notes, f"something else changed in the same weeks: {'; '.join(in_between)}"]
    is_clear = found.p_value < FALSE_VERDICTS
    if control is not None and (odd := _odd(asked, days, control, is_clear)):
        notes.append(odd[0])
        if odd[1]:
            return "cannot tell", notes
    if is_clear:
        rose, good = found.effect > 0, _good(asked)
        if good is None:
            return "cannot tell", [*notes, f"it {'rose' if rose else 'fell'}, but neither way is said to be good"]
        return ("worked" if rose == good else "made it worse"), notes
    least = known.looked_for
    if least is None or abs(found.effect) + found.half > least:
        return "cannot tell", [*notes, "the interval has room for an effect that matters as well as for none"]
    return "no visible effect", notes


def _good(asked: Question) -> bool | None:
    """Whether rising is good; None where nobody said."""
    if asked.direction != "neutral":
        return asked.direction == "higher_is_better"
    return asked.expected > 0 if asked.expected else None


def _odd(asked: Question, days: Sequence[Day], control: Sequence[Day], is_clear: bool) -> tuple[str, bool] | None:
    """Whether the control itself moved, in words, and whether the difference may be its doing alone."""
    window = asked.window_days
    moved = difference(series_of(asked.kind, asked.on, control), window, with_trend=True)
    if moved is None or moved.p_value >= ODD_CONTROL:
        return None
    alone = difference(series_of(asked.kind, asked.on, days), window, with_trend=True)
    its_doing = is_clear and (alone is None or alone.p_value >= FALSE_VERDICTS)
    way = "rose" if moved.effect > 0 else "fell"
    if its_doing:
        return f"the control {way} by itself, and the touched part did not clearly move: that may be all there is", True
    return f"the control {way} by itself in the same weeks", False


def _missing(asked: Question, days: Sequence[Day], name: str) -> str | None:
    """What is not there that a judgement needs."""
    history = _history(asked, days)
    if history < LEAST_HISTORY_DAYS:
        return f"{name} has a past of {history} days before the change, {LEAST_HISTORY_DAYS} are needed"
    before, after = _windows(asked, days)
    if asked.kind == "count":
        return None
    least = max(asked.minimum_sample, LEAST_SAMPLE)
    fewest = min(sum(day.n for day in before), sum(day.n for day in after))
    if fewest < least:
        return f"{name} has {fewest} observations in one of the windows, {least} are needed"
    if asked.kind == "share":
        both = [*before, *after]
        n, hits = sum(day.n for day in both), sum(round(day.n * (day.mean or 0.0)) for day in both)
        if min(hits, n - hits) < LEAST_HITS:
            return f"{name} has {hits} of {n}, too near none or all to tell a spread"
    return None


def _history(asked: Question, days: Sequence[Day]) -> int:
    """Days from the first observation to the change."""
    began = min((day.day for day in days if day.n), default=asked.on)
    return max(0, (asked.on - began) // DAY)


def _windows(asked: Question, days: Sequence[Day]) -> tuple[list[Day], list[Day]]:
    reach = timedelta(days=asked.window_days)
    before = [day for day in days if asked.on - reach <= day.day < asked.on]
    return before, [day for day in days if asked.on < day.day <= asked.on + reach]


def _side(asked: Question, days: Sequence[Day]) -> Side:
    before, after = _windows(asked, days)
    levels = [_level(asked.kind, part) for part in (before, after)]
    return Side(sum(day.n for day in before), sum(day.n for day in after), levels[0], levels[1])


def _level(kind: Kind, days: Sequence[Day]) -> float | None:
    n = sum(day.n for day in days)
    if kind == "count":
        return 7 * n / len(days) if days else None
    return sum(day.n * (day.mean or 0.0) for day in days) / n if n else None


def _looked_for(asked: Question, days: Sequence[Day]) -> float | None:
    """The smallest effect that matters."""
    if asked.expected:
        return abs(asked.expected)
    if asked.kind == "share":
        return SMALL_SHARE
    before, _ = _windows(asked, days)
    if asked.kind == "count":
        level = _level("count", before)
        return SMALL_COUNT * level if level else None
    return SMALL_DEVIATIONS * deviation_of(days) or None
