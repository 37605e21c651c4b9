"""What is looked at in each feature: where its values lie, how they spread, which are there, which are missing or new.

Every check is one weekly number with a sampling deviation that is known from the histogram, so that one model
(`monitoring.expectation`) foretells all of them. Location and spread are the first two components of a smooth test
(Neyman 1937) on normal scores of the bins: a shift of half a standard deviation, spread over ten bins, is one number
here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from monitoring.profile import Column, warm_up
from warehouse.histograms import WeekCounts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_SHARE = 0.005
"""Values rarer than this in the reference have no check of their own; as new values they would be noticed."""

PSI_MODERATE, PSI_MAJOR = 0.1, 0.2
"""From where on a distance is called so, by a common rule of thumb (Siddiqi 2006, "Credit Risk Scorecards").

It knows nothing of chance and decides nothing; Evidently's page marks what is major.
"""

Size = Literal["little", "moderate", "major"]
CheckKind = Literal["location", "spread", "share", "new", "missing"]
WEIGHTS: Mapping[str, Mapping[CheckKind, float]] = {
    "number": {"location": 0.5, "spread": 0.125, "share": 0.125, "missing": 0.25},
    "category": {"share": 0.5, "new": 0.25, "missing": 0.25},
    "score": {"location": 0.6, "spread": 0.2, "share": 0.2},
    "outcome": {"share": 1.0},
}
"""How the false alarms that a column is allowed are shared among its checks; `share` is divided among its bins."""
SHARES_OF_BUDGET = {"score": 0.1, "outcome": 0.1}
"""Of the whole budget; the rest is divided evenly among the features."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One weekly number of one column, in the reference and lately."""

    column: Column
    kind: CheckKind
    bin: int
    """The bin of a share, else -1."""
    weight: float
    t: "Floats"
    """Shape (weeks,): number of each reference week that has rows."""
    n: "Floats"
    """Shape (weeks,): its rows."""
    total: "Floats"
    """Shape (weeks,): the contrast added up over its rows."""
    later_n: "Floats"
    """Shape (later,): rows of the recent weeks, the newest last."""
    later_total: "Floats"
    deviation: float
    """Standard deviation of the contrast among the reference's rows."""
    is_share: bool

    @property
    def before(self) -> float:
        """Mean of the contrast over the reference."""
        return float(self.total.sum() / self.n.sum())


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a feature's histogram of recent weeks is from the reference's."""

    psi: float
    """Population stability index over bins, missing values included."""
    jensen_shannon: float
    """Jensen-Shannon distance, base 2: 0 the same, 1 nothing in common."""


def checks_of(column: Column, later: Sequence[WeekCounts], budget: float) -> list[Check]:
    """The checks of a column; their weights add up to `budget`. `later` are the recent weeks, the newest last."""
    import numpy as np

    found = list(_checks(column, later))
    kinds = WEIGHTS[column.kind]
    there = {kind: sum(one.kind == kind for one in found) for kind in kinds}
    scale = budget / sum(kinds[kind] for kind, count in there.items() if count) if found else 0.0
    return [
        Check(
            column, one.kind, one.bin, scale * kinds[one.kind] / there[one.kind],
            *_reference(one), np.asarray(one.later_n, float), np.asarray(one.later_total, float), *_deviation(one),
        )
        for one in found
    ]  # fmt: skip


def budgets(columns: Sequence[Column]) -> list[float]:
    """What each column may use of the false-alarm budget, adding up to 1."""
    features = sum(column.kind in ("number", "category") for column in columns)
    left = 1 - sum(SHARES_OF_BUDGET[column.kind] for column in columns if column.kind in SHARES_OF_BUDGET)
    raw = [SHARES_OF_BUDGET.get(column.kind, left / max(1, features)) for column in columns]
    return [one / sum(raw) for one in raw]


def normal_scores(shares: "Floats") -> tuple["Floats", "Floats"]:
    """Scores of bins for location and for spread, of mean 0, deviation 1 and no correlation under `shares`.

    A bin's score is the normal quantile of its middle rank; spread is its square, made orthogonal to location.
    """
    import numpy as np
    from scipy.special import ndtri

    def standard(score: "Floats") -> "Floats":
        centred = score - shares @ score
        deviation = np.sqrt(shares @ centred**2)
        return centred / deviation if deviation > 1e-9 else centred * 0

    location = standard(ndtri(np.clip(np.cumsum(shares) - shares / 2, 1e-6, 1 - 1e-6)))
    square = location**2 - (shares @ location**3) * location
    return location, standard(square)


@dataclass(frozen=True, slots=True)
class _Raw:
    kind: CheckKind
    n: "Floats"
    total: "Floats"
    later_n: "Floats"
    later_total: "Floats"
    bin: int = -1
    first_week: int = 0


def _checks(column: Column, later: Sequence[WeekCounts]) -> Iterator[_Raw]:
    import numpy as np

    bins = np.array([week.bins for week in column.weeks], dtype=float)
    later_bins = np.array([week.bins for week in later], dtype=float)
    valued, all_bins = bins.sum(axis=1), bins.sum(axis=0)
    new, later_new = (np.array([float(week.new) for week in weeks]) for weeks in (column.weeks, later))
    later_valued = later_bins.sum(axis=1) + later_new
    if valued.sum() > 0:
        shares = all_bins / all_bins.sum()
        if column.kind in ("number", "score") and len(shares) > 2:
            for kind, score in zip(("location", "spread"), normal_scores(shares), strict=True):
                if score.any():
                    yield _Raw(kind, valued, bins @ score, later_valued, later_bins @ score)  # type: ignore[arg-type]
        for at in _checked_bins(column, shares):
            yield _Raw("share", valued, bins[:, at], later_valued, later_bins[:, at], at)
        if column.kind == "category" and column.known.complete and len(column.weeks) > 1:
            yield _Raw("new", valued, new, later_valued, later_new, first_week=warm_up(len(column.weeks)))
    if column.kind in ("number", "category"):
        missing, later_missing = (np.array([float(week.missing) for week in weeks]) for weeks in (column.weeks, later))
        yield _Raw("missing", valued + missing, missing, later_valued + later_missing, later_missing)


def _checked_bins(column: Column, shares: "Floats") -> list[int]:
    """Both bins of two say the same; one is looked at."""
    if len(shares) <= 2:
        return [len(shares) - 1]
    return [at for at, share in enumerate(shares) if LEAST_SHARE <= share < 1]


def _reference(one: _Raw) -> "tuple[Floats, Floats, Floats]":
    import numpy as np

    used = (one.n > 0) & (np.arange(len(one.n)) >= one.first_week)
    return np.flatnonzero(used).astype(np.float64) + np.float64(0.5), one.n[used], one.total[used]


def _deviation(one: _Raw) -> tuple[float, bool]:
    if one.kind in ("location", "spread"):
        return 1.0, False
    p = (one.total[one.first_week :].sum() + 0.5) / (one.n[one.first_week :].sum() + 1)
    return float((p * (1 - p)) ** 0.5), True


def size_of(psi: float) -> Size:
    """How a population stability index is called.

    >>> size_of(0.09), size_of(0.1), size_of(0.2)
    ('little', 'moderate', 'major')
    """
    return "major" if psi >= PSI_MAJOR else "moderate" if psi >= PSI_MODERATE else "little"


def distance_of(column: Column, later: Sequence[WeekCounts]) -> Distance:
    """PSI (Siddiqi 2006) with half a row added to every bin, and Jensen-Shannon (Lin 1991)."""
    import numpy as np

    def counted(weeks: Sequence[WeekCounts], new: bool) -> "Floats":
        each: Floats = np.array([(*week.bins, week.missing, week.new if new else 0) for week in weeks], dtype=float)
        return each.sum(axis=0)  # type: ignore[no-any-return]

    before, now = counted(column.weeks, False), counted(later, True)
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
