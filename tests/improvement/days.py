"""Days of a measure for tests: ON is the day of the change, a Wednesday."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from monitoring.days import Day
from tests.factories import DAY

ON = datetime(2026, 6, 3)
OVER = ON + 15 * DAY


def some_days(
    level: Callable[[int], float], n: int = 100, past: int = 112, until: int = 14, seed: int = 1
) -> list[Day]:
    """Days with n observations each of a share `level(number)`, day 0 being ON; hits are drawn by sampling alone."""
    dice = Random(seed)

    def share(number: int) -> float:
        return sum(dice.random() < level(number) for _ in range(n)) / n

    return [Day(ON + number * DAY, n, share(number), None) for number in range(-past, until + 1)]


def counted(level: Callable[[int], int], past: int = 112, until: int = 14) -> list[Day]:
    """Days of a count, `level(number)` each."""
    return [Day(ON + number * DAY, level(number), None, None) for number in range(-past, until + 1)]
