"""What a pair of models says of some rows, in points of the score: the one place where answers are put together.

The score in points is 100 x ((1 - w) P(progression) + w P(Voice-AI fit)). Each model's log-odds are a base plus what
each feature contributed (Shapley values, scoring/shapley.py). What a feature contributed to the points is that, times
the slope of the probability between the base and the row: so base points and all features' points are the row's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.confidence import missing_share
from ringback.laps import Laps
from ringback.records import Value
from scoring.arrays import Said
from scoring.engine import Engine
from scoring.fallback import VERSION
from scoring.policy import Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_MODEL = "none"
ALIKE = 1e-12
"""Log-odds that are no further apart have the slope of the curve itself."""


@dataclass(frozen=True, slots=True)
class Champions:
    """Who answers: a model for each target, or none."""

    progression: Engine | None
    voice_ai: Engine | None

    @property
    def versions(self) -> tuple[str, str]:
        """Versions of progression and Voice-AI; `rules` where no progression model answers."""
        if self.progression is None:
            return VERSION, VERSION
        return self.progression.version, self.voice_ai.version if self.voice_ai else NO_MODEL


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of some rows; arrays of shape (rows,)."""

    progression: "NDArray[np.float64]"
    voice_ai: "NDArray[np.float64] | None"
    points: "NDArray[np.float64]"
    """The score before it is rounded."""
    confidence: "NDArray[np.float64]"
    base_points: float
    """Where the score starts before any feature is known of."""
    features: tuple[str, ...]
    contributions: "NDArray[np.float64] | None"
    """Points by feature, shape (rows, features); None where nobody asked why."""


def judge_rows(
    champions: Champions,
    rows: Sequence[Mapping[str, Value]],
    rules: Policy,
    explain: bool = True,
    laps: Laps | None = None,
) -> Judged:
    """What the models say of rows of features; there must be a progression model."""
    import numpy as np

    assert champions.progression is not None  # noqa: S101  (without one the rules answer, scoring/fallback.py)
    missing = np.array([missing_share(row, champions.progression.features) for row in rows])
    voice_ai = champions.voice_ai.encoding.encode(rows) if champions.voice_ai else None
    progression = champions.progression.encoding.encode(rows)
    if laps:
        laps.lap("features")
    return judge(champions, progression, voice_ai, missing, rules, explain, laps)


def judge(
    champions: Champions,
    progression_matrix: "NDArray[np.float32]",
    voice_ai_matrix: "NDArray[np.float32] | None",
    missing: "NDArray[np.float64]",
    rules: Policy,
    explain: bool = True,
    laps: Laps | None = None,
) -> Judged:
    """The same of encoded rows; `missing` is the share of the progression model's features that each row lacks."""
    first, second = champions.progression, champions.voice_ai
    assert first is not None  # noqa: S101  (as above)
    said = first.arrays.answer(progression_matrix)
    fit = second.arrays.answer(voice_ai_matrix) if second and voice_ai_matrix is not None else None
    weight = rules.voice_ai_weight if fit else 0.0
    points = 100 * ((1 - weight) * said.probability + (weight * fit.probability if fit else 0.0))
    if laps:
        laps.lap("predict")
    features: tuple[str, ...] = ()
    contributions = None
    if explain:
        features, contributions = _in_points(first, progression_matrix, said, 100 * (1 - weight))
        if second and fit and voice_ai_matrix is not None:
            more = _in_points(second, voice_ai_matrix, fit, 100 * weight)
            features, contributions = _together((features, contributions), more)
        if laps:
            laps.lap("explain")
    return Judged(
        said.probability,
        fit.probability if fit else None,
        points,
        first.sureness.of(said.log_odds, missing, said.spread),
        base_points(champions, rules),
        features,
        contributions,
    )


def base_points(champions: Champions, rules: Policy) -> float:
    """The score of the models' bases."""
    if champions.progression is None:
        return 0.0
    weight = rules.voice_ai_weight if champions.voice_ai else 0.0
    fit = _probability(champions.voice_ai.base) if champions.voice_ai else 0.0
    return 100 * ((1 - weight) * _probability(champions.progression.base) + weight * fit)


def _in_points(
    engine: Engine, matrix: "NDArray[np.float32]", said: Said, worth: float
) -> "tuple[tuple[str, ...], NDArray[np.float64]]":
    """Contributions of a model's features in points, of which its whole probability is worth so many."""
    import numpy as np

    contributions = engine.contributions(matrix)
    start, distance = _probability(engine.base), said.log_odds - engine.base
    apart = np.abs(distance) > ALIKE
    slope = np.where(apart, (said.probability - start) / np.where(apart, distance, 1.0), start * (1 - start))
    return engine.features, contributions * (worth * slope)[:, None]


def _together(
    one: "tuple[tuple[str, ...], NDArray[np.float64]]", other: "tuple[tuple[str, ...], NDArray[np.float64]]"
) -> "tuple[tuple[str, ...], NDArray[np.float64]]":
    """Contributions of two models, added up where they know the same feature."""
    import numpy as np

    names = tuple(dict.fromkeys((*one[0], *other[0])))
    place = {name: at for at, name in enumerate(names)}
    summed = np.zeros((len(one[1]), len(names)))
    for features, contributions in (one, other):
        summed[:, [place[name] for name in features]] += contributions
    return names, summed


def _probability(log_odds: float) -> float:
    from math import exp

    return 1 / (1 + exp(-log_odds))
