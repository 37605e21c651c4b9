"""Custom fields: every further column that an import brought, under its own name with the prefix `custom.`."""

from ringback.records import Snapshot, Value

PREFIX = "custom."


def custom_fields(s: Snapshot) -> dict[str, Value]:
    """The snapshot's custom fields as features."""
    return {PREFIX + name: value for name, value in s.custom.items()}
