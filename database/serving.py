"""Who answers for the service: the ledger's champions, the challengers beside them, and versions pinned by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from database import models
from database.promotions import champion_as_of
from database.published import publish, published
from database.session import insert_or_replace, reading, writing
from ringback.records import TARGETS, Target

VERSIONS = "models "
"""Under this name and the target the flow that moves an alias publishes the versions, for people's pages."""
CHALLENGER = "challenger of "
"""Under this name and the target the flow that points the aliases publishes the challenger's version."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Versions by target; a target that is not there has none."""

    champions: Mapping[Target, str]
    challengers: Mapping[Target, str]
    pinned: frozenset[Target]
    """Targets whose champion is one pinned for the service."""


def wanted(at: datetime) -> Wanted:
    """Who should answer at a moment."""
    with reading() as connection:
        rows = connection.execute(select(models.Serving.target, models.Serving.version))
        pins = {row.target: row.version for row in rows if row.version is not None}
    ledger = {target: found.version for target in TARGETS if (found := champion_as_of(target, at))}
    champions: dict[Target, str] = {
        target: version for target in TARGETS if (version := pins.get(target) or ledger.get(target))
    }
    named = {target: told[0] for target in TARGETS if (told := published(CHALLENGER + target))}
    challengers: dict[Target, str] = {
        target: str(version)
        for target, version in named.items()
        if version and target in champions and version != champions[target]
    }
    return Wanted(champions, challengers, frozenset(target for target in TARGETS if target in pins))


def publish_challenger(target: Target, version: str | None, at: datetime) -> None:
    """Let the service know who stands beside the champion; None for nobody."""
    publish(CHALLENGER + target, version, at)


def pinned(target: Target) -> tuple[str, datetime, str] | None:
    """The version pinned for the service, since when and by whom; None where it answers by the champion."""
    asked = select(models.Serving).where(models.Serving.target == target, models.Serving.version.is_not(None))
    with reading() as connection:
        row = connection.execute(asked).first()
    return (row.version, row.set_at, row.set_by) if row else None


def pin(target: Target, version: str | None, at: datetime, by: str) -> None:
    """Let the service answer by this version, or again by the champion; who did it is kept."""
    row = {"target": target, "version": version, "set_at": at, "set_by": by}
    with writing() as connection:
        insert_or_replace(connection, models.Serving, [row])
