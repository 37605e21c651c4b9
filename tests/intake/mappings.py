"""Mappings for tests: a file of calls, of leads and of outcomes, with columns a reader can guess."""

from typing import Any

from intake.mapping import Mapping

CALLS: dict[str, Any] = {
    "kind": "calls", "source": "bank", "columns": {"id": "id", "called_at": "when"},
    "outcomes": {"progression": {"column": "y", "positive": ["yes"], "negative": ["no"], "known_after_days": 1}},
    "exclude": {"duration": "known only after the call"},
    "custom": {"age": "number", "job": "category"},
}  # fmt: skip
LEADS: dict[str, Any] = {
    "kind": "leads", "source": "crm",
    "columns": {
        "id": "id", "known_at": "changed", "email": "email", "company": "company", "employees": "employees",
        "technologies": "uses",
    },
}  # fmt: skip
OUTCOMES: dict[str, Any] = {
    "kind": "outcomes", "source": "crm", "call_source": "fellow",
    "columns": {"call": "meeting", "called_at": "held", "known_at": "decided"},
    "outcomes": {
        "progression": {"column": "stage", "positive": ["Won"], "negative": ["Lost"], "matures_after_days": 35},
        "voice_ai": {"column": "voice", "positive": ["true"], "negative": ["false"]},
    },
}  # fmt: skip


def a_mapping(base: dict[str, Any] = CALLS, **changes: Any) -> Mapping:
    """A mapping with some parts changed."""
    return Mapping.model_validate(base | changes)
