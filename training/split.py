"""Time-ordered splits: what is judged always comes after what was learned from."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEST_SHARE = 0.2
FOLDS = 4
FIRST_FOLD_STARTS_AT = 0.4
"""Share of the development rows that even the first fold may learn from."""


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers to learn from and to judge on."""

    learn: "NDArray[np.int64]"
    judge: "NDArray[np.int64]"


def last_fifth(judged_at: "NDArray[np.datetime64]", matures_at: "NDArray[np.datetime64]") -> Split:
    """The last fifth of the rows to judge on; to learn from, all whose label was mature before it began.

    Both arrays have shape (rows,) and are in order of `judged_at`.
    """
    return _from(round(len(judged_at) * (1 - TEST_SHARE)), len(judged_at), judged_at, matures_at)


def rolling_origin(
    learn: "NDArray[np.int64]", judged_at: "NDArray[np.datetime64]", matures_at: "NDArray[np.datetime64]"
) -> Iterator[Split]:
    """Four consecutive blocks of the rows to learn from, each judged by what was mature before it began."""
    import numpy as np

    edges = np.linspace(len(learn) * FIRST_FOLD_STARTS_AT, len(learn), FOLDS + 1).astype(int)
    for start, end in pairwise(edges):
        fold = _from(int(start), int(end), judged_at[learn], matures_at[learn])
        yield Split(learn[fold.learn], learn[fold.judge])


def _from(start: int, end: int, judged_at: "NDArray[np.datetime64]", matures_at: "NDArray[np.datetime64]") -> Split:
    import numpy as np

    rows = np.arange(end)
    return Split(learn=rows[:start][matures_at[:start] <= judged_at[start]], judge=rows[start:])
