"""An answer is on disk before anybody is told of it, and comes into the database once, whoever brings it there."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from database.models import ScoredFeatures
from database.session import reading
from database.shadow import ShadowAnswer, shadow_answers
from ringback.errors import StoreError
from ringback.records import Prediction
from ringback.settings import CHECKOUT
from scoring import log
from scoring.log import PredictionLog, bring_in, folder, line_of, waiting_bytes
from scoring.scorer import Answer
from scoring.service import Scored
from tests.factories import NOON, a_prediction

pytestmark = pytest.mark.usefixtures("home")


def a_line(name: str = "one", **known: Any) -> bytes:
    """The line of an answer about the lead NAME@acme.com."""
    prediction = a_prediction(name, **({"features_hash": f"features of {name}"} | known))
    scored = Scored(prediction, {"sentiment": 0.5}, Answer(0.5, None, 50.0, 0.8, (), None, {}), (), ())
    return line_of(scored, {"request_id": "r", "key_id": "k"})


def ids() -> list[str]:
    with reading() as connection:
        return list(connection.scalars(text("SELECT lead_id FROM predictions ORDER BY lead_id")))


def files(pattern: str = "*.jsonl") -> list[Path]:
    return sorted(folder().glob(pattern))


def left_behind(*lines: bytes, name: str = "20260318T120000-1-dead.jsonl") -> Path:
    """A file of a process that is gone."""
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / name).write_bytes(b"".join(lines))
    return folder() / name


@pytest.fixture
def written() -> Iterator[PredictionLog]:
    made = PredictionLog()
    yield made
    made.close()


def test_a_line_is_in_the_file_before_append_returns(written: PredictionLog) -> None:
    written.append(a_line())
    written.append(a_line("two"))
    (file,) = files()
    assert file.read_bytes() == a_line() + a_line("two")
    assert (waiting_bytes(), file.stat().st_mode & 0o777) == (file.stat().st_size, 0o600)


def test_an_answer_comes_into_the_database_as_it_was_given(written: PredictionLog) -> None:
    beside = {"progression": {"version": "2", "probability": 0.25}}
    said = a_prediction(
        features_hash="f", source="api", answered_by="champion", points=50.25, voice_ai_weight=0.3, challenger=beside
    )
    written.append(line_of(Scored(said, {"a": 1.5, "b": None, "c": "x"}, None, (), ()), {}))  # type: ignore[arg-type]
    assert bring_in() == 1
    with reading() as connection:
        row = connection.scalars(select(ScoredFeatures.row)).one()
    assert row == {"a": 1.5, "b": None, "c": "x"}
    assert shadow_answers("progression", "1", "2", NOON) == [
        ShadowAnswer("fellow:one", "first", "progression", "1", "2", 0.5, 0.25, NOON)
    ]
    assert (kept(), waiting_bytes()) == ([said], 0)


def kept() -> list[Prediction]:
    from database.models import Prediction as Table
    from database.predictions import prediction_of

    with reading() as connection:
        return [prediction_of(row) for row in connection.execute(select(Table))]


def test_an_answer_is_kept_once_however_often_it_is_brought_in(written: PredictionLog) -> None:
    written.append(a_line())
    assert (bring_in(), bring_in()) == (1, 0)
    written.append(a_line("two"))
    written.append(a_line())
    assert (bring_in(), ids()) == (2, ["one@acme.com", "two@acme.com"])


def test_threads_that_bring_in_together_keep_each_answer_once() -> None:
    for number in range(3):
        left_behind(*(a_line(f"{number}-{n:03}") for n in range(150)), name=f"20260318T12000{number}-1-x.jsonl")
    brought: list[int] = []
    threads = [Thread(target=lambda: brought.append(bring_in())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(brought) == 4
    while more := bring_in():
        brought.append(more)
    assert (sum(brought), len(ids()), len(set(ids()))) == (450, 450, 450)
    assert (files(), len(files("done/*"))) == ([], 3)


def test_a_torn_last_line_is_never_read_and_never_continued(written: PredictionLog) -> None:
    torn = left_behind(a_line(), a_line("two"), a_line("torn")[:-20])
    written.append(a_line("three"))
    assert (bring_in(), ids()) == (3, ["one@acme.com", "three@acme.com", "two@acme.com"])
    assert [path.name for path in files("done/*")] == [torn.name]
    assert (folder() / "done" / torn.name).read_bytes().endswith(a_line("torn")[:-20])


def test_a_file_is_taken_over_from_a_process_that_is_gone_but_not_from_one_that_lives(written: PredictionLog) -> None:
    written.append(a_line())
    left_behind(a_line("two"))
    assert bring_in() == 2
    assert (len(files()), len(files("done/*"))) == (1, 1)
    written.append(a_line("three"))
    written.close()
    assert (bring_in(), len(files()), len(files("done/*"))) == (1, 0, 2)


def test_a_process_that_is_killed_loses_no_answer() -> None:
    code = (
        "import os, sys; from scoring.log import PredictionLog; "
        "PredictionLog().append(sys.stdin.buffer.read()); print('answered', flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=a_line(), capture_output=True, cwd=CHECKOUT)
    assert (done.stdout, done.returncode) == (b"answered\n", -9)
    assert (bring_in(), ids(), len(files("done/*"))) == (1, ["one@acme.com"], 1)


def test_a_file_is_locked_before_others_can_see_it(written: PredictionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process's round in between would take it for one that nobody writes."""
    lock = log.fcntl.flock

    def with_a_round_before(*asked: Any) -> None:
        monkeypatch.setattr(log.fcntl, "flock", lock)
        bring_in()
        lock(*asked)

    monkeypatch.setattr(log.fcntl, "flock", with_a_round_before)
    written.append(a_line())
    assert (len(files()), files("done/*"), bring_in()) == (1, [], 1)


