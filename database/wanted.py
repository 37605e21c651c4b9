"""What the signals cache speaks of: things wanted, claimed, bought and known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from database.spending import Refusal


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """One thing about one lead or company."""

    entity_id: str
    signal: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a worker, and nobody else, may buy now; and what it may not, with the ceiling or stop that forbids it."""

    given: tuple[Wanted, ...]
    refused: Mapping[Wanted, Refusal]


@dataclass(frozen=True, slots=True)
class Bought:
    """What a purchase gave; `value` None means that nothing was found, and `reason` says why."""

    wanted: Wanted
    value: Mapping[str, Any] | None
    confidence: float | None
    cost: float
    """US dollars; a paid call that found nothing costs too."""
    reason: str | None
    expires_at: datetime
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one thing, found or missed."""

    wanted: Wanted
    value: Mapping[str, Any] | None
    confidence: float | None
    source: str
    reason: str | None
    fetched_at: datetime
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A purchase whose worker died after the vendor had named it."""

    run_id: str
    campaign_id: str | None
    wanted: tuple[Wanted, ...]
