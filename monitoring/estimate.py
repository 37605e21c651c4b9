"""Performance before outcomes are known, from what the champion itself says; and when it will be known.

The estimate is confidence-based (CBPE, as NannyML documents it): a call answered with probability p is counted as p
of a success and 1 - p of a failure, so that the expected confusion matrix follows without any outcome. It holds as
far as the two assumptions in ASSUMPTIONS do, which is why it stands beside what later turned out, period by period.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, inf
from typing import TYPE_CHECKING

from monitoring.performance import LEAST_SAMPLES, PERIOD, Answers, Performance, facts_of, performance_of
from warehouse.connect import query, reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ASSUMPTIONS = (
    "estimated from the champion's own probabilities: right as far as they are calibrated, and as calls with given "
    "features still end as they did (a change in that is seen only once outcomes mature)"
)
SHARES = ("accuracy", "precision at hand-over")
TOLD_CHANGE = 0.1
"""Of a share: the decline that starts a training."""
DRAWS = 500
NORMAL_95, NORMAL_80 = 1.959964, 0.841621


@dataclass(frozen=True, slots=True)
class Expected:
    """An expected figure, and between what the real one would lie in 95 of 100 cases if the assumptions hold."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name}: not enough data ({self.n} calls)"
        return f"{self.name} {self.value:.3f} [{self.low:.3f}, {self.high:.3f}] expected on {self.n:,} calls"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was expected of the calls answered in a period, and what turned out of those that have matured."""

    since: datetime
    until: datetime
    expected: tuple[Expected, ...]
    """Of all calls answered in the period."""
    expected_of_matured: tuple[Expected, ...]
    """Of those whose outcome has matured: what may be compared with `realised`."""
    realised: Performance

    def said(self) -> list[str]:
        """A sentence a figure: expected, then what turned out so far."""
        known = [one for one in self.expected if one.value is not None]
        if not known:
            return [f"nothing can be expected yet: not enough data ({max(one.n for one in self.expected)} calls)"]
        return [f"{one}; so far {self.realised.figures[one.name]}" for one in known]

    def facts(self) -> dict[str, object]:
        """The same, as sentences and as data."""
        figures = [
            {"name": one.name, "expected": facts_of(one), "so_far": facts_of(self.realised.figures[one.name])}
            for one in self.expected
        ]
        return {"since": self.since, "until": self.until, "said": self.said(), "figures": figures}


def estimates_as_of(as_of: datetime, version: str, periods: int = 3, period: timedelta = PERIOD) -> list[Estimate]:
    """The last periods before a moment, the newest first, each with its estimate beside what has turned out since.

    Answers are kept for good, so that an estimate of a past period is the one that was given then: nothing in it
    depends on later outcomes.
    """
    return [_estimate(as_of, version, as_of - (n + 1) * period, as_of - n * period) for n in range(periods)]


def expected_of(p: "NDArray[np.float64]", handed_over: "NDArray[np.bool_]") -> tuple[Expected, ...]:
    """Accuracy, precision at hand-over, ROC AUC and Brier that are expected of probabilities `p` (calls,).

    The interval comes from 500 draws of outcomes from `p`: it holds the chance in outcomes and nothing else.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    y = rng.random((DRAWS, len(p))) < p
    said = p >= 0.5
    return (
        _of_draws("accuracy", np.where(said, p, 1 - p), (y == said).astype(float)),
        _of_draws("precision at hand-over", p[handed_over], y[:, handed_over].astype(float)),
        _roc_auc(p, y),
        _of_draws("Brier", p * (1 - p), (p - y) ** 2),
    )


def days_until_known(
    mean: float,
    deviation: float,
    minimum_effect: float,
    labels_per_day: float,
    maturity_days: float,
    labels_so_far: int = 0,
    running_days: float = 0.0,
) -> int | None:
    """Days until a paired comparison can be decided with 80 % power at the two-sided 5 % level; None means never.

    `mean` and `deviation` are of the differences call by call so far; looked for is the larger of `minimum_effect` and
    the difference seen. n = ((1.96 + 0.84) x deviation / effect)^2 (paired normal test, Cohen 1988, section 2.4).
    Labels come `labels_per_day`, the first `maturity_days` after the comparison began, `running_days` ago.

    >>> days_until_known(0.0, 0.5, 0.05, labels_per_day=20, maturity_days=30)
    70
    """
    effect = max(abs(mean), minimum_effect)
    if labels_per_day <= 0 or effect <= 0:
        return None
    left = max(0.0, needed_labels(deviation, effect) - labels_so_far)
    if not left:
        return 0
    return ceil(max(0.0, maturity_days - running_days) + left / labels_per_day)


