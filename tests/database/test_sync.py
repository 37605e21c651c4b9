"""The mark of how far a vendor was read only moves forward."""

import pytest

from database.sync import high_water, move_high_water
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")


def test_there_is_no_mark_before_the_first_time() -> None:
    assert high_water("fellow", "recording") is None


def test_the_mark_moves_forward_and_never_back() -> None:
    for moment in (NOON, NOON + DAY, NOON - DAY):
        move_high_water("fellow", "recording", moment)
    assert high_water("fellow", "recording") == NOON + DAY


def test_each_kind_has_its_own_mark() -> None:
    move_high_water("fellow", "recording", NOON)
    assert high_water("fellow", "note") is None
