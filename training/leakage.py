"""Columns that give the outcome away: they know it, or were filled because of it, and will not be there when it counts.

A model that learns from such a column looks brilliant in every test and knows nothing about a call that is still open.
What is found is named with the evidence and left out, unless a person says that it may be trusted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.custom import PREFIX
from ringback.records import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from training.data import TrainingData

TOO_GOOD = 0.90
"""ROC AUC of a single column, within stretches of time, that no honest column of a sales call has."""
FAR_AHEAD = 0.82
FAR_AHEAD_BY = 0.15
"""A column this good alone, and so far ahead of every other one, is looked at twice."""
GIVEN_AWAY = 0.80
"""ROC AUC of whether a column is filled at all."""
FILLED_BY_OUTCOME = (0.5, 0.02)
"""Share filled among decided calls, at least, and among open ones, at most."""
LEAST_OPEN = 30
LEAST_KNOWN = 50
LEAST_OF_EACH_KIND = 5
STRETCHES = 20
MOST_ROWS = 50_000
"""More rows than this are thinned evenly: the evidence is no clearer with more."""

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that gives the outcome away, and how that shows."""

    feature: str
    evidence: str
    is_trusted: bool = False
    """Whether a person said that it may be learned from all the same."""


def find_leaks(data: "TrainingData", trusted: Sequence[str] = ()) -> list[Leak]:
    """The suspicious features of training rows; `trusted` names features, with or without the prefix `custom.`."""
    found = leaks_in(data.rows, data.y, data.open_rows)
    names = {*trusted, *(PREFIX + name for name in trusted)}
    return [Leak(leak.feature, leak.evidence, _is_named(leak.feature, names)) for leak in found]


def leaks_in(rows: Sequence[Row], y: "NDArray[np.bool_]", open_rows: Sequence[Row] = ()) -> list[Leak]:
    """Columns of decided rows, in order of time, that give their outcome `y` away; `open_rows` have no outcome yet."""
    import numpy as np

    step = max(1, len(rows) // MOST_ROWS)
    rows, happened = rows[::step], y[::step]
    stretches = [at for at in np.array_split(np.arange(len(rows)), STRETCHES) if _has_both(happened[at])]
    names = list(dict.fromkeys(name for row in rows for name in row))
    alone = {name: _auc_alone([row.get(name) for row in rows], happened, stretches) for name in names}
    best = sorted(alone.values(), reverse=True)
    leaks = []
    for name in names:
        next_best = best[1] if len(best) > 1 and alone[name] == best[0] else best[0]
        said = list(_evidence(name, rows, happened, stretches, open_rows, alone[name], next_best))
        if said:
            leaks.append(Leak(name, "; ".join(said)))
    return leaks


def _evidence(
    name: str,
    rows: Sequence[Row],
    y: "NDArray[np.bool_]",
    stretches: Sequence["NDArray[np.int64]"],
    open_rows: Sequence[Row],
    alone: float,
    next_best: float,
) -> Iterator[str]:
    import numpy as np

    known = np.array([row.get(name) is not None for row in rows])
    if known.sum() < LEAST_KNOWN:
        return
    if alone >= TOO_GOOD:
        yield f"alone it tells how the call ended (ROC AUC {alone:.2f} within stretches of time, {len(rows):,} calls)"
    elif alone >= FAR_AHEAD and alone - next_best >= FAR_AHEAD_BY:
        yield (
            f"alone it tells far more than any other column (ROC AUC {alone:.2f} within stretches of time, "
            f"the next best {next_best:.2f}, {len(rows):,} calls)"
        )
    filled = _within(known.astype(float), y, stretches)
    if filled >= GIVEN_AWAY and not known.all():
        yield (
            f"whether it is filled tells how the call ended: in {known[y].mean():.0%} of the calls that ended well and "
            f"{known[~y].mean():.0%} of the others"
        )
    if len(open_rows) >= LEAST_OPEN:
        open_share = sum(row.get(name) is not None for row in open_rows) / len(open_rows)
        if known.mean() >= FILLED_BY_OUTCOME[0] and open_share <= FILLED_BY_OUTCOME[1]:
            yield (
                f"it is filled only once the outcome is known: in {known.mean():.0%} of {len(rows):,} decided calls "
                f"and {open_share:.0%} of {len(open_rows):,} open ones"
            )


def _auc_alone(values: Sequence[Value], y: "NDArray[np.bool_]", stretches: Sequence["NDArray[np.int64]"]) -> float:
    """How well a column alone orders the calls within stretches of time, whichever way round; 0.5 says not at all.

    A category is ordered by how often it ended well in the other stretches; what is not known stays out, since it has
    a check of its own.
    """
    import numpy as np

    if any(isinstance(value, str) for value in values):
        return _within(_rate_elsewhere(values, y, stretches), y, stretches)
    numbers = np.array([float(value) if isinstance(value, (int, float)) else np.nan for value in values])
    return _within(numbers, y, stretches)


def _rate_elsewhere(
    values: Sequence[Value], y: "NDArray[np.bool_]", stretches: Sequence["NDArray[np.int64]"]
) -> "NDArray[np.float64]":
    """For each row how often its category ended well in the other stretches, drawn towards the mean of all."""
    import numpy as np

    codes = {value: n for n, value in enumerate(dict.fromkeys(values))}
    code = np.array([codes[value] for value in values])
    rate = np.full(len(code), np.nan)
    n_all, good_all = np.bincount(code, minlength=len(codes)), np.bincount(code, y, minlength=len(codes))
    for rows in stretches:
        n = n_all - np.bincount(code[rows], minlength=len(codes))
        good = good_all - np.bincount(code[rows], y[rows], minlength=len(codes))
        rate[rows] = ((good + 5 * y.mean()) / (n + 5))[code[rows]]
    return np.where([value is None for value in values], np.nan, rate)


def _within(values: "NDArray[np.float64]", y: "NDArray[np.bool_]", stretches: Sequence["NDArray[np.int64]"]) -> float:
    """Mean ROC AUC within the stretches, weighted by their known rows, turned so that it is at least 0.5."""
    import numpy as np

    from training.evaluate import roc_auc

    aucs, weights = [], []
    for rows in stretches:
        at = rows[~np.isnan(values[rows])]
        if _has_both(y[at]):
            aucs.append(roc_auc(y[at], values[at]))
            weights.append(len(at))
    if not aucs:
        return 0.5
    mean = float(np.average(aucs, weights=weights))
    return max(mean, 1 - mean)


def _has_both(y: "NDArray[np.bool_]") -> bool:
    return bool(min(y.sum(), len(y) - y.sum()) >= LEAST_OF_EACH_KIND)


def _is_named(feature: str, names: set[str]) -> bool:
    """A date's parts are named for the date: `custom.closed (month)`."""
    return any(feature == name or feature.startswith(f"{name} (") for name in names)
