"""Replies of the last minutes: the same request to the same models is answered with the same reply, and logged once."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any

MOST_KEPT = 10_000


class Replies:
    """A cache by what was asked and by whom it was answered."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        """Replies are kept for so many seconds; with none, nothing is."""
        self._seconds, self._clock = seconds, clock
        self._kept: OrderedDict[tuple[bytes, bool], tuple[float, object, dict[str, Any]]] = OrderedDict()

    def get(self, asked: tuple[bytes, bool], by: object) -> dict[str, Any] | None:
        """The reply to this, where `by` gave it and it is not too old."""
        kept = self._kept.get(asked)
        if kept is None:
            return None
        until, who, reply = kept
        if who is not by or self._clock() >= until:
            del self._kept[asked]
            return None
        return reply

    def keep(self, asked: tuple[bytes, bool], by: object, reply: dict[str, Any]) -> None:
        """Remember a reply."""
        if self._seconds <= 0:
            return
        self._kept[asked] = (self._clock() + self._seconds, by, reply)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
