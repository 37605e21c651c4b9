"""Predictions and the alerts they raise; which of them is a lead's last score, and which the warehouse has not got."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, literal_column, or_, select, text, update

from database import models
from database.session import execute_many, in_parts, insert_new, put, reading, writing
from ringback.records import Prediction

HIGH_VALUE = "high_value_lead"
FIELDS = tuple(one.name for one in fields(Prediction))
REQUEST = "request:"
"""So begins the `call_id` of an answer to a request that named no call."""
OF_A_LEAD = ("flow", "webhook", "cli", "page")
"""Who asks states nothing of their own, or what really happened to the lead: the answer is its score."""


def keep_predictions(predictions: Iterable[Prediction]) -> int:
    """Keep predictions, each once; gives how many were new."""
    listed = list(predictions)
    with writing() as connection:
        new = insert_new(connection, models.Prediction, [row_of(one) for one in listed])
        keep_last_scores(connection, listed)
    return new


def counts_for_lead(prediction: Prediction) -> bool:
    """Whether an answer is the lead's score; one to a request without a call may be a mere what-if, kept as history."""
    return prediction.source in OF_A_LEAD or not prediction.call_id.startswith(REQUEST)


def keep_last_scores(connection: Connection, predictions: Iterable[Prediction]) -> None:
    """Note the last score of each lead; of two answers of one moment the one with the greater id is the last.

    It is called in the transaction that keeps the answers, after that: what was there already, with an earlier time,
    is no new answer.
    """
    counting = [one for one in predictions if counts_for_lead(one)]
    kept = _moments(connection, {one.prediction_id for one in counting})
    last: dict[str, Prediction] = {}
    for one in sorted(counting, key=lambda one: (one.predicted_at, one.prediction_id)):
        if kept.get(one.prediction_id) == one.predicted_at:
            last[one.lead_id] = one
    s = models.LastScore
    columns = [column.name for column in s.__table__.columns]
    rows = [{name: getattr(last[lead_id], name) for name in columns} for lead_id in sorted(last)]
    at: ColumnElement[datetime] = literal_column("excluded.predicted_at")
    by: ColumnElement[str] = literal_column("excluded.prediction_id")
    is_later = or_(s.predicted_at < at, and_(s.predicted_at == at, s.prediction_id < by))
    put(connection, s, rows, replace=columns[1:], where=is_later)


def _moments(connection: Connection, prediction_ids: Iterable[str]) -> dict[str, datetime]:
    p = models.Prediction
    found: dict[str, datetime] = {}
    for some in in_parts(prediction_ids):
        asked = select(p.prediction_id, p.predicted_at).where(p.prediction_id.in_(some))
        found.update(connection.execute(asked).tuples().all())
    return found


def predicted_contents(progression_version: str, voice_ai_version: str) -> set[tuple[str, str]]:
    """The contents (call_id, content_hash) that this pair of versions has answered already."""
    asked = select(models.Prediction.call_id, models.Prediction.content_hash).where(
        models.Prediction.progression_version == progression_version,
        models.Prediction.voice_ai_version == voice_ai_version,
    )
    with reading() as connection:
        return {(row.call_id, row.content_hash) for row in connection.execute(asked)}


def unanswered_calls(lead_id: str, after: datetime) -> dict[str, datetime]:
    """When the calls of a lead since a moment were that nobody has answered, by call."""
    c, p = models.Call, models.Prediction
    answered = select(p.call_id).where(p.lead_id == lead_id)
    asked = select(c.call_id, c.called_at).where(c.lead_id == lead_id, c.called_at >= after, c.call_id.not_in(answered))
    with reading() as connection:
        return dict(connection.execute(asked).tuples().all())


def to_land(until: datetime, most: int) -> list[Prediction]:
    """Answers of the service up to a moment that the warehouse may not have yet, the earliest first.

    What is not marked is given, however late its file was read: the mark is of the row, not of a time.
    """
    p = models.Prediction
    asked = (
        select(p)
        .where(text(models.NOT_LANDED), p.predicted_at <= until)
        .order_by(p.predicted_at, p.prediction_id)
        .limit(most)
    )
    with reading() as connection:
        return [prediction_of(row) for row in connection.execute(asked)]


def mark_landed(predictions: Sequence[Prediction], at: datetime) -> None:
    """Note that the warehouse has these; to be said after it has committed them."""
    p = models.Prediction
    if not predictions:
        return
    marked = update(p).where(p.prediction_id == bindparam("landed_id")).values(landed_at=at)
    with writing() as connection:
        execute_many(connection, marked, [{"landed_id": one.prediction_id} for one in predictions])


def prediction_of(row: Any) -> Prediction:
    """A row of predictions as a record."""
    named = {name: getattr(row, name) for name in FIELDS}
    return Prediction(**named | {"reasons": tuple(row.reasons)})


def row_of(prediction: Prediction) -> dict[str, object]:
    """A prediction as its table holds it."""
    return {name: getattr(prediction, name) for name in FIELDS} | {"reasons": list(prediction.reasons)}


def raise_alerts(subjects: Iterable[tuple[str, str]], at: datetime, kind: str = HIGH_VALUE) -> int:
    """Raise an alert for each (subject, text) that has none yet; gives how many were new."""
    with writing() as connection:
        return insert_new(
            connection,
            models.Alert,
            [{"kind": kind, "subject": subject, "raised_at": at, "text": text} for subject, text in subjects],
        )
