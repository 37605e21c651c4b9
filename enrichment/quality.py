"""How well a lead is known, 0 to 100, and what was found or missed and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from database.wanted import Known
from enrichment.catalogue import BY_NAME


@dataclass(frozen=True, slots=True)
class SignalNote:
    """What became of one signal of a lead or its company."""

    signal: str
    found: bool
    source: str | None
    confidence: float | None
    reason: str | None
    """Why it is missing."""
    at: datetime | None
    cost: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a lead is known."""

    score: int
    """100 where each wanted signal was found by a source that is quite sure."""
    notes: tuple[SignalNote, ...]

    @property
    def found(self) -> list[str]:
        """Names of the signals found."""
        return [note.signal for note in self.notes if note.found]

    @property
    def missed(self) -> dict[str, str]:
        """By signal, why it is missing."""
        return {note.signal: note.reason or "not looked for yet" for note in self.notes if not note.found}


def quality_of(wanted: Sequence[str], known: Iterable[Known], reasons: Mapping[str, str] | None = None) -> Quality:
    """Quality of what is known: 100 × Σ weight · confidence of the found / Σ weight of the wanted (`SIGNALS`).

    `reasons` says why signals that nobody asked about yet are missing.
    """
    by_signal = {one.wanted.signal: one for one in known}
    notes = tuple(_note(signal, by_signal.get(signal), (reasons or {}).get(signal)) for signal in wanted)
    weights = sum(BY_NAME[note.signal].weight for note in notes)
    earned = sum(BY_NAME[note.signal].weight * (note.confidence or 0.0) for note in notes if note.found)
    return Quality(round(100 * earned / weights) if weights else 0, notes)


def _note(signal: str, known: Known | None, reason: str | None) -> SignalNote:
    if known is None:
        return SignalNote(signal, False, None, None, reason, None, 0.0)
    found = known.value is not None
    return SignalNote(
        signal, found, known.source, known.confidence if found else None, known.reason, known.fetched_at, known.cost
    )
