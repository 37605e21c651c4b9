"""Companies wait by priority, are held under a lease, come back when a worker dies, and are given up in the end."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from database.queue import (
    LEASE,
    MOST_ATTEMPTS,
    DeadLetter,
    PutOff,
    Waiting,
    backlog,
    dead_letters,
    enqueue,
    fail,
    finish,
    put_back,
    put_off,
    requeue,
    take,
)
from tests.factories import DAY, NOON

pytestmark = pytest.mark.usefixtures("home")

MINUTE = timedelta(minutes=1)
ACME, GLOBEX, INITECH = (
    Waiting("acme.com", 70, "a warm call"),
    Waiting("globex.com", 90, "said in a call: pilot"),
    Waiting("initech.com", 60, "a warm call"),
)


def taken(worker: str, at_most: int = 10, minutes: float = 0) -> list[str]:
    return [one.subject_id for one in take(worker, at_most, NOON + minutes * MINUTE)]


def test_a_company_is_queued_once() -> None:
    assert enqueue([ACME, GLOBEX], NOON) == 2
    assert enqueue([Waiting("acme.com", 90, "said in a call: pilot")], NOON + DAY) == 0
    assert enqueue([], NOON) == 0


def test_the_highest_priority_is_taken_first_and_by_one_worker_only() -> None:
    enqueue([ACME, GLOBEX, INITECH], NOON)
    assert taken("ana", 2) == ["globex.com", "acme.com"]
    assert taken("ben") == ["initech.com"]
    assert taken("cy") == []


def test_what_is_finished_is_not_handed_out_again() -> None:
    enqueue([ACME], NOON)
    assert finish("ana", taken("ana")) == 1
    assert taken("ben", minutes=60 * 24) == []
    assert backlog() == {"done": 1}


def test_what_a_dead_worker_held_comes_back_when_its_lease_runs_out() -> None:
    enqueue([ACME], NOON)
    assert taken("ana") == ["acme.com"]
    assert taken("ben", minutes=LEASE / MINUTE - 1) == []
    assert taken("ben", minutes=LEASE / MINUTE) == ["acme.com"]
    assert finish("ana", ["acme.com"]) == 0
    assert finish("ben", ["acme.com"]) == 1


def test_after_a_failure_it_waits_twice_as_long_each_time() -> None:
    enqueue([ACME], NOON)
    for worker, at, waits in (("ana", 0, 5), ("ben", 5, 10), ("cy", 15, 20)):
        assert taken(worker, minutes=at) == ["acme.com"]
        assert fail(worker, "acme.com", "the vendor was down", NOON + at * MINUTE) == 1
        assert taken("too soon", minutes=at + waits - 1) == []


def test_it_is_told_what_is_put_off_and_until_when_of_all_or_of_a_batch() -> None:
    enqueue([ACME, GLOBEX], NOON, "ours")
    enqueue([INITECH], NOON)
    assert put_off() == []
    take("one", 3, NOON)
    put_back("one", ["acme.com"], NOON + DAY, "the spending ceiling of $5.00 for one day is reached")
    put_back("one", ["initech.com"], NOON + 2 * DAY, "the spending ceiling of $5.00 for one day is reached")
    fail("one", "globex.com", "the vendor failed", NOON)
    ceiling = PutOff("the spending ceiling of $5.00 for one day is reached", 2, NOON + DAY)
    assert put_off() == [ceiling, PutOff("the vendor failed", 1, NOON + timedelta(minutes=5))]
    assert [(one.subjects, one.because) for one in put_off("ours")] == [
        (1, "the spending ceiling of $5.00 for one day is reached"), (1, "the vendor failed"),
    ]  # fmt: skip


def test_after_the_fifth_failure_it_is_a_dead_letter_that_can_be_queued_again() -> None:
    enqueue([ACME], NOON)
    for day in range(MOST_ATTEMPTS):
        assert taken("ana", minutes=day * 1440) == ["acme.com"]
        fail("ana", "acme.com", "no such company", NOON + day * DAY)
    assert taken("ana", minutes=10 * 1440) == []
    assert dead_letters() == [DeadLetter("acme.com", MOST_ATTEMPTS, "no such company")]
    assert requeue(["acme.com"]) == 1
    assert taken("ana", minutes=10 * 1440) == ["acme.com"]


def test_a_company_that_kills_each_of_its_workers_is_given_up() -> None:
    enqueue([ACME], NOON)
    for day in range(MOST_ATTEMPTS):
        assert taken(f"worker {day}", minutes=day * 1440) == ["acme.com"]
    assert taken("one more", minutes=MOST_ATTEMPTS * 1440) == []
    assert [letter.failed_because for letter in dead_letters()] == ["its worker never came back"]


WORKER = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from database.queue import finish, take
worker, at, ledger = sys.argv[1], datetime.fromisoformat(sys.argv[2]), Path(sys.argv[3])
while held := take(worker, 3, at, lease=timedelta(minutes=10)):
    for one in held:
        if finish(worker, [one.subject_id]):
            with ledger.open("a") as file:
                file.write(one.subject_id + "\\n")
    print("round", flush=True)
"""


def test_workers_killed_at_random_finish_every_company_once(home: Path, tmp_path: Path) -> None:
    enqueue([Waiting(f"company{n}.com", n % 100, "a warm call") for n in range(200)], NOON)
    ledger = tmp_path / "finished.txt"
    for round_number in range(3):
        at = (NOON + round_number * DAY).isoformat()
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, f"{round_number}-{n}", at, str(ledger)],
                stdout=subprocess.PIPE,
                env=os.environ | {"RINGBACK_HOME": str(home)},
            )
            for n in range(3)
        ]
        for n, worker in enumerate(workers):
            assert worker.stdout
            if round_number < 2:
                for _ in range(4 + n):  # in the middle of its work, at another place each time
                    worker.stdout.readline()
                worker.send_signal(signal.SIGKILL)
            worker.communicate(timeout=60)
    finished = Counter(ledger.read_text().split())
    assert backlog() == {"done": 200}
    assert len(finished) >= 200 - 6  # a worker killed between finishing and writing its line: at most one line a kill
    assert set(finished.values()) == {1}
