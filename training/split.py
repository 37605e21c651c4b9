"""Time-ordered splits: what is judged always comes after what was learned from, and no company is on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

JUDGED_SHARE = 0.4
TEST_SHARE = 0.2
EQUAL_BLOCKS = 4
LONGEST_BLOCK_DAYS = 92
MOST_LONG_BLOCKS = 4
LEAST_BLOCK_ROWS = 40
MOST_LOST_SHARE = 0.2
"""Where leaving out the judged companies would cost more of the rows to learn from, they are judged in parts."""
PARTS = 5


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers to learn from and to judge on."""

    learn: "NDArray[np.int64]"
    judge: "NDArray[np.int64]"
    is_test: bool = False
    """Whether it belongs to the last fifth of the rows, by which nothing is chosen."""
    parts: "tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]" = ()
    """Rows to learn from and to judge on, a part of the companies each; empty where one fit judges all rows."""

    @property
    def fits(self) -> "tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]":
        """Rows to learn from and to judge on, a fit each."""
        return self.parts or ((self.learn, self.judge),)


def rolling_origin(
    judged_at: "NDArray[np.datetime64]",
    matures_at: "NDArray[np.datetime64]",
    companies: Sequence[str | None] | None = None,
) -> list[Split]:
    """Consecutive blocks of the last two fifths of the rows, each judged by what was mature before it began.

    The arrays have shape (rows,) and are in order of `judged_at`. Blocks hold a tenth of the rows or, where calls are
    few, a quarter of a year, so that each is judged by a model about as fresh as one that decides.
    """
    n = len(judged_at)
    test_from = round(n * (1 - TEST_SHARE))
    edges = _edges(judged_at, test_from)
    splits = []
    for start, end in pairwise(edges):
        split = _from(start, end, judged_at, matures_at, start >= test_from)
        splits.append(apart(split, companies) if companies else split)
    return splits


def apart(split: Split, companies: Sequence[str | None]) -> Split:
    """The split without a company on both sides.

    The companies that are judged are not learned from. Where that would cost more than a fifth of the rows to learn
    from (few companies, called again and again), each fifth of the companies is judged by what the others teach.
    """
    import numpy as np

    judged = {companies[at] for at in split.judge} - {None}
    kept = np.array([companies[at] not in judged for at in split.learn], dtype=bool)
    if kept.sum() >= (1 - MOST_LOST_SHARE) * len(split.learn):
        return Split(split.learn[kept], split.judge, split.is_test)
    part_learned, part_judged = (
        np.array([_part(companies[at], at) for at in rows], dtype=int) for rows in (split.learn, split.judge)
    )
    without_company = np.array([companies[at] is None for at in split.learn], dtype=bool)
    parts = tuple(
        (split.learn[(part_learned != part) | without_company], split.judge[part_judged == part])
        for part in range(PARTS)
        if (part_judged == part).any()
    )
    return Split(split.learn, np.concatenate([rows for _, rows in parts]), split.is_test, parts)


def _part(company: str | None, row: int) -> int:
    """Rows without a company are judged in turn."""
    return row % PARTS if company is None else sha256(company.encode()).digest()[0] % PARTS


def _edges(judged_at: "NDArray[np.datetime64]", test_from: int) -> list[int]:
    """Row numbers at which blocks begin, and the number of rows; the test begins at one of them."""
    import numpy as np

    n = len(judged_at)
    first = round(n * (1 - JUDGED_SHARE))
    equal = np.linspace(first, n, EQUAL_BLOCKS + 1).round().astype(int).tolist()
    span = (judged_at[-1] - judged_at[first]) / np.timedelta64(1, "D")
    days = max(LONGEST_BLOCK_DAYS, span / MOST_LONG_BLOCKS)
    steps = np.arange(1, int(span / days) + 1) * np.timedelta64(int(days * 86_400_000_000), "us")
    in_time = np.searchsorted(judged_at, judged_at[-1] - steps).tolist()
    edges = [first]
    for edge in sorted({*equal, *in_time, test_from} - {n}):
        if edge == test_from and edge - edges[-1] < LEAST_BLOCK_ROWS and len(edges) > 1:
            edges[-1] = edge
        elif edge - edges[-1] >= LEAST_BLOCK_ROWS and n - edge >= LEAST_BLOCK_ROWS:
            edges.append(int(edge))
    return [*edges, n]


def _from(
    start: int, end: int, judged_at: "NDArray[np.datetime64]", matures_at: "NDArray[np.datetime64]", is_test: bool
) -> Split:
    import numpy as np

    rows = np.arange(end)
    return Split(rows[:start][matures_at[:start] <= judged_at[start]], rows[start:], is_test)
