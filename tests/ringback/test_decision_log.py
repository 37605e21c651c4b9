"""The logger that other systems copy: it never blocks, never raises, loses nothing silently."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ringback import decision_log
from ringback.decision_log import LARGEST_ENTRY, DecisionFile, DecisionLog
from ringback.settings import CHECKOUT
from warehouse.decisions import land_decisions, landing_folder

NOON = datetime(2026, 3, 18, 12)


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_bytes().splitlines()]


def one(folder: Path, **said: Any) -> dict[str, Any]:
    """The line that a decision becomes."""
    with DecisionLog(folder, "bot") as log:
        log.decision("website_analysis", **({"method": "crawler", "success": True} | said))
    (entry,) = entries(folder)
    return entry


def test_a_decision_becomes_a_line_in_the_customers_schema(tmp_path: Path) -> None:
    said = one(
        tmp_path, lead={"name": "Ana", "company": "Acme"}, input={"pages": 3}, output={"traits": ["saas"]},
        confidence="high", seconds=1.5, labels={"quality_score": 80}, entry_id="e1", session_id="s1", at=NOON,
        template="t1",
    )  # fmt: skip
    assert said == {
        "log_type": "website_analysis", "session_id": "s1", "timestamp": "2026-03-18T12:00:00+00:00",
        "entry_id": "e1", "system": "bot", "template": "t1", "lead_identifier": {"name": "Ana", "company": "Acme"},
        "input_data": {"pages": 3}, "output_data": {"traits": ["saas"]},
        "decision_reasoning": {
            "method_used": "crawler", "confidence_level": "high", "processing_time": 1.5, "success": True
        },
        "training_labels": {"quality_score": 80},
    }  # fmt: skip


def test_a_moment_keeps_its_zone(tmp_path: Path) -> None:
    at = datetime(2026, 3, 18, 12, tzinfo=timezone(timedelta(hours=2)))
    assert one(tmp_path, at=at)["timestamp"] == "2026-03-18T12:00:00+02:00"


class Unshowable:
    def __str__(self) -> str:
        raise RuntimeError("no")


def test_what_is_no_json_becomes_text(tmp_path: Path) -> None:
    itself: dict[str, Any] = {}
    itself["again"] = itself
    values = {"nan": float("nan"), "set": {1}, "bytes": b"x", "big": 2**80, "odd": Unshowable(), 5: "five",
              "half a pair": "\ud800", "nul": "a\0b", "at": NOON}  # fmt: skip
    told = one(tmp_path, input={**values, "itself": itself})["input_data"]
    assert told.pop("itself")["again"]["again"]
    assert told == {
        "nan": "nan", "set": [1], "bytes": "b'x'", "big": str(2**80),
        "odd": "a Unshowable that cannot be shown (RuntimeError)", "5": "five", "half a pair": "?", "nul": "a\0b",
        "at": "2026-03-18T12:00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    "huge",
    [{"text": "x" * 10_000_000}, {"list": list(range(1_000_000))}, {f"{n}": "y" * 7_000 for n in range(100)}],
    ids=["a long text", "a long list", "many texts"],
)
def test_an_entry_that_is_too_large_is_cut_and_says_so(tmp_path: Path, huge: Mapping[str, object]) -> None:
    entry = one(tmp_path, input=huge, output=huge, template="t")
    assert (entry["template"], entry["decision_reasoning"]) == ("t", one(tmp_path / "small")["decision_reasoning"])
    told = json.dumps(entry, ensure_ascii=False)
    assert len(told.encode()) < LARGEST_ENTRY
    assert "… (cut)" in told


class Hostile(Mapping[str, object]):
    """Breaks whoever looks inside."""

    def __getitem__(self, key: str) -> object:
        raise ValueError(key)

    def __iter__(self) -> Any:
        raise ValueError("no")

    def __len__(self) -> int:
        raise ValueError("no")


class Undecided:
    def __bool__(self) -> bool:
        raise ValueError("neither")

    def __str__(self) -> str:
        return "who knows"


@pytest.mark.parametrize(
    ("said", "is_read_as"),
    [
        (True, True), ("yes", True), (" TRUE ", True), ("1", True), (1, True), ([0], True),
        (False, False), ("no", False), ("False", False), ("0", False), (0, False), ([], False),
    ],
)  # fmt: skip
def test_success_is_read_as_it_is_meant(tmp_path: Path, said: object, is_read_as: bool) -> None:
    entry = one(tmp_path, success=said)
    assert (entry["decision_reasoning"]["success"], "not_read" in entry) == (is_read_as, False)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-03-18T12:00:00", "2026-03-18T12:00:00+00:00"),
        ("2026-03-18 12:00Z", "2026-03-18T12:00:00+00:00"),
        ("2026-03-18", "2026-03-18T00:00:00+00:00"),
        (date(2026, 3, 18), "2026-03-18T00:00:00+00:00"),
        (NOON.replace(tzinfo=timezone(timedelta(minutes=53, seconds=28))), "2026-03-18T11:06:32+00:00"),
    ],
)
def test_moments_and_their_texts_are_read(tmp_path: Path, said: object, moment: str) -> None:
    assert one(tmp_path, at=said)["timestamp"] == moment


@pytest.mark.parametrize("said", [1.5, "1.5", Decimal("1.5"), timedelta(seconds=1.5)])
def test_seconds_are_read(tmp_path: Path, said: object) -> None:
    assert one(tmp_path, seconds=said)["decision_reasoning"]["processing_time"] == 1.5


def test_labels_and_confidence_are_read(tmp_path: Path) -> None:
    labels = {"quality_score": "80", "success_indicator": "no", "improvement_potential": "Low", "by": "Ana"}
    entry = one(tmp_path, labels=labels, confidence="High")
    assert entry["decision_reasoning"]["confidence_level"] == "high"
    assert entry["training_labels"] == {
        "quality_score": 80.0, "success_indicator": False, "improvement_potential": "low", "by": "Ana",
    }  # fmt: skip


ODD: dict[str, Any] = {
    "success": "maybe", "seconds": "soon", "at": "yesterday", "confidence": 0.9, "lead": "Acme",
    "labels": {"quality_score": 101, "success_indicator": "perhaps"},
}  # fmt: skip


def test_what_cannot_be_read_is_told_beside_the_rest_of_the_entry(tmp_path: Path) -> None:
    entry = one(tmp_path, input={"pages": 3}, **ODD)
    assert entry["decision_reasoning"] == {
        "method_used": "crawler", "confidence_level": None, "success": False, "processing_time": None,
    }  # fmt: skip
    assert (entry["input_data"], entry["training_labels"]) == (
        {"pages": 3}, {"quality_score": None, "success_indicator": None},
    )  # fmt: skip
    assert entry["not_read"] == {
        "success": "maybe", "seconds": "soon", "at": "yesterday", "confidence": "0.9", "lead": "Acme",
        "labels.quality_score": "101", "labels.success_indicator": "perhaps",
    }  # fmt: skip


@pytest.mark.usefixtures("home")
def test_whatever_is_logged_lands() -> None:
    with DecisionLog(landing_folder(), "bot", session_id="s") as log:
        odd: list[dict[str, Any]] = [
            ODD, {"success": None}, {"success": Undecided()}, {"seconds": float("nan")}, {"seconds": -1},
            {"seconds": 10**400}, {"at": 5}, {"method": None}, {"method": " "}, {"method": ["a"]}, {"session_id": " "},
            {"entry_id": ["x"]}, {"template": {"a": 1}}, {"model_version": True}, {"campaign_id": None},
            {"lead": {"company": ["Acme"], "name": None}}, {"lead": Hostile()}, {"labels": [1]}, {"input": Hostile()},
            {"input": "text"}, {"output": [1, 2]}, {"confidence": Unshowable()}, {"colour": Unshowable()},
        ]  # fmt: skip
        for said in odd:
            log.decision("website_analysis", **({"method": "crawler", "success": True} | said))
    landed = land_decisions(NOON + timedelta(days=3650))
    assert (landed.kept, landed.reasons) == (len(odd), {})


def test_what_cannot_be_logged_at_all_raises_nothing_and_is_counted(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "bot") as log:
        for _ in range(2):
            log.decision(
                "website_analysis", method="crawler", success=True, **{f"f{n}": "x" * 7_000 for n in range(20)}
            )
    assert sum(entry["output_data"]["lost"] for entry in entries(tmp_path)) == 2
    assert {entry["log_type"] for entry in entries(tmp_path)} == {"log_loss"}


def test_a_full_disk_is_waited_for_and_what_had_no_room_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(decision_log, "TRY_AGAIN_SECONDS", 0.02)
    log = DecisionLog(tmp_path, "bot", most_waiting=3)
    monkeypatch.setattr(decision_log.os, "write", refuse)
    for n in range(10):
        log.decision("website_analysis", method="crawler", success=True, entry_id=str(n))
    assert not log.flush(0.1)
    monkeypatch.undo()
    log.close()
    told = entries(tmp_path)
    assert [entry["entry_id"] for entry in told if entry["log_type"] != "log_loss"] == ["0", "1", "2"]
    assert sum(entry["output_data"]["lost"] for entry in told if entry["log_type"] == "log_loss") == 7


def test_a_line_that_was_torn_by_a_full_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, write = DecisionFile(tmp_path), os.write
    file.append(b"first\n")

    def tear(to: int, data: bytes) -> int:
        if data == b"second\n":
            return write(to, data[:3])
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(decision_log.os, "write", tear)
    with pytest.raises(OSError, match="no room"):
        file.append(b"second\n")
    monkeypatch.undo()
    file.append(b"third\n")
    file.close()
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes() == b"first\nthird\n"


def test_a_new_file_is_begun_when_the_old_one_is_large_or_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "LARGEST_FILE", 10)
    by_size = DecisionFile(tmp_path / "size")
    for _ in range(3):
        by_size.append(b"a line\n")  # 7 bytes: the second one fills the first file
    by_size.close()
    by_age = DecisionFile(tmp_path / "age", file_seconds=0)
    for _ in range(3):
        by_age.append(b"a\n")
    by_age.close()
    sizes = [sorted(path.stat().st_size for path in (tmp_path / name).iterdir()) for name in ("size", "age")]
    assert sizes == [[7, 14], [2, 2, 2]]


def test_a_forked_child_writes_a_file_of_its_own_and_nothing_twice(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path, "bot")
    log.decision("website_analysis", method="parent", success=True)
    child = os.fork()
    if child == 0:
        log.decision("website_analysis", method="child", success=True)
        os._exit(0 if log.flush(5) else 1)
    assert os.waitpid(child, 0)[1] == 0
    log.decision("website_analysis", method="parent", success=True)
    log.close()
    methods = sorted(
        [json.loads(line)["decision_reasoning"]["method_used"] for line in path.read_bytes().splitlines()]
        for path in tmp_path.glob("*.jsonl")
    )
    assert methods == [["child"], ["parent", "parent"]]


WRITES_ON = """
import sys
from decision_log import DecisionLog
log = DecisionLog(sys.argv[1], "bot", file_seconds=3600)
n = 0
while True:
    log.decision("website_analysis", method="crawler", success=True, input={"n": n})
    n += 1
    if n % 50 == 0:
        log.flush()
        print(n, flush=True)