def needed_labels(deviation: float, effect: float) -> float:
    """Labelled calls at which a paired difference `effect` is found with 80 % power."""
    return ceil(((NORMAL_95 + NORMAL_80) * deviation / effect) ** 2) if effect > 0 else inf


def when_known(last: Performance, before: Performance) -> list[str]:
    """For each share of both periods that is within chance of the other: how long until a change could be told.

    Undecided is where the normal interval of the difference of two shares holds 0.
    """
    told = []
    for name in SHARES:
        now, then = last.figures[name], before.figures[name]
        if now.value is None or then.value is None:
            continue
        pooled = (now.value * now.n + then.value * then.n) / (now.n + then.n)
        deviation = (pooled * (1 - pooled)) ** 0.5
        change = now.value - then.value
        if abs(change) > NORMAL_95 * deviation * (1 / now.n + 1 / then.n) ** 0.5:
            continue
        told.append(
            f"{name} changed by {change:+.3f} ({then.n:,} and {now.n:,} calls), which chance alone explains; "
            f"{_until_told(now.n, then.n, deviation, last.until - last.since)}"
        )
    return told


def _until_told(now: int, then: int, deviation: float, period: timedelta) -> str:
    """The periods are apart, not paired: the variance of a difference is twice that of one call's outcome."""
    days = days_until_known(0.0, 2**0.5 * deviation, TOLD_CHANGE, now / period.days, 0.0, min(now, then))
    needed = needed_labels(2**0.5 * deviation, TOLD_CHANGE)
    if not days:
        return f"a change of {TOLD_CHANGE} would have been seen in four cases of five"
    return f"to see a change of {TOLD_CHANGE} takes {needed:,} calls a period, {days} more days at this rate"


def _estimate(as_of: datetime, version: str, since: datetime, until: datetime) -> Estimate:
    import numpy as np

    with reading() as warehouse:
        asked = {"as_of": as_of, "version": version, "since": since, "until": until}
        rows = query(warehouse, "answered_calls", asked)
    p = np.array([row["probability"] for row in rows], dtype=float)
    handed = np.array([row["handed_over"] for row in rows], dtype=bool)
    known = np.array([row["happened"] is not None for row in rows], dtype=bool)
    y = np.array([bool(row["happened"]) for row in rows], dtype=bool)
    answers = Answers(p[known], y[known], handed[known])
    return Estimate(
        since,
        until,
        expected_of(p, handed),
        expected_of(p[known], handed[known]),
        performance_of(answers, since, until),
    )


def _of_draws(name: str, expected: "NDArray[np.float64]", drawn: "NDArray[np.float64]") -> Expected:
    """The mean of what each call contributes, and the spread of that mean over the draws, `drawn` (draws, calls)."""
    import numpy as np

    n = len(expected)
    if n < LEAST_SAMPLES:
        return Expected(name, None, None, None, n)
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    return Expected(name, float(expected.mean()), float(low), float(high), n)


def _roc_auc(p: "NDArray[np.float64]", y: "NDArray[np.bool_]") -> Expected:
    """Expected pairs in the right order over expected pairs, calls with equal probability counted half."""
    import numpy as np

    if len(p) < LEAST_SAMPLES:
        return Expected("ROC AUC", None, None, None, len(p))
    levels, place = np.unique(p, return_inverse=True)

    def auc(success: "NDArray[np.float64]") -> float:
        good = np.bincount(place, success, len(levels))
        bad = np.bincount(place, 1 - success, len(levels))
        pairs = good.sum() * bad.sum()
        return float((good * (np.cumsum(bad) - bad / 2)).sum() / pairs) if pairs else float("nan")

    draws = np.array([auc(one.astype(float)) for one in y])
    known = draws[draws == draws]
    if not len(known):
        return Expected("ROC AUC", None, None, None, len(p))
    low, high = np.quantile(known, [0.025, 0.975])
    return Expected("ROC AUC", auc(p), float(low), float(high), len(p))
