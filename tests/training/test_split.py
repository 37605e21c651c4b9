"""Nothing is judged by what was not yet known when it was judged, and no company stands on both sides."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.split import Split, apart, rolling_origin

Times = NDArray[np.datetime64]


def days(numbers: list[int]) -> Times:
    return np.datetime64("2026-01-01", "us") + np.array(numbers, dtype="timedelta64[D]")


def leaks(split: Split, judged_at: Times, matures_at: Times) -> bool:
    """Whether a row that is learned from was judged, or became known, after the first that is judged on."""
    first = judged_at[split.judge].min()
    return bool((matures_at[split.learn] > first).any() or (judged_at[split.learn] > first).any())


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 40), st.sampled_from([None, "a", "b", "c", "d"])),
        min_size=200, max_size=400,
    )
)  # fmt: skip
def test_no_split_learns_from_the_future_or_from_a_company_it_judges(rows: list[tuple[int, int, str | None]]) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    judged_at, matures_at = days([at for at, _, _ in rows]), days([at + wait for at, wait, _ in rows])
    companies = [company for _, _, company in rows]
    splits = [split for split in rolling_origin(judged_at, matures_at, companies) if len(split.judge)]
    assert not any(leaks(split, judged_at, matures_at) for split in splits)
    for split in splits:
        for learn, judge in split.fits:
            assert not ({companies[at] for at in learn} & {companies[at] for at in judge}) - {None}


def test_the_last_two_fifths_are_judged_and_the_last_fifth_is_the_test() -> None:
    judged_at = days(list(range(0, 200)))
    splits = rolling_origin(judged_at, judged_at)
    assert (splits[0].judge[0], splits[-1].judge[-1]) == (120, 199)
    assert [row for split in splits if split.is_test for row in split.judge] == list(range(160, 200))


def test_blocks_are_consecutive_and_each_learns_from_all_before_it() -> None:
    judged_at = days(list(range(1000)))
    splits = rolling_origin(judged_at, judged_at)
    assert [row for split in splits for row in split.judge] == list(range(600, 1000))
    assert [len(split.learn) for split in splits] == [int(split.judge[0]) for split in splits]


def test_a_block_is_at_most_a_quarter_of_a_year_long_where_calls_are_few() -> None:
    judged_at = days(list(range(1000)))
    lengths = [len(split.judge) for split in rolling_origin(judged_at, judged_at)]
    assert max(lengths) <= 100


def test_what_matures_after_the_first_judged_call_is_not_learned_from() -> None:
    judged_at = days(list(range(200)))
    first = rolling_origin(judged_at, judged_at + np.timedelta64(10, "D"))[0]
    assert (len(first.learn), first.judge[0]) == (111, 120)


def test_companies_that_are_judged_are_not_learned_from() -> None:
    companies = [f"once {n}" for n in range(90)] + ["again"] + [f"new {n}" for n in range(9)] + ["again"]
    split = apart(Split(np.arange(91), np.arange(91, 101)), companies)
    assert (split.learn.tolist(), split.judge.tolist()) == (list(range(90)), list(range(91, 101)))


def test_of_few_companies_each_part_is_judged_by_what_the_others_teach() -> None:
    companies = [f"company {n % 20}" for n in range(400)]
    split = apart(Split(np.arange(300), np.arange(300, 400)), companies)
    assert sorted(split.judge) == list(range(300, 400))
    assert [row for _, judge in split.parts for row in judge] == split.judge.tolist()
    for learn, judge in split.parts:
        assert {companies[at] for at in learn} & {companies[at] for at in judge} == set()
        assert len(learn) >= 150


def test_rows_without_a_company_are_learned_from_by_every_part() -> None:
    companies = [None if n % 2 else f"company {n % 20}" for n in range(400)]
    split = apart(Split(np.arange(300), np.arange(300, 400)), companies)
    assert sorted(split.judge) == list(range(300, 400))
    assert all({1, 3, 299} <= set(learn) for learn, _ in split.parts)
