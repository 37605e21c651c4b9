"""Custom fields: every further column that an import brought, under its own name with the prefix `custom.`.

A date says how far it was from the call, and its month and weekday; on its own it would only say when that was, and a
model would learn the calendar. Numbers, categories and texts are taken as they are: what a text column holds is learned
from all of its rows (`features/encoding.py`).
"""

import re
from calendar import day_name, month_name
from datetime import datetime, timedelta

from ringback.clock import parse_time
from ringback.records import Snapshot, Value

PREFIX = "custom."
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
"""ISO 8601, as intake keeps dates."""


def custom_fields(s: Snapshot) -> dict[str, Value]:
    """The snapshot's custom fields as features; a date becomes three."""
    features: dict[str, Value] = {}
    for name, value in s.custom.items():
        moment = _moment(value)
        if moment is None:
            features[PREFIX + name] = value
        else:
            features |= _date(PREFIX + name, moment, s.called_at)
    return features


def _date(name: str, moment: datetime, called_at: datetime) -> dict[str, Value]:
    return {
        f"{name} (days before the call)": (called_at - moment) / timedelta(days=1),
        f"{name} (month)": month_name[moment.month],
        f"{name} (weekday)": day_name[moment.weekday()],
    }


def _moment(value: Value) -> datetime | None:
    if not isinstance(value, str) or not MOMENT.fullmatch(value.strip()):
        return None
    try:
        return parse_time(value)
    except (ValueError, OverflowError):
        return None
