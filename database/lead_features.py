"""The features that leads were last scored with, of any number of leads in a few questions."""

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select

from database.models import Prediction, ScoredFeatures
from database.session import in_parts, reading
from ringback.records import Value


def last_features_of(lead_ids: Iterable[str]) -> dict[str, Mapping[str, Value]]:
    """The features that flows last scored leads with, by lead; those that never were scored are left out."""
    p = Prediction
    order = (p.predicted_at.desc(), p.prediction_id)
    place = func.row_number().over(partition_by=p.lead_id, order_by=order).label("place")
    kept_as: dict[str, str] = {}
    rows: dict[str, Mapping[str, Value]] = {}
    with reading() as connection:
        for some in in_parts(lead_ids):
            kept = (
                select(p.lead_id, p.features_hash, place)
                .join(ScoredFeatures, p.features_hash == ScoredFeatures.features_hash)
                .where(p.lead_id.in_(some), p.source == "flow")
                .subquery()
            )
            last = select(kept.c.lead_id, kept.c.features_hash).where(kept.c.place == 1)
            kept_as |= dict(connection.execute(last).tuples().all())
        for some in in_parts(kept_as.values()):
            asked = select(ScoredFeatures.features_hash, ScoredFeatures.row)
            rows |= dict(connection.execute(asked.where(ScoredFeatures.features_hash.in_(some))).tuples().all())
    return {lead_id: rows[name] for lead_id, name in kept_as.items()}
