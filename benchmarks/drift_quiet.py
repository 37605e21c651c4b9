"""Quiet weeks and planted drift: how often ours alarms, beside a coin of the same budget and the rule "PSI > 0.2"."""

import sys
import time
from argparse import ArgumentParser, Namespace
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
from monitoring.measure import intervals
from monitoring.profile import Column, columns_of, outcome_column, score_column
from ringback.clock import WEEK
from warehouse.histograms import WeekCounts, rows_counted

FALSE_ALARMS_PER_YEAR = 2.0
PSI_RULE = 0.2
PLANTED_DAYS = (7, 10, 12, 14)
"""When planted drift is looked for; the product looks every day."""
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
        return eight_weeks(reference.columns, counting)


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


def main(chosen: Sequence[int], worlds: int, planted_worlds: int, seed: int, looks: int) -> None:
    """Each chosen scenario: quiet weeks (a world gives ten), then both plants."""
    print(f"{'':46}{'ours, 95 % interval':>24}{'PSI > 0.2':>11}{'coin':>7}   of")
    for number in chosen:
        name, weeks, ordinary = SCENARIOS[number]
        _line(f"quiet weeks, {name}, looks {looks} a week", quiet(worlds, weeks, ordinary, seed, looks))
        for kind, words in (("shift", "shift of 0.5 deviations"), ("category", "new value at 10 %")):
            _line(f"  {words} found in two weeks", planted(planted_worlds, weeks, ordinary, kind, seed + 1))


def _line(name: str, tally: Tally) -> None:
    if tally.weeks:
        low, high = intervals("share", [tally.ours / tally.weeks], [tally.weeks], [None])[0]
        ours = f"{tally.ours / tally.weeks:.1%} [{low:.1%}, {high:.1%}]"
        print(
            f"{name:46}{ours:>24}{tally.rule / tally.weeks:11.1%}{tally.coin / tally.weeks:7.1%}   {tally.weeks}",
            flush=True,
        )


def _asked() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", type=int, default=range(len(SCENARIOS)), help="numbers of scenarios")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--planted", type=int, default=100)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--looks", type=int, default=1, help="checks a week while it is quiet; the product does seven")
    return parser.parse_args()


if __name__ == "__main__":
    started = time.perf_counter()
    asked = _asked()
    main(asked.scenarios, asked.worlds, asked.planted, asked.seed, asked.looks)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
