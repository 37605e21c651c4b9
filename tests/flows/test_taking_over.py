"""What the service answered reaches the warehouse once and whole, however late a run comes and wherever one ends."""

from datetime import datetime
from pathlib import Path

import pytest

from database.predictions import keep_predictions
from flows import score_leads
from flows.score_leads import take_over_requests
from tests.dying import die
from tests.factories import DAY, NOON, a_prediction
from warehouse.connect import reading, rows

pytestmark = pytest.mark.usefixtures("home")


def in_the_warehouse() -> list[str]:
    with reading() as warehouse:
        found = rows(warehouse, "SELECT lead_id FROM predictions ORDER BY lead_id")
    return [row["lead_id"].split("@")[0] for row in found]


def answered(*names: str, at: datetime = NOON) -> None:
    keep_predictions(a_prediction(name, at=at, source="api") for name in names)


def test_after_a_long_pause_all_answers_go_over_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_leads, "LANDED_AT_ONCE", 2)
    answered("a", "b", "c", at=NOON - 30 * DAY)
    answered("d", "e")
    answered("later", at=NOON + DAY)
    assert (take_over_requests.fn(NOON), in_the_warehouse()) == (5, ["a", "b", "c", "d", "e"])
    assert (take_over_requests.fn(NOON), take_over_requests.fn(NOON + DAY), in_the_warehouse()[-1]) == (0, 1, "later")


def test_a_run_that_ends_between_the_two_stores_leaves_nothing_out_and_nothing_twice(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered("a", "b")
    with monkeypatch.context() as ended:
        ended.setattr(score_leads, "mark_landed", die)
        with pytest.raises(KeyboardInterrupt):
            take_over_requests.fn(NOON)
    assert in_the_warehouse() == ["a", "b"]
    answered("c", at=NOON - DAY)
    assert (take_over_requests.fn(NOON), in_the_warehouse()) == (1, ["a", "b", "c"])
