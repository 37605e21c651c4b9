"""Two versions on the same calls: who is worse for whom, how outcomes come in, and when it is decided."""

from dataclasses import replace

import numpy as np
import pytest

from database.shadow import ShadowAnswer, keep_shadow_answers
from features.batches import Featured
from features.labels import Label
from tests.factories import DAY, HOUR, NOON
from training.promotion import Verdict
from training.standing import History, Pace, Standing, at_any_time, pace_of, stand_in_shadow

HALF = 250
AS_OF = NOON + 40 * DAY


def call_id(n: int) -> str:
    return f"fellow:n{n:03}"


def history(calls: int = 2 * HALF) -> History:
    """Calls a minute apart, of two industries; every other one ends well, and all of them mature after ten days."""
    listed = [
        Featured(call_id(n), "first", f"{n}@acme.com", None, None, NOON, NOON,
                 {"industry": "retail" if n < HALF else "health"})
        for n in range(calls)
    ]  # fmt: skip
    labels = {call_id(n): Label(n % 2 == 0, NOON + 10 * DAY) for n in range(calls)}
    return History(AS_OF, listed, {"progression": labels, "voice_ai": {}})


def shadowed(champion: float, retail: float, health: float, calls: int = 2 * HALF) -> Standing:
    """How a challenger stands that is right with these probabilities, beside a champion who is with its own."""
    keep_shadow_answers(
        ShadowAnswer(
            call_id(n), "first", "progression", "1", "2",
            champion if n % 2 == 0 else 1 - champion,
            right if n % 2 == 0 else 1 - right,
            NOON - HOUR,
        )
        for n in range(calls)
        for right in [(retail if n < HALF else health) - 0.01 * (n % 3)]
    )  # fmt: skip
    return stand_in_shadow(history(calls), "progression", "1", "2")


@pytest.mark.usefixtures("home")
def test_a_challenger_that_is_surer_and_right_takes_over() -> None:
    standing = shadowed(0.6, 0.8, 0.8)
    assert (standing.n, standing.verdict.promote, standing.is_decided) == (500, True, True)
    assert [(one.segment, one.version, one.n) for one in standing.worse] == [
        ("industry retail", "1", 250), ("industry health", "1", 250),
    ]  # fmt: skip


@pytest.mark.usefixtures("home")
def test_a_large_group_for_which_the_challenger_is_worse_is_named_and_speaks_against_it() -> None:
    standing = shadowed(0.6, 0.9, 0.5)
    assert not standing.verdict.promote
    assert "worse for industry health" in standing.verdict.reason
    assert [(one.segment, one.version) for one in standing.worse] == [
        ("industry retail", "1"),
        ("industry health", "2"),
    ]
    assert "version 2 is worse for industry health: log loss higher by 0.20" in str(standing.worse[1])


@pytest.mark.usefixtures("home")
def test_the_last_answer_about_a_call_counts_and_none_from_when_its_outcome_was_known() -> None:
    answer = ShadowAnswer(call_id(0), "first", "progression", "1", "2", 0.5, 0.1, NOON - HOUR)
    keep_shadow_answers(
        [
            answer,
            replace(answer, content_hash="edited", challenger_probability=0.7, answered_at=NOON + DAY),
            replace(answer, content_hash="late", challenger_probability=1.0, answered_at=NOON + 10 * DAY),
            replace(answer, call_id=call_id(1), answered_at=NOON + 11 * DAY),
        ]
    )
    assert stand_in_shadow(history(2), "progression", "1", "2").n == 1


@pytest.mark.usefixtures("home")
def test_calls_that_were_open_when_the_pair_began_are_leftovers_and_do_not_count() -> None:
    """Of those before, what ended soon has gone: what was still open then mostly ends badly."""
    answer = ShadowAnswer(call_id(0), "first", "progression", "1", "2", 0.5, 0.1, NOON + HOUR)
    keep_shadow_answers([answer, replace(answer, call_id=call_id(1), answered_at=NOON + DAY)])
    seen = history(2)
    later = replace(seen, calls=[seen.calls[0], replace(seen.calls[1], judged_at=NOON + DAY)])
    assert [stand_in_shadow(one, "progression", "1", "2").n for one in (seen, later)] == [0, 1]


def test_the_pace_is_that_of_the_last_28_days_and_the_delay_the_usual_one() -> None:
    assert pace_of(history(56), "progression") == Pace(labels_per_day=0.0, maturity_days=None)
    assert pace_of(replace(history(56), as_of=NOON + 10 * DAY), "progression") == Pace(2.0, 10.0)


@pytest.mark.usefixtures("home")
def test_before_a_hundred_calls_have_ended_the_rest_of_the_delay_and_the_missing_calls_are_waited_for() -> None:
    standing = replace(shadowed(0.6, 0.8, 0.8, calls=40), pace=Pace(labels_per_day=2.0, maturity_days=10.0))
    early = replace(standing, as_of=standing.began + 4 * DAY)
    assert (standing.n, standing.is_decided, standing.days_to_decide) == (40, False, 30)
    assert early.days_to_decide == 6 + 30
    assert standing.when() == (
        "in at least 30 days: at least 100 calls are needed, 40 are there, and 2.0 outcomes a day mature, "
        "10 days after the call"
    )


@pytest.mark.usefixtures("home")
def test_two_that_hardly_differ_are_decided_once_enough_calls_have_ended() -> None:
    standing = shadowed(0.6, 0.61, 0.61)
    assert (standing.n < standing.calls_needed, standing.is_decided, standing.days_to_decide) == (True, False, None)
    enough = replace(standing, n=standing.calls_needed)
    assert (enough.verdict.promote, enough.is_decided, enough.days_to_decide) == (False, True, 0)


def weekly_readings(seed: int, is_better: bool) -> list[tuple[bool, bool]]:
    """What 26 weekly readings of a shadow test say, 60 outcomes each: by the interval alone, and at any time."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, 26 * 60)
    y = rng.random(len(truth)) < 1 / (1 + np.exp(-truth))
    noises = (0.6, 0.1 if is_better else 0.6)
    champion, challenger = (0.8 * truth + noise * rng.normal(0, 1, len(truth)) for noise in noises)
    loss = [np.log1p(np.exp(np.where(y, -said, said))) for said in (champion, challenger)]
    readings = []
    for n in range(120, len(y) + 1, 60):
        difference = loss[0][:n] - loss[1][:n]
        gain, half = float(difference.mean()), 1.96 * float(difference.std(ddof=1)) / n**0.5
        evidence = {"log_loss_gain": gain, "log_loss_gain_low": gain - half, "log_loss_gain_high": gain + half,
                    "common_rows": n, "calls_to_decide": 100.0}  # fmt: skip
        read = Verdict(gain - half > 0, "better", evidence)
        readings.append((read.promote, at_any_time(read).promote))
    return readings


def test_a_verdict_that_is_read_every_week_seldom_promotes_an_equal_model() -> None:
    ever = [[any(said) for said in zip(*weekly_readings(seed, False), strict=True)] for seed in range(200)]
    by_interval, at_any = (sum(said) for said in zip(*ever, strict=True))
    assert by_interval > 0.08 * 200
    assert at_any <= 0.05 * 200


def test_a_verdict_that_is_read_every_week_finds_a_better_model() -> None:
    found = sum(any(at_any for _, at_any in weekly_readings(seed, True)) for seed in range(50))
    assert found >= 0.8 * 50
