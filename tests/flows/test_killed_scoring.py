"""Scoring that dies between its stores is made good by the next run: answers are in both, and alerts are there."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from database.campaigns import unscored_members
from database.models import Alert
from database.predictions import predicted_contents
from database.session import reading as reading_database
from features.batches import featured
from flows import member_scoring, score_leads
from flows.member_scoring import score_members
from scoring.judging import Champions
from scoring.policy import policy
from tests.campaigns.qualifying import some_members
from tests.dying import die
from tests.factories import DAY, NOON, a_snapshot
from warehouse.connect import reading, rows

NO_MODELS = Champions(None, None)
BETWEEN = ("land_predictions", "alert", "keep_features", "keep_predictions")
"""What a run may have come to when it dies."""


def in_both() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Calls and contents that the warehouse and the database have answers of."""
    with reading() as warehouse:
        landed = rows(warehouse, "SELECT call_id, content_hash FROM predictions")
    return {(row["call_id"], row["content_hash"]) for row in landed}, predicted_contents("rules", "rules")


@pytest.mark.usefixtures("home", "prefect")
@pytest.mark.parametrize("died_at", BETWEEN)
def test_calls_that_were_answered_are_landed_kept_and_alerted(died_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = a_snapshot("warm", sentiment=0.9, notes="It is urgent: they want to sign. We meet again on Monday.")
    monkeypatch.setattr(score_leads, "policy", lambda: policy().model_copy(update={"alert_at": 50}))
    calls = [featured(warm), featured(a_snapshot("cold"))]

    def run(moment: datetime) -> tuple[int, int]:
        return score_leads.answer.fn(score_leads.unscored(calls, NO_MODELS), NO_MODELS, moment)

    _once_more(monkeypatch, score_leads, died_at, lambda: run(NOON))
    assert run(NOON + DAY)[0] == 2
    landed, kept = in_both()
    assert (len(landed), landed == kept) == (2, True)
    with reading_database() as database:
        assert database.scalars(select(Alert.subject)).all() == ["warm@acme.com"]
    assert run(NOON + DAY) == (0, 0)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("died_at", [name for name in BETWEEN if name != "alert"])
def test_members_that_were_scored_are_in_both_stores(died_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    some_members([80.0, 5.0, None])
    _once_more(monkeypatch, member_scoring, died_at, lambda: score_members("spring", NO_MODELS, NOON))
    assert score_members("spring", NO_MODELS, NOON + DAY) == 3
    landed, kept = in_both()
    assert (len(landed), landed == kept, unscored_members("spring", "", 9)) == (3, True, [])


def _once_more(patch: pytest.MonkeyPatch, module: object, died_at: str, run: Callable[[], object]) -> None:
    """A run that dies at a step."""
    with patch.context() as ended:
        ended.setattr(module, died_at, die)
        with pytest.raises(KeyboardInterrupt):
            run()
