"""A company waits for enrichment once."""

import pytest

from database.queue import Waiting, enqueue
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")


def test_a_company_is_queued_once() -> None:
    assert enqueue([Waiting("acme.com", 70, "a warm call"), Waiting("globex.com", 60, "a warm call")], NOON) == 2
    assert enqueue([Waiting("acme.com", 90, "said in a call: pilot")], NOON + DAY) == 0
    assert enqueue([], NOON) == 0
