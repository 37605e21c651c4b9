"""Tickets without any effect, and with some: how often a verdict is false, what is found, and what intervals cover.

`python -m benchmarks.impact [TICKETS]` simulates so many no-effect tickets over all scenarios together, as many with
the smallest effect that the design says it sees, and half as many with one and a half times that. The figures of
docs/impact.md come from it.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from improvement.impact import Impact, Question, judge
from monitoring.days import DAY, Day
from monitoring.measure import Kind, intervals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

TICKETS = 2_400
ON = datetime(2026, 6, 3)
OVER = ON + 15 * DAY
RHYTHM = (1.0, 1.1, 1.1, 1.0, 0.9, 0.25, 0.2)
"""How much there is on each weekday, Monday first."""
LEVELS = (0.0, 0.5, 0.5, 0.25, -0.5, -0.75, -0.75)
"""How the level differs by weekday, in fortieths of a share or of what fits the kind."""


@dataclass(frozen=True)
class Scenario:
    """A kind of daily series; sizes of shocks are in the unit of the level."""

    name: str
    kind: Kind
    n: float
    """Observations on an ordinary day."""
    level: float
    own: float = 0.0
    """Standard deviation of the part's own days beyond sampling."""
    own_persists: float = 0.0
    """Correlation of one day with the next."""
    shared: float = 0.0
    shared_persists: float = 0.0
    trend: float = 0.0
    """A week."""
    control: float = 0.0
    """How many times as large the control is; 0: there is none."""
    weeks: int = 16
    step: float = 0.0
    """By what the level changed three weeks before: the kind of thing that a ticket is opened for."""
    chosen: float = 0.0
    """Ticket opened for a bad week, which ended a week before the change: the worst of so many alike."""


SCENARIOS = (
    Scenario("share, 20 a day, sampling only", "share", 20, 0.35),
    Scenario("share, 5 a day, 8 weeks of past", "share", 5, 0.35, own=0.06, own_persists=0.3, weeks=8),
    Scenario("share, 30 a day, days vary more", "share", 30, 0.35, own=0.05, own_persists=0.3),
    Scenario("share, 100 a day, persistent", "share", 100, 0.35, own=0.04, own_persists=0.6, trend=0.002),
    Scenario("share, 200 a day, very persistent", "share", 200, 0.35, own=0.04, own_persists=0.8, weeks=12),
    Scenario("share, 60 a day, trend", "share", 60, 0.35, own=0.03, own_persists=0.3, trend=0.01),
    Scenario("share, 60 a day, fell 3 weeks ago", "share", 60, 0.45, own=0.02, own_persists=0.3, step=-0.12),
    Scenario("mean (skewed hours), 25 a day", "mean", 25, 4.0, own=0.4, own_persists=0.4),
    Scenario("count, 15 a day", "count", 15, 15, own=0.15, own_persists=0.3),
    Scenario("count, 120 a day, persistent", "count", 120, 120, own=0.12, own_persists=0.6, trend=0.01),
    Scenario("control, share, 10 a day", "share", 10, 0.35, shared=0.05, shared_persists=0.7, trend=0.005, control=3,
             weeks=12),
    Scenario("control, share, 40 a day", "share", 40, 0.35, own=0.02, own_persists=0.3, shared=0.06,
             shared_persists=0.7, trend=0.005, control=2),
    Scenario("control, share, 100 a day, 8 weeks", "share", 100, 0.35, own=0.03, own_persists=0.5, shared=0.06,
             shared_persists=0.7, trend=0.01, control=2, weeks=8),
    Scenario("control, fell 3 weeks ago, 9 weeks", "share", 60, 0.45, own=0.02, own_persists=0.3, shared=0.03,
             shared_persists=0.7, control=2, weeks=9, step=-0.12),
    Scenario("control, mean, 25 a day", "mean", 25, 4.0, own=0.2, own_persists=0.3, shared=0.6, shared_persists=0.7,
             control=2),
    Scenario("control, count, 40 a day", "count", 40, 40, own=0.08, own_persists=0.3, shared=0.2,
             shared_persists=0.7, trend=0.01, control=3),
)  # fmt: skip
CHOSEN = (
    Scenario("chosen: worst of 4 weeks, 30 a day", "share", 30, 0.35, own=0.02, own_persists=0.3, chosen=4),
    Scenario("chosen: worst of 10 weeks, 30 a day", "share", 30, 0.35, own=0.02, own_persists=0.3, chosen=10),
)
"""Not counted with the others: a bad week that is followed by an ordinary one looks like an effect."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was said of tickets with the same true effect."""

    judged: int
    good: int
    """`worked`"""
    bad: int
    """`made it worse`"""
    covered: int
    nothing: int
    """`no visible effect`"""
    smallest: float
    """What the design says it sees in 80 of 100 cases; the median."""

    def text(self, hits: int) -> str:
        """A share in percent with its 95 % interval."""
        low, high = intervals("share", [hits / self.judged], [self.judged], [None])[0]
        return f"{100 * hits / self.judged:5.1f} % ({100 * (low or 0):.1f}-{100 * (high or 0):.1f})"


