"""How much weeks vary by themselves: what a series says of it, and what all series of a report say together.

Thirteen weeks say little of one measure's own variation; the variation of all the others says what is usual. Each
series' variance is drawn towards that, the more the fewer weeks it has: empirical Bayes as Smyth (2004, "Linear models
and empirical Bayes methods", section 6) does it for genes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NEIGHBOURS = 0.1
"""Correlation of one week's error with the next one's that is allowed for."""
LEAST_SERIES = 6
"""Fewer series do not say what is usual."""
MOST_FREEDOM = 60.0
VARIANCES, FREEDOMS = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0), (0.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
"""What is usual is one of these steps, so that reports share simulations; rounded towards more variation."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of the variance of a week's error, in units of what sampling alone explains (at least 1)."""

    variance: float = 1.0
    freedom: float = 0.0
    """How many observations of a series' own this counts for; 0 where nothing is known of the others."""


NOTHING_KNOWN = Usual()


def between_neighbours(Y: "Floats", weights: "Floats") -> tuple["Floats", float]:
    """Squares of the errors of each row of Y, shape (rows, weeks), from what weeks differ by from the next ones.

    A step adds to one difference only. Neighbours resemble each other, so they differ by less than others do; and
    successive differences overlap, so that n of them count for about two thirds (von Neumann 1941): the second number.
    """
    import numpy as np

    if Y.shape[1] < 2:
        return np.zeros(len(Y)), 0.0
    apart = 1 / weights[1:] + 1 / weights[:-1]
    of_each = (np.diff(Y, axis=1) ** 2 / apart).mean(axis=1) / (1 - NEIGHBOURS)
    counts_for = 2 / 3 * (Y.shape[1] - 1)
    return of_each * counts_for, counts_for


def usual_of(series: Sequence[tuple["Floats", "Floats"]]) -> Usual:
    """What is usual among series, each (values, weights) of shape (weeks,), whose sampling variance is 1 / weights."""
    import numpy as np
    from scipy.special import digamma, polygamma

    found = [between_neighbours(values[None, :], weights) for values, weights in series if len(values) > 2]
    if len(found) < LEAST_SERIES:
        return NOTHING_KNOWN
    freedoms = np.array([counts_for for _, counts_for in found])
    variances = np.array([max(float(squares[0]) / counts_for, 1e-3) for squares, counts_for in found])
    logs = np.log(variances) - digamma(freedoms / 2) + np.log(freedoms / 2)
    excess = float(np.mean((logs - logs.mean()) ** 2 * len(logs) / (len(logs) - 1) - polygamma(1, freedoms / 2)))
    freedom = MOST_FREEDOM if excess <= 0 else min(2 * _trigamma_inverse(excess), MOST_FREEDOM)
    centre = float(np.exp(logs.mean() + digamma(freedom / 2) - np.log(freedom / 2)))
    at_most = max((one for one in FREEDOMS if one <= freedom), default=0.0)
    return Usual(next((one for one in VARIANCES if one >= centre), VARIANCES[-1]), at_most)


def _trigamma_inverse(value: float) -> float:
    """The argument at which the trigamma function has this value (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(20):
        at = float(polygamma(1, x))
        x += at * (1 - at / value) / float(polygamma(2, x))
    return x
