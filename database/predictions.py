"""Predictions and the alerts they raise."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select

from database import models
from database.session import insert_new, reading, writing
from ringback.records import Prediction

HIGH_VALUE = "high_value_lead"


def keep_predictions(predictions: Iterable[Prediction]) -> int:
    """Keep predictions, each once; gives how many were new."""
    with writing() as connection:
        return insert_new(
            connection, models.Prediction, [asdict(p) | {"reasons": list(p.reasons)} for p in predictions]
        )


def predicted_contents(progression_version: str, voice_ai_version: str) -> set[tuple[str, str]]:
    """The contents (call_id, content_hash) that this pair of versions has answered already."""
    asked = select(models.Prediction.call_id, models.Prediction.content_hash).where(
        models.Prediction.progression_version == progression_version,
        models.Prediction.voice_ai_version == voice_ai_version,
    )
    with reading() as connection:
        return {(row.call_id, row.content_hash) for row in connection.execute(asked)}


def answered_by_requests(since: datetime) -> list[Prediction]:
    """What the service, and not a flow, has answered since a moment, the earliest first."""
    p = models.Prediction
    asked = select(p).where(p.source != "flow", p.predicted_at >= since).order_by(p.predicted_at, p.prediction_id)
    with reading() as connection:
        return [prediction_of(row) for row in connection.execute(asked)]


def prediction_of(row: Any) -> Prediction:
    """A row of predictions as a record."""
    named = {field.name: getattr(row, field.name) for field in fields(Prediction)}
    return Prediction(**named | {"reasons": tuple(row.reasons)})


def raise_alerts(subjects: Iterable[tuple[str, str]], at: datetime, kind: str = HIGH_VALUE) -> int:
    """Raise an alert for each (subject, text) that has none yet; gives how many were new."""
    with writing() as connection:
        return insert_new(
            connection,
            models.Alert,
            [{"kind": kind, "subject": subject, "raised_at": at, "text": text} for subject, text in subjects],
        )
