"""The ledger of who was champion when, why, and on what evidence; rows are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from database import models
from database.session import insert_new, reading, writing
from ringback.clock import now
from ringback.records import Target


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version became champion of its target at a moment."""

    target: str
    decided_at: datetime
    version: str
    candidate: str
    reason: str
    evidence: Mapping[str, Any]


def champion_as_of(target: Target, moment: datetime) -> Promotion | None:
    """Who was champion at a moment, or None where nobody was."""
    asked = (
        select(models.Promotion)
        .where(models.Promotion.target == target, models.Promotion.decided_at <= moment)
        .order_by(models.Promotion.decided_at.desc(), models.Promotion.recorded_at.desc())
        .limit(1)
    )
    with reading() as connection:
        row = connection.execute(asked).one_or_none()
    return Promotion(row.target, row.decided_at, row.version, row.candidate, row.reason, row.evidence) if row else None


def promote(promotion: Promotion) -> None:
    """Write a promotion into the ledger; the same one again changes nothing."""
    row = {name: getattr(promotion, name) for name in Promotion.__slots__}
    with writing() as connection:
        insert_new(connection, models.Promotion, [row | {"evidence": dict(promotion.evidence), "recorded_at": now()}])
