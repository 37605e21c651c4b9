"""A circuit breaker per vendor, shared by all processes: who is down is left alone for a while instead of asked on.

After ten failures in a row the circuit opens for a minute; then one request may try, and closes it again if it is
answered. Being told to wait (429) is no failure. The state lies in a small file beside the vendor's limits, where
`states` reads it for people.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from json import dumps, loads
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from pybreaker import STATE_CLOSED, CircuitBreaker, CircuitBreakerError, CircuitBreakerStorage

from vendors.limits import file_name

FAILURES_IN_A_ROW = 10
OPEN_FOR_SECONDS = 60.0
SUFFIX = ".breaker.json"

T = TypeVar("T")

__all__ = ["CircuitBreakerError", "State", "guarded", "states"]


@dataclass(frozen=True, slots=True)
class State:
    """Where a vendor's circuit stands."""

    vendor: str
    state: str = STATE_CLOSED
    """`closed` (asked as usual), `open` (left alone) or `half-open` (one request may try)."""
    failures: int = 0
    successes: int = 0
    opened_at: str | None = None
    """ISO 8601, UTC."""


def guarded(vendor: str, folder: Path, is_failure: Callable[[Exception], bool], ask: Callable[[], T]) -> T:
    """Ask the vendor unless its circuit is open; raises CircuitBreakerError where it is, else what asking raised.

    While the circuit is closed any number may ask at the same time, and only the result is counted under pybreaker's
    lock, which holds over a whole call. What came of asking is never lost to a circuit that has just opened.
    """
    breaker = _breaker(vendor, folder, is_failure)
    if breaker.current_state != STATE_CLOSED:
        return _as_trial(breaker, ask)
    try:
        answer = ask()
    except Exception as failure:
        _count(breaker, failure)
        raise
    _count(breaker, None)
    return answer


def _as_trial(breaker: CircuitBreaker, ask: Callable[[], T]) -> T:
    """Ask if the circuit lets one request through; the failure of that one is told rather than that it stays open."""
    failures: list[Exception] = []

    def try_it() -> T:
        try:
            return ask()
        except Exception as failure:
            failures.append(failure)
            raise

    try:
        answer: T = breaker.call(try_it)
        return answer
    except CircuitBreakerError:
        if failures:
            raise failures[0] from None
        raise


def _count(breaker: CircuitBreaker, failure: Exception | None) -> None:
    def come_of_it() -> None:
        if failure is not None:
            raise failure

    with suppress(Exception):  # it is raised to the breaker, which counts it; the caller raises it itself
        breaker.call(come_of_it)


def states(folder: Path) -> list[State]:
    """Where each vendor's circuit stands."""
    return [State(**loads(path.read_text())) for path in sorted(folder.glob(f"*{SUFFIX}"))]


@lru_cache(maxsize=64)
def _breaker(vendor: str, folder: Path, is_failure: Callable[[Exception], bool]) -> CircuitBreaker:
    return CircuitBreaker(
        fail_max=FAILURES_IN_A_ROW,
        reset_timeout=OPEN_FOR_SECONDS,
        exclude=[lambda failure: not is_failure(failure)],
        state_storage=_SharedState(vendor, folder),
        name=vendor,
    )


class _SharedState(CircuitBreakerStorage):
    """pybreaker's storage as a JSON file, changed under a lock and put in place whole."""

    def __init__(self, vendor: str, folder: Path) -> None:
        super().__init__(vendor)
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{file_name(vendor)}{SUFFIX}"
        self._lock = FileLock(self._path.with_suffix(".lock"))

    @property
    def state(self) -> str:
        """Where the circuit stands."""
        return self._read().state

    @state.setter
    def state(self, state: str) -> None:
        self._change(state=state)

    @property
    def counter(self) -> int:
        """Failures in a row."""
        return self._read().failures

    @property
    def success_counter(self) -> int:
        """Successes since the circuit was half opened."""
        return self._read().successes

    @property
    def opened_at(self) -> datetime | None:
        """When the circuit was opened last."""
        at = self._read().opened_at
        return datetime.fromisoformat(at) if at else None

    @opened_at.setter
    def opened_at(self, datetime: datetime) -> None:
        self._change(opened_at=datetime.isoformat())

    def increment_counter(self) -> None:
        """One failure more."""
        with self._lock:
            self._change(failures=self._read().failures + 1)

    def reset_counter(self) -> None:
        """No failures in a row."""
        if self._read().failures:
            self._change(failures=0)

    def increment_success_counter(self) -> None:
        """One success more."""
        with self._lock:
            self._change(successes=self._read().successes + 1)

    def reset_success_counter(self) -> None:
        """No successes yet."""
        if self._read().successes:
            self._change(successes=0)

    def _read(self) -> State:
        return State(**loads(self._path.read_text())) if self._path.exists() else State(self.name)

    def _change(self, **changes: Any) -> None:
        with self._lock:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(dumps(asdict(replace(self._read(), **changes))))
            fresh.replace(self._path)
