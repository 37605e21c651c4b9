"""The sceptic who feeds it a leaky column is told so; honest columns are left alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ringback.records import Value
from training.leakage import find_leaks, leaks_in

RNG = np.random.default_rng(2)
N = 600
KNOWN = RNG.normal(size=N)
Y: NDArray[np.bool_] = RNG.random(N) < 1 / (1 + np.exp(-(0.5 * KNOWN - 0.5)))

Rows = list[dict[str, Value]]


def rows(**columns: list[Value]) -> Rows:
    """Decided calls with an honest column that tells something, and further ones."""
    return [{"honest": float(KNOWN[n])} | {name: values[n] for name, values in columns.items()} for n in range(N)]


def found(decided: Rows, still_open: Rows | None = None) -> dict[str, str]:
    return {leak.feature: leak.evidence for leak in leaks_in(decided, Y, still_open or [])}


def test_honest_columns_are_left_alone() -> None:
    many: list[Value] = [f"city {n % 40}" for n in range(N)]
    gaps: list[Value] = [None if n % 3 else 1.0 * n for n in range(N)]
    assert found(rows(city=many, gaps=gaps), rows(city=many, gaps=gaps)[:100]) == {}


def test_a_number_that_tells_the_outcome_is_named_with_its_auc() -> None:
    after: list[Value] = [float(3 * happened + RNG.normal()) for happened in Y]
    assert found(rows(minutes_after=after))["minutes_after"].startswith(
        "alone it tells how the call ended (ROC AUC 0.9"
    )


def test_a_column_far_ahead_of_all_others_is_named_with_the_next_best() -> None:
    better: list[Value] = [float(1.5 * happened + RNG.normal()) for happened in Y]
    assert "far more than any other column" in found(rows(better=better))["better"]


def test_a_category_that_tells_the_outcome_is_named() -> None:
    stage: list[Value] = ["contract" if happened else ("lost" if n % 2 else "dropped") for n, happened in enumerate(Y)]
    assert list(found(rows(stage=stage))) == ["stage"]


def test_a_column_whose_gaps_tell_the_outcome_is_named() -> None:
    reason: list[Value] = [None if happened else f"reason {n % 5}" for n, happened in enumerate(Y)]
    assert found(rows(loss_reason=reason)) == {
        "loss_reason": "whether it is filled tells how the call ended: in 0% of the calls that ended well and 100% of "
        "the others"
    }


def test_a_column_that_is_filled_only_for_decided_calls_is_named() -> None:
    closed: list[Value] = [float(n % 12) for n in range(N)]
    still_open: Rows = [{"honest": 0.0, "closed": None} for _ in range(100)]
    assert found(rows(closed=closed), still_open) == {
        "closed": "it is filled only once the outcome is known: in 100% of 600 decided calls and 0% of 100 open ones"
    }


def test_a_column_that_only_follows_the_times_is_not_taken_for_a_leak() -> None:
    """The rate of success rises over time, and so does the column: within any stretch of time it tells nothing."""
    y = RNG.random(2000) < np.linspace(0.02, 0.98, 2000)
    assert leaks_in([{"index": float(n + RNG.normal(0, 50))} for n in range(2000)], y) == []


@pytest.mark.parametrize(("trusted", "is_trusted"), [((), False), (("closed",), True), (("custom.closed",), True)])
def test_a_person_may_trust_a_column_by_either_name(trusted: tuple[str, ...], is_trusted: bool) -> None:
    from dataclasses import replace

    from tests.training.synthetic import training_rows

    data = training_rows()
    told = [{"custom.closed (month)": float(happened)} for happened in data.y]
    assert [(leak.feature, leak.is_trusted) for leak in find_leaks(replace(data, rows=told), trusted)] == [
        ("custom.closed (month)", is_trusted)
    ]


def test_training_leaves_a_leak_out_and_says_so() -> None:
    from tests.training.synthetic import trained

    assert [(leak.feature, leak.is_trusted) for leak in trained().leaks] == [("custom.stage", False)]
    assert "custom.stage" not in trained().encoding.sources
