"""Processes beside one: they do its work, and none outlives it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from ringback.beside import beside, keeping_one, one_beside

BEGUN: list[str] = []
PARENT = """
import os, time
from ringback.beside import beside
if __name__ == "__main__":
    with beside(1) as other:
        print(other.submit(os.getpid).result(), flush=True)
        other.submit(time.sleep, 60)
        time.sleep(60)
"""


def begin(word: str) -> None:
    BEGUN.append(word)


def begun() -> tuple[list[str], int]:
    return BEGUN, os.getpid()


def test_a_process_begins_before_its_first_work() -> None:
    with beside(1, begin, "ready") as other:
        said, pid = other.submit(begun).result()
    assert (said, BEGUN, pid == os.getpid()) == (["ready"], [], False)


def pid_beside() -> int:
    with one_beside() as other:
        return other.submit(os.getpid).result()


def test_steps_share_a_process_that_ends_after_them() -> None:
    with keeping_one():
        pid = pid_beside()
        with keeping_one():
            assert pid_beside() == pid
        assert pid_beside() == pid
    assert not psutil.pid_exists(pid)
    assert pid_beside() != pid


def test_none_outlives_a_process_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert psutil.wait_procs([child], timeout=30) == ([child], [])
