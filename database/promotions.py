"""The ledger of who was champion when, why, and on what evidence; rows are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, select

from database import models
from database.session import insert_new, reading, take_turns, writing
from ringback.clock import END_OF_TIME, now
from ringback.records import Target

Kind = Literal["promotion", "rollback"]
LEDGER = "promotions"


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
    with writing() as connection:
        take_turns(connection, LEDGER)
        _write(connection, promotion)


def promote_over(champion: Promotion | None, promotion: Promotion) -> bool:
    """Write a change of champion unless the present one is another than this; gives whether it was written."""
    with writing() as connection:
        take_turns(connection, LEDGER)
        present = next(iter(_read(connection, _asked(promotion.target, END_OF_TIME).limit(1))), None)
        if present != champion:
            return False
        _write(connection, promotion)
        return True


def _write(connection: Connection, promotion: Promotion) -> None:
    row = {name: getattr(promotion, name) for name in Promotion.__slots__}
    insert_new(connection, models.Promotion, [row | {"evidence": dict(promotion.evidence), "recorded_at": now()}])


def _asked(target: str, moment: datetime) -> Select[Any]:
    return (
        select(models.Promotion)
        .where(models.Promotion.target == target, models.Promotion.decided_at <= moment)
        .order_by(models.Promotion.decided_at.desc(), models.Promotion.recorded_at.desc())
    )


def _promotions(asked: Select[Any]) -> list[Promotion]:
    with reading() as connection:
        return _read(connection, asked)


def _read(connection: Connection, asked: Select[Any]) -> list[Promotion]:
    return [
        Promotion(**{name: getattr(row, name) for name in Promotion.__slots__}) for row in connection.execute(asked)
    ]
