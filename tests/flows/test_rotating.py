"""Logs are packed while processes append to them, and every line stands once in what was packed and what is left."""

import errno
import gzip
import os
import subprocess
import sys
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from flows import rotating
from flows.rotating import NotRotated, forget_logs, rotate_logs
from ringback.clock import now
from tests.factories import NOON

WRITER = """
import os, sys
log, number = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND), 0
while not os.path.exists(sys.argv[2]):
    for _ in range(1_000):
        os.write(log, b"line %08d and some words to fill it\\n" % number)
        number += 1
print(number)
"""
ROTATIONS = 4


def all_text(folder: Path) -> bytes:
    packed = b"".join(gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.log.gz")))
    return packed + (folder / "api.log").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux cuts off the front of a file")
def test_no_line_is_lost_or_doubled_while_a_process_appends(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_bytes(b"")
    stop = tmp_path / "stop"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(log), str(stop)], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    rotations = 0
    while rotations < ROTATIONS:
        done = rotate_logs(tmp_path, NOON + timedelta(seconds=rotations), 8 * 4096)
        rotations += len(done)
        assert all(one.is_exact for one in done)
    stop.touch()
    written = int(writer.communicate(timeout=60)[0])
    numbers = [int(line[5:13]) for line in all_text(tmp_path).splitlines()]
    assert numbers == list(range(written))


def test_a_small_log_is_left_alone_and_a_packed_one_is_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "small.log").write_text("a line\n")
    (tmp_path / "api.log").write_text("a line\n" * 10_000)
    (done,) = rotate_logs(tmp_path, NOON, 10_000)
    assert done.packed.name == "api-20260318T120000.log.gz"
    assert done.packed.stat().st_mode & 0o077 == 0
    assert (tmp_path / "small.log").read_text() == "a line\n"
    assert all_text(tmp_path) == b"a line\n" * 10_000


def test_where_the_front_cannot_be_cut_off_the_log_is_copied_and_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "_collapse", lambda *_: False)
    (tmp_path / "api.log").write_text("a line\n" * 10_000)
    (done,) = rotate_logs(tmp_path, NOON, 10_000)
    assert (done.is_exact, done.bytes) == (False, 70_000)
    assert (tmp_path / "api.log").read_bytes() == b""
    assert all_text(tmp_path) == b"a line\n" * 10_000


@pytest.mark.parametrize("ending", ["gz", "part"], ids=["packed", "half packed by a process that was killed"])
def test_packed_logs_are_removed_after_their_time(tmp_path: Path, ending: str) -> None:
    for name, age in (("old", 40), ("young", 20)):
        path = tmp_path / f"{name}.log.{ending}"
        path.write_bytes(b"")
        stamp = (now() - timedelta(days=age)).replace(tzinfo=UTC).timestamp()
        os.utime(path, (stamp, stamp))
    assert forget_logs(tmp_path, now() - rotating.KEPT) == 1
    assert [path.name for path in tmp_path.iterdir()] == [f"young.log.{ending}"]


def test_a_second_rotation_of_the_same_moment_replaces_nothing(tmp_path: Path) -> None:
    for words in (b"one line\n", b"other line\n", b"third line\n"):
        with (tmp_path / "api.log").open("ab") as log:
            log.write(words * 10_000)
        rotate_logs(tmp_path, NOON, 10_000)
    assert [path.name for path in sorted(tmp_path.glob("*.gz"))] == [
        f"api-20260318T120000{number}.log.gz" for number in ("", "_2", "_3")
    ]
    assert all_text(tmp_path) == b"one line\n" * 10_000 + b"other line\n" * 10_000 + b"third line\n" * 10_000


def test_a_log_that_cannot_be_packed_is_named_and_keeps_no_other_from_it_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("api", "mlflow", "worker"):
        (tmp_path / f"{name}.log").write_text(f"{name}\n" * 10_000)
    fsync, full = os.fsync, iter((True, False, True))

    def on_a_full_disk(file: int) -> None:
        if next(full):
            raise OSError(errno.ENOSPC, "no room")
        fsync(file)

    monkeypatch.setattr(os, "fsync", on_a_full_disk)
    with pytest.raises(NotRotated, match=r"api\.log: .*no room; worker\.log: .*no room \(packed: mlflow-.*\.log\.gz\)"):
        rotate_logs(tmp_path, NOON, 10_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "api.log", "mlflow-20260318T120000.log.gz", "mlflow.log", "worker.log",
    ]  # fmt: skip
    assert (tmp_path / "api.log").read_text() == "api\n" * 10_000
