"""Scoring calls: both champions answer, the policy turns their answers into a score and a recommendation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from uuid import uuid4

import orjson

from features.batches import Featured
from ringback.laps import Laps
from ringback.records import AnsweredBy, AskedBy, Prediction, Value
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


@dataclass(frozen=True, slots=True)
class Subject:
    """What an answer is about."""

    row: Mapping[str, Value]
    lead_id: str
    company_name: str | None
    call_id: str | None
    """None for a request about no call: then every answer has a name of its own, unless there is an `identity`."""
    identity: str | None = None
    """What makes it the same answer however often it is asked for, where there is no call."""


def score(calls: Iterable[Featured], champions: Champions, at: datetime) -> Iterator[Prediction]:
    """A prediction for each call, made at a moment; in batches, so that memory does not grow with their number."""
    calls = iter(calls)
    while batch := list(islice(calls, BATCH_ROWS)):
        answers = answer_rows([call.row for call in batch], champions, policy())
        by: AnsweredBy = "rules" if champions.progression is None else "champion"
        for call, answer in zip(batch, answers, strict=True):
            subject = Subject(call.row, call.lead_id, call.company_name, call.call_id)
            yield prediction_of(subject, answer, champions.versions, policy(), at, answered_by=by)


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


def content_of(row: Mapping[str, Value], rules: Policy) -> str:
    """What an answer is an answer to: the features, and what a score means."""
    return _content(features_hash(row), rules)


def _content(known_by: str, rules: Policy) -> str:
    return f"{known_by}.{rules.fingerprint}"


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


def prediction_of(
    subject: Subject,
    answer: Answer,
    versions: tuple[str, str],
    rules: Policy,
    at: datetime,
    source: AskedBy = "flow",
    answered_by: AnsweredBy = "champion",
) -> Prediction:
    """An answer as it is kept: with its name, and what the policy makes of it."""
    known_by = features_hash(subject.row)
    content = _content(known_by, rules)
    named = subject.call_id or subject.identity
    prediction_id = once(named, content, versions) if named else uuid4().hex
    score, fit = round(answer.points), None if answer.voice_ai is None else round(100 * answer.voice_ai)
    return Prediction(
        prediction_id=prediction_id,
        call_id=subject.call_id or f"request:{prediction_id}",
        content_hash=content,
        lead_id=subject.lead_id,
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
        company_name=subject.company_name,
        features_hash=known_by,
        source=source,
        answered_by=answered_by,
        points=answer.points,
        voice_ai_weight=rules.voice_ai_weight,
    )


def once(subject: str, content: str, versions: tuple[str, str]) -> str:
    """The name of what these versions say of this content of a subject: the same, whoever asks and whenever."""
    return sha256("|".join((subject, content, *versions)).encode()).hexdigest()[:32]
