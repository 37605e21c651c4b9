"""Drift: what has moved since the champion learned, judged so that a quiet week seldom alarms.

Every check of every feature, and of scores and outcomes, gets a p-value from the reference's own weeks
(`monitoring.expectation`) for the last week, the last two and the last four. One budget of false alarms a year is
shared among all of them (weighted Holm), so that the number of features does not decide how often people are called.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from monitoring.checks import Check, CheckKind, budgets, checks_of
from monitoring.expectation import (
    Foretold,
    Series,
    foretell,
    learned_prior,
    p_of_means,
    p_of_shares,
    posterior,
    weighted_holm,
)
from monitoring.profile import Column, recount
from ringback.clock import WEEK
from ringback.records import Value
from warehouse.histograms import WeekCounts, rows_counted, table_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WINDOWS = (1, 2, 4)
"""Weeks that are judged together, each with a third of the budget: what jumps, and what is small but stays."""
LATER_WEEKS = 8
"""How many recent weeks are counted: so far back it is told since when."""
LEAST_ROWS = 20
LEAST_WEEKS = 4
STILL_MOVED = 0.05
"""A week belongs to a move while its own p-value is under this, in the same direction."""
CHECKS_A_WEEK = 4
"""Seven daily looks at windows that overlap alarm as often as about four that do not (simulated: 3.3 at a threshold of
3 normal deviates, 4.2 at 4)."""
WEEKS_A_YEAR = 52
TOLD_LAST = frozenset({"spread", "share"})
"""A feature that moved or went missing changes these too; they are told where nothing plainer is sure."""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing about one feature that is not as it was."""

    feature: str
    kind: CheckKind
    bin: str
    """The value or range whose share moved, else empty."""
    before: float
    """Mean in the reference: a share, or a score whose deviation is 1 (location, spread)."""
    now: float
    rows: int
    """Rows of the window that shows it best."""
    weeks: int
    """Weeks of that window."""
    since: datetime
    since_earlier: bool
    """Whether it had begun before the oldest week that was counted."""
    p: float
    """Two-sided, of that window, before the budget is shared."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a feature's histogram of the last four weeks is from the reference's."""

    psi: float
    """Population stability index over bins, missing values included."""
    jensen_shannon: float
    """Jensen-Shannon distance, base 2: 0 the same, 1 nothing in common."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the checks say together."""

    moves: tuple[Move, ...]
    """At most one for each feature, the plainest that its checks are sure of."""
    distances: Mapping[str, Distance]
    not_judged: tuple[str, ...]
    """Features with too few rows or weeks, each with what is missing."""
    unsettled: frozenset[str]
    """Features that could still be as an earlier alarm found them: some check of theirs, alone, is under 5 %."""
    checks: int
    level: float


def level_of(false_alarms_per_year: float, checks_a_week: int = CHECKS_A_WEEK) -> float:
    """Chance of a false alarm that one run may take, so that the runs of a week together stay in the budget.

    Šidák's correction over the runs of a week, which count as four.

    >>> round(level_of(2), 4), round(level_of(2, checks_a_week=1), 4)
    (0.0098, 0.0385)
    """
    a_week = min(0.5, false_alarms_per_year / WEEKS_A_YEAR)
    return float(1 - (1 - a_week) ** (1 / checks_a_week))


def later_counts(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Value]], judged_at: "NDArray[np.datetime64]", until: datetime
) -> dict[str, tuple[WeekCounts, ...]]:
    """Count rows by the columns' own bins in each of the eight weeks before a moment, the newest last.

    Scores and outcomes are read from the rows under the names `(score)` and `(outcome)`; NaN is left out.
    """
    since = until - LATER_WEEKS * WEEK
    numbers = [column.name for column in columns if column.kind != "category"]
    categories = [column.name for column in columns if column.kind == "category"]
    with rows_counted(table_of(rows, judged_at, numbers, categories), since) as counting:
        return {column.name: eight_weeks(column, recount(column, counting)) for column in columns}


def eight_weeks(column: Column, counted: Mapping[int, WeekCounts]) -> tuple[WeekCounts, ...]:
    """The counts of weeks 0 to 7, with zeros for a week without rows."""
    empty = WeekCounts((0,) * len(column.labels), 0)
    return tuple(counted.get(week, empty) for week in range(LATER_WEEKS))


