"""The ledger of who was champion when, why, and on what evidence; rows are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, select

from database import models
from database.session import insert_new, reading, writing
from ringback.clock import now
from ringback.records import Target

Kind = Literal["promotion", "rollback"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version became champion of its target at a moment."""

    target: str
    decided_at: datetime
    version: str
    candidate: str
    reason: str
    """The evidence in words."""
    evidence: Mapping[str, Any]
    kind: Kind = "promotion"
    because: str | None = None
    """Why the model was trained, or why a person stepped in."""
    decided_by: str | None = None
    flow_run_id: str | None = None
    """The Prefect run that decided; None where a person did."""


def champion_as_of(target: Target, moment: datetime) -> Promotion | None:
    """Who was champion at a moment, or None where nobody was."""
    return next(iter(_promotions(_asked(target, moment).limit(1))), None)


def ledger(target: Target, moment: datetime) -> list[Promotion]:
    """Every change of champion up to a moment, the latest first."""
    return _promotions(_asked(target, moment))


def promote(promotion: Promotion) -> None:
    """Write a change of champion into the ledger; the same one again changes nothing."""
    row = {name: getattr(promotion, name) for name in Promotion.__slots__}
    with writing() as connection:
        insert_new(connection, models.Promotion, [row | {"evidence": dict(promotion.evidence), "recorded_at": now()}])


def _asked(target: Target, moment: datetime) -> Select[Any]:
    return (
        select(models.Promotion)
        .where(models.Promotion.target == target, models.Promotion.decided_at <= moment)
        .order_by(models.Promotion.decided_at.desc(), models.Promotion.recorded_at.desc())
    )


def _promotions(asked: Select[Any]) -> list[Promotion]:
    with reading() as connection:
        return [
            Promotion(**{name: getattr(row, name) for name in Promotion.__slots__}) for row in connection.execute(asked)
        ]
