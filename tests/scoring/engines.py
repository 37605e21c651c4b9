"""Engines to score with: the trained synthetic model, and one of every kind of member together."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from features.confidence import ConfidenceModel
from features.encoding import Encoding
from ringback.records import Target
from scoring.engine import Engine, engine_of
from tests.training.synthetic import trained


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry would give."""

    encoding: Encoding
    model: Any
    target: Target = "progression"
    version: str = "1"
    candidate: str = "blend"
    confidence: ConfidenceModel | None = None
    horizon_days: float | None = 14.0


@cache
def an_engine(target: Target = "progression", version: str = "1") -> Engine:
    """The trained synthetic model, compiled."""
    return engine_of(Registered(trained().encoding, trained().model, target, version))


COLUMNS = 12


@cache
def of_every_kind() -> Registered:
    """A blend of a forest, two kinds of boosted trees and a line, each on columns of its own choice."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    from training.candidates import CANDIDATES
    from training.stack import stacked

    X, y = some_rows(1500, seed=1), None
    logit = 1.5 * np.nan_to_num(X[:, 0]) - np.nan_to_num(X[:, 1]) + 0.8 * (X[:, 2] > 0)
    y = np.random.default_rng(3).random(len(X)) < 1 / (1 + np.exp(-logit))
    members = []
    for at, make in enumerate(CANDIDATES):
        used = [column for column in range(COLUMNS) if column % 5 != at]
        chosen = ColumnTransformer([("used", "passthrough", used)])
        members.append((make.__name__, make_pipeline(chosen, make(1)).fit(X, y)))
    model = stacked(members, (1.2, -0.1), X[:50], y[:50])
    return Registered(Encoding(tuple(f"f{n}" for n in range(COLUMNS)), {}), model)


def some_rows(rows: int, seed: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Numbers of all sizes, zeros and ones, and a sixth that is not known."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 2, (rows, COLUMNS))
    X[:, 3] = np.round(X[:, 3])
    X[:, 4] = rng.random(rows) < 0.3
    X[:, 5] *= 1e6
    X[rng.random((rows, COLUMNS)) < 1 / 6] = np.nan
    return X.astype(np.float32)
