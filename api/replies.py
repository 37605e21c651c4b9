"""Replies of the last minutes: the same request to the same models is answered with the same reply, and logged once."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from time import monotonic
from typing import Any

MOST_KEPT = 10_000
Asked = tuple[bytes, bool]
"""A body, and whether reasons were asked for."""


class Replies:
    """A cache by what was asked and by whom it was answered."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        """Replies are kept for so many seconds; with none, nothing is."""
        self._seconds, self._clock = seconds, clock
        self._kept: OrderedDict[bytes, tuple[float, object, dict[str, Any]]] = OrderedDict()

    def get(self, asked: Asked, by: object) -> dict[str, Any] | None:
        """The reply to this, where `by` gave it and it is not too old."""
        key = _key(asked)
        kept = self._kept.get(key)
        if kept is None:
            return None
        until, who, reply = kept
        if who is not by or self._clock() >= until:
            del self._kept[key]
            return None
        return reply

    def keep(self, asked: Asked, by: object, reply: dict[str, Any]) -> None:
        """Remember a reply."""
        if self._seconds <= 0:
            return
        self._kept[_key(asked)] = (self._clock() + self._seconds, by, reply)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _key(asked: Asked) -> bytes:
    """Bodies may be as long as a megabyte, and ten thousand are remembered: their hashes are."""
    body, explain = asked
    return blake2b(body, digest_size=16, salt=b"why" if explain else b"").digest()
