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


def test_a_column_that_tells_a_great_deal_is_worth_a_second_look_but_learned_from() -> None:
    better: list[Value] = [float(2.0 * happened + 0.85 * RNG.normal()) for happened in Y]
    honest: list[Value] = [float(1.75 * happened + RNG.normal()) for happened in Y]
    leaks = {leak.feature: leak for leak in leaks_in(rows(better=better, honest_score=honest), Y)}
    assert leaks["better"].is_left_out
    assert not leaks["honest_score"].is_left_out
    assert leaks["honest_score"].evidence.startswith("alone it tells a great deal (ROC AUC 0.8")


def test_mails_are_no_leak_though_open_calls_have_none_since_the_campaign_paused() -> None:
    sent: list[Value] = [None if n < N / 2 else float(n % 4 + 1) for n in range(N)]
    clicked: list[Value] = [None if n < N / 2 else float(n % 3 == 0) for n in range(N)]
    nobody = [{"honest": 0.0, "mails_sent": None, "mails_clicked": None, "custom.sent": None}] * 100
    told = found(rows(mails_sent=sent, mails_clicked=clicked, **{"custom.sent": sent}), nobody)
    assert list(told) == ["custom.sent"]


def test_a_date_that_lies_after_the_calls_is_worth_a_second_look() -> None:
    days: list[Value] = [-float(n % 30 + 1) for n in range(N)]
    (leak,) = leaks_in(rows(**{"custom.closed (days before the call)": days}), Y)
    assert (leak.feature, leak.is_left_out) == ("custom.closed (days before the call)", False)


def test_noise_is_seldom_accused_however_few_calls_there_are() -> None:
    accused = 0
    for _ in range(40):
        y = RNG.random(200) < 0.3
        accused += bool(leaks_in([{"a": float(a), "b": float(b)} for a, b in RNG.normal(size=(200, 2))], y))
    assert accused == 0


@pytest.mark.parametrize(("n", "rate"), [(120, 0.3), (200, 0.1), (600, 0.05), (1500, 0.02)])
def test_a_copy_of_the_outcome_is_found_however_few_or_rare_they_are(n: int, rate: float) -> None:
    y = np.arange(n) % round(1 / rate) == 0
    (leak,) = leaks_in([{"copy": float(happened), "noise": float(RNG.normal())} for happened in y], y)
    assert (leak.feature, leak.is_left_out) == ("copy", True)


def test_a_column_that_was_renamed_is_not_accused() -> None:
    old: list[Value] = [float(n % 9) if n < 400 else None for n in range(N)]
    new: list[Value] = [float(n % 9) if n >= 400 else None for n in range(N)]
    still_open: Rows = [{"honest": 0.0, "old": None, "new": 1.0} for _ in range(100)]
    assert found(rows(old=old, new=new), still_open) == {}


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
        "closed": "it is filled only once the outcome is known: in 100% of the latest 150 decided calls and 0% of "
        "100 open ones"
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
