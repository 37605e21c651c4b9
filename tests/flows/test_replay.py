"""History runs once more beside the live stores, and the champions of the day are judged on what came after."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from flows.replay import after, moments
from monitoring.prequential import FROZEN, RATE, SYSTEM, Period, record_of
from ringback.clock import WEEK
from ringback.errors import WrongUsage
from tests.factories import NOON


@pytest.mark.parametrize(
    ("moment", "every", "next_one"),
    [
        (datetime(2009, 12, 1), "month", datetime(2010, 1, 1)),
        (datetime(2010, 1, 31), "month", datetime(2010, 2, 28)),
        (datetime(2010, 11, 30), "quarter", datetime(2011, 2, 28)),
        (datetime(2010, 1, 31), "week", datetime(2010, 2, 7)),
        (datetime(2010, 2, 28), "day", datetime(2010, 3, 1)),
    ],
)
def test_a_step_later(moment: datetime, every: str, next_one: datetime) -> None:
    assert after(moment, every) == next_one  # type: ignore[arg-type]  # a literal each


def test_an_end_before_the_start_is_said() -> None:
    with pytest.raises(WrongUsage, match="--to 2009-01-01 does not come after --from 2010-01-01"):
        moments(datetime(2010, 1, 1), datetime(2009, 1, 1), "month")


def a_period(number: int, sharp: bool) -> Period:
    """A hundred calls; the system knows which end well, the frozen champion half knows, the rate knows nothing."""
    rng = np.random.default_rng(number)
    truth = rng.random(100)
    y = rng.random(100) < truth
    return Period(
        start=NOON + number * WEEK,
        champion="version 1, xgboost",
        y=y,
        said={SYSTEM: truth, FROZEN: 0.5 + (truth - 0.5) * 0.2 if sharp else truth, RATE: np.full(100, 0.5)},
    )


def test_the_record_pools_the_periods_and_says_what_the_system_gains() -> None:
    record = record_of([a_period(n, sharp=True) for n in range(6)])
    by_name = {one.forecaster: one for one in record.figures}
    assert (record.calls, record.periods, list(by_name)) == (600, 6, [SYSTEM, FROZEN, RATE])
    assert by_name[RATE].brier == pytest.approx(0.25)
    assert by_name[RATE].within_roc_auc == pytest.approx(0.5)
    gain, low, high = by_name[RATE].difference["brier"]
    assert gain == pytest.approx(by_name[RATE].brier - by_name[SYSTEM].brier)
    assert 0 < low < gain < high
    assert by_name[SYSTEM].difference == {}


def test_two_that_say_the_same_differ_by_nothing() -> None:
    record = record_of([a_period(n, sharp=False) for n in range(3)])
    frozen = next(one for one in record.figures if one.forecaster == FROZEN)
    assert frozen.difference == {"roc_auc": (0.0, 0.0, 0.0), "brier": (0.0, 0.0, 0.0)}


def test_rows_of_the_answers_are_kept(tmp_path: Path) -> None:
    from flows.replay import keep

    kept = keep([a_period(0, sharp=True)], tmp_path / "answers.csv").read_text().splitlines()
    assert kept[0] == f'period,champion,happened,{SYSTEM},"{FROZEN}","{RATE}"'
    assert len(kept) == 101
