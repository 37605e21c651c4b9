"""What challengers said beside the champion, of the same contents of the same calls, before any of them had ended.

A challenger's answers are shown to nobody: they are kept to be held against outcomes once those have matured.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select

from database import models
from database.session import insert_new, reading, writing
from ringback.records import Target


@dataclass(frozen=True, slots=True)
class ShadowAnswer:
    """Both probabilities of one content of one call."""

    call_id: str
    content_hash: str
    target: Target
    champion_version: str
    challenger_version: str
    champion_probability: float
    challenger_probability: float
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """A champion and the challenger that answered beside it."""

    champion: str
    challenger: str
    answers: int
    until: datetime
    """The last answer."""


def keep_shadow_answers(answers: Iterable[ShadowAnswer]) -> int:
    """Keep answers, each once, the first that was given; gives how many were new."""
    with writing() as connection:
        return insert_new(connection, models.ShadowAnswer, [asdict(answer) for answer in answers])


def shadow_answers(target: Target, champion: str, challenger: str, as_of: datetime) -> list[ShadowAnswer]:
    """What a pair had answered by a moment, the earliest first."""
    asked = (
        select(models.ShadowAnswer)
        .where(
            models.ShadowAnswer.target == target,
            models.ShadowAnswer.champion_version == champion,
            models.ShadowAnswer.challenger_version == challenger,
            models.ShadowAnswer.answered_at <= as_of,
        )
        .order_by(models.ShadowAnswer.answered_at, models.ShadowAnswer.call_id, models.ShadowAnswer.content_hash)
    )
    with reading() as connection:
        return [
            ShadowAnswer(**{name: getattr(row, name) for name in ShadowAnswer.__slots__})
            for row in connection.execute(asked)
        ]


def shadow_contents(target: Target, champion: str, challenger: str) -> set[tuple[str, str]]:
    """The contents (call_id, content_hash) that a pair has answered already."""
    asked = select(models.ShadowAnswer.call_id, models.ShadowAnswer.content_hash).where(
        models.ShadowAnswer.target == target,
        models.ShadowAnswer.champion_version == champion,
        models.ShadowAnswer.challenger_version == challenger,
    )
    with reading() as connection:
        return {(row.call_id, row.content_hash) for row in connection.execute(asked)}


def pairs_in_shadow(target: Target, as_of: datetime) -> list[Pair]:
    """Every pair that had answered anything by a moment, the one that answered last first."""
    until = func.max(models.ShadowAnswer.answered_at)
    asked = (
        select(
            models.ShadowAnswer.champion_version,
            models.ShadowAnswer.challenger_version,
            func.count().label("answers"),
            until.label("until"),
        )
        .where(models.ShadowAnswer.target == target, models.ShadowAnswer.answered_at <= as_of)
        .group_by(models.ShadowAnswer.champion_version, models.ShadowAnswer.challenger_version)
        .order_by(until.desc(), models.ShadowAnswer.challenger_version.desc())
    )
    with reading() as connection:
        return [
            Pair(row.champion_version, row.challenger_version, row.answers, row.until)
            for row in connection.execute(asked)
        ]


def champion_answers(target: Target, version: str, as_of: datetime) -> dict[tuple[str, str], float]:
    """What a champion had said by a moment, by content (call_id, content_hash)."""
    p = models.Prediction
    said, by = (
        (p.progression_probability, p.progression_version)
        if target == "progression"
        else (p.voice_ai_probability, p.voice_ai_version)
    )
    asked = select(p.call_id, p.content_hash, said.label("said")).where(
        by == version, p.predicted_at <= as_of, said.is_not(None)
    )
    with reading() as connection:
        return {(row.call_id, row.content_hash): row.said for row in connection.execute(asked)}
