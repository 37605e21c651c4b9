"""Nothing is judged by what was not yet known when it was judged."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.split import Split, last_fifth, rolling_origin

Times = NDArray[np.datetime64]


def days(numbers: list[int]) -> Times:
    return np.datetime64("2026-01-01", "us") + np.array(numbers, dtype="timedelta64[D]")


def leaks(split: Split, judged_at: Times, matures_at: Times) -> bool:
    """Whether a row that is learned from was judged, or became known, after the first that is judged on."""
    first = judged_at[split.judge].min()
    return bool((matures_at[split.learn] > first).any() or (judged_at[split.learn] > first).any())


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), min_size=20, max_size=80))
def test_no_split_learns_from_the_future(rows: list[tuple[int, int]]) -> None:
    rows = sorted(rows)
    judged_at, matures_at = days([at for at, _ in rows]), days([at + wait for at, wait in rows])
    last = last_fifth(judged_at, matures_at)
    assert not leaks(last, judged_at, matures_at)
    folds = list(rolling_origin(last.learn, judged_at, matures_at)) if len(last.learn) >= 10 else []
    assert not any(leaks(fold, judged_at, matures_at) for fold in folds)
    assert not {row for fold in folds for row in (*fold.learn, *fold.judge)} & set(last.judge)


def test_the_last_fifth_is_judged_and_the_rest_learned_from() -> None:
    judged_at = days(list(range(100)))
    split = last_fifth(judged_at, judged_at)
    assert (split.learn.tolist(), split.judge.tolist()) == (list(range(80)), list(range(80, 100)))


def test_what_matures_after_the_first_judged_call_is_in_neither() -> None:
    judged_at = days(list(range(100)))
    split = last_fifth(judged_at, judged_at + np.timedelta64(10, "D"))
    assert (split.learn.tolist(), split.judge[0]) == (list(range(71)), 80)


def test_folds_are_consecutive_blocks_of_the_later_rows_to_learn_from() -> None:
    judged_at = days(list(range(100)))
    folds = list(rolling_origin(np.arange(100), judged_at, judged_at))
    assert [(int(fold.judge[0]), int(fold.judge[-1])) for fold in folds] == [(40, 54), (55, 69), (70, 84), (85, 99)]
    assert [len(fold.learn) for fold in folds] == [40, 55, 70, 85]
