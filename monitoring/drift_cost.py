"""What a move is likely to cost: precision among the calls that are handed to an account executive.

The reference's sample has honest probabilities and outcomes. Weighting its rows so that the moved feature is
distributed as it is now tells what precision the same champion would have had on such calls. That takes it that calls
with a given value still end as they did, and that the other features go with it as they did (covariate shift,
Shimodaira 2000): a change in how calls end is not seen here, but in performance.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.profile import SCORE, Column, Profile
from warehouse.histograms import WeekCounts

LEAST_HANDED_OVER = 30
LEAST_EFFECTIVE = 10.0
MOST_UNSEEN = 0.2
"""Of recent rows in bins of which the sample has no row: with more of them the sample cannot speak for them."""
RESAMPLES = 300


@dataclass(frozen=True, slots=True)
class Cost:
    """Precision at hand-over in the reference, and with the feature as it is now."""

    before: float
    now: float
    low: float
    """Lower end of the 95 % bootstrap interval of `now - before`."""
    high: float
    handed_over: int
    """Reference calls it is computed from."""

    @property
    def change(self) -> float:
        """Below 0 precision is lost."""
        return self.now - self.before

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out "no loss"."""
        return self.high < 0


def cost_of(profile: Profile, column: Column, later: Sequence[WeekCounts], handed_over_from: float) -> Cost | None:
    """The likely cost of a column being as in the `later` weeks; None where there is not enough data to say.

    `handed_over_from` is the probability from which a call goes to an account executive.
    """
    import numpy as np

    if column.kind == "outcome":
        return None
    known = [
        (place_of(column, p if column.name == SCORE else row.get(column.name)), p, y)
        for row, p, y in zip(profile.sample, profile.sample_p, profile.sample_y, strict=True)
        if p is not None and y is not None
    ]
    now = np.array([(*week.bins, week.missing) for week in later], dtype=float).sum(axis=0)
    unseen = float(sum(week.new for week in later))
    if not known or not now.sum():
        return None
    place = np.array([one[0] for one in known])
    happened = np.array([float(one[2]) for one in known])
    chosen = np.array([one[1] >= handed_over_from for one in known])
    before = np.bincount(place, minlength=len(now)).astype(float)
    covered = now[before > 0].sum()
    if chosen.sum() < LEAST_HANDED_OVER or 1 - covered / (now.sum() + unseen) > MOST_UNSEEN:
        return None
    ratio = np.divide(now / covered, before / before.sum(), out=np.zeros_like(now), where=before > 0)
    weight, y = ratio[place[chosen]], happened[chosen]
    if weight.sum() ** 2 < LEAST_EFFECTIVE * (weight**2).sum() or not weight.sum():
        return None
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(y), size=(RESAMPLES, len(y)))
    summed = np.maximum(weight[drawn].sum(axis=1), 1e-12)
    changes = (weight[drawn] * y[drawn]).sum(axis=1) / summed - y[drawn].mean(axis=1)
    low, high = np.quantile(changes, [0.025, 0.975])
    return Cost(float(y.mean()), float(weight @ y / weight.sum()), float(low), float(high), len(y))


def place_of(column: Column, value: object) -> int:
    """The bin of a value, as it is counted; missing values come after the last bin.

    A text that has no bin of its own stands with the other known values.
    """
    last = len(column.labels)
    if column.kind == "category":
        if value is None:
            return last
        text = str(value)
        return column.known.values.index(text) if text in column.known.values else last - 1
    if not isinstance(value, int | float) or value != value:
        return last
    return min(bisect_left(column.edges, float(value)), last - 1)