def judge(
    columns: Sequence[Column],
    since: datetime,
    later: Mapping[str, Sequence[WeekCounts]],
    as_of: datetime,
    level: float,
    ended_by: datetime | None = None,
) -> Judgement:
    """Hold the recent weeks against the reference.

    `since` is where the reference's week 0 begins; `later` has for each column the counts of the eight weeks before
    `as_of`, the newest last, rows that belong to the reference left out. Outcomes take time: their eight weeks are
    those before `ended_by`, where it is given.
    """
    import numpy as np

    checks = [
        check
        for column, budget in zip(columns, budgets(columns), strict=True)
        for check in checks_of(column, later[column.name], budget)
    ]
    judged = [check for check in checks if len(check.t) >= LEAST_WEEKS and _window_rows(check).max() >= LEAST_ROWS]
    distances = {column.name: _distance(column, later[column.name]) for column in columns}
    missing = tuple(_why_not(checks, judged))
    if not judged:
        return Judgement((), distances, missing, frozenset(later), 0, level)
    ends = [ended_by if ended_by and check.column.kind == "outcome" else as_of for check in judged]
    seen = _p_values(judged, [(end - since) / WEEK for end in ends])
    shape = (len(judged), len(WINDOWS))
    p = np.array([[one.p[window] for window in range(len(WINDOWS))] for one in seen])
    weights = np.repeat([[check.weight / len(WINDOWS)] for check in judged], len(WINDOWS), axis=1)
    rejected = weighted_holm(np.where(np.isnan(p), 1.0, p).ravel(), weights.ravel(), level).reshape(shape)
    best: dict[str, tuple[bool, float, Move]] = {}
    for at in np.flatnonzero(rejected.any(axis=1)):
        window = int(np.argmin(np.where(rejected[at], p[at], 2.0)))
        move = _move(judged[at], seen[at], window, ends[at])
        told = (move.kind in TOLD_LAST, float(p[at, window] / weights[at, window]), move)
        if move.feature not in best or told[:2] < best[move.feature][:2]:
            best[move.feature] = told
    moves = tuple(move for *_, move in sorted(best.values(), key=lambda one: one[1]))
    return Judgement(moves, distances, missing, _unsettled(judged, p, weights), len(judged), level)


