"""How calls ended, as far as it may be learned from: mature outcomes only, open calls are neither good nor bad."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ringback.records import Target
from warehouse.connect import query, reading

OPEN_FOR = timedelta(days=60)
"""A call older than this without an outcome is no longer worth scoring."""


@dataclass(frozen=True, slots=True)
class Label:
    """Whether the target happened, and since when that may be learned from."""

    happened: bool
    matures_at: datetime


def labels_as_of(as_of: datetime) -> dict[Target, dict[str, Label]]:
    """For each target the labels by call_id, as of a moment."""
    labels: dict[Target, dict[str, Label]] = {"progression": {}, "voice_ai": {}}
    with reading() as warehouse:
        for row in query(warehouse, "labels", {"as_of": as_of}):
            labels[row["target"]][row["call_id"]] = Label(row["happened"], row["matures_at"])
    return labels


def decided_as_of(as_of: datetime) -> set[str]:
    """The calls whose progression is known as of a moment: there is nothing left to foretell."""
    with reading() as warehouse:
        return {row["call_id"] for row in query(warehouse, "decided", {"as_of": as_of})}
