"""How long the parts of one thing took."""

from time import perf_counter


class Laps:
    """Seconds by part, in the order in which the parts ended."""

    __slots__ = ("_last", "seconds")

    def __init__(self) -> None:
        """Begins now."""
        self._last = perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, part: str) -> None:
        """What happened since the last lap was this part."""
        at = perf_counter()
        self.seconds[part] = self.seconds.get(part, 0.0) + at - self._last
        self._last = at