def _unsettled(checks: Sequence[Check], p: "Floats", weights: "Floats") -> frozenset[str]:
    """An alarm ends where the feature's own checks together (Bonferroni) no longer say anything at 5 %."""
    own: dict[str, float] = {}
    for check, weight in zip(checks, weights.sum(axis=1), strict=True):
        own[check.column.name] = own.get(check.column.name, 0.0) + float(weight)
    return frozenset(
        check.column.name
        for check, tails, shares in zip(checks, p, weights, strict=True)
        if (tails < STILL_MOVED * shares / own[check.column.name]).any()
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A check's windows: those of WINDOWS, then each of the recent weeks alone, the newest first."""

    p: "Floats"
    mean: "Floats"
    n: "Floats"


def _windows(later_n: "Floats") -> "Floats":
    """Weights of the recent weeks in each window, shape (windows, later); those of a window without rows are even."""
    import numpy as np

    rows = []
    for weeks in WINDOWS:
        taken = np.zeros(LATER_WEEKS)
        taken[-weeks:] = later_n[-weeks:] if later_n[-weeks:].sum() else 1.0
        rows.append(taken / taken.sum())
    return np.array([*rows, *np.eye(LATER_WEEKS)[::-1]])


def _window_rows(check: Check) -> "Floats":
    import numpy as np

    return np.array([check.later_n[-weeks:].sum() for weeks in WINDOWS])


def _p_values(checks: Sequence[Check], ends: Sequence[float]) -> list[_Seen]:
    """Checks with the same numbers of rows share one foretelling; the prior is learned from all of them.

    `ends` is for each check where its recent weeks end, in weeks of the reference.
    """
    import numpy as np

    groups: dict[tuple[float, bytes, bytes, bytes], list[int]] = {}
    for at, (check, end) in enumerate(zip(checks, ends, strict=True)):
        groups.setdefault((end, check.t.tobytes(), check.n.tobytes(), check.later_n.tobytes()), []).append(at)
    foretold: list[tuple[list[int], Foretold]] = []
    for (end, *_), members in groups.items():
        first = checks[members[0]]
        middles = np.arange(LATER_WEEKS, dtype=np.float64) + np.float64(end - LATER_WEEKS + 0.5)
        means = np.stack([checks[at].total / checks[at].n for at in members], axis=1)
        deviations = np.array([checks[at].deviation for at in members])
        windows = _windows(first.later_n)
        foretold.append((members, foretell(Series(first.t, first.n, means), deviations, middles, windows)))
    prior = learned_prior([one.log_likelihood for _, one in foretold])
    found: dict[int, _Seen] = {}
    for members, one in foretold:
        found |= dict(zip(members, _of_group([checks[at] for at in members], one, prior), strict=True))
    return [found[at] for at in range(len(checks))]


def _of_group(checks: Sequence[Check], foretold: Foretold, prior: "Floats") -> Iterable[_Seen]:
    import numpy as np

    later_n = checks[0].later_n
    n = np.array([*(later_n[-weeks:].sum() for weeks in WINDOWS), *later_n[::-1]])
    totals = np.stack([check.later_total for check in checks], axis=1)
    total = np.array([*(totals[-weeks:].sum(axis=0) for weeks in WINDOWS), *totals[::-1]])
    safe = np.maximum(n, 1.0)
    mean = total / safe[:, None]
    deviations = np.array([check.deviation for check in checks])
    weights = posterior(foretold.log_likelihood, prior)
    shares = np.array([check.is_share for check in checks])
    p = p_of_means(foretold, weights, mean, safe, deviations)
    if shares.any():
        least = np.array([0.5 / (check.n.sum() + 1) for check in checks])
        some = Foretold(foretold.mean[..., shares], foretold.variance[..., shares], foretold.log_likelihood[:, shares])
        p[:, shares] = p_of_shares(some, weights[:, shares], total[:, shares], safe, least[shares])
    p = np.where(n[:, None] >= LEAST_ROWS, p, np.nan)
    return (_Seen(p[:, at], mean[:, at], n) for at in range(len(checks)))


def _move(check: Check, seen: _Seen, window: int, as_of: datetime) -> Move:
    single_p, single_mean = seen.p[len(WINDOWS) :], seen.mean[len(WINDOWS) :]
    rises = seen.mean[window] > check.before
    weeks = 0
    for p, mean in zip(single_p, single_mean, strict=True):
        if not (p < STILL_MOVED and (mean > check.before) == rises):
            break
        weeks += 1
    return Move(
        feature=check.column.name,
        kind=check.kind,
        bin=check.column.labels[check.bin] if check.bin >= 0 else "",
        before=check.before,
        now=float(seen.mean[window]),
        rows=int(seen.n[window]),
        weeks=WINDOWS[window],
        since=as_of - max(1, weeks) * WEEK,
        since_earlier=weeks == LATER_WEEKS,
        p=float(seen.p[window]),
    )


def _why_not(checks: Sequence[Check], judged: Sequence[Check]) -> Iterable[str]:
    able = {(check.column.name, check.kind) for check in judged}
    said = set()
    for check in checks:
        key = (check.column.name, check.kind)
        if key in able or check.column.name in said:
            continue
        said.add(check.column.name)
        if len(check.t) < LEAST_WEEKS:
            yield f"{check.column.name}: {len(check.t)} weeks of reference, {LEAST_WEEKS} needed"
        else:
            rows = int(_window_rows(check).max())
            yield f"{check.column.name}: not enough rows ({rows} in the last {WINDOWS[-1]} weeks, {LEAST_ROWS} needed)"


def _distance(column: Column, later: Sequence[WeekCounts]) -> Distance:
    """PSI (Siddiqi 2006) with half a row added to every bin, and Jensen-Shannon (Lin 1991)."""
    import numpy as np

    def counted(weeks: Sequence[WeekCounts], new: bool) -> "Floats":
        each: Floats = np.array([(*week.bins, week.missing, week.new if new else 0) for week in weeks], dtype=float)
        return each.sum(axis=0)  # type: ignore[no-any-return]

    before, now = counted(column.weeks, False), counted(later[-WINDOWS[-1] :], True)
    there = (before + now) > 0
    if not now.sum() or not before.sum():
        return Distance(float("nan"), float("nan"))
    a, b = before[there], now[there]
    p, q = (a + 0.5) / (a + 0.5).sum(), (b + 0.5) / (b + 0.5).sum()
    psi = float(((q - p) * np.log(q / p)).sum())
    a, b = a / a.sum(), b / b.sum()
    middle = (a + b) / 2
    divergence = sum(float((side[side > 0] * np.log2(side[side > 0] / middle[side > 0])).sum()) / 2 for side in (a, b))
    return Distance(psi, max(0.0, divergence) ** 0.5)
