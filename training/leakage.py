"""Columns that give the outcome away: they know it, or were filled because of it, and will not be there when it counts.

A model that learns from such a column looks brilliant in every test and knows nothing about a call that is still open.
What is found is named with the evidence and left out, unless a person says that it may be trusted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from features.custom import PREFIX
from features.engagement import MAILS
from ringback.records import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from training.data import TrainingData

TOO_GOOD = 0.90
"""ROC AUC of a single column, within stretches of time, that no honest column of a sales call has."""
SUSPICIOUS = 0.82
"""A column this good alone is worth a second look by a person; it may be honest, and is not left out."""
SURE = 1.96
"""Standard errors by which a column must be better than SUSPICIOUS before anything is said of it."""
GIVEN_AWAY = 0.80
"""ROC AUC of whether a column is filled at all."""
FILLED_BY_OUTCOME = (0.5, 0.02)
"""Share filled among decided calls, at least, and among open ones, at most."""
LEAST_OPEN = 30
LEAST_KNOWN = 50
LEAST_OF_EACH_KIND = 5
MOST_STRETCHES = 20
LEAST_RARER = 20
"""Calls of the rarer outcome that a stretch of time should hold; with fewer there are fewer stretches."""
LATEST = 0.25
"""Open calls are compared with the latest decided ones: a column may have come or gone since the first."""
AFTERWARDS = 0.9
BEFORE = " (days before the call)"
COME_AND_GO = frozenset(feature.__name__ for feature in MAILS)
"""Only mails sent before the call count, so that none is filled by how it ended; where campaigns pause, open calls have
none."""
MOST_ROWS = 50_000
"""More rows than this are thinned evenly: the evidence is no clearer with more."""

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that gives the outcome away, and how that shows."""

    feature: str
    evidence: str
    is_certain: bool = True
    """Whether it gives the outcome away; else it is only worth a second look."""
    is_trusted: bool = False
    """Whether a person said that it may be learned from all the same."""

    @property
    def is_left_out(self) -> bool:
        """Whether training does without it."""
        return self.is_certain and not self.is_trusted


def find_leaks(data: "TrainingData", trusted: Sequence[str] = ()) -> list[Leak]:
    """The suspicious features of training rows; `trusted` names features, with or without the prefix `custom.`."""
    found = leaks_in(data.rows, data.y, data.open_rows)
    names = {*trusted, *(PREFIX + name for name in trusted)}
    return [replace(leak, is_trusted=_is_named(leak.feature, names)) for leak in found]


def leaks_in(rows: Sequence[Row], y: "NDArray[np.bool_]", open_rows: Sequence[Row] = ()) -> list[Leak]:
    """Columns of decided rows, in order of time, that give their outcome `y` away; `open_rows` have no outcome yet."""
    import numpy as np

    step = max(1, len(rows) // MOST_ROWS)
    rows, happened = rows[::step], y[::step]
    rarer = int(min(happened.sum(), (~happened).sum()))
    count = min(MOST_STRETCHES, max(1, rarer // LEAST_RARER))
    stretches = [at for at in np.array_split(np.arange(len(rows)), count) if _has_both(happened[at])]
    names = list(dict.fromkeys(name for row in rows for name in row))
    leaks = []
    for name in names:
        values = [row.get(name) for row in rows]
        known = np.array([value is not None for value in values])
        if known.sum() < LEAST_KNOWN:
            continue
        certain = list(_evidence(name, known, happened, stretches, open_rows))
        alone = _auc_alone(values, happened, stretches)
        sure = alone - SURE * _standard_error(alone, happened[known]) > SUSPICIOUS
        if sure and alone >= TOO_GOOD:
            certain.insert(0, f"alone it tells how the call ended ({_auc_said(alone, len(rows))})")
        if certain:
            leaks.append(Leak(name, "; ".join(certain)))
        elif sure:
            leaks.append(Leak(name, f"alone it tells a great deal ({_auc_said(alone, len(rows))})", is_certain=False))
        elif _lies_afterwards(name, values):
            why = "it mostly lies after the call: a date that is set when the call has ended, or a planned one"
            leaks.append(Leak(name, why, is_certain=False))
    return leaks


def _evidence(
    name: str,
    known: "NDArray[np.bool_]",
    y: "NDArray[np.bool_]",
    stretches: Sequence["NDArray[np.int64]"],
    open_rows: Sequence[Row],
) -> Iterator[str]:
    """What its gaps say."""
    if not known.all() and _within(known.astype(float), y, stretches) >= GIVEN_AWAY:
        yield (
            f"whether it is filled tells how the call ended: in {known[y].mean():.0%} of the calls that ended well and "
            f"{known[~y].mean():.0%} of the others"
        )
    if len(open_rows) >= LEAST_OPEN and name not in COME_AND_GO:
        latest = known[-max(LEAST_KNOWN, int(LATEST * len(known))) :]
        open_share = sum(row.get(name) is not None for row in open_rows) / len(open_rows)
        if latest.mean() >= FILLED_BY_OUTCOME[0] and open_share <= FILLED_BY_OUTCOME[1]:
            yield (
                f"it is filled only once the outcome is known: in {latest.mean():.0%} of the latest {len(latest):,} "
                f"decided calls and {open_share:.0%} of {len(open_rows):,} open ones"
            )


def _lies_afterwards(name: str, values: Sequence[Value]) -> bool:
    """Whether a date of an import mostly comes after the call that it belongs to."""
    days = [value for value in values if isinstance(value, (int, float))]
    return name.endswith(BEFORE) and sum(value < 0 for value in days) >= AFTERWARDS * max(1, len(days))


def _auc_said(auc: float, rows: int) -> str:
    return f"ROC AUC {auc:.2f} within stretches of time, {rows:,} calls"


def _standard_error(auc: float, y: "NDArray[np.bool_]") -> float:
    """Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve"."""
    m, n = max(1, int(y.sum())), max(1, int((~y).sum()))
    both, other = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    square = auc * (1 - auc) + (m - 1) * (both - auc**2) + (n - 1) * (other - auc**2)
    return float((max(0.0, square) / (m * n)) ** 0.5)


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
