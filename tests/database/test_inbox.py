"""Deliveries are kept once, held under a lease, tried ever later, and given up in the end."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from database.inbox import (
    LEASE,
    MOST_ATTEMPTS,
    Name,
    backlog,
    dead_letters,
    done_since,
    fail,
    finish,
    finish_waiting,
    forget_done,
    keep,
    put_back,
    requeue,
    take,
)
from tests.factories import DAY, HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")
ONE, TWO = Name("leads", "1"), Name("leads", "2")
SECOND = timedelta(seconds=1)


def held(worker: str, after: timedelta = timedelta(0), sources: tuple[str, ...] = ("leads",)) -> list[Name]:
    return [one.name for one in take(worker, sources, 10, NOON + after)]


def test_a_delivery_is_kept_once_whatever_comes_again_under_its_name() -> None:
    assert keep(ONE, '{"first": 1}', {}, NOON)
    assert not keep(ONE, '{"again": 1}', {}, NOON + HOUR)
    assert keep(Name("fellow", "1"), "{}", {}, NOON)
    assert [one.body for one in take("ana", ["leads"], 10, NOON)] == ['{"first": 1}']


def test_the_oldest_is_taken_first_by_one_worker_only_and_of_the_sources_it_knows() -> None:
    keep(TWO, "{}", {}, NOON + SECOND)
    keep(ONE, "{}", {}, NOON)
    assert held("ana", HOUR, ("fellow",)) == []
    assert held("ana", timedelta(minutes=1)) == [ONE, TWO]
    assert held("ben", timedelta(minutes=1)) == []


def test_what_is_done_is_not_taken_again_and_can_be_forgotten() -> None:
    keep(ONE, "{}", {}, NOON)
    assert finish("ana", held("ana"), NOON) == 1
    assert held("ben", DAY) == []
    assert (forget_done(NOON), forget_done(NOON + DAY), backlog()) == (0, 1, {})


def test_what_was_worked_off_lately_is_found_however_long_ago_it_came() -> None:
    for name, days in ((ONE, 20), (TWO, 9)):
        keep(name, "{}", {}, NOON - 20 * DAY)
        finish("ana", [one.name for one in take("ana", ("leads",), 1, NOON - days * DAY)], NOON - days * DAY)
    assert [one.name for one in done_since("leads", NOON - 10 * DAY)] == [TWO]


def test_a_failed_delivery_waits_longer_each_time_and_is_given_up_after_the_fifth() -> None:
    keep(ONE, "{}", {}, NOON)
    after, waits = timedelta(0), list[int]()
    for _ in range(MOST_ATTEMPTS):
        assert held("ana", after) == [ONE]
        fail("ana", ONE, "no network", NOON + after)
        start = after
        while held("ben", after) == [] and after - start < 2 * HOUR:
            after += 10 * SECOND
        waits.append(int((after - start).total_seconds()))
        put_back("ben", [ONE], NOON + after)
    assert waits[:4] == [10, 40, 160, 640]
    assert [(letter.name, letter.attempts, letter.failed_because) for letter in dead_letters()] == [
        (ONE, 5, "no network")
    ]
    assert requeue([ONE]) == 1
    assert held("ana", after) == [ONE]


def test_what_is_put_back_has_not_been_tried() -> None:
    keep(ONE, "{}", {}, NOON)
    for number in range(2 * MOST_ATTEMPTS):
        assert held("ana", number * HOUR) == [ONE]
        assert put_back("ana", [ONE], NOON + (number + 1) * HOUR) == 1
    assert backlog() == {"waiting": 1}


def test_a_lease_that_ran_out_goes_to_the_next_worker_and_the_late_one_changes_nothing() -> None:
    keep(ONE, "{}", {}, NOON)
    assert held("ana") == [ONE]
    assert held("ben", LEASE - SECOND) == []
    assert held("ben", LEASE) == [ONE]
    assert finish("ana", [ONE], NOON + LEASE) == 0
    assert finish("ben", [ONE], NOON + LEASE) == 1


def test_what_killed_its_every_worker_is_given_up() -> None:
    keep(ONE, "{}", {}, NOON)
    for number in range(MOST_ATTEMPTS):
        assert held(f"worker {number}", number * LEASE) == [ONE]
    assert held("the last", MOST_ATTEMPTS * LEASE) == []
    assert [letter.failed_because for letter in dead_letters()] == ["its worker never came back"]


def test_what_a_killed_process_held_comes_back(home: Path) -> None:
    keep(ONE, "{}", {}, NOON)
    holder = (
        "import time; from datetime import datetime; from database.inbox import take;"
        "print(len(take('gone', ['leads'], 10, datetime(2026, 3, 18, 12))), flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, env=os.environ | {
        "RINGBACK_HOME": str(home), "PYTHONPATH": os.getcwd(),
    })  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (held("ana"), held("ana", LEASE)) == ([], [ONE])


def test_a_run_that_read_everything_ends_all_that_came_before_it() -> None:
    keep(ONE, "{}", {}, NOON)
    keep(TWO, "{}", {}, NOON + HOUR)
    assert held("ana") == [ONE, TWO]
    assert finish_waiting("leads", NOON + HOUR, NOON + HOUR) == 1
    assert backlog()["done"] == 1
