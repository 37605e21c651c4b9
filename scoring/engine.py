"""A registered version that can answer: its encoding and its compiled arrays, from one file that holds only numbers.

The file is made once, from the registry's model, and is all that scoring needs: it is read in milliseconds, where the
model itself takes seconds and the libraries that made it. It may be removed at any time; it is made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zipfile import BadZipFile

from features.confidence import NAIVE, ConfidenceModel, from_plain
from features.encoding import Encoding, encoding_from_json
from ringback.records import Target, Value
from ringback.settings import settings
from scoring.arrays import Arrays, load_arrays, save_arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
"""Of the file; it changes when what is stored, or how it is computed, does."""


class Registered(Protocol):
    """A loaded model: what the registry gives."""

    @property
    def target(self) -> Target: ...
    @property
    def version(self) -> str: ...
    @property
    def candidate(self) -> str: ...
    @property
    def encoding(self) -> Encoding: ...
    @property
    def model(self) -> Any: ...
    @property
    def confidence(self) -> ConfidenceModel | None: ...
    @property
    def horizon_days(self) -> float | None: ...


@dataclass(frozen=True)
class Engine:
    """A version of a target's model, compiled."""

    target: Target
    version: str
    candidate: str
    encoding: Encoding
    arrays: Arrays
    confidence: ConfidenceModel | None
    """How sure an answer is; None for versions trained before that was learned."""
    horizon_days: float | None
    """Within how many days of the call its outcome is meant."""

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The features it knows, in the order of its columns."""
        return tuple(dict.fromkeys(self.encoding.sources))

    @cached_property
    def _starts(self) -> list[int]:
        """The first column of each feature; the columns of one lie together."""
        sources = self.encoding.sources
        return [at for at, name in enumerate(sources) if at == 0 or sources[at - 1] != name]

    @cached_property
    def base(self) -> float:
        """The log-odds that the contributions start from."""
        return self.arrays.base

    @cached_property
    def warm(self) -> "Engine":
        """Itself, after every compiled function has run once."""
        self.contributions(self.encoding.encode([{}]))
        self.arrays.answer(self.encoding.encode([{}]))
        return self

    def contributions(self, matrix: "NDArray[np.float32]") -> "NDArray[np.float64]":
        """What each feature contributed to each row's log-odds, shape (rows, features).

        With `base` they add up to them.
        """
        import numpy as np

        by_column = self.arrays.explain(matrix)
        return np.add.reduceat(by_column, self._starts, axis=1) if self._starts else by_column

    def probability_of(self, row: Mapping[str, Value]) -> float:
        """What it says of one row of features."""
        return float(self.arrays.answer(self.encoding.encode([row])).probability[0])

    @property
    def sureness(self) -> ConfidenceModel:
        """How sure its answers are; for a version that never learned it, as far as its probabilities hold."""
        return self.confidence or NAIVE


def stored_engine(target: Target, version: str) -> Engine | None:
    """A version from its file; None where it was not compiled yet, or is of another format or damaged."""
    try:
        return _read(_path(target, version), target, version)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile, RuntimeError):  # as zipfile says what it cannot read
        return None


def compiled(registered: Registered) -> Engine:
    """Compile a loaded model, and keep it in its file."""
    made = engine_of(registered)
    facts = {
        "format": FORMAT,
        "target": made.target,
        "version": made.version,
        "candidate": made.candidate,
        "confidence": made.confidence.to_plain() if made.confidence else None,
        "horizon_days": made.horizon_days,
    }
    path = _path(made.target, made.version)
    save_arrays(made.arrays, path, facts=dumps(facts), encoding=made.encoding.to_json())
    return made


def engine_of(registered: Registered) -> Engine:
    """Compile a loaded model."""
    from scoring.compiling import compile_stack

    return Engine(
        registered.target,
        registered.version,
        registered.candidate,
        registered.encoding,
        compile_stack(registered.model, len(registered.encoding.columns)),
        registered.confidence,
        registered.horizon_days,
    )


def _path(target: Target, version: str) -> Path:
    return settings().home / "serving" / f"{target}-{version}.npz"


def _read(path: Path, target: Target, version: str) -> Engine:
    arrays, texts = load_arrays(path)
    facts = loads(texts["facts"])
    if (facts["format"], facts["target"], facts["version"]) != (FORMAT, target, version):
        raise ValueError(f"{path} is of another format")
    plain = facts["confidence"]
    return Engine(
        target,
        version,
        facts["candidate"],
        encoding_from_json(texts["encoding"]),
        arrays,
        from_plain(plain) if plain else None,
        facts["horizon_days"],
    )
