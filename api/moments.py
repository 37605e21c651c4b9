"""Moments as clients read them: UTC, and saying so."""

from datetime import datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def as_text(moment: datetime) -> str:
    """A stored moment in RFC 3339.

    >>> as_text(datetime(2026, 3, 18, 12, 0, 0, 500))
    '2026-03-18T12:00:00.000500Z'
    """
    return f"{moment.isoformat()}Z"


Moment = Annotated[
    datetime,
    PlainSerializer(as_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A moment in an answer."""
