"""A simulated stream of calls whose weeks vary as ordinary weeks do: what drift detection is judged on.

Each feature has a weekly shift of its own that is autocorrelated, features share common causes, values are missing at
rates that vary too, and categories change their mix a little. Nothing of it is drift.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitoring.profile import OUTCOME, SCORE
from warehouse.histograms import JUDGED_AT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

START = datetime(2025, 1, 6)
NUMBERS = tuple(f"number_{n}" for n in range(25))
CATEGORIES = tuple(f"category_{n}" for n in range(10))
SHIFTED, RENAMED = NUMBERS[3], CATEGORIES[2]
NEW_VALUE = "(a value nobody has seen)"
COMMON_CAUSES = 4


@dataclass(frozen=True)
class Ordinary:
    """How much quiet weeks vary."""

    rows_a_week: int
    weekly_deviation: float = 0.1
    """Largest standard deviation of a feature's weekly shift, in its own deviations; each feature draws its own."""
    autocorrelation: float = 0.9
    """Largest correlation of a shift from one week to the next."""


@dataclass(frozen=True)
class Weeks:
    """Simulated weeks, one after the other."""

    at: "NDArray[np.datetime64]"
    columns: "dict[str, NDArray[Any]]"
    score: "Floats"
    happened: "NDArray[np.bool_]"

    def table(self, chosen: "NDArray[np.bool_]") -> "pa.Table":
        """The chosen rows as the Arrow table that is counted."""
        import pyarrow as pa

        made: dict[str, Any] = {JUDGED_AT: pa.array(self.at[chosen], pa.timestamp("us"))}
        for name, values in self.columns.items():
            kind = pa.float64() if name in NUMBERS else pa.string()
            made[name] = pa.array(values[chosen], kind, from_pandas=True)
        made[SCORE] = pa.array(self.score[chosen])
        made[OUTCOME] = pa.array(self.happened[chosen].astype(float))
        return pa.table(made)


def simulate(seed: int, weeks: int, ordinary: Ordinary) -> Weeks:
    """Weeks from START on, always the same for the same seed."""
    import numpy as np

    rng = np.random.default_rng(seed)
    rows = rng.poisson(ordinary.rows_a_week * rng.uniform(0.8, 1.2, weeks))
    week = np.repeat(np.arange(weeks), rows)
    n = len(week)
    seconds = np.sort(rng.uniform(0, 7 * 86400, n))[np.argsort(np.argsort(rng.random(n)))]
    order = np.lexsort((seconds, week))
    at = np.datetime64(START, "us") + ((week * 7 * 86400 + seconds) * 1e6).astype("timedelta64[us]")
    week, at = week[order], at[order]

    def shift(scale: float) -> "Floats":
        return _autocorrelated(rng, weeks, scale * rng.uniform(0, 1), rng.uniform(0, ordinary.autocorrelation))[week]

    causes = rng.normal(size=(n, COMMON_CAUSES))
    columns: dict[str, NDArray[Any]] = {}
    odds = np.zeros(n)
    for index, name in enumerate(NUMBERS):
        loading = rng.normal(0, 0.5, COMMON_CAUSES)
        raw = causes @ loading + rng.normal(size=n)
        standard = raw / np.sqrt(1 + loading @ loading) + shift(ordinary.weekly_deviation)
        odds += 0.15 * standard
        missing = rng.random(n) < _logistic(_logit(rng.uniform(0.02, 0.3)) + shift(ordinary.weekly_deviation * 2))
        columns[name] = np.where(missing if index % 2 else False, np.nan, _shaped(standard, index))
    for index, name in enumerate(CATEGORIES):
        values = 3 + 3 * index
        base = -0.25 * np.arange(values) + rng.normal(0, 0.3, values)
        scores = base[None, :] + np.stack([shift(ordinary.weekly_deviation * 1.5) for _ in range(values)], axis=1)
        scores += 0.4 * causes[:, [index % COMMON_CAUSES]] * np.linspace(-1, 1, values)[None, :]
        picked = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
        columns[name] = np.array([f"value {v}" for v in range(values)], dtype=object)[picked]
        columns[name][rng.random(n) < 0.05 * (index % 3)] = None
    score = _logistic(odds - 1 + shift(ordinary.weekly_deviation))
    return Weeks(at, columns, score, rng.random(n) < score)


def plant_shift(weeks: Weeks, from_week: int, deviations: float) -> Weeks:
    """Move one number, which is a normal one, by so many of its deviations from a week on."""
    import numpy as np

    later = weeks.at >= np.datetime64(START + timedelta(weeks=from_week), "us")
    values = weeks.columns[SHIFTED]
    moved = np.where(later, values + deviations * np.nanstd(values[~later]), values)
    return Weeks(weeks.at, weeks.columns | {SHIFTED: moved}, weeks.score, weeks.happened)


def plant_category(weeks: Weeks, from_week: int, share: float, seed: int) -> Weeks:
    """Give a share of the rows from a week on a value of one category that was never there."""
    import numpy as np

    later = weeks.at >= np.datetime64(START + timedelta(weeks=from_week), "us")
    changed = later & (np.random.default_rng(seed).random(len(later)) < share)
    values = weeks.columns[RENAMED].copy()
    values[changed] = NEW_VALUE
    return Weeks(weeks.at, weeks.columns | {RENAMED: values}, weeks.score, weeks.happened)


def _shaped(standard: "Floats", index: int) -> "Floats":
    """Some numbers are normal, some skewed, some counts, some yes or no."""
    import numpy as np

    if index % 5 == 0:
        return np.exp(standard)
    if index % 5 == 1:
        return np.floor(np.exp(0.6 * standard + 0.5))
    if index % 5 == 2:
        return (standard > 0.8).astype(float)
    return standard


def _autocorrelated(rng: "np.random.Generator", weeks: int, deviation: float, correlation: float) -> "Floats":
    import numpy as np

    noise = rng.normal(size=weeks)
    shift = np.empty(weeks)
    shift[0] = noise[0]
    for week in range(1, weeks):
        shift[week] = correlation * shift[week - 1] + np.sqrt(1 - correlation**2) * noise[week]
    return deviation * shift


def _logistic(x: "Floats") -> "Floats":
    import numpy as np

    return 1 / (1 + np.exp(-x))


def _logit(p: float) -> float:
    import numpy as np

    return float(np.log(p / (1 - p)))
