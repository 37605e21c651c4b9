"""Whom to believe where sources disagree about a lead or a company: an order (`precedence.toml`), and confidence."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

UNLISTED = "csv"
PERSON = "person"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a source says of one field, how sure it is (None: people keep it), and since when it can be known."""

    source: str
    value: Any
    confidence: float | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Precedence:
    """The order of sources, that for what is seen on the web, and the confidence that is enough."""

    order: tuple[str, ...]
    web_order: tuple[str, ...]
    web_fields: frozenset[str]
    enough_confidence: float

    def rank(self, source: str, field: str) -> int:
        """0 for the source that is believed first."""
        order = self.web_order if field in self.web_fields else self.order
        return order.index(source if source in order else UNLISTED)

    def sure_enough(self, stated: Stated) -> bool:
        """Whether the source is sure enough to stand before those that are not."""
        return stated.confidence is None or stated.confidence >= self.enough_confidence


@lru_cache(maxsize=1)
def precedence() -> Precedence:
    """The precedence of this installation."""
    read = tomllib.loads((Path(__file__).parent / "precedence.toml").read_text())
    return Precedence(
        tuple(read["order"]), tuple(read["web"]["order"]), frozenset(read["web"]["fields"]), read["enough_confidence"]
    )


def choose(field: str, candidates: Mapping[str, Stated], base: str | None = None) -> Stated:
    """The value that counts, of those that sources give for a field: by source, at least one.

    A person's correction first; then what the `base` source said, which is never overwritten; then the sure before the
    unsure, in the stated order; of the same rank the surer, then the newer.

    >>> noon, later = datetime(2026, 3, 18, 12), datetime(2026, 3, 19, 12)
    >>> said = {"crm": Stated("crm", 40, None, noon), "pipe0": Stated("pipe0", 55, 0.9, later)}
    >>> choose("employees", said).value, choose("employees", said, base="pipe0").value
    (40, 55)
    """
    rules = precedence()

    def standing(stated: Stated) -> tuple[bool, bool, bool, int, float, datetime]:
        return (
            stated.source == PERSON,
            stated.source == base,
            rules.sure_enough(stated),
            -rules.rank(stated.source, field),
            1.0 if stated.confidence is None else stated.confidence,
            stated.known_at,
        )

    return max(candidates.values(), key=standing)