"""


def test_a_killed_process_leaves_every_line_that_it_had_flushed(tmp_path: Path) -> None:
    (tmp_path / "decision_log.py").write_bytes((CHECKOUT / "ringback" / "decision_log.py").read_bytes())
    running = subprocess.Popen(
        [sys.executable, "-c", WRITES_ON, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert running.stdout is not None
    flushed = [int(running.stdout.readline()) for _ in range(5)][-1]
    running.send_signal(signal.SIGKILL)
    running.wait()
    running.stdout.close()
    (file,) = (tmp_path / "out").glob("*.jsonl")
    whole = file.read_bytes().splitlines(keepends=True)
    numbers = [json.loads(line)["input_data"]["n"] for line in whole if line.endswith(b"\n")]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= flushed


def test_what_was_logged_is_written_when_the_program_ends(tmp_path: Path) -> None:
    code = (
        "import sys; from ringback.decision_log import DecisionLog; log = DecisionLog(sys.argv[1], 'bot')\n"
        "for n in range(2000): log.decision('website_analysis', method='m', success=True)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=CHECKOUT)
    assert len(entries(tmp_path)) == 2000


def test_a_decision_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crawl(*_: object) -> int:
        time.sleep(0.3)
        raise OSError(errno.EIO, "gone")

    log = DecisionLog(tmp_path, "bot")
    monkeypatch.setattr(decision_log.os, "write", crawl)
    log.decision("website_analysis", method="first", success=True)
    time.sleep(0.05)
    started = time.monotonic()
    for _ in range(100):
        log.decision("website_analysis", method="crawler", success=True)
    assert time.monotonic() - started < 0.2
    monkeypatch.undo()
    log.close(5)
    assert len(entries(tmp_path)) == 101
