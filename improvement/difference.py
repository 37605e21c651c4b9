"""How far the level of a daily series differs after a day from before it, and how sure that is.

Days are not independent: a good day is followed by good ones, and days vary more than the number of observations says.
A test that forgets this calls every third quiet series changed. So the spread comes from the series' own past:

    x_day = rhythm of the week (+ trend) + level (earlier, before, after) + u_day + e_day

with u autocorrelated (AR(1): persistence rho, variance lambda times the typical sampling variance) and e the sampling
error, whose variance is known up to a factor. What is unknown of the noise is not estimated by one number but
averaged over a grid by how likely each value makes the series (the restricted likelihood; Harville 1974, O'Hagan 1994
chapter 9), so that few days give wide intervals. The effect itself is the plain weighted difference of the windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.float64]

PERSISTENCE = {0.0: 1.0, 0.3: 1.0, 0.5: 1.5, 0.7: 2.0, 0.85: 2.0, 0.95: 1.0}
"""Values of rho that are weighed, with how likely each is before looking; the last wanders for three weeks."""
BEYOND_SAMPLING = (0.05, 0.2, 0.6, 2.0, 6.0, 20.0)
"""Values of lambda that are weighed, beside none."""
SAMPLING_ONLY = 9.0
"""How likely it is, before looking, that days vary by sampling alone, on the scale of PERSISTENCE times each lambda."""
LEAST_DAYS_IN_WINDOW = 5
STEP_VARIANCE = 6.0
"""Of a step in the past, in typical sampling variances of a day: two and a half standard deviations up or down."""
STEP_LIKELY = 0.02
"""How likely, before looking, the one date is at which a step would explain the past best."""
SEEN_IN = 0.85
"""What is promised to be found in 80 of 100 cases is found in somewhat more, because the error is itself estimated."""
SCANNED_WITH = (0.5, 0.6)
"""Noise that this date is looked for with: rho and lambda."""
LEAST_BEFORE_STEP = 10
LEAST_FREEDOM = 10
"""Days beyond what the levels, the rhythm and the trend use up."""


@dataclass(frozen=True, slots=True)
class Series:
    """Days with a value, the earliest first; numbers of days count from the day of the change, which is 0."""

    numbers: Sequence[int]
    weekdays: Sequence[int]
    values: Sequence[float]
    sampling: Sequence[float]
    """Variance of each value that the number of observations alone explains."""
    weights: Sequence[float]
    shocks: Sequence[float]
    """How large what all observations of a day have in common is, beside other days."""


@dataclass(frozen=True, slots=True)
class Difference:
    """After minus before."""

    effect: float
    error: float
    """Standard error."""
    half: float
    """Half of the 95 % interval."""
    p_value: float
    smallest: float
    """What would be found in 80 of 100 cases."""
    placebos: int
    """Days of the past at which the same was asked."""
    placebos_changed: int
    """How many of them the same test called changed, though nothing was done there."""
    inflated: float
    """By what the error was raised because the past moved more than the model says."""


@dataclass(frozen=True, slots=True)
class _Noise:
    """What the noise may be like, each with how likely it is: covariances, weights, and degrees of freedom."""

    covariances: "Numbers"
    """Noises, days, days; scaled."""
    likely: "Numbers"
    freedom: float
    step: "Numbers"
    """1 from the day on at which the past may have had a step, 0 before."""
    step_likely: float


def difference(series: Series, window: int, with_trend: bool) -> Difference | None:
    """The difference of the `window` days after day 0 and before it; None where too few days have values.

    Day 0 itself counts nowhere. Without a control a straight trend is taken out, as far as the past shows one.
    """
    import numpy as np

    numbers = np.asarray(series.numbers)
    kept = numbers != 0
    numbers, weekdays = numbers[kept], np.asarray(series.weekdays)[kept]
    listed = (series.values, series.sampling, series.weights, series.shocks)
    values, sampling, weights, shocks = (np.asarray(one, dtype=float)[kept] for one in listed)
    asked = _contrast(numbers, weekdays, weights, 0, window, with_trend)
    if asked is None:
        return None
    contrast, design = asked
    noise = _noise(numbers, values, sampling, shocks, _with_rhythms(design, numbers, shocks, window), window)
    if noise is None:
        return None
    if with_trend and noise.step_likely > 0.5:  # else the step would pass for a trend
        asked = _contrast(numbers, weekdays, weights, 0, window, with_trend, noise.step)
        contrast = asked[0] if asked else contrast
    effect = float(contrast @ values)
    errors = np.sqrt(np.einsum("i,gij,j->g", contrast, noise.covariances, contrast))
    error = float(np.sqrt(np.sum(noise.likely * errors**2)))
    past = numbers < 0
    ratios = _placebos(numbers[past], weekdays[past], weights[past], values[past], noise, past, window, with_trend)
    inflated = max(1.0, float(np.sqrt(np.mean(ratios**2)))) if len(ratios) else 1.0
    errors, error = errors * inflated, error * inflated
    half = _quantile(0.975, errors, noise)
    return Difference(
        effect, error, half, _p_value(effect, errors, noise), half + _quantile(SEEN_IN, errors, noise),
        len(ratios), int(np.sum(np.abs(ratios) * error / inflated > half)), inflated,
    )  # fmt: skip


def _contrast(
    numbers: "Numbers",
    weekdays: "Numbers",
    weights: "Numbers",
    at: int,
    window: int,
    with_trend: bool,
    step: "Numbers | None" = None,
) -> tuple["Numbers", "Numbers"] | None:
    """The weight of each day in the difference around `at`, and the design it comes from."""
    import numpy as np

    before = (numbers < at) & (numbers >= at - window)
    after = (numbers > at) & (numbers <= at + window)
    if min(before.sum(), after.sum()) < LEAST_DAYS_IN_WINDOW:
        return None
    parts = [(weekdays == day).astype(float) for day in range(7) if (weekdays == day).any()]
    parts += [level.astype(float) for level in (numbers < at - window, numbers == at, numbers > at + window)
              if level.any()]  # fmt: skip
    parts.append(after.astype(float))
    if step is not None:
        parts.insert(0, step)
    if with_trend:
        parts.insert(0, (numbers - at) / 7.0)
    design = np.column_stack(parts)
    root = np.sqrt(weights)[:, None]
    return np.linalg.pinv(design * root)[-1] * root[:, 0], design


def _with_rhythms(design: "Numbers", numbers: "Numbers", shocks: "Numbers", window: int) -> "Numbers":
    """The design by which the noise is judged: where shocks are as large as their weekday, so are changes of level."""
    import numpy as np

    beside = shocks - 1.0
    if not beside.any():
        return design
    parts = [beside * part for part in (design[:, -1], numbers < -window, numbers / 7.0) if (beside * part).any()]
    return np.column_stack([*parts, design])


def _noise(
    numbers: "Numbers", values: "Numbers", sampling: "Numbers", shocks: "Numbers", design: "Numbers", window: int
) -> _Noise | None:
    import numpy as np

    apart = np.abs(numbers[:, None] - numbers[None, :])
    typical = float(np.median(sampling))
    freedom = float(len(values) - design.shape[1])
    if freedom < LEAST_FREEDOM or np.linalg.matrix_rank(design) < design.shape[1]:
        return None

    def shape(rho: float, size: float) -> "Numbers":
        correlated = rho**apart if rho else np.eye(len(values))
        return np.diag(sampling) + size * typical * correlated * np.outer(shocks, shocks)

    step = _likeliest_step(numbers, values, shape(*SCANNED_WITH), design, window)
    stepped = STEP_VARIANCE * typical * np.outer(step, step)
    tried = [(0.0, 0.0, SAMPLING_ONLY)]
    tried += [(rho, size, prior) for rho, prior in PERSISTENCE.items() for size in BEYOND_SAMPLING]
    covariances, logs = [], []
    for beyond, prior in ((0.0, 1 - STEP_LIKELY), (stepped, STEP_LIKELY)):
        for rho, size, times in tried:
            covariance = shape(rho, size) + beyond
            weighed = _restricted(covariance, values, design, freedom)
            if weighed is None:
                return None
            scale, log = weighed
            covariances.append(covariance * scale)
            logs.append(log + np.log(prior * times))
    likely = np.exp(np.asarray(logs) - max(logs))
    likely /= likely.sum()
    return _Noise(np.asarray(covariances), likely, freedom, step, float(likely[len(tried) :].sum()))


def _restricted(
    covariance: "Numbers", values: "Numbers", design: "Numbers", freedom: float
) -> tuple[float, float] | None:
    """The scale of a covariance and its log restricted likelihood; None where nothing is left to explain."""
    import numpy as np
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(covariance, lower=True, check_finite=False)
    solved = cho_solve(factor, np.column_stack([design, values]), check_finite=False)
    inside = cho_factor(design.T @ solved[:, :-1], lower=True, check_finite=False)
    explained = design.T @ solved[:, -1]
    left = float(values @ solved[:, -1] - cho_solve(inside, explained, check_finite=False) @ explained)
    if left <= 1e-9:
        return None
    determinants = np.log(np.diag(factor[0])).sum() + np.log(np.diag(inside[0])).sum()
    return left / freedom, float(-determinants - freedom / 2 * np.log(left))


def _likeliest_step(
    numbers: "Numbers", values: "Numbers", covariance: "Numbers", design: "Numbers", window: int
) -> "Numbers":
    """The step before the windows that explains most, as a column; zeros where the past is too short for one."""
    import numpy as np
    from scipy.linalg import cho_factor, cho_solve

    days = range(int(numbers[0]) + LEAST_BEFORE_STEP, -window + 1)
    if not days:
        return np.zeros(len(values))
    steps = np.column_stack([(numbers >= day).astype(float) for day in days])
    solved = cho_solve(cho_factor(covariance, lower=True), np.column_stack([design, values, steps]))
    k = design.shape[1]
    inside = design.T @ solved[:, :k]
    left = solved[:, k:] - solved[:, :k] @ np.linalg.solve(inside, design.T @ solved[:, k:])
    sizes = np.einsum("ij,ij->j", steps, left[:, 1:])
    explains = np.where(sizes > 1e-9 * sizes.max(), (steps.T @ left[:, 0]) ** 2 / np.maximum(sizes, 1e-12), 0.0)
    return steps[:, int(np.argmax(explains))]


def _placebos(
    numbers: "Numbers", weekdays: "Numbers", weights: "Numbers", values: "Numbers", noise: _Noise, past: "Numbers",
    window: int, with_trend: bool,
) -> "Numbers":  # fmt: skip
    """The difference at each day of the past at which nothing was done, in standard errors."""
    import numpy as np

    covariance = np.einsum("g,gij->ij", noise.likely, noise.covariances[:, past][:, :, past])
    ratios = []
    for at in range(int(numbers[0]) + window, -window):
        asked = _contrast(numbers, weekdays, weights, at, window, with_trend)
        if asked is not None:
            ratios.append(asked[0] @ values / np.sqrt(asked[0] @ covariance @ asked[0]))
    return np.asarray(ratios)


def _p_value(effect: float, errors: "Numbers", noise: _Noise) -> float:
    import numpy as np
    from scipy.stats import t

    return float(2 * np.sum(noise.likely * t.sf(abs(effect) / errors, noise.freedom)))


def _quantile(part: float, errors: "Numbers", noise: _Noise) -> float:
    import numpy as np
    from scipy.optimize import brentq
    from scipy.stats import t

    def beyond(value: float) -> float:
        return float(np.sum(noise.likely * t.cdf(value / errors, noise.freedom))) - part

    return float(brentq(beyond, 0.0, 50 * float(errors.max())))
