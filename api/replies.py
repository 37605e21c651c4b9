"""Replies of the last minutes: the same request to the same models is answered with the same reply, and logged once."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic

MOST_BYTES = 32 * 1024 * 1024
"""Of all replies that are kept."""
MARK, MARKED = b'"cached":false}', b'"cached":true}'
"""How a reply ends, the first time and from then on."""
Asked = tuple[bytes, bool]
"""A body, and whether reasons were asked for."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply, who gave it and until when it counts."""

    until: float
    by: object
    among: object | None
    """Among whom somebody was not known, which holds until somebody new is; None of who is known."""
    reply: bytes


class Replies:
    """A cache by what was asked and by whom it was answered; the oldest makes room, and what is too old goes."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic, most_bytes: int = MOST_BYTES) -> None:
        """Replies are kept for so many seconds; with none, nothing is."""
        self._seconds, self._clock, self._most = seconds, clock, most_bytes
        self._kept: OrderedDict[tuple[bytes, bool], Kept] = OrderedDict()
        self._bytes = 0

    def get(self, asked: Asked, by: object, known: object = None) -> bytes | None:
        """The reply to this, marked as given before, where `by` gave it and it is not too old.

        One about somebody who was not known counts only while nobody new is `known`.
        """
        key = _key(asked)
        kept = self._kept.get(key)
        if kept is None:
            return None
        is_as_then = kept.by is by and (kept.among is None or kept.among is known)
        if not is_as_then or self._clock() >= kept.until:
            self._drop(key)
            return None
        return kept.reply

    def keep(self, asked: Asked, by: object, reply: bytes, not_among: object | None = None) -> None:
        """Remember a reply; `not_among` is those among whom the lead was not found."""
        if self._seconds <= 0:
            return
        key, at = _key(asked), self._clock()
        self._drop(key)
        self._kept[key] = Kept(at + self._seconds, by, not_among, reply.removesuffix(MARK) + MARKED)
        self._bytes += len(reply)
        while self._kept and (self._bytes > self._most or next(iter(self._kept.values())).until <= at):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[bytes, bool]) -> None:
        if kept := self._kept.pop(key, None):
            self._bytes -= len(kept.reply) + len(MARK) - len(MARKED)


def _key(asked: Asked) -> tuple[bytes, bool]:
    return blake2b(asked[0], digest_size=16).digest(), asked[1]
