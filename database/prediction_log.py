"""Bringing logged answers into the tables, each once, together with the mark how far their file was read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update

from database import models
from database.predictions import REQUEST as REQUEST
from database.predictions import keep_last_scores
from database.predictions import row_of as row_of
from database.session import insert_new, put, reading, take_turns, writing
from database.shadow import ShadowAnswer
from ringback.records import Prediction, Target, Value


@dataclass(frozen=True, slots=True)
class Logged:
    """An answer with the features it was made from."""

    prediction: Prediction
    row: Mapping[str, Value]


def read_to(file: str) -> int:
    """How far a file was read, in bytes."""
    with reading() as connection:
        return connection.scalar(select(models.LogMark.read_to).where(models.LogMark.file == file)) or 0


def keep_logged(file: str, start: int, end: int, answers: Sequence[Logged], at: datetime) -> bool:
    """Keep the answers between two places of a file; False where somebody else has done so meanwhile."""
    with writing() as connection:
        take_turns(connection, f"log {file}")
        insert_new(connection, models.LogMark, [{"file": file, "read_to": 0, "at": at}])
        moved = connection.execute(
            update(models.LogMark)
            .where(models.LogMark.file == file, models.LogMark.read_to == start)
            .values(read_to=end, at=at)
        )
        if not moved.rowcount:
            return False
        put(connection, models.ScoredFeatures, feature_rows(answers))
        put(connection, models.Prediction, [row_of(one.prediction) for one in answers])
        keep_last_scores(connection, (one.prediction for one in answers))
        put(connection, models.ShadowAnswer, [asdict(one) for one in shadows_of(one.prediction for one in answers)])
    return True


def keep_features(answers: Iterable[Logged]) -> None:
    """Keep the features that answers were made from."""
    with writing() as connection:
        put(connection, models.ScoredFeatures, feature_rows(answers))


def feature_rows(answers: Iterable[Logged]) -> list[dict[str, object]]:
    """Rows of scored_features, each once."""
    return list(
        {
            one.prediction.features_hash: {
                "features_hash": one.prediction.features_hash,
                "row": dict(one.row),
                "first_at": one.prediction.predicted_at,
            }
            for one in answers
            if one.prediction.features_hash
        }.values()
    )


def shadows_of(predictions: Iterable[Prediction]) -> Iterator[ShadowAnswer]:
    """What champion and challenger said of the same content of a call, whichever of the two the caller was told.

    An answer to a request that named no call is left out: no outcome will ever be known of it.
    """
    for p in predictions:
        if p.call_id.startswith(REQUEST):
            continue
        told: tuple[tuple[Target, str, float | None], ...] = (
            ("progression", p.progression_version, p.progression_probability),
            ("voice_ai", p.voice_ai_version, p.voice_ai_probability),
        )
        for target, version, said in told:
            beside = (p.challenger or {}).get(target)
            if beside is None or said is None:
                continue
            ours, theirs = (version, said), (str(beside["version"]), float(beside["probability"]))
            champion, challenger = (theirs, ours) if p.answered_by == "challenger" else (ours, theirs)
            yield ShadowAnswer(
                p.call_id, p.content_hash, target, champion[0], challenger[0], champion[1], challenger[1],
                p.predicted_at,
            )  # fmt: skip
