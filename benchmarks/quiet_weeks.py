"""How often a report says something moved where nothing did, and sees what did: `python -m benchmarks.quiet_weeks`.

A world of measures as ringback has them (shares, means, counts; 20 to 400 observations a week) and of their parts by
industry, template and version, whose weeks vary more than sampling says and resemble their neighbours somewhat. Each of
500 weeks gets its report, over that week and the twelve before it. Then the same with a step planted in one measure.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from improvement.members import falls, gaps
from improvement.trends import WEEKS_LOOKED_AT, WEEKS_OF_NOISE, trend_of, trends_of_week
from monitoring.measure import Kind, Measure, Measurement

WEEKS = 500
FIRST_WEEK = datetime(2020, 1, 6)
Random = np.random.Generator


@dataclass(frozen=True)
class World:
    """How the weeks of a quiet world vary."""

    name: str
    wholes: int
    parts: int
    restless: float
    """Variance between weeks, in units of what sampling alone explains."""
    neighbours: float
    """Correlation of what varies between one week and the next."""


WORLDS = (
    World("sampling alone", 18, 0, 0.0, 0.0),
    World("restless weeks", 18, 0, 1.0, 0.2),
    World("restless weeks, with parts", 18, 30, 1.0, 0.2),
    World("weeks that resemble each other more", 18, 0, 1.0, 0.4),
)
HISTORIES = {"a quarter": WEEKS_LOOKED_AT, "a year and a quarter": WEEKS_LOOKED_AT + WEEKS_OF_NOISE}


def main() -> None:
    """Print the share of reports that say anything moved, and the share of planted steps that are found."""
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else WEEKS
    for world in WORLDS[:2]:
        for parts in (3, 8):
            behind, fell = lagging_of(world, parts, weeks, seed=3)
            told = f"of {weeks} quiet weeks with {parts} equal parts"
            print(f"{world.name:40}{behind:4} {told} say one is behind, {fell} that one fell behind", flush=True)
    for known, history in HISTORIES.items():
        for world in WORLDS:
            alarms = alarms_of(world, weeks, history, seed=7)
            print(f"{known:24}{world.name:40}{alarms:4} of {weeks} quiet reports say that something moved", flush=True)
        for world in WORLDS[:2]:
            for points in (0.05, 0.10, 0.15):
                found = found_of(world, points, history, times=200, seed=11)
                step = f"30 % of 200 a week rises by {100 * points:.0f} points for 4 weeks"
                print(f"{known:24}{world.name:40}{step}: found in {found:.0%}", flush=True)


def lagging_of(world: World, parts: int, weeks: int, seed: int) -> tuple[int, int]:
    """In how many weeks any of some equal parts is said to be behind the others, and to have fallen behind them."""
    rng = np.random.default_rng(seed)
    behind = fell = 0
    for _ in range(weeks):
        trends = []
        for part in range(parts):
            n = np.full(WEEKS_LOOKED_AT, int(rng.integers(30, 200)))
            level = np.full(WEEKS_LOOKED_AT, 0.6)
            trends.append(trend_of(shares(rng, measure(0, "share"), n, level, world, f"part {part}")))
        behind += any(gap.is_behind for gap in gaps(trends))
        fell += any(gap.is_behind for gap in falls(trends))
    return behind, fell


def alarms_of(world: World, weeks: int, history: int, seed: int) -> int:
    """How many of the reports call any direction clear."""
    rng = np.random.default_rng(seed)
    series = [a_quiet(rng, n, weeks + history, world) for n in range(world.wholes + world.parts)]
    return sum(
        any(trend.is_clear for trend in trends_of_week([m for one in series for m in one[at : at + history]]))
        for at in range(weeks)
    )


def found_of(world: World, points: float, history: int, times: int, seed: int) -> float:
    """In how many quiet worlds a step of one share, four weeks ago, is called improving."""
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(times):
        series = [a_quiet(rng, n, history, world) for n in range(1, world.wholes)]
        level = np.where(np.arange(history) < history - 4, 0.3, 0.3 + points)
        stepped = shares(rng, measure(0, "share"), np.full(history, 200), level, world, "")
        trends = trends_of_week([*stepped, *(m for one in series for m in one)])
        found += any(t.measure.name == "measure 0" and t.direction == "improving" for t in trends)
    return found / times


def a_quiet(rng: Random, number: int, weeks: int, world: World) -> list[Measurement]:
    """A series of weeks in which nothing changes."""
    kind: Kind = ("share", "mean", "count")[number % 3]
    usual = float(np.exp(rng.uniform(np.log(20), np.log(400))))
    part = f"part {number}" if number >= world.wholes else ""
    n = np.maximum(rng.poisson(usual, weeks), 1)
    one = measure(number, kind)
    if kind == "share":
        return shares(rng, one, n, np.full(weeks, rng.uniform(0.05, 0.95)), world, part)
    wander = _wander(rng, weeks, world)
    if kind == "mean":
        means = (wander + rng.standard_normal(weeks)) / np.sqrt(n)
        return [_week(one, at, mean, int(n[at]), part, 1.0) for at, mean in enumerate(means.tolist())]
    counts = rng.poisson(np.maximum(usual + wander * np.sqrt(usual), 1.0))
    return [_week(one, at, float(count), int(count), part) for at, count in enumerate(counts)]


def shares(
    rng: Random, one: Measure, n: Sequence[int] | np.ndarray, level: np.ndarray, world: World, part: str
) -> list[Measurement]:
    """Weeks of a share whose level is given."""
    n = np.asarray(n)
    moved = np.clip(level + _wander(rng, len(n), world) * np.sqrt(level * (1 - level) / n), 0, 1)
    hits = rng.binomial(n, moved)
    return [_week(one, at, hits[at] / n[at], int(n[at]), part) for at in range(len(n))]


def measure(number: int, kind: Kind) -> Measure:
    """A measure that is nothing but its name."""
    return Measure(
        name=f"measure {number}", title="t", why="w", unit="%", sample="s", direction="higher_is_better", owner="o",
        minimum_sample=0 if kind == "count" else 15, kind=kind, sql="$as_of",
    )  # fmt: skip


def _wander(rng: Random, weeks: int, world: World) -> np.ndarray:
    """What varies between weeks, in standard deviations of sampling; one week resembles the next."""
    steps = rng.standard_normal(weeks)
    for at in range(1, weeks):
        steps[at] = world.neighbours * steps[at - 1] + np.sqrt(1 - world.neighbours**2) * steps[at]
    return np.sqrt(world.restless) * steps


def _week(one: Measure, at: int, value: float, n: int, part: str, deviation: float | None = None) -> Measurement:
    week = FIRST_WEEK + timedelta(weeks=at)
    return Measurement(one, week, value, None, None, n, deviation, n, value, 1, "part" if part else "", part)


if __name__ == "__main__":
    main()
