"""Keeping what many look at for a while, so that a page is made once and not by each who looks."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """A value that is made anew once it is so many seconds old; whoever comes meanwhile gets the old one."""

    def __init__(self, make: Callable[[], T], seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing is made before it is asked for."""
        self._make, self._seconds, self._monotonic = make, seconds, monotonic
        self._making = Lock()
        self._value: tuple[T, float] | None = None

    def get(self) -> T:
        """The value; the first who asks waits for it."""
        known = self._value
        if known is not None and (self._is_young(known) or self._making.locked()):
            return known[0]
        with self._making:
            known = self._value
            if known is not None and self._is_young(known):  # somebody else has made it meanwhile
                return known[0]
            made = self._make()
            self._value = (made, self._monotonic())
            return made

    def forget(self) -> None:
        """Let the next who asks have it made anew."""
        self._value = None

    def _is_young(self, known: tuple[T, float]) -> bool:
        return self._monotonic() - known[1] < self._seconds
