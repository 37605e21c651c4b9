"""Measures of past weeks, published for reading by key."""

from collections.abc import Iterable, Mapping
from typing import Any

from database import models
from database.session import insert_or_replace, writing


def publish_measures(rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep measures (measure, week, value, low, high, n, as_of); a later look at the same week replaces it."""
    with writing() as connection:
        insert_or_replace(connection, models.Measure, [{"dimension": "", "member": ""} | dict(row) for row in rows])
