"""Which source is asked next for a signal: what is free, then what has found most for its money so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from database.spending import Spent

FREE = 1e-9


@dataclass(frozen=True, slots=True)
class Record:
    """What a source has found of a signal so far, out of how many times asked, for how many US dollars."""

    found: int = 0
    asked: int = 0
    cost: float = 0.0


def records_of(spent: Iterable[Spent]) -> dict[tuple[str, str], Record]:
    """By source and signal."""
    return {(one.source, one.signal): Record(one.found, one.found + one.missed, one.cost) for one in spent}


def finds_per_dollar(record: Record, list_price: float) -> float:
    """Expected finds for a dollar: Laplace's rule for the rate, and the list price as one purchase more for the price.

    >>> finds_per_dollar(Record(), 0.05), finds_per_dollar(Record(found=0, asked=8, cost=0.4), 0.05)
    (10.0, 2.0)
    """
    rate = (record.found + 1) / (record.asked + 2)
    return rate / max(FREE, (record.cost + list_price) / (record.asked + 1))


def by_finds_per_dollar(
    signal: str, list_prices: Mapping[str, float], records: Mapping[tuple[str, str], Record]
) -> list[str]:
    """Sources for a signal, the best first; of equals the first in the alphabet.

    >>> by_finds_per_dollar("tech_stack", {"pipe0": 0.04, "apollo": 0.05, "website": 0.0}, {})
    ['website', 'pipe0', 'apollo']
    """

    def standing(source: str) -> tuple[float, str]:
        return -finds_per_dollar(records.get((source, signal), Record()), list_prices[source]), source

    return sorted(list_prices, key=standing)
