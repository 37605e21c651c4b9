"""What is tried: a candidate with settings, on some of the columns, learning from all rows or the latest ones."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from features.encoding import Encoding
from ringback.errors import NotEnoughData
from training.candidates import CANDIDATES, VARIATIONS
from training.less_known import less_known
from training.split import Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECENT_ROWS = 10_000
CLIMATE = frozenset({"recent_progression", "long_progression"})
"""Features that are meant to follow the calendar: how calls have been ending lately."""
FOLLOWS_CALENDAR = 0.9
"""Share of a column's variance between stretches of time from which it says when, and not what."""
STRETCHES = (5, 100)
ROWS_A_STRETCH = 200
VARIED = 2
"""How many of the best trials are varied further."""
HOPELESS = 3.0
"""Standard errors behind the best, in the blocks that choose, from which a trial is not judged any further."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to learn."""

    candidate: str
    settings: Mapping[str, float] = field(default_factory=dict)
    columns: str = "all"
    """`all`, `steady` (without those that follow the calendar) or `beyond words` (without free text)."""
    window: int | None = None
    """Number of latest rows learned from; None for all."""

    def __str__(self) -> str:
        said = [self.candidate, *(f"{name} {value:g}" for name, value in self.settings.items())]
        said += [f"{self.columns} columns"] if self.columns != "all" else []
        return ", ".join([*said, f"last {self.window:,} rows"] if self.window else said)

    def fit(self, learning: "Learning", rows: "NDArray[np.int64]", jobs: int) -> Any:
        """A scikit-learn Pipeline over the encoding's columns, fitted on the rows or the latest of them."""
        import numpy as np
        from sklearn.compose import ColumnTransformer
        from sklearn.pipeline import make_pipeline

        make = next(made for made in CANDIDATES if made.__name__ == self.candidate)
        rows = rows[-self.window :] if self.window else rows
        X = learning.X[rows]
        known = set(np.flatnonzero((~np.isnan(X)).any(axis=0)))  # what was filled only later teaches nothing yet
        columns = [at for at in learning.columns_of[self.columns] if at in known]
        used = ColumnTransformer([("used", "passthrough", columns)])
        X, y = less_known(X, learning.y[rows], learning.sources, learning.blank)
        return make_pipeline(used, make(jobs, **self.settings)).fit(X, y)


@dataclass(frozen=True, slots=True)
class Learning:
    """The encoded rows in order of time, and the sets of columns that may be learned from."""

    X: "NDArray[np.float32]"
    y: "NDArray[np.bool_]"
    splits: Sequence[Split]
    columns_of: Mapping[str, list[int]]
    following: tuple[str, ...]
    """Features that follow the calendar."""
    sources: Sequence[str]
    """The feature of each column."""
    blank: "NDArray[np.float32]"
    """The row of which nothing is known, shape (columns,)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A trial and the log-odds it gave each judged row, block by block, before the rows were learned from."""

    trial: Trial
    log_odds: list["NDArray[np.float64]"]
    """One array for each split; shorter than the splits where the trial was given up."""
    latest: Any = None
    """The Pipeline that answered the last block of the test: it learned from most. None before the test."""


def learning_from(
    X: "NDArray[np.float32]", y: "NDArray[np.bool_]", splits: Sequence[Split], encoding: Encoding
) -> Learning:
    """Name the sets of columns that are worth trying on these rows; no outcome is looked at for that."""
    following = follow_calendar(X, encoding.sources)
    texts = set(getattr(encoding, "texts", ()))
    every = range(len(encoding.columns))
    columns_of = {}
    if following:
        left_out = texts | set(following)
        columns_of["steady"] = [at for at in every if encoding.sources[at] not in left_out]
    if texts:
        columns_of["beyond words"] = [at for at in every if encoding.sources[at] not in texts]
    columns_of["all"] = list(every)
    usable = {name: at for name, at in columns_of.items() if at}
    if not usable:
        raise NotEnoughData("no feature differs between the calls, so there is nothing to learn from")
    return Learning(X, y, splits, usable, following, encoding.sources, encoding.encode([{}])[0])


def follow_calendar(X: "NDArray[np.float32]", sources: Sequence[str]) -> tuple[str, ...]:
    """Features whose columns say when a call was rather than what it was.

    Measured by the correlation ratio (Pearson 1905): the variance between up to a hundred consecutive stretches of
    rows as a share of the whole. Such a column (a price index, the month) tells the model which time it is, and points
    the wrong way when times change. The features that follow the outcomes themselves are meant to, and are kept.
    """
    import numpy as np

    stretches = np.array_split(np.arange(len(X)), int(np.clip(len(X) / ROWS_A_STRETCH, *STRETCHES)))
    found = []
    for at, source in enumerate(sources):
        column = X[:, at].astype("float64")
        known = ~np.isnan(column)
        if source in CLIMATE or known.mean() < 0.5 or column[known].var() == 0:
            continue
        filled = np.where(known, column, column[known].mean())
        between = sum(len(rows) * (filled[rows].mean() - filled.mean()) ** 2 for rows in stretches) / len(filled)
        if between / filled.var() >= FOLLOWS_CALENDAR:
            found.append(source)
    return tuple(dict.fromkeys(found))