def test_what_the_disk_does_not_take_is_refused_and_nothing_follows_it(
    written: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.append(a_line())
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:10]))
        with pytest.raises(StoreError, match="the disk is full"):
            written.append(a_line("torn"))
    written.append(a_line("two"))
    assert {file.read_bytes() for file in files()} == {a_line() + a_line("torn")[:10], a_line("two")}
    assert (bring_in(), ids()) == (2, ["one@acme.com", "two@acme.com"])


def test_a_disk_that_refuses_says_so_and_the_next_answer_gets_a_file_of_its_own(
    written: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", refuse)
        with pytest.raises(StoreError, match="No space left on device"):
            written.append(a_line())
    written.append(a_line("two"))
    assert (bring_in(), ids()) == (1, ["two@acme.com"])


def test_a_file_that_has_grown_large_is_made_durable_and_followed_by_another(
    written: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_durable: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (made_durable.append(os.fstat(file).st_ino), fsync(file))[1])
    monkeypatch.setattr(log, "LARGEST_FILE", 100)
    written.append(a_line())
    (first,) = files()
    written.append(a_line("two"))
    assert (len(files()), made_durable) == (2, [first.stat().st_ino])
    assert (bring_in(), len(files("done/*"))) == (2, 1)


UNREADABLE = [
    b"no json\n", b"[1]\n", b"5\n", b'{"prediction":{}}\n', b'{"prediction":null,"features":{}}\n', b"\xff\xfe\n",
    a_line().replace(b'"features":{"sentiment":0.5}', b'"features":[]'),
    a_line().replace(b'"lead_id":"one@acme.com"', b'"lead_id":{"a":1}'),
    a_line().replace(b'"qualification_score":50', b'"qualification_score":"high"'),
    a_line().replace(b'"predicted_at":"2026-03-18T12:00:00"', b'"predicted_at":7'),
    a_line(challenger={"progression": {"version": "2"}}), a_line()[:-1].replace(b"}", b',"more":1}') + b"\n",
]  # fmt: skip


def test_lines_that_cannot_be_read_are_kept_beside_with_the_reason_and_hold_up_nothing() -> None:
    path = left_behind(a_line("before"), *UNREADABLE, a_line("behind"))
    assert (bring_in(), ids()) == (2, ["before@acme.com", "behind@acme.com"])
    (rejects,) = files("*.rejects")
    told = [orjson.loads(line) for line in rejects.read_bytes().splitlines()]
    assert rejects.name == f"{path.name}.rejects"
    assert [one["line"] for one in told] == [one.decode("utf-8", "backslashreplace")[:-1] for one in UNREADABLE]
    assert all(one["because"] for one in told)
    whole = (folder() / "done" / path.name).read_bytes()
    assert [whole[one["at"] :].split(b"\n")[0] + b"\n" for one in told] == UNREADABLE


def test_a_line_that_cannot_be_read_is_kept_once_where_the_database_failed_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left_behind(b"no json\n", a_line())
    with monkeypatch.context() as away:
        away.setattr(log, "keep_logged", _is_away)
        for _ in range(2):
            with pytest.raises(OperationalError):
                bring_in()
    assert (len(files()), ids(), waiting_bytes()) == (1, [], len(b"no json\n" + a_line()))
    assert bring_in() == 1
    (rejects,) = files("*.rejects")
    assert (len(rejects.read_bytes().splitlines()), ids(), waiting_bytes()) == (1, ["one@acme.com"], 0)


def _is_away(*_: object) -> bool:
    raise OperationalError("INSERT", {}, Exception("the database is away"))


def test_what_waits_can_be_told_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    left_behind(a_line())
    monkeypatch.setattr(log, "read_to", _is_away)
    assert waiting_bytes() == len(a_line())


def test_an_alert_is_raised_once_for_a_lead_that_scores_high_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    left_behind(a_line("high", qualification_score=80, company_name="Acme"), a_line("low", qualification_score=79))
    left_behind(a_line("again", lead_id="high@acme.com", qualification_score=95), name="20260319T120000-1-b.jsonl")
    with monkeypatch.context() as ended:  # after the alert, before the mark: whoever comes next does it again
        ended.setattr(log, "keep_logged", _is_away)
        with pytest.raises(OperationalError):
            bring_in()
    bring_in()
    bring_in()
    with reading() as connection:
        alerts = connection.execute(text("SELECT kind, subject, text FROM alerts")).all()
    assert alerts == [
        ("high_value_lead", "high@acme.com", "Acme scores 80: Pricing came up once (raises the score)")
    ]  # fmt: skip


def test_nothing_is_waiting_where_nothing_was_ever_answered() -> None:
    assert (bring_in(), waiting_bytes(), folder().exists()) == (0, 0, False)


def test_a_disk_that_stays_full_is_not_filled_with_files(
    written: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int) -> Callable[..., int]:
        def write(*_: object) -> int:
            raise OSError(number, os.strerror(number))

        return write

    for number in (errno.ENOSPC, errno.EIO):
        with monkeypatch.context() as full:
            full.setattr(os, "write", refuse(number))
            for _ in range(5):
                with pytest.raises(StoreError):
                    written.append(a_line())
    with monkeypatch.context() as full:
        full.setattr(os, "rename", refuse(errno.ENOSPC))
        with pytest.raises(StoreError, match="No space left on device"):
            written.append(a_line())
    assert files("*") == []
    written.append(a_line("two"))
    assert (len(files("*")), bring_in(), ids()) == (1, 1, ["two@acme.com"])


def test_an_answer_to_somebody_who_merely_asks_alerts_nobody() -> None:
    left_behind(
        a_line("asked", qualification_score=95, source="api", call_id="request:1"),
        a_line("called", qualification_score=95, source="api", call_id="c1"),
        a_line("told", qualification_score=95, source="webhook", call_id="request:2"),
    )
    bring_in()
    with reading() as connection:
        alerted = list(connection.scalars(text("SELECT subject FROM alerts ORDER BY subject")))
    assert alerted == ["called@acme.com", "told@acme.com"]
