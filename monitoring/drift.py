"""Drift: what has moved since the champion learned, judged so that a quiet week seldom alarms.

Every check of every feature, and of scores and outcomes, gets a p-value from the reference's own weeks
(`monitoring.expectation`) for the last week, the last two and the last four. One budget of false alarms a year is
shared among all of them (weighted Holm), so that the number of features does not decide how often people are called.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from monitoring.checks import Check, CheckKind, Distance, budgets, checks_of, distance_of
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
from monitoring.profile import NAMES, Column, recount
from ringback.clock import WEEK
from ringback.records import Value
from warehouse.histograms import Counting, WeekCounts, rows_counted, table_of

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
SAFE_BY = 3.0
"""Simulated quiet weeks alarm less often than the level says, by more than this: models of heavy tails, and checks that
say the same, are on the safe side. Calibrated at 200, 500 and 1,000 rows a week (`docs/decisions/0007-drift.md`)."""
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
    nearest: Mapping[str, float]
    """By feature the smallest p-value over its share of the budget; it alarms at `level` (the first step of Holm)."""


def level_of(false_alarms_per_year: float, checks_a_week: int = CHECKS_A_WEEK) -> float:
    """The level of one run's tests at which the runs of a week together stay in the budget.

    Šidák's correction over the runs of a week, which count as four; times three, by which the tests are too safe.

    >>> round(level_of(2), 4), round(level_of(2, checks_a_week=1), 4)
    (0.0293, 0.1154)
    """
    a_week = min(0.5, false_alarms_per_year / WEEKS_A_YEAR)
    return float(SAFE_BY * (1 - (1 - a_week) ** (1 / checks_a_week)))


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
        return eight_weeks(columns, counting)


def eight_weeks(columns: Sequence[Column], counting: Counting) -> dict[str, tuple[WeekCounts, ...]]:
    """By column the counts of weeks 0 to 7, with zeros for a week without rows."""
    counted = recount(columns, counting)
    made = {}
    for column in columns:
        empty = WeekCounts((0,) * len(column.labels), 0)
        made[column.name] = tuple(counted[column.name].get(week, empty) for week in range(LATER_WEEKS))
    return made


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
    distances = {column.name: distance_of(column, later[column.name][-WINDOWS[-1] :]) for column in columns}
    missing = tuple(_why_not(checks, judged))
    if not judged:
        return Judgement((), distances, missing, frozenset(later), 0, level, {})
    ends = [ended_by if ended_by and check.column.kind == "outcome" else as_of for check in judged]
    groups = _groups(judged, [(end - since) / WEEK for end in ends])
    p = np.ones((len(judged), len(WINDOWS)))
    for members, group in groups:
        tails = group.p(slice(len(WINDOWS))).T
        p[members] = np.where(np.isnan(tails), 1.0, tails)
    weights = np.repeat([[check.weight / len(WINDOWS)] for check in judged], len(WINDOWS), axis=1)
    rejected = weighted_holm(p.ravel(), weights.ravel(), level).reshape(p.shape)
    best: dict[str, tuple[bool, float, Move]] = {}
    for members, group in groups:
        for member, at in enumerate(members):
            if not rejected[at].any():
                continue
            window = int(np.argmin(np.where(rejected[at], p[at], 2.0)))
            move = _move(group, member, window, ends[at])
            told = (move.kind in TOLD_LAST, float(p[at, window] / weights[at, window]), move)
            if move.feature not in best or told[:2] < best[move.feature][:2]:
                best[move.feature] = told
    moves = tuple(move for *_, move in sorted(best.values(), key=lambda one: one[1]))
    unsettled, nearest = _unsettled(judged, p, weights), _nearest(judged, p, weights)
    return Judgement(moves, distances, missing, unsettled, len(judged), level, nearest)


def _nearest(checks: Sequence[Check], p: "Floats", weights: "Floats") -> dict[str, float]:
    found: dict[str, float] = {}
    for check, one in zip(checks, (p / weights).min(axis=1) * weights.sum(), strict=True):
        found[check.column.name] = min(found.get(check.column.name, 1.0), float(one))
    return found


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
class _Group:
    """Checks with the same numbers of rows: the windows of WINDOWS, then each recent week alone, the newest first."""

    checks: tuple[Check, ...]
    n: "Floats"
    """Shape (windows,): rows."""
    total: "Floats"
    """Shape (windows, checks)."""
    foretold: Foretold
    weights: "Floats"
    """Of the models, shape (models, checks)."""

    @property
    def mean(self) -> "Floats":
        """Shape (windows, checks)."""
        import numpy as np

        return self.total / np.maximum(self.n, 1.0)[:, None]

    def p(self, windows: slice, members: slice = slice(None)) -> "Floats":
        """Two-sided p-values (windows, checks) of some windows and checks; NaN where a window has too few rows."""
        import numpy as np

        n, checks = self.n[windows], self.checks[members]
        rows, weights = np.maximum(n, 1.0), self.weights[:, members]
        foretold = Foretold(
            self.foretold.mean[:, windows, members],
            self.foretold.variance[:, windows, members],
            self.foretold.log_likelihood[:, members],
        )
        deviations = np.array([check.deviation for check in checks])
        p = p_of_means(foretold, weights, self.mean[windows, members], rows, deviations)
        shares = np.array([check.is_share for check in checks])
        if shares.any():
            least = np.array([0.5 / (check.n.sum() + 1) for check in checks])[shares]
            some = Foretold(
                foretold.mean[..., shares], foretold.variance[..., shares], foretold.log_likelihood[:, shares]
            )
            p[:, shares] = p_of_shares(some, weights[:, shares], self.total[windows, members][:, shares], rows, least)
        return np.where(n[:, None] >= LEAST_ROWS, p, np.nan)


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


def _groups(checks: Sequence[Check], ends: Sequence[float]) -> list[tuple[list[int], _Group]]:
    """Checks with the same numbers of rows share one foretelling; the prior is learned from all of them.

    `ends` is for each check where its recent weeks end, in weeks of the reference.
    """
    import numpy as np

    alike: dict[tuple[float, bytes, bytes, bytes], list[int]] = {}
    for at, (check, end) in enumerate(zip(checks, ends, strict=True)):
        alike.setdefault((end, check.t.tobytes(), check.n.tobytes(), check.later_n.tobytes()), []).append(at)
    foretold: list[Foretold] = []
    for (end, *_), members in alike.items():
        first = checks[members[0]]
        middles = np.arange(LATER_WEEKS, dtype=np.float64) + np.float64(end - LATER_WEEKS + 0.5)
        means = np.stack([checks[at].total / checks[at].n for at in members], axis=1)
        deviations = np.array([checks[at].deviation for at in members])
        windows = _windows(first.later_n)
        foretold.append(foretell(Series(first.t, first.n, means), deviations, middles, windows))
    prior = learned_prior([one.log_likelihood for one in foretold])
    return [
        (members, _group(tuple(checks[at] for at in members), one, posterior(one.log_likelihood, prior)))
        for members, one in zip(alike.values(), foretold, strict=True)
    ]


def _group(checks: tuple[Check, ...], foretold: Foretold, weights: "Floats") -> _Group:
    import numpy as np

    later_n = checks[0].later_n
    totals = np.stack([check.later_total for check in checks], axis=1)
    n = np.array([*(later_n[-weeks:].sum() for weeks in WINDOWS), *later_n[::-1]])
    total = np.array([*(totals[-weeks:].sum(axis=0) for weeks in WINDOWS), *totals[::-1]])
    return _Group(checks, n, total, foretold, weights)


def _move(group: _Group, member: int, window: int, as_of: datetime) -> Move:
    check, own = group.checks[member], slice(member, member + 1)
    mean, p = group.mean[:, member], group.p(slice(None), own)[:, 0]
    rises = mean[window] > check.before
    weeks = 0
    for week in range(len(WINDOWS), len(p)):
        if not (p[week] < STILL_MOVED and (mean[week] > check.before) == rises):
            break
        weeks += 1
    return Move(
        feature=check.column.name,
        kind=check.kind,
        bin=check.column.labels[check.bin] if check.bin >= 0 else "",
        before=check.before,
        now=float(mean[window]),
        rows=int(group.n[window]),
        weeks=WINDOWS[window],
        since=as_of - max(1, weeks) * WEEK,
        since_earlier=weeks == LATER_WEEKS,
        p=float(p[window]),
    )


def _why_not(checks: Sequence[Check], judged: Sequence[Check]) -> Iterable[str]:
    able = {(check.column.name, check.kind) for check in judged}
    said = set()
    for check in checks:
        key = (check.column.name, check.kind)
        if key in able or check.column.name in said:
            continue
        said.add(check.column.name)
        name = NAMES.get(check.column.name, check.column.name)
        if len(check.t) < LEAST_WEEKS:
            yield f"{name}: {len(check.t)} weeks of reference, {LEAST_WEEKS} needed"
        else:
            rows = int(_window_rows(check).max())
            yield f"{name}: not enough rows ({rows} in the last {WINDOWS[-1]} weeks, {LEAST_ROWS} needed)"
