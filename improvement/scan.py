"""Whether a series of weeks has moved: in its newest week, by a step some weeks ago, or step by step.

All these are asked at once, so the largest answer is held against the largest that chance gives: the maximum of all
the t statistics (each step, and the slope), whose distribution without any change is simulated for series of the same
length and weights. How much weeks vary by themselves is taken from the series and from what is usual among the others
(`improvement.restless`), so that weeks that vary more than sampling says are not taken for change. Methods: maximum of
two-sample statistics over an unknown time of change (Hawkins 1977, "Testing a sequence of observations for a shift in
location"); Monte Carlo test (Barnard 1963; Davison and Hinkley 1997, section 4.2).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from improvement.restless import NEIGHBOURS, NOTHING_KNOWN, Usual, between_neighbours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS = 9_999
SEED = 20_260_104
LEAST_BEFORE = 3
"""Weeks before a step, at least."""
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Scanned:
    """What moved most in a series of weeks."""

    p_value: float
    """How likely the largest of all the statistics is this large without any change."""
    rose: bool
    weeks_since: int | None
    """How many weeks, up to the newest, are after the step; None where it went gradually, or not at all."""
    scale: float
    """Standard deviation of an error, in units of what sampling alone explains; at least 1."""


def scan(values: "Floats", weights: "Floats", weeks: int, usual: Usual = NOTHING_KNOWN) -> Scanned:
    """Look for change in the last `weeks` of `values`, shape (all weeks,), oldest first.

    `weights`, of the same shape, are one over the variance that sampling alone gives each value. Weeks before the last
    ones say only how much one week differs from the next by itself, so that a level of long ago is not held against
    them; with a year of such weeks a step is seen that is a third smaller. At least `LEAST_BEFORE` + 1 weeks.
    """
    import numpy as np

    found, scales = _statistics(values[None, :], weights, weeks, usual, is_real=True)
    at = int(np.argmax(np.abs(found[0])))
    largest = float(np.abs(found[0, at]))
    null = _largest_by_chance(weeks, len(values) - weeks, usual)
    above = len(null) - int(np.searchsorted(null, largest - 1e-12))
    steps = found.shape[1] - 1
    return Scanned((1 + above) / (1 + len(null)), bool(found[0, at] > 0), at + 1 if at < steps else None, scales[0])


@lru_cache(maxsize=1024)
def _largest_by_chance(weeks: int, earlier_weeks: int, usual: Usual) -> "Floats":
    """The largest statistic of each simulated series without change, ascending; the same on every machine.

    Of weeks of equal weight: how unequal they are changes the maximum of statistics that are each Student's little.
    """
    import numpy as np

    weights = np.ones(weeks + earlier_weeks)
    rng = np.random.Generator(np.random.PCG64(SEED))
    largest = []
    for start in range(0, DRAWS, CHUNK):
        errors = rng.standard_normal((min(CHUNK, DRAWS - start), len(weights)))
        for week in range(1, len(weights)):
            errors[:, week] = NEIGHBOURS * errors[:, week - 1] + np.sqrt(1 - NEIGHBOURS**2) * errors[:, week]
        if usual.freedom:  # the variances of series are scattered around the usual one
            spread = rng.chisquare(usual.freedom, (len(errors), 1)) / usual.freedom
            errors *= np.sqrt(np.maximum(usual.variance / spread, 1.0))
        found, _ = _statistics(errors, weights, weeks, usual, is_real=False)
        largest.append(np.abs(found).max(axis=1))
    return np.sort(np.concatenate(largest))


def _statistics(
    Y: "Floats", weights: "Floats", weeks: int, usual: Usual, is_real: bool
) -> tuple["Floats", list[float]]:
    """The t statistics of each row of Y, shape (rows, steps + 1): a step before the last 1, 2, ... weeks; the slope.

    Also, for each row, the standard deviation of the errors where the step is before the newest week.
    """
    import numpy as np

    least = 1.0 if is_real or usual.freedom else 1e-9  # nothing varies less than sampling says
    earlier_squares, earlier_freedom = between_neighbours(Y[:, :-weeks], weights[:-weeks])
    earlier_squares = earlier_squares + usual.variance * usual.freedom
    freedom = weeks - 2 + earlier_freedom + usual.freedom
    Y, weights = Y[:, -weeks:], weights[-weeks:]
    total, sum_of = weights.sum(), (Y * weights).sum(axis=1)
    squares = (Y**2 * weights).sum(axis=1) + earlier_squares
    columns, scales = [], np.ones(len(Y))
    after_weight, after_sum = 0.0, np.zeros(len(Y))
    for after in range(1, weeks - LEAST_BEFORE + 1):
        after_weight += weights[-after]
        after_sum = after_sum + Y[:, -after] * weights[-after]
        before_weight = total - after_weight
        before_sum = sum_of - after_sum
        difference = after_sum / after_weight - before_sum / before_weight
        left = squares - after_sum**2 / after_weight - before_sum**2 / before_weight
        scale = np.maximum(np.sqrt(np.maximum(left, 0.0) / freedom), least)
        scales = scale if after == 1 else scales
        columns.append(difference / (scale * np.sqrt(1 / after_weight + 1 / before_weight)))
    slope, left, spread = _slopes(Y, weights)
    columns.append(slope * np.sqrt(spread) / np.maximum(np.sqrt((left + earlier_squares) / freedom), least))
    return np.column_stack(columns), [float(one) for one in scales]


def _slopes(Y: "Floats", weights: "Floats") -> tuple["Floats", "Floats", float]:
    """Weighted least squares: the slope a week of each row, the errors' squares, the spread of the weeks."""
    import numpy as np

    weeks = np.arange(Y.shape[1], dtype=float)
    centred = weeks - (weights * weeks).sum() / weights.sum()
    spread = float((weights * centred**2).sum())
    means = (Y * weights).sum(axis=1, keepdims=True) / weights.sum()
    slope = (Y * weights * centred).sum(axis=1) / spread
    return slope, ((Y - means - slope[:, None] * centred) ** 2 * weights).sum(axis=1), spread


def slope_of(values: "Floats", weights: "Floats", least_scale: float) -> tuple[float, float, float]:
    """The slope a week in the values' own unit with its 95 % interval (Student's t, weeks - 2 degrees of freedom).

    `least_scale` is the smallest standard deviation of an error of weight 1 that is believed.
    """
    import numpy as np
    from scipy.stats import t

    slope, left, spread = _slopes(values[None, :], weights)
    scale = max(float(np.sqrt(left[0] / (len(values) - 2))), least_scale)
    half = float(t.ppf(0.975, len(values) - 2)) * scale / float(np.sqrt(spread))
    return float(slope[0]), float(slope[0]) - half, float(slope[0]) + half
