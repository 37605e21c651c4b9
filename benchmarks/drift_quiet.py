"""Quiet weeks and planted drift: how often ours alarms, beside a coin of the same budget and the rule "PSI > 0.2"."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.drift_world import (
    CATEGORIES,
    NUMBERS,
    RENAMED,
    SHIFTED,
    START,
    Ordinary,
    Weeks,
    plant_category,
    plant_shift,
    simulate,
)
from monitoring.drift import LATER_WEEKS, Judgement, eight_weeks, judge, level_of
from monitoring.profile import Column, columns_of, outcome_column, recount, score_column
from ringback.clock import WEEK
from warehouse.histograms import WeekCounts, rows_counted

FALSE_ALARMS_PER_YEAR = 2.0
PSI_RULE = 0.2
PLANTED_DAYS = (7, 10, 12, 14)
"""When planted drift is looked for; the product looks every day."""
PLANTED = 40
"""Worlds with planted drift in each scenario."""
QUIET_WEEKS = 10
"""Weeks that are judged in each simulated world."""


@dataclass
class Tally:
    """Weeks judged, and how many of them alarmed, by each way."""

    weeks: int = 0
    ours: int = 0
    rule: int = 0
    coin: int = 0

    def add(self, judged: Judgement, coin: bool) -> None:
        """Count one week."""
        self.weeks += 1
        self.ours += bool(judged.moves)
        self.rule += any(one.psi > PSI_RULE for one in judged.distances.values())
        self.coin += coin


@dataclass(frozen=True)
class Reference:
    """What is learned from the first weeks of a world."""

    columns: tuple[Column, ...]
    weeks: int

    @property
    def until(self) -> datetime:
        """Where the reference ends."""
        return START + self.weeks * WEEK


def reference_of(world: Weeks, weeks: int) -> Reference:
    """Count the first weeks of a world."""
    import numpy as np

    until = START + weeks * WEEK
    chosen = world.at < np.datetime64(until, "us")
    last = until - timedelta(microseconds=1)
    columns = columns_of(world.table(chosen), NUMBERS, CATEGORIES, START, last)
    judged = (
        score_column(world.score[chosen], world.at[chosen], START, last),
        outcome_column(world.happened[chosen].astype(float), world.at[chosen], START, last),
    )
    return Reference((*columns, *(one for one in judged if one)), weeks)


def judged_at(world: Weeks, reference: Reference, as_of: datetime) -> Judgement:
    """Judge the weeks before a moment as a daily check does."""
    since = as_of - LATER_WEEKS * WEEK
    later = recent_counts(world, reference, since, as_of)
    level = level_of(FALSE_ALARMS_PER_YEAR)
    return judge(reference.columns, START, later, as_of, level)


def recent_counts(
    world: Weeks, reference: Reference, since: datetime, as_of: datetime
) -> dict[str, tuple[WeekCounts, ...]]:
    """Counts by column of the recent weeks that are not in the reference."""
    import numpy as np

    chosen = (world.at >= np.datetime64(max(since, reference.until), "us")) & (world.at < np.datetime64(as_of, "us"))
    with rows_counted(world.table(chosen), since) as counting:
        return {column.name: eight_weeks(column, recount(column, counting)) for column in reference.columns}


def quiet(
    worlds: int,
    reference_weeks: int,
    ordinary: Ordinary,
    seed: int = 1,
    checks_a_week: int = 1,
    weeks: int = QUIET_WEEKS,
) -> Tally:
    """Judge quiet weeks; a week alarms when any of its checks does."""
    import numpy as np

    tally = Tally()
    rng = np.random.default_rng(seed)
    for number in range(worlds):
        world = simulate(seed * 1000 + number, reference_weeks + weeks, ordinary)
        reference = reference_of(world, reference_weeks)
        for week in range(weeks):
            alarms = []
            for check in range(checks_a_week):
                part = (check + 1) / checks_a_week
                alarms.append(judged_at(world, reference, reference.until + (week + part) * WEEK))
            worst = max(alarms, key=lambda one: len(one.moves))
            tally.add(worst, bool(rng.random() < FALSE_ALARMS_PER_YEAR / 52))
    return tally


def planted(worlds: int, reference_weeks: int, ordinary: Ordinary, kind: str, seed: int = 2) -> Tally:
    """Plant drift right after a quiet month; each world counts once, found or not within two weeks."""
    import numpy as np

    found = Tally()
    rng = np.random.default_rng(seed)
    for number in range(worlds):
        drifts = reference_weeks + 4
        world = simulate(seed * 1000 + number, drifts + 2, ordinary)
        world = plant_shift(world, drifts, 0.5) if kind == "shift" else plant_category(world, drifts, 0.1, number)
        name = SHIFTED if kind == "shift" else RENAMED
        reference = reference_of(world, reference_weeks)
        judged = [judged_at(world, reference, START + drifts * WEEK + timedelta(days=day)) for day in PLANTED_DAYS]
        found.weeks += 1
        found.ours += any(move.feature == name for one in judged for move in one.moves)
        found.rule += any(one.distances[name].psi > PSI_RULE for one in judged)
        found.coin += bool(rng.random() < 2 * FALSE_ALARMS_PER_YEAR / 52)
    return found


SCENARIOS: tuple[tuple[str, int, Ordinary], ...] = (
    ("100 rows a week", 52, Ordinary(100)),
    ("200 rows a week", 52, Ordinary(200)),
    ("500 rows a week", 52, Ordinary(500)),
    ("1,000 rows a week", 52, Ordinary(1000)),
    ("500 rows, 8 reference weeks", 8, Ordinary(500)),
    ("500 rows, weekly variation x 1.5", 52, Ordinary(500, weekly_deviation=0.15)),
    ("500 rows, weekly variation x 3", 52, Ordinary(500, weekly_deviation=0.3)),
    ("500 rows, 8 weeks, variation x 3", 8, Ordinary(500, weekly_deviation=0.3)),
)


def main(chosen: Sequence[int]) -> None:
    """Each chosen scenario: quiet weeks, then both plants; last, quiet weeks that are checked every day."""
    print(f"{'':46}{'ours':>8}{'PSI > 0.2':>11}{'coin':>7}   of")
    for number in chosen:
        if number == len(SCENARIOS):
            tally = quiet(20, 52, Ordinary(500), checks_a_week=7)
            _line("quiet weeks, 500 rows, checked every day", tally)
            continue
        name, weeks, ordinary = SCENARIOS[number]
        _line(f"quiet weeks, {name}", quiet(20, weeks, ordinary))
        _line("  shift of 0.5 deviations found in two weeks", planted(PLANTED, weeks, ordinary, "shift"))
        _line("  new value at 10 % found in two weeks", planted(PLANTED, weeks, ordinary, "category"))


def _line(name: str, tally: Tally) -> None:
    shares = [count / tally.weeks for count in (tally.ours, tally.rule, tally.coin)]
    print(f"{name:46}{shares[0]:8.1%}{shares[1]:11.1%}{shares[2]:7.1%}   {tally.weeks}", flush=True)


if __name__ == "__main__":
    started = time.perf_counter()
    main([int(argument) for argument in sys.argv[1:]] or range(len(SCENARIOS) + 1))
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
