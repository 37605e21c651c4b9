"""A verdict that may be looked at daily: rates of errors in miniature, and what stops or ends a test."""

import random
from datetime import datetime, timedelta

import pytest

from benchmarks.experiments import played
from campaigns.experiments import MATURE_AFTER, Trial, bound, mismatch_evidence, planned_sample, standing, wilson

START = datetime(2026, 3, 2, 15)
HALVES = {"plain": 0.5, "question": 0.5}
LATER = START + timedelta(days=40)


def trials(variant: str, n: int, answered: int, at: datetime = START) -> list[Trial]:
    return [
        Trial(variant, at, at + timedelta(hours=3) if number < answered else None, f"{variant}-{number}")
        for number in range(n)
    ]


def test_a_clear_difference_is_called_with_its_winner_and_interval() -> None:
    told = standing(trials("plain", 600, 60) + trials("question", 600, 120), HALVES, LATER, 600, "clicked")
    assert (told.verdict, told.winner) == ("better", "question")
    assert told.difference == pytest.approx((0.1, 0.0599, 0.1398), abs=1e-3)
    assert told.said.startswith("question does better. plain: 60 of 600 clicked (10.0 %,")


def test_early_the_same_difference_decides_nothing() -> None:
    few = trials("plain", 60, 6) + trials("question", 60, 14)
    assert standing(few, HALVES, LATER, 600).verdict == "running"


def test_at_the_planned_sample_it_ends_without_a_difference() -> None:
    told = standing(trials("plain", 700, 70) + trials("question", 700, 72), HALVES, LATER, 600)
    assert (told.verdict, told.winner, [arm.n for arm in told.arms]) == ("no_difference", None, [600, 600])


def test_who_has_had_no_time_to_answer_does_not_count_yet() -> None:
    now = START + MATURE_AFTER - timedelta(minutes=1)
    told = standing(trials("plain", 600, 60) + trials("question", 600, 120), HALVES, now, 600)
    assert (told.verdict, [arm.n for arm in told.arms]) == ("running", [0, 0])


def test_an_answer_after_the_time_to_answer_does_not_count() -> None:
    late = [Trial("plain", START, START + MATURE_AFTER + timedelta(hours=1), "a"), *trials("question", 1, 1)]
    assert [arm.answered for arm in standing(late, HALVES, LATER, 600).arms] == [0, 1]


def test_shares_that_are_not_as_planned_stop_the_test() -> None:
    told = standing(trials("plain", 600, 60) + trials("question", 400, 120), HALVES, LATER, 600)
    assert (told.verdict, told.winner) == ("stopped", None)
    assert "nothing can be concluded" in told.said


def test_the_order_of_trials_does_not_matter() -> None:
    listed = [
        one for day in range(20) for variant in HALVES
        for one in trials(variant, 40, 4 + day % 3, START + timedelta(days=day))
    ]  # fmt: skip
    shuffled = random.Random(5).sample(listed, len(listed))
    assert standing(listed, HALVES, LATER, 500) == standing(shuffled, HALVES, LATER, 500)


def test_three_variants_are_held_against_a_higher_bound() -> None:
    thirds = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}
    told = standing(trials("a", 600, 60) + trials("b", 600, 66) + trials("c", 600, 130), thirds, LATER, 600)
    assert (told.verdict, told.winner) == ("better", "c")
    assert bound(3) > bound()


def test_looked_at_daily_equal_variants_are_seldom_called_and_a_better_one_mostly_is() -> None:
    """Rates of 400 tests each stand in docs/decisions/0010-campaigns.md; these few are seeded."""
    same = [played(0.3, 0.0, 0.3, seed)[0] for seed in range(30)]
    better = [played(0.3, 0.3, 0.3, seed) for seed in range(30)]
    assert same.count("better") <= 3
    assert better.count(("better", "question")) >= 20
    assert ("better", "plain") not in better


def test_evidence_against_the_planned_shares_stays_small_where_they_hold() -> None:
    assert mismatch_evidence([5_050, 4_950], [0.5, 0.5]) < 1
    assert mismatch_evidence([0, 0], [0.5, 0.5]) == 1


def test_intervals_and_samples_at_their_ends() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
    with pytest.raises(ValueError, match="baseline is a share"):
        planned_sample(0.0, 0.2)
