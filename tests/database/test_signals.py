"""Nothing that was paid for is bought twice: not later, not at the same moment, not after a crash."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from database.signals import Bought, Known, Spent, Wanted, claim, keep, known, note_run, spent, unfinished_runs
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")

TECH, FUNDING = Wanted("acme.com", "tech_stack"), Wanted("acme.com", "funding")
HOUR = timedelta(hours=1)


def found(wanted: Wanted, cost: float = 0.02) -> Bought:
    return Bought(wanted, {"names": ["Twilio"]}, 0.9, cost, None, NOON + 30 * DAY)


def missed(wanted: Wanted, cost: float = 0.02) -> Bought:
    return Bought(wanted, None, None, cost, "no such company", NOON + 7 * DAY)


def test_of_two_workers_one_may_buy() -> None:
    assert claim("ana", "pipe0", [TECH, FUNDING, TECH], NOON) == [FUNDING, TECH]
    assert claim("ben", "pipe0", [TECH, FUNDING], NOON) == []


def test_what_is_known_is_not_bought_before_it_expires() -> None:
    keep("ana", [found(one) for one in claim("ana", "pipe0", [TECH], NOON)], NOON)
    assert known(["acme.com"], NOON + DAY) == [Known(TECH, {"names": ["Twilio"]}, 0.9, "pipe0", None, NOON)]
    assert claim("ben", "pipe0", [TECH], NOON + 29 * DAY) == []
    assert claim("ben", "pipe0", [TECH], NOON + 30 * DAY) == [TECH]


def test_what_was_missed_is_known_to_be_missed_with_the_reason_and_not_asked_again_soon() -> None:
    keep("ana", [missed(one) for one in claim("ana", "pipe0", [TECH], NOON)], NOON)
    assert [(one.value, one.reason) for one in known(["acme.com"], NOON)] == [(None, "no such company")]
    assert claim("ben", "pipe0", [TECH], NOON + 6 * DAY) == []


def test_a_claim_of_a_worker_that_died_before_it_ordered_lapses() -> None:
    claim("ana", "pipe0", [TECH], NOON)
    assert claim("ben", "pipe0", [TECH], NOON + HOUR) == [TECH]
    assert keep("ana", [found(TECH)], NOON + HOUR) == 0


def test_the_result_of_a_worker_that_died_after_it_ordered_is_fetched_and_not_bought_again() -> None:
    claim("ana", "pipe0", [TECH, FUNDING], NOON)
    note_run("ana", "run-1", [TECH, FUNDING])
    assert claim("ben", "pipe0", [TECH, FUNDING], NOON + HOUR) == []
    assert unfinished_runs("ben", "pipe0", NOON + HOUR) == {"run-1": [FUNDING, TECH]}
    assert unfinished_runs("cy", "pipe0", NOON + HOUR) == {}
    assert keep("ben", [found(TECH), missed(FUNDING)], NOON + HOUR) == 2


def test_a_paid_call_that_found_nothing_is_a_cost_too() -> None:
    claim("ana", "pipe0", [TECH, Wanted("globex.com", "tech_stack")], NOON)
    keep("ana", [found(TECH, cost=0.25), missed(Wanted("globex.com", "tech_stack"), cost=0.25)], NOON)
    assert spent() == [Spent("tech_stack", "pipe0", found=1, missed=1, cost=0.5)]


BUYER = """
import sys
from datetime import datetime
from database.signals import Wanted, claim
wanted = [Wanted(f"company{n}.com", "tech_stack") for n in range(100)]
for start in range(0, 100, 5):
    for one in claim(sys.argv[1], "pipe0", wanted[start:start + 5], datetime(2026, 3, 18, 12)):
        print(one.entity_id)
"""


def test_four_processes_that_ask_at_the_same_moment_buy_each_signal_once(home: Path) -> None:
    buyers = [
        subprocess.Popen(
            [sys.executable, "-c", BUYER, f"buyer {n}"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"RINGBACK_HOME": str(home)},
        )
        for n in range(4)
    ]
    given = [line for buyer in buyers for line in buyer.communicate(timeout=60)[0].split()]
    assert sorted(given) == sorted(f"company{n}.com" for n in range(100))
