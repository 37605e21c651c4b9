"""A label is an outcome that is known and mature; an open call is neither good nor bad."""

from datetime import datetime

import pytest

from features.labels import decided_as_of, labels_as_of
from ringback.records import Outcome
from tests.factories import DAY, NOON, an_outcome
from warehouse.connect import writing
from warehouse.landing import land_outcomes

pytestmark = pytest.mark.usefixtures("home")

RIPE = NOON + 35 * DAY


def land(*outcomes: Outcome) -> None:
    with writing() as warehouse:
        land_outcomes(warehouse, outcomes)


def progressed(as_of: datetime) -> dict[str, bool]:
    return {call_id: label.happened for call_id, label in labels_as_of(as_of)["progression"].items()}


def test_a_quick_win_is_not_learned_from_before_its_slow_losses_could_have_come_in() -> None:
    land(an_outcome(known_at=NOON, matures_at=RIPE))
    assert [progressed(at) for at in (NOON, RIPE - DAY, RIPE)] == [{}, {}, {"fellow:one": True}]


def test_an_open_call_has_no_label() -> None:
    assert labels_as_of(RIPE) == {"progression": {}, "voice_ai": {}}


def test_a_later_statement_replaces_an_earlier_one_from_then_on() -> None:
    land(an_outcome(happened=True, known_at=NOON))
    land(an_outcome(happened=False, known_at=NOON + DAY))
    assert [progressed(at)["fellow:one"] for at in (NOON, NOON + DAY)] == [True, False]


def test_targets_are_labelled_apart() -> None:
    land(an_outcome(target="voice_ai", known_at=NOON))
    assert (list(labels_as_of(NOON)["voice_ai"]), progressed(NOON)) == (["fellow:one"], {})


def test_a_call_is_decided_as_soon_as_its_progression_is_known() -> None:
    land(an_outcome("one", known_at=NOON, matures_at=RIPE), an_outcome("two", known_at=NOON, target="voice_ai"))
    assert (decided_as_of(NOON - DAY), decided_as_of(NOON)) == (set(), {"fellow:one"})
