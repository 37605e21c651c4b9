"""Keeping the log of answers, in a process beside those that answer: `python -m scoring.keeping`.

Every half second it makes what was written outlive the machine and reads it into the database. It works until nobody
holds the other end of its standard input any more, that is until who started it ends, however that happens; then it
brings in what is left.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger
from pathlib import Path
from select import select
from subprocess import PIPE, Popen, TimeoutExpired
from threading import Event, Thread

from ringback.settings import CHECKOUT
from scoring.log import bring_in, folder

EVERY_SECONDS = 0.5
AGAIN_AFTER_SECONDS = 1.0
END_WITHIN_SECONDS = 20.0
POLITE = 19
"""Niceness: who answers comes first."""
log = getLogger("ringback.scoring")


class Keeper:
    """One round after the other; what fails, the next round tries again."""

    def __init__(self) -> None:
        """Takes what is in the files already for not durable yet."""
        self._durable: dict[Path, int] = {}

    def keep(self) -> None:
        """Make durable and bring in what was written since the last round."""
        try:
            self._flush()
            bring_in()
        except Exception:  # whatever fails, the lines are in the files, and the next round begins where this one ended
            log.warning("answers wait to be brought into the database", exc_info=True)

    def _flush(self) -> None:
        """Make the files' bytes outlive the machine, whichever process wrote them."""
        sizes: dict[Path, int] = {}
        for path in folder().glob("*.jsonl"):
            try:
                with path.open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    if size > self._durable.get(path, 0):
                        os.fsync(file.fileno())
            except FileNotFoundError:  # read to its end and put aside meanwhile
                continue
            sizes[path] = size
        self._durable = sizes


@contextmanager
def kept() -> Iterator[None]:
    """Have the log kept by a process of its own for as long as this one serves; it is started again when it ends."""
    stop = Event()
    thread = Thread(target=_watch, args=(stop,), name="log keeper's watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=2 * END_WITHIN_SECONDS)


def _watch(stop: Event) -> None:
    while not stop.is_set():
        try:
            _keep_going(stop)
        except OSError as failure:  # no memory or no process to be had; the answers wait in their files
            log.error("nobody keeps the log of answers, as no process can be started (%s); it is tried again", failure)
            stop.wait(AGAIN_AFTER_SECONDS)


def _keep_going(stop: Event) -> None:
    """Have one process keep the log until it ends, or until it is to stop."""
    with Popen((sys.executable, "-m", "scoring.keeping"), stdin=PIPE, cwd=CHECKOUT) as keeper:
        while keeper.poll() is None and not stop.wait(AGAIN_AFTER_SECONDS):
            pass
        if stop.is_set():
            _end(keeper)
        else:
            log.error("who kept the log of answers has ended with %s and is started again", keeper.returncode)


def _end(keeper: "Popen[bytes]") -> None:
    try:
        keeper.communicate(timeout=END_WITHIN_SECONDS)
    except TimeoutExpired:  # what it has not brought in stays in the files
        keeper.kill()


def main() -> None:
    """Keep the log until standard input ends. A signal to the whole group of processes does not end it before that."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    os.nice(POLITE)
    keeper = Keeper()
    while not select([sys.stdin], [], [], EVERY_SECONDS)[0]:
        keeper.keep()
    keeper.keep()


if __name__ == "__main__":
    main()
