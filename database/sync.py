"""How far each vendor's records were read."""

from datetime import datetime

from sqlalchemy import select

from database.models import SyncMark
from database.session import insert_or_replace, reading, writing


def high_water(source: str, kind: str) -> datetime | None:
    """The mark up to which records of this kind were read, or None before the first time."""
    with reading() as connection:
        return connection.scalar(select(SyncMark.high_water).where(SyncMark.source == source, SyncMark.kind == kind))


def move_high_water(source: str, kind: str, to: datetime) -> None:
    """Move the mark forward, once the rows before it are committed; it never moves back."""
    if (mark := high_water(source, kind)) is not None and mark >= to:
        return
    with writing() as connection:
        insert_or_replace(connection, SyncMark, [{"source": source, "kind": kind, "high_water": to}])
