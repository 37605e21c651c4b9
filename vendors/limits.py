"""How often a vendor may be asked: counted in a small file per vendor, so that all processes keep to it together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyrate_limiter import Limiter

MILLISECONDS = 1000
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """At most so many requests in any span of so many seconds."""

    seconds: float
    requests: int


def per_second(requests: float) -> Limit:
    """So many requests a second; fewer than one are one in a longer span.

    >>> per_second(3), per_second(0.5)
    (Limit(seconds=1.0, requests=3), Limit(seconds=2.0, requests=1))
    """
    return Limit(1.0, int(requests)) if requests >= 1 else Limit(1 / requests, 1)


def wait_for_turn(vendor: str, limits: Sequence[Limit], folder: Path) -> None:
    """Wait until one more request to the vendor stays within all its limits, over all processes of this home."""
    if limits:
        _limiter(vendor, tuple(sorted(limits)), folder).try_acquire(vendor)


@lru_cache(maxsize=64)
def _limiter(vendor: str, limits: tuple[Limit, ...], folder: Path) -> "Limiter":
    from pyrate_limiter import Limiter, Rate, SQLiteBucket

    folder.mkdir(parents=True, exist_ok=True)
    rates = [Rate(limit.requests, round(limit.seconds * MILLISECONDS)) for limit in limits]
    path = folder / f"{file_name(vendor)}.limits.sqlite"
    return Limiter(SQLiteBucket.init_from_file(rates, db_path=str(path), use_file_lock=True))


def file_name(vendor: str) -> str:
    """The vendor's name as part of a file's name."""
    return "".join(letter if letter.isalnum() else "-" for letter in vendor.lower())
