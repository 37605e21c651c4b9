"""Chance for the simulated world: one long sequence for what happens, short ones for what belongs to one subject."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import blake2b
from math import exp
from struct import unpack
from typing import TypeVar

import numpy as np

T = TypeVar("T")
BLOCK = 8192


class Draws(ABC):
    """All that can be drawn from one number after another."""

    @abstractmethod
    def fraction(self) -> float:
        """A number in [0, 1)."""

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.fraction() < probability

    def leans(self, log_odds: float) -> bool:
        """True with the probability these log-odds stand for."""
        return self.fraction() < 1.0 / (1.0 + exp(-log_odds))

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.fraction()

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.fraction() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[int(self.fraction() * len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of the options, in proportion to the weights."""
        left = self.fraction() * sum(weights)
        for option, weight in zip(options, weights, strict=True):
            left -= weight
            if left < 0:
                return option
        return options[-1]

    def sample(self, options: Sequence[T], count: int) -> tuple[T, ...]:
        """`count` different options, in the order of drawing."""
        pool = list(options)
        return tuple(pool.pop(int(self.fraction() * len(pool))) for _ in range(min(count, len(pool))))

    def hexadecimal(self, digits: int) -> str:
        """A string of so many hexadecimal digits."""
        return "".join("0123456789abcdef"[int(self.fraction() * 16)] for _ in range(digits))


class Dice(Draws):
    """Draws that depend on nothing but the seed and the order of asking: in blocks, for a world of them."""

    def __init__(self, *seed: int) -> None:
        """Start the sequence that belongs to `seed`."""
        self._generator = np.random.default_rng(list(seed))
        self._fractions: list[float] = []
        self._normals: list[float] = []

    def fraction(self) -> float:
        """A number in [0, 1)."""
        if not self._fractions:
            self._fractions = self._generator.random(BLOCK).tolist()
        return self._fractions.pop()

    def normal(self, mean: float = 0.0, spread: float = 1.0) -> float:
        """A normally distributed number."""
        if not self._normals:
            self._normals = self._generator.standard_normal(BLOCK).tolist()
        return mean + spread * self._normals.pop()


class KeyedDraws(Draws):
    """A few draws that always belong to the same key.

    Hashes, since a generator takes 100 times as long to set up as to draw the handful that one subject needs.
    """

    def __init__(self, key: str) -> None:
        """Start the sequence that belongs to `key`."""
        self._key, self._block = key, 0
        self._fractions: list[float] = []

    def fraction(self) -> float:
        """A number in [0, 1)."""
        if not self._fractions:
            digest = blake2b(f"{self._key} {self._block}".encode()).digest()
            self._fractions = [number / 2**32 for number in unpack("<16I", digest)]
            self._block += 1
        return self._fractions.pop()
