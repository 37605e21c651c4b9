"""How the champion really did: its answers held against outcomes that have matured, with intervals.

An answer is judged in the period in which its outcome matured, and only the answers of the version that is asked about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitoring.measure import intervals
from ringback.clock import LONG_AGO
from warehouse.connect import query, reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERIOD = timedelta(days=28)
LEAST_SAMPLES = 10
RESAMPLES = 200
NAMES = ("accuracy", "precision at hand-over", "recall", "ROC AUC", "Brier", "ECE")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; `value` is None where there is not enough data."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    among: str = ""
    """Which calls it is about, where not all: `handed over`."""

    def __str__(self) -> str:
        calls = f"calls {self.among}".rstrip()
        if self.value is None:
            return f"{self.name}: not enough data ({self.n} {calls})"
        interval = f" [{self.low:.3f}, {self.high:.3f}]" if self.low is not None and self.high is not None else ""
        return f"{self.name} {self.value:.3f}{interval} on {self.n:,} {calls}"


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of one period."""

    since: datetime
    until: datetime
    n: int
    figures: Mapping[str, Figure]
    base_rate: float | None
    """Share of the calls that progressed."""

    @property
    def commoner(self) -> float | None:
        """Accuracy of always answering the commoner outcome: what accuracy must beat to mean anything."""
        return None if self.base_rate is None else max(self.base_rate, 1 - self.base_rate)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers and outcomes; all arrays of shape (calls,)."""

    p: "NDArray[np.float64]"
    y: "NDArray[np.bool_]"
    handed_over: "NDArray[np.bool_]"


def performance_as_of(as_of: datetime, version: str, period: timedelta = PERIOD) -> tuple[Performance, Performance]:
    """The last period before a moment, and the one before that."""
    bounds = ((as_of - period, as_of), (as_of - 2 * period, as_of - period))
    last, before = (
        performance_of(matured_answers(as_of, version, since, until), since, until) for since, until in bounds
    )
    return last, before


def performance_since(as_of: datetime, version: str) -> Performance:
    """Everything that the version answered and that has matured."""
    return performance_of(matured_answers(as_of, version, LONG_AGO, as_of), LONG_AGO, as_of)


def matured_answers(as_of: datetime, version: str, since: datetime, until: datetime) -> Answers:
    """The version's answers about calls whose progression matured in a period, as known at a moment."""
    import numpy as np

    asked = {"as_of": as_of, "version": version, "since": since, "until": until}
    with reading() as warehouse:
        rows = query(warehouse, "foretold_matured", asked)
    return Answers(
        p=np.array([row["probability"] for row in rows], dtype=float),
        y=np.array([row["happened"] for row in rows], dtype=bool),
        handed_over=np.array([row["handed_over"] for row in rows], dtype=bool),
    )


def performance_of(answers: Answers, since: datetime, until: datetime) -> Performance:
    """All figures of a set of answers."""
    p, y, handed = answers.p, answers.y, answers.handed_over
    figures = (
        _share("accuracy", (p >= 0.5) == y),
        _share("precision at hand-over", y[handed], "handed over"),
        _share("recall", (p >= 0.5)[y], "that progressed"),
        _roc_auc(p, y),
        _mean("Brier", (p - y) ** 2),
        _calibration(p, y),
    )
    return Performance(since, until, len(y), {f.name: f for f in figures}, float(y.mean()) if len(y) else None)


def said(last: Performance, before: Performance) -> list[str]:
    """A sentence for each figure of the last period, with the one before it beside."""
    if not last.n and not before.n:
        return ["no call that this version answered has ended in the last two periods"]
    lines = []
    for name in NAMES:
        line = str(last.figures[name])
        if before.figures[name].value is not None:
            line += f"; the period before {before.figures[name]}"
        if name == "accuracy" and last.figures[name].value is not None and last.commoner is not None:
            line += f"; always answering the commoner outcome: {last.commoner:.3f}"
        lines.append(line)
    return lines


def figures(last: Performance, before: Performance) -> list[dict[str, object]]:
    """The same as data: each figure of the last period and of the one before it."""
    return [
        {"name": name, "last": facts_of(last.figures[name]), "before": facts_of(before.figures[name])} for name in NAMES
    ]


def facts_of(figure: Any) -> dict[str, float | None]:
    """A figure, or an expected one, without its name."""
    return {fact: getattr(figure, fact) for fact in ("value", "low", "high", "n")}


def _share(name: str, right: "NDArray[np.bool_]", among: str = "") -> Figure:
    """Wilson's interval."""
    n = len(right)
    if n < LEAST_SAMPLES:
        return Figure(name, None, None, None, n, among)
    value = float(right.mean())
    low, high = intervals("share", [value], [n], [None])[0]
    return Figure(name, value, low, high, n, among)


def _mean(name: str, values: "NDArray[np.float64]") -> Figure:
    """Student's interval."""
    n = len(values)
    if n < LEAST_SAMPLES:
        return Figure(name, None, None, None, n)
    low, high = intervals("mean", [float(values.mean())], [n], [float(values.std(ddof=1))])[0]
    return Figure(name, float(values.mean()), low, high, n)


def _roc_auc(p: "NDArray[np.float64]", y: "NDArray[np.bool_]") -> Figure:
    """Percentile bootstrap; not known where all outcomes are alike."""
    import numpy as np

    from training.evaluate import roc_auc

    n = len(y)
    if n < LEAST_SAMPLES or not 0 < y.sum() < n:
        return Figure("ROC AUC", None, None, None, n)
    rng = np.random.default_rng(0)
    drawn = [roc_auc(y[rows], p[rows]) for rows in rng.integers(0, n, size=(RESAMPLES, n))]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Figure("ROC AUC", roc_auc(y, p), float(low), float(high), n)


def _calibration(p: "NDArray[np.float64]", y: "NDArray[np.bool_]") -> Figure:
    """Bootstrap; few calls make the error look larger than it is, and the interval with it."""
    import numpy as np

    from training.evaluate import expected_calibration_error, interval_of_ece

    n = len(y)
    if n < LEAST_SAMPLES:
        return Figure("ECE", None, None, None, n)
    rng = np.random.default_rng(0)
    drawn = [expected_calibration_error(y[rows], p[rows]) for rows in rng.integers(0, n, size=(RESAMPLES, n))]
    value = expected_calibration_error(y, p)
    return Figure("ECE", value, *interval_of_ece(value, drawn), n)


def names_of(performances: Sequence[Performance]) -> list[str]:
    """Names of the figures that all of these know."""
    return [name for name in NAMES if all(one.figures[name].value is not None for one in performances)]
