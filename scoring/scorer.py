"""Scoring calls: both champions answer, the policy turns their answers into a score and a recommendation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import orjson

from features import build
from ringback.laps import Laps
from ringback.records import Prediction, Snapshot, Value
from scoring.explain import reasons
from scoring.fallback import CONFIDENCE, by_rules
from scoring.judging import Champions, Judged, judge_rows
from scoring.policy import Policy, points, policy, priority, recommendation

BATCH_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one row, with why."""

    progression: float
    voice_ai: float | None
    points: float
    confidence: float
    reasons: tuple[str, ...]
    base_points: float | None
    """Where the points start; None where nobody asked why."""
    contributions: Mapping[str, float]
    """Points by feature; with `base_points` they add up to `points`. Empty where rules answered or nobody asked."""


def score(snapshots: Sequence[Snapshot], champions: Champions, at: datetime) -> Iterator[Prediction]:
    """A prediction for each snapshot, made at a moment."""
    return (prediction for prediction, _ in score_with_features(snapshots, champions, at))


def score_with_features(
    snapshots: Sequence[Snapshot], champions: Champions, at: datetime
) -> Iterator[tuple[Prediction, Mapping[str, Value]]]:
    """The same, each with the features it was made from; in batches, so that memory does not grow with their number."""
    for start in range(0, len(snapshots), BATCH_ROWS):
        batch = snapshots[start : start + BATCH_ROWS]
        rows = [build(snapshot) for snapshot in batch]
        answers = answer_rows(rows, champions, policy())
        for snapshot, row, answer in zip(batch, rows, answers, strict=True):
            yield _prediction(snapshot, row, champions, answer, policy(), at), row


def answer_rows(
    rows: Sequence[Mapping[str, Value]],
    champions: Champions,
    rules: Policy,
    explain: bool = True,
    laps: Laps | None = None,
) -> Iterator[Answer]:
    """What is said of each row of features; by rules where there is no progression model."""
    if champions.progression is None:
        for row in rows:
            yield _by_rules(row, rules)
        return
    if not rows:
        return
    judged = judge_rows(champions, rows, rules, explain, laps)
    for n, row in enumerate(rows):
        yield _answer(judged, n, row)


def features_hash(row: Mapping[str, Value]) -> str:
    """What a row of features is known by: equal features have equal hashes, whenever and of whomever they were built.

    >>> features_hash({"a": 1.0, "b": None}) == features_hash({"b": None, "a": 1.0})
    True
    """
    return sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _answer(judged: Judged, n: int, row: Mapping[str, Value]) -> Answer:
    contributions: dict[str, float] = {}
    if judged.contributions is not None:
        contributions = dict(zip(judged.features, judged.contributions[n].tolist(), strict=True))
    return Answer(
        float(judged.progression[n]),
        float(judged.voice_ai[n]) if judged.voice_ai is not None else None,
        float(judged.points[n]),
        round(float(judged.confidence[n]), 3),
        reasons(contributions, row),
        judged.base_points if judged.contributions is not None else None,
        contributions,
    )


def _by_rules(row: Mapping[str, Value], rules: Policy) -> Answer:
    progression, voice_ai, said = by_rules(row)
    scored = points(progression, voice_ai, rules)
    return Answer(progression, voice_ai, scored, CONFIDENCE, said, scored, {})


def _prediction(
    snapshot: Snapshot, row: Mapping[str, Value], champions: Champions, answer: Answer, rules: Policy, at: datetime
) -> Prediction:
    versions = champions.versions
    identity = "|".join((snapshot.call_id, snapshot.content_hash, *versions))
    score, fit = round(answer.points), None if answer.voice_ai is None else round(100 * answer.voice_ai)
    return Prediction(
        prediction_id=sha256(identity.encode()).hexdigest()[:32],
        call_id=snapshot.call_id,
        content_hash=snapshot.content_hash,
        lead_id=snapshot.lead_id,
        predicted_at=at,
        progression_version=versions[0],
        voice_ai_version=versions[1],
        progression_probability=round(answer.progression, 6),
        voice_ai_probability=None if answer.voice_ai is None else round(answer.voice_ai, 6),
        qualification_score=score,
        voice_ai_fit=fit,
        recommendation=recommendation(score, rules),
        priority=priority(score, fit, rules),
        confidence=answer.confidence,
        reasons=answer.reasons,
        company_name=snapshot.company_name or (snapshot.company.name if snapshot.company else None),
        features_hash=features_hash(row),
        answered_by="rules" if champions.progression is None else "champion",
        points=answer.points,
        voice_ai_weight=rules.voice_ai_weight,
    )
