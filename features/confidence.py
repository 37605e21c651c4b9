"""How sure an answer is: the probability that the call ends on the side of one half that the answer says.

Learned at training (training/confidence.py), kept beside the version as JSON, and reckoned by whoever answers: it needs
no library, and gives the same for one answer as for many.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import e
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ringback.records import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Numbers = TypeVar("Numbers", float, "NDArray[np.float64]")
"""One answer, or many: arrays of shape (rows,)."""

SUREST = 700.0
"""Log-odds beyond this count as this: the exponential of more is no number."""


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """The log-odds of being right are the intercept plus slope times certainty, the distance of the log-odds from 0.

    The slope is what `certainty` says, less for what is not known and for members that disagree, and never below 0:
    confidence never falls with certainty and never rises with doubt; where nothing is certain, doubt changes nothing.

    >>> round(NAIVE.of(-1.3862943611198906), 3)  # the answer 0.2: four in five such calls end as it says
    0.8
    >>> round(ConfidenceModel(0.0, 1.0, -1.0, 0.0, 900).of(-1.3862943611198906, missing=0.5), 3)  # half as certain
    0.667
    """

    intercept: float
    certainty: float
    """The slope with everything known and members agreed; not below 0."""
    missing: float
    """What is added to the slope where nothing is known; not above 0."""
    spread: float
    """What is added to the slope for each unit of the members' standard deviation; not above 0."""
    n: int
    """Answers with outcomes that it was learned from, or that showed that there is nothing to learn."""

    @property
    def is_naive(self) -> bool:
        """Whether it is max(p, 1 - p), which holds as far as the answers are calibrated."""
        return (self.intercept, self.certainty, self.missing, self.spread) == (0.0, 1.0, 0.0, 0.0)

    def of(self, log_odds: Numbers, missing: Numbers | float = 0.0, spread: Numbers | float = 0.0) -> Numbers:
        """The confidence, 0 to 1, of answers with these calibrated log-odds.

        `missing` is the share of the version's features that is not known (`missing_share`), `spread` the standard
        deviation of its members' log-odds (`spread_of`); numbers, or arrays of shape (rows,). Below a half says that
        such answers have more often been wrong than right.
        """
        return cast(Numbers, 1.0 / (1.0 + e ** -_within(self.log_odds_of(log_odds, missing, spread))))

    def log_odds_of(self, log_odds: Numbers, missing: Numbers | float = 0.0, spread: Numbers | float = 0.0) -> Numbers:
        """The same as the log-odds of being right."""
        unknown: Any = missing
        apart: Any = spread
        slope = self.certainty + self.missing * unknown + self.spread * apart
        return cast(Numbers, self.intercept + abs(log_odds) * (slope + abs(slope)) / 2.0)

    def to_plain(self) -> dict[str, float]:
        """The numbers by name, for JSON."""
        return asdict(self)


NAIVE = ConfidenceModel(0.0, 1.0, 0.0, 0.0, 0)


def from_plain(plain: Mapping[str, float]) -> ConfidenceModel:
    """Read what `to_plain` gave; raises KeyError where a number is missing."""
    intercept, certainty, missing, spread = (plain[name] for name in ("intercept", "certainty", "missing", "spread"))
    return ConfidenceModel(intercept, certainty, missing, spread, int(plain["n"]))


def missing_share(row: Mapping[str, Value], features: Collection[str]) -> float:
    """Share of a version's features that a row does not know, 0 to 1; `features` are its encoding's sources, each once.

    >>> missing_share({"minutes": 0.0, "title": None}, ("minutes", "title", "industry", "sentiment"))
    0.75
    """
    return sum(row.get(name) is None for name in features) / max(1, len(features))


def spread_of(log_odds: "Sequence[NDArray[np.float64]]") -> "NDArray[np.float64]":
    """Standard deviation (over the members, not corrected) of what each said before calibration; shape (rows,).

    `log_odds` has one array of shape (rows,) for each member; with one member it is nought.
    """
    import numpy as np

    return np.asarray(np.std(log_odds, axis=0))


def _within(sure: Any) -> Any:
    return sure.clip(-SUREST, SUREST) if hasattr(sure, "clip") else max(-SUREST, min(SUREST, sure))
