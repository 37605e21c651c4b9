"""Whose turn it is: nobody is ever more than one lead off the share that capacity gives."""

from hypothesis import given
from hypothesis import strategies as st

from campaigns.turns import next_owner, pool_of

CAPACITIES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 500), min_size=1)


@given(CAPACITIES, st.integers(1, 150))
def test_at_every_moment_everybody_is_within_one_of_the_share(capacities: dict[str, int], leads: int) -> None:
    handed, whole = dict.fromkeys(capacities, 0), sum(capacities.values())
    for number in range(1, leads + 1):
        handed[next_owner(capacities, handed)] += 1
        assert all(abs(handed[one] - number * capacity / whole) < 1 for one, capacity in capacities.items())


def test_equal_capacities_are_round_robin() -> None:
    handed = {"ana": 0, "ben": 0, "cem": 0}
    turns = []
    for _ in range(6):
        turns.append(next_owner(dict.fromkeys(handed, 5), handed))
        handed[turns[-1]] += 1
    assert turns == ["ana", "ben", "cem"] * 2


def test_another_capacity_is_another_pool() -> None:
    assert pool_of({"ana": 1, "ben": 2}) == pool_of({"ben": 2, "ana": 1})
    assert pool_of({"ana": 1, "ben": 2}) != pool_of({"ana": 1, "ben": 3})
