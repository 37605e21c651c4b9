"""Scoring calls: both champions answer, the policy turns their answers into a score and a recommendation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from features import build
from features.attributions import attributions, by_feature
from features.encoding import Encoding
from ringback.records import Prediction, Snapshot, Value
from scoring.explain import reasons
from scoring.fallback import CONFIDENCE, VERSION, by_rules
from scoring.policy import Policy, policy, priority, qualification_score, recommendation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_MODEL = "none"
BATCH_ROWS = 2000


class Champion(Protocol):
    """A loaded model: what the registry gives."""

    @property
    def version(self) -> str: ...
    @property
    def encoding(self) -> Encoding: ...
    @property
    def model(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Champions:
    """Who answers: a model for each target, or none."""

    progression: Champion | None
    voice_ai: Champion | None

    @property
    def versions(self) -> tuple[str, str]:
        """Versions of progression and Voice-AI; `rules` where no progression model answers."""
        if self.progression is None:
            return VERSION, VERSION
        return self.progression.version, self.voice_ai.version if self.voice_ai else NO_MODEL


def score(snapshots: Sequence[Snapshot], champions: Champions, at: datetime) -> Iterator[Prediction]:
    """A prediction for each snapshot, made at a moment; in batches, so that memory does not grow with their number."""
    for start in range(0, len(snapshots), BATCH_ROWS):
        batch = snapshots[start : start + BATCH_ROWS]
        rows = [build(snapshot) for snapshot in batch]
        yield from _score_batch(batch, rows, champions, policy(), at)


def _score_batch(
    batch: Sequence[Snapshot], rows: list[dict[str, Value]], champions: Champions, rules: Policy, at: datetime
) -> Iterator[Prediction]:
    if champions.progression is None:
        for snapshot, row in zip(batch, rows, strict=True):
            progression, voice, said = by_rules(row)
            yield _prediction(snapshot, champions, progression, voice, said, CONFIDENCE, rules, at)
        return
    matrix = champions.progression.encoding.encode(rows)
    progressions = champions.progression.model.predict_proba(matrix)[:, 1]
    contributions = by_feature(
        attributions(champions.progression.model, matrix), champions.progression.encoding.sources
    )
    voices = _probabilities(champions.voice_ai, rows) if champions.voice_ai else None
    for n, (snapshot, row) in enumerate(zip(batch, rows, strict=True)):
        yield _prediction(
            snapshot,
            champions,
            float(progressions[n]),
            float(voices[n]) if voices is not None else None,
            reasons({name: float(values[n]) for name, values in contributions.items()}, row),
            confidence(float(progressions[n]), row, contributions.keys()),
            rules,
            at,
        )


def confidence(probability: float, row: dict[str, Value], used: Any) -> float:
    """How sure, 0 to 1: how far the probability is from a coin's, times the share of the used features that is known.

    It grows with certainty and falls with every missing input; 0.5 says that half of what could be known is settled.
    """
    known = sum(row.get(name) is not None for name in used) / max(1, len(list(used)))
    return round((0.5 + abs(probability - 0.5)) * known, 3)


def _probabilities(champion: Champion, rows: list[dict[str, Value]]) -> "NDArray[np.float64]":
    return champion.model.predict_proba(champion.encoding.encode(rows))[:, 1]  # type: ignore[no-any-return]


def _prediction(
    snapshot: Snapshot,
    champions: Champions,
    progression: float,
    voice_ai: float | None,
    said: tuple[str, ...],
    sure: float,
    rules: Policy,
    at: datetime,
) -> Prediction:
    versions = champions.versions
    points = qualification_score(progression, voice_ai, rules)
    fit = None if voice_ai is None else round(100 * voice_ai)
    identity = "|".join((snapshot.call_id, snapshot.content_hash, *versions))
    return Prediction(
        prediction_id=sha256(identity.encode()).hexdigest()[:32],
        call_id=snapshot.call_id,
        content_hash=snapshot.content_hash,
        lead_id=snapshot.lead_id,
        predicted_at=at,
        progression_version=versions[0],
        voice_ai_version=versions[1],
        progression_probability=round(progression, 6),
        voice_ai_probability=None if voice_ai is None else round(voice_ai, 6),
        qualification_score=points,
        voice_ai_fit=fit,
        recommendation=recommendation(points, rules),
        priority=priority(points, fit, rules),
        confidence=sure,
        reasons=said,
        company_name=snapshot.company_name or (snapshot.company.name if snapshot.company else None),
    )
