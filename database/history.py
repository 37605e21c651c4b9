"""All that was answered about one lead, whoever asked, with the features that each answer was made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from database import models
from database.lead_pages import kept_under
from database.predictions import prediction_of
from database.session import in_parts, reading
from ringback.records import Prediction, Value


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer, and the features it was made from; None of answers older than their keeping."""

    prediction: Prediction
    row: Mapping[str, Value] | None


def ids_of_lead(lead_id: str) -> list[str]:
    """The id under which a lead is kept first, then those of leads that were merged into it."""
    kept, m = kept_under(lead_id), models.MergedLead
    with reading() as connection:
        merged = connection.scalars(select(m.lead_id).where(m.into_lead_id == kept).order_by(m.lead_id)).all()
    return [kept, *merged]


def answers_about(
    lead_id: str, at_most: int, before: datetime | None = None, before_id: str | None = None
) -> list[KeptAnswer]:
    """At most so many answers about a lead, the newest first; of those of the same moment the greatest id first.

    With `before` only answers given before that moment; with `before_id` too, also those of the moment itself whose id
    is smaller.
    """
    p = models.Prediction
    asked = select(p).where(p.lead_id.in_(ids_of_lead(lead_id)))
    if before is not None:
        earlier = p.predicted_at < before
        same = and_(p.predicted_at == before, p.prediction_id < (before_id or ""))
        asked = asked.where(or_(earlier, same) if before_id else earlier)
    asked = asked.order_by(p.predicted_at.desc(), p.prediction_id.desc()).limit(at_most)
    with reading() as connection:
        found = [prediction_of(row) for row in connection.execute(asked)]
    rows = _rows_of({one.features_hash for one in found if one.features_hash})
    return [KeptAnswer(one, rows.get(one.features_hash or "")) for one in found]


def answer_standing(lead_id: str, at: datetime) -> KeptAnswer | None:
    """The last answer about a lead that had been given by a moment; None where there was none."""
    return next(iter(answers_about(lead_id, 1, at + timedelta(microseconds=1))), None)


def _rows_of(hashes: set[str]) -> dict[str, Mapping[str, Value]]:
    """Features by their hash."""
    f, found = models.ScoredFeatures, dict[str, Mapping[str, Value]]()
    with reading() as connection:
        for some in in_parts(hashes):
            rows = connection.execute(select(f.features_hash, f.row).where(f.features_hash.in_(some)))
            found |= {row.features_hash: row.row for row in rows}
    return found
