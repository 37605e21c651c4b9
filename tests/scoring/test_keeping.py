"""The log of answers is brought in by a process beside the service, which outlives failures and ends with it."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest
from sqlalchemy.exc import OperationalError

from ringback.settings import CHECKOUT
from scoring import keeping, log
from scoring.keeping import Keeper, kept
from scoring.log import PredictionLog, waiting_bytes
from tests.scoring.test_log import a_line, files, ids

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def written() -> Iterator[PredictionLog]:
    made = PredictionLog()
    yield made
    made.close()


@pytest.fixture
def keeper() -> Iterator["subprocess.Popen[bytes]"]:
    """The process by itself."""
    process = subprocess.Popen((sys.executable, "-m", "scoring.keeping"), stdin=subprocess.PIPE, cwd=CHECKOUT)
    yield process
    process.kill()
    process.communicate()


def until(is_so: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something comes true in time."""
    began = monotonic()
    while not is_so() and monotonic() - began < seconds:
        sleep(0.02)
    return is_so()


def test_a_round_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch, written: PredictionLog) -> None:
    def is_away(*_: object) -> bool:
        raise OperationalError("INSERT", {}, Exception("the database is away"))

    written.append(a_line())
    with monkeypatch.context() as away:
        away.setattr(log, "keep_logged", is_away)
        Keeper().keep()
        assert ids() == []
    Keeper().keep()
    assert ids() == ["one@acme.com"]


def test_what_was_written_is_made_durable_once(monkeypatch: pytest.MonkeyPatch, written: PredictionLog) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    keeper = Keeper()
    counts = []
    for lines in ((a_line(),), (), (a_line("two"), a_line("three"))):
        for line in lines:
            written.append(line)
        keeper.keep()
        counts.append(len(flushed))
    assert counts == [1, 1, 2]


def test_answers_are_brought_in_beside_the_service_and_what_is_left_at_its_end(written: PredictionLog) -> None:
    with kept():
        written.append(a_line())
        assert until(lambda: ids() == ["one@acme.com"])
        written.append(a_line("two"))
        written.close()
    assert (ids(), files(), len(files("done/*"))) == (["one@acme.com", "two@acme.com"], [], 1)


def test_a_keeper_that_is_killed_is_started_again(monkeypatch: pytest.MonkeyPatch, written: PredictionLog) -> None:
    monkeypatch.setattr(keeping, "AGAIN_AFTER_SECONDS", 0.05)
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *asked: object, **more: object) -> None:
            super().__init__(*asked, **more)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(keeping, "Popen", Noted)
    with kept():
        assert until(lambda: bool(started))
        started[0].kill()
        assert until(lambda: len(started) == 2)
        written.append(a_line())
        assert until(lambda: ids() == ["one@acme.com"])
    assert [one.returncode for one in started] == [-signal.SIGKILL, 0]


def test_where_no_process_can_be_started_it_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, written: PredictionLog
) -> None:
    monkeypatch.setattr(keeping, "AGAIN_AFTER_SECONDS", 0.05)
    asked: list[object] = []

    class Refused(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *command: object, **more: object) -> None:
            asked.append(command)
            if len(asked) < 3:
                raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
            super().__init__(*command, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(keeping, "Popen", Refused)
    with kept():
        written.append(a_line())
        assert until(lambda: ids() == ["one@acme.com"])
    assert len(asked) == 3


def test_the_keeper_ends_when_nobody_holds_its_input_and_not_by_a_signal_to_all(
    keeper: "subprocess.Popen[bytes]", written: PredictionLog
) -> None:
    written.append(a_line())
    assert until(lambda: ids() == ["one@acme.com"])
    keeper.send_signal(signal.SIGINT)
    keeper.send_signal(signal.SIGTERM)
    written.append(a_line("two"))
    assert until(lambda: waiting_bytes() == 0)
    keeper.communicate(timeout=20)
    assert keeper.returncode == 0