def main(tickets: int) -> None:
    """A line a scenario, then all together."""
    started, each = time.perf_counter(), max(1, tickets // len(SCENARIOS))
    totals = [Tally(0, 0, 0, 0, 0, 0.0)] * 3
    print(f"{'':37}{'false verdicts':>20}{'covered':>22}   smallest{'found':>20}{'covered':>22}{'found, x1.5':>20}")
    for number, scenario in enumerate((*SCENARIOS, *CHOSEN)):
        quiet = tally(scenario, each, 0.0, seed=number)
        line = f"{scenario.name:37}{quiet.text(quiet.good + quiet.bad):>20}{quiet.text(quiet.covered):>22}"
        if scenario in CHOSEN:
            print(line, flush=True)
            continue
        moved = tally(scenario, each, quiet.smallest, seed=1000 + number)
        far = tally(scenario, max(1, each // 2), 1.5 * quiet.smallest, seed=2000 + number)
        print(f"{line}{quiet.smallest:11.3g}{moved.text(moved.good):>20}{moved.text(moved.covered):>22}"
              f"{far.text(far.good):>20}", flush=True)  # fmt: skip
        totals = [_sum(*pair) for pair in zip(totals, (quiet, moved, far), strict=True)]
    quiet, moved, far = totals
    print(f"all, {quiet.judged:,} without an effect: false verdicts {quiet.text(quiet.good + quiet.bad)}, covered "
          f"{quiet.text(quiet.covered)}, 'no visible effect' {quiet.text(quiet.nothing)}")  # fmt: skip
    print(f"all, {moved.judged:,} with the smallest effect: found {moved.text(moved.good)}, "
          f"found the wrong way {moved.text(moved.bad)}, covered {moved.text(moved.covered)}")  # fmt: skip
    print(f"all, {far.judged:,} with 1.5 times that: found {far.text(far.good)}, covered {far.text(far.covered)}")
    print(f"{time.perf_counter() - started:.0f} s")


def tally(scenario: Scenario, tickets: int, effect: float, seed: int) -> Tally:
    """Judge so many tickets with one true effect, in the scenario's own unit (counts a week)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    found = [judged(rng, scenario, effect) for _ in range(tickets)]
    known = [one for one in found if one.low is not None and one.high is not None]
    covered = sum(one.low <= effect <= one.high for one in known if one.low is not None and one.high is not None)
    return Tally(
        len(known), _said(found, "worked"), _said(found, "made it worse"), covered, _said(found, "no visible effect"),
        median(one.smallest or 0.0 for one in known) if known else 0.0,
    )  # fmt: skip


def judged(rng: "np.random.Generator", scenario: Scenario, effect: float) -> Impact:
    """One ticket, looked at on every third day of its window and judged when that is over."""
    days, control = drawn(rng, scenario, effect)
    asked = Question(ON, scenario.kind, "higher_is_better")
    for looked in range(0, 15, 3):
        moment = ON + looked * DAY
        early = judge(asked, _until(days, moment), moment, _until(control, moment) if control else None)
        if early.verdict is not None:
            raise RuntimeError(f"judged on day {looked}")
    return judge(asked, days, OVER, control)


def drawn(rng: "np.random.Generator", scenario: Scenario, effect: float) -> tuple[list[Day], list[Day] | None]:
    """The days of a touched part, and of its control where the scenario has one."""
    if scenario.chosen:
        alike = [drawn(rng, replace(scenario, chosen=0.0), effect) for _ in range(int(scenario.chosen))]
        return min(alike, key=lambda pair: _mean([day for day in pair[0] if -14 <= (day.day - ON) // DAY < -7]))
    import numpy as np

    numbers = np.arange(-7 * scenario.weeks, 15)
    starts = [ON + int(number) * DAY for number in numbers]
    weekdays = np.array([day.weekday() for day in starts])
    shared = _shocks(rng, len(numbers), scenario.shared, scenario.shared_persists) + scenario.trend * numbers / 7
    own = partial(_shocks, rng, len(numbers), scenario.own, scenario.own_persists)
    after = np.where(numbers > 0, effect, 0.0)
    step = np.where(numbers >= -21, scenario.step, 0.0)
    side = partial(_days, rng, scenario, starts, weekdays)
    control = side(scenario.control, shared + own(), np.zeros(len(numbers))) if scenario.control else None
    return side(1.0, shared + own() + step, after), control


def _days(
    rng: "np.random.Generator", scenario: Scenario, starts: Sequence[datetime], weekdays: "Numbers", size: float,
    shocks: "Numbers", effects: "Numbers",
) -> list[Day]:  # fmt: skip
    import numpy as np

    usual = size * scenario.n * np.array(RHYTHM)[weekdays.astype(int)]
    rhythm = np.array(LEVELS)[weekdays.astype(int)] / 20
    if scenario.kind == "count":
        rates = usual * (np.exp(shocks) + effects / (7 * scenario.n * float(np.mean(RHYTHM))))
        return [Day(day, int(n), None, None) for day, n in zip(starts, rng.poisson(np.maximum(rates, 0)), strict=True)]
    counts = rng.poisson(usual)
    if scenario.kind == "share":
        shares = np.clip(scenario.level + rhythm + shocks + effects, 0.01, 0.99)
        hits = rng.binomial(counts, shares)
        return [
            Day(day, int(n), float(hit / n) if n else None, None)
            for day, n, hit in zip(starts, counts, hits, strict=True)
        ]
    means = np.maximum(scenario.level + scenario.level * rhythm + shocks + effects, 0.1)
    observed = [
        mean - scenario.level + rng.exponential(scenario.level, n) for n, mean in zip(counts, means, strict=True)
    ]
    return [
        Day(day, len(one), float(one.mean()) if len(one) else None, float(one.std(ddof=1)) if len(one) > 1 else None)
        for day, one in zip(starts, observed, strict=True)
    ]


def _shocks(rng: "np.random.Generator", days: int, size: float, persists: float) -> "Numbers":
    """A stationary AR(1) of a standard deviation."""
    import numpy as np

    values, steps = np.empty(days), rng.normal(size=days) * size
    values[0] = steps[0]
    for day in range(1, days):
        values[day] = persists * values[day - 1] + np.sqrt(1 - persists**2) * steps[day]
    return values


def _mean(days: Sequence[Day]) -> float:
    return sum(day.n * (day.mean or 0.0) for day in days) / max(1, sum(day.n for day in days))


def _until(days: Sequence[Day], moment: datetime) -> list[Day]:
    return [day for day in days if day.day < moment]


def _said(found: Sequence[Impact], verdict: str) -> int:
    return sum(one.verdict == verdict for one in found)


def _sum(one: Tally, other: Tally) -> Tally:
    return Tally(
        one.judged + other.judged, one.good + other.good, one.bad + other.bad, one.covered + other.covered,
        one.nothing + other.nothing, 0.0,
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS)
