"""Figures that flows publish for reading by key, so that the API need not open the warehouse."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from database import models
from database.session import insert_or_replace, put, reading, upsert, writing


def publish(name: str, value: Any, as_of: datetime) -> None:
    """Keep what JSON can hold under a name; of two values the one with the later `as_of` stays."""
    row = {"name": name, "as_of": as_of, "value": value}
    with writing() as connection:
        put(
            connection,
            models.Published,
            [row],
            replace=("as_of", "value"),
            where=models.Published.as_of <= as_of,
        )


def replace(name: str, value: Any, as_of: datetime) -> None:
    """Keep a value under a name in the place of any other, whatever its `as_of`: where clocks are in doubt."""
    row = {"name": name, "as_of": as_of, "value": value}
    with writing() as connection:
        insert_or_replace(connection, models.Published, [row])


def published(name: str) -> tuple[Any, datetime] | None:
    """The value under a name and the moment it speaks of; None where nothing was published."""
    asked = select(models.Published.value, models.Published.as_of).where(models.Published.name == name)
    with reading() as connection:
        row = connection.execute(asked).first()
    return (row.value, row.as_of) if row else None


def take_turn(name: str, at: datetime, every: timedelta) -> bool:
    """Whether the caller may do now what all processes together do once in a while; the first who asks may."""
    row = {"name": name, "as_of": at, "value": None}
    is_due = models.Published.as_of <= at - every
    with writing() as connection:
        return bool(upsert(connection, models.Published, [row], replace=("as_of",), where=is_due))
