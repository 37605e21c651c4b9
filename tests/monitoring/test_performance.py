"""How the champion really did is said of matured outcomes, of its own answers, and with intervals."""

from datetime import timedelta
from pathlib import Path

import numpy as np

from monitoring.performance import Answers, performance_as_of, performance_of, said
from ringback.settings import settings
from tests.monitoring.weeks import AFTER, TUESDAY, WEEK, World, a_call, a_prediction, an_outcome, land


def answers(p: list[float], y: list[int]) -> Answers:
    return Answers(np.array(p), np.array(y, dtype=bool), np.array(p) >= 0.5)


def test_figures_of_twenty_calls_can_be_added_up() -> None:
    made = performance_of(answers([0.8] * 12 + [0.3] * 8, [1] * 9 + [0] * 3 + [1] * 2 + [0] * 6), AFTER, AFTER)
    figures = {name: one.value for name, one in made.figures.items()}
    assert figures["accuracy"] == 0.75  # 9 + 6 of 20
    assert figures["precision at hand-over"] == 0.75  # 9 of 12
    assert str(made.figures["recall"]) == "recall 0.818 [0.523, 0.949] on 11 calls that progressed"  # 9 of 11, Wilson
    assert round(figures["Brier"] or 0, 4) == 0.19  # (9 x .04 + 3 x .64 + 2 x .49 + 6 x .09) / 20
    assert made.commoner == 0.55
    accuracy = made.figures["accuracy"]
    assert (round(accuracy.low or 0, 3), round(accuracy.high or 0, 3)) == (0.531, 0.888)  # Wilson, 15 of 20


def test_nine_calls_are_not_enough_data() -> None:
    made = performance_of(answers([0.8] * 9, [1] * 9), AFTER, AFTER)
    assert str(made.figures["accuracy"]) == "accuracy: not enough data (9 calls)"
    assert [one.value for one in made.figures.values()] == [None] * 6


def test_recall_of_few_that_progressed_is_not_enough_data_however_many_calls_there_are() -> None:
    made = performance_of(answers([0.8] * 40, [1] * 9 + [0] * 31), AFTER, AFTER)
    assert str(made.figures["recall"]) == "recall: not enough data (9 calls that progressed)"


def test_roc_auc_needs_both_outcomes() -> None:
    made = performance_of(answers([0.8] * 20, [1] * 20), AFTER, AFTER)
    assert (made.figures["ROC AUC"].value, made.figures["accuracy"].value) == (None, 1.0)


def test_only_matured_outcomes_and_answers_of_the_version_count(home: Path) -> None:
    names = [str(n) for n in range(12)]
    land(settings().warehouse, World(
        calls=[a_call(n) for n in (*names, "late", "other", "slow")],
        predictions=[
            *(a_prediction(n, 0.9) for n in names),
            a_prediction("late", 0.9, at=TUESDAY + timedelta(hours=1)),
            a_prediction("other", 0.9, progression_version="2"),
            a_prediction("slow", 0.9),
        ],
        outcomes=[*(an_outcome(n, happened=int(n) < 9) for n in names), an_outcome("late", True),
                  an_outcome("other", True), an_outcome("slow", True, at=AFTER + WEEK)],
    ))  # fmt: skip
    last, before = performance_as_of(AFTER, "1")
    assert (last.n, last.figures["accuracy"].value, before.n) == (12, 0.75, 0)
    assert said(last, before)[0] == (
        "accuracy 0.750 [0.468, 0.911] on 12 calls; always answering the commoner outcome: 0.750"
    )


def test_the_period_before_stands_beside_the_last(home: Path) -> None:
    earlier = TUESDAY - 5 * WEEK
    land(settings().warehouse, World(
        calls=[a_call(str(n), at=earlier if n < 10 else TUESDAY) for n in range(20)],
        predictions=[a_prediction(str(n), 0.9, at=earlier - WEEK) for n in range(20)],
        outcomes=[an_outcome(str(n), happened=n != 0 and n < 15, at=earlier if n < 10 else TUESDAY) for n in range(20)],
    ))  # fmt: skip
    last, before = performance_as_of(AFTER, "1")
    assert (last.figures["accuracy"].value, before.figures["accuracy"].value) == (0.5, 0.9)
    assert "; the period before accuracy 0.900" in said(last, before)[0]