def try_all(learning: Learning, jobs: int, budget_seconds: float) -> list[Judged]:
    """Try every candidate, then vary the best, until the time is used up.

    Which trials are varied or given up is decided by the blocks before the test alone. Every candidate is tried once,
    whatever the time.
    """
    until = time.monotonic() + budget_seconds
    tried: list[Judged] = []
    for trial in _first_trials(learning):
        if time.monotonic() < until or all(one.trial.candidate != trial.candidate for one in tried):
            tried.append(_choosing_blocks(trial, learning, jobs))
    variations = list(_variations(tried, learning))
    tried += [_choosing_blocks(trial, learning, jobs) for trial in variations if time.monotonic() < until]
    lost = [_choosing_loss(one, learning) for one in tried]
    best = min(lost, key=lambda loss: float(loss.mean()))
    best_of: dict[str, NDArray[np.float64]] = {}
    for one, loss in zip(tried, lost, strict=True):
        there = best_of.setdefault(one.trial.candidate, loss)
        best_of[one.trial.candidate] = loss if loss.mean() < there.mean() else there
    kept = [
        one
        for one, loss in zip(tried, lost, strict=True)
        if loss is best_of[one.trial.candidate] or not _is_hopeless(loss, best)
    ]
    return [_test_blocks(one, learning, jobs) for one in sorted(kept, key=_how_flexible)]


def losses(log_odds: "NDArray[np.float64]", y: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """Log loss of each row, in nats; both arrays of shape (rows,)."""
    import numpy as np

    return np.logaddexp(0.0, np.where(y, -log_odds, log_odds))


def _first_trials(learning: Learning) -> Iterator[Trial]:
    """Each candidate on the most careful set of columns."""
    for candidate in CANDIDATES:
        yield Trial(candidate.__name__, columns=next(iter(learning.columns_of)))


def _variations(tried: Sequence[Judged], learning: Learning) -> Iterator[Trial]:
    """The best trials on the other columns, with other settings, and with a shorter memory."""
    best = sorted(tried, key=lambda one: _choosing_loss(one, learning).mean())[:VARIED]
    for at in best:
        for columns in learning.columns_of:
            if columns != at.trial.columns:
                yield Trial(at.trial.candidate, columns=columns)
        for settings in VARIATIONS[at.trial.candidate]:
            yield Trial(at.trial.candidate, settings, at.trial.columns)
        if len(learning.y) > 2 * RECENT_ROWS:
            yield Trial(at.trial.candidate, columns=at.trial.columns, window=RECENT_ROWS)


def judge(trial: Trial, learning: Learning, jobs: int) -> Judged:
    """Let a trial answer every block."""
    return Judged(trial, _answers(trial, learning, learning.splits, jobs))


def _choosing_blocks(trial: Trial, learning: Learning, jobs: int) -> Judged:
    return Judged(trial, _answers(trial, learning, [split for split in learning.splits if not split.is_test], jobs))


def _test_blocks(judged: Judged, learning: Learning, jobs: int) -> Judged:
    answered = _in_blocks(judged.trial, learning, [split for split in learning.splits if split.is_test], jobs)
    return Judged(judged.trial, judged.log_odds + [said for said, _ in answered], answered[-1][1])


def _answers(trial: Trial, learning: Learning, splits: Sequence[Split], jobs: int) -> "list[NDArray[np.float64]]":
    return [said for said, _ in _in_blocks(trial, learning, splits, jobs)]


def _in_blocks(
    trial: Trial, learning: Learning, splits: Sequence[Split], jobs: int
) -> "list[tuple[NDArray[np.float64], Any]]":
    """What the trial says of each block, and what said it; as many blocks at once as there are cores, each fit on one.

    Fits that share the cores among themselves wait for each other thousands of times, which is slow on a busy machine.
    """
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=jobs, prefer="threads")(delayed(_answer)(trial, learning, one) for one in splits))


def _answer(trial: Trial, learning: Learning, split: Split) -> "tuple[NDArray[np.float64], Any]":
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from training.stack import log_odds_of

    said = []
    with threadpool_limits(1):
        for learn, judge in split.fits:
            fitted = trial.fit(learning, learn, 1)
            said.append(log_odds_of(fitted, learning.X[judge]))
    return np.concatenate(said), fitted


def _choosing_loss(judged: Judged, learning: Learning) -> "NDArray[np.float64]":
    import numpy as np

    choosing = [split for split in learning.splits if not split.is_test]
    return np.concatenate(
        [losses(said, learning.y[split.judge]) for said, split in zip(judged.log_odds, choosing, strict=False)]
    )


def _how_flexible(judged: Judged) -> int:
    """The place of its candidate in the list; trials of one candidate keep their order."""
    return [candidate.__name__ for candidate in CANDIDATES].index(judged.trial.candidate)


def _is_hopeless(loss: "NDArray[np.float64]", best: "NDArray[np.float64]") -> bool:
    behind = loss - best
    return bool(behind.mean() > HOPELESS * behind.std() / len(behind) ** 0.5)


def check_splits(splits: Sequence[Split], y: "NDArray[np.bool_]", target: str) -> list[Split]:
    """The splits with both kinds of outcome to learn from; raises NotEnoughData where too few are left to judge by."""
    usable = [
        split
        for split in splits
        if len(split.judge) and all(0 < y[learn].sum() < len(learn) for learn, _ in split.fits)
    ]
    for part in (False, True):
        rows = [y[split.judge] for split in usable if split.is_test == part]
        if not rows or not 0 < sum(block.sum() for block in rows) < sum(map(len, rows)):
            raise NotEnoughData(
                f"the labels of {target} cannot be validated on later calls: too few in a stretch of time, "
                "all at once, or all alike; more outcomes over a longer time are needed"
            )
    return usable
