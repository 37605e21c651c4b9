"""Keeping processes going: each has a log of its own, comes back when it ends, and ends when the supervisor does.

A process that ends by itself is started again after one second, and after twice as long each time that it ends soon
again, at most a minute. What it had started itself and left behind is stopped first, so that it finds its port free. On
Linux the kernel ends the processes where the supervisor is killed; whatever is still left of a supervisor that is gone
is stopped by the next one, which finds it in `up.json`.
"""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from flows.answers import answers
from ringback.errors import RingbackError, WrongUsage
from ringback.settings import CHECKOUT

READY_WITHIN_SECONDS = 180
STOP_WITHIN_SECONDS = 20
ANSWER_WITHIN_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.25
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
STEADY_AFTER_SECONDS = 60.0
"""A process that has run for so long and ends is started again at once."""
OFTEN = 3
"""Ended so often without having been steady, people are told."""
PARENT_DEATH = 1
"""Linux, prctl(2): PR_SET_PDEATHSIG."""


class NotReady(RingbackError):
    """A process did not come up; the message names its log."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process to be kept going."""

    name: str
    command: Sequence[str]
    answers_at: str | None = None
    """An address that answers once it is ready; None where it has none."""
    keeps_children: bool = False
    """Whether what it started goes on when it is killed: flow runs of a worker come to their end."""


@dataclass(slots=True)
class Running:
    """A service and its process of the moment."""

    service: Service
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    soon: int = 0
    """How often in a row it ended without having been steady."""
    start_at: float = 0.0
    """While it is down: when it is started again (monotonic)."""
    is_steady: bool = False
    """Whether it was told to run steadily since it was started."""
    left: set[int] = field(default_factory=set)
    """Groups of processes that go on although their leader was killed, while there is anybody in them."""


@dataclass(frozen=True, slots=True)
class Change:
    """A process ended or is back."""

    name: str
    is_up: bool
    words: str
    is_often: bool = False
    """Whether it ended again and again: then people must look."""
    is_steady: bool = False
    """Whether it has run for so long that whatever was wrong with it is over."""
    is_news: bool = True
    """Whether it is worth a line: that a process which never ended runs steadily is not."""


@dataclass(slots=True)
class Supervisor:
    """The running processes, in the order in which they were started."""

    home: Path
    environment: Mapping[str, str]
    monotonic: Callable[[], float] = time.monotonic
    running: dict[str, Running] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """The folder of their logs."""
        return self.home / "logs"

    def start(self, service: Service) -> None:
        """Start a process that writes to `logs/NAME.log`."""
        one = self.running.setdefault(service.name, Running(service))
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log_of(service.name).open("ab") as log:
            one.process = subprocess.Popen(
                service.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(self.environment),
                cwd=CHECKOUT, start_new_session=True, preexec_fn=_in_child,
            )  # fmt: skip
        one.started_at, one.is_steady = self.monotonic(), False
        with suppress(OSError):  # on a full disk the next start writes it down
            self._write_down()

    def log_of(self, name: str) -> Path:
        """Where a process writes."""
        return self.logs / f"{name}.log"

    def finish(self, name: str, *command: str) -> None:
        """Run a command to its end; raises NotReady, naming its log, where it fails."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self.log_of(name).open("ab") as log:
            done = subprocess.run(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(self.environment), cwd=CHECKOUT
            )
        if done.returncode:
            raise NotReady(f"{name} failed; its log says why: {self.log_of(name)}")

    def wait_for(self, name: str) -> None:
        """Wait until a process answers; raises NotReady where it ends or stays silent."""
        one = self.running[name]
        until = self.monotonic() + READY_WITHIN_SECONDS
        while self.monotonic() < until and _is_alive(one):
            if one.service.answers_at is None or answers(one.service.answers_at, ANSWER_WITHIN_SECONDS):
                return
            time.sleep(LOOK_EVERY_SECONDS)
        raise NotReady(f"{name} does not answer at {one.service.answers_at}; its log says why: {self.log_of(name)}")

    def look(self) -> Iterator[Change]:
        """Start again what has ended and whose time has come; tells of each that ended or is back."""
        for one in self.running.values():
            one.left = {group for group in one.left if _is_group(group)}  # its number is used again once it is empty
            if one.process is not None:
                code = one.process.poll()
                if code is not None:
                    yield self._ended(one, code)
                elif not one.is_steady and self.monotonic() - one.started_at >= STEADY_AFTER_SECONDS:
                    words, was_bad = f"{one.service.name} runs steadily again", one.soon > 0
                    one.soon, one.is_steady = 0, True
                    yield Change(one.service.name, True, words, is_steady=True, is_news=was_bad)
            elif self.monotonic() >= one.start_at:
                yield self._again(one)

    def _again(self, one: Running) -> Change:
        """Start what ended; where not even that is possible, as on a full disk, it is tried again later."""
        name = one.service.name
        try:
            self.start(one.service)
        except OSError as failure:
            one.start_at = self.monotonic() + LONGEST_WAIT_SECONDS
            words = f"{name} cannot be started: {failure}; it is tried again in {LONGEST_WAIT_SECONDS:.0f} s"
            return Change(name, False, words, is_often=True)
        return Change(name, True, f"{name} is started again")

    def stop(self) -> None:
        """Stop all of them, the last started first."""
        alive = [one.process for one in reversed(self.running.values()) if one.process and one.process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGINT)
        until = self.monotonic() + STOP_WITHIN_SECONDS
        for process in alive:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, until - self.monotonic()))
            _stop_group(process.pid)
        for left in {group for one in self.running.values() for group in one.left}:
            _stop_group(left)
        with suppress(FileNotFoundError):
            state_file(self.home).unlink()

    def _ended(self, one: Running, code: int) -> Change:
        assert one.process is not None  # noqa: S101  (the caller asked it)
        name = one.service.name
        if one.service.keeps_children:
            one.left.add(one.process.pid)
        else:
            _stop_group(one.process.pid)
        was_steady = self.monotonic() - one.started_at >= STEADY_AFTER_SECONDS
        one.soon = 1 if was_steady else one.soon + 1
        wait = 0.0 if was_steady else min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(one.soon - 1, 10))
        one.process, one.start_at = None, self.monotonic() + wait
        how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
        words = f"{name} {how}; it is started again in {wait:.0f} s; its log: {self.log_of(name)}"
        return Change(name, False, words, one.soon >= OFTEN)

    def _write_down(self) -> None:
        """What runs, for the next supervisor, should this one be killed; whole or not at all."""
        processes = {name: asdict(known(one.process.pid)) for name, one in self.running.items() if one.process}
        told = {
            "supervisor": asdict(known(os.getpid())), "processes": processes,
            "keeps_children": [name for name, one in self.running.items() if one.service.keeps_children],
        }  # fmt: skip
        part = state_file(self.home).with_suffix(".part")
        part.write_text(json.dumps(told))
        part.replace(state_file(self.home))


@dataclass(frozen=True, slots=True)
class Known:
    """A process by its number and when it began: numbers are used again."""

    pid: int
    began: float
    """By the machine's own count where it has one (Linux), which no clock that is set moves."""

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        try:
            return bool(_began(self.pid) == self.began and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False


def known(pid: int) -> Known:
    """A process of this moment; one that is gone already never is alive again."""
    try:
        return Known(pid, _began(pid))
    except psutil.NoSuchProcess:
        return Known(pid, 0.0)


def _began(pid: int) -> float:
    """When a process began: clock ticks since the machine started, with that start's own number; else seconds.

    Linux, proc(5): field 22 of /proc/PID/stat. Raises psutil.NoSuchProcess.
    """
    stat, boot = Path(f"/proc/{pid}/stat"), Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return float(psutil.Process(pid).create_time())
    try:
        ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        raise psutil.NoSuchProcess(pid) from None
    return ticks + int(boot.read_text()[:8], 16) / 2**33


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold a home for one supervisor, until that ends in whatever way; raises WrongUsage where another holds it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUsage(f"another 'ringback up' is starting, running or stopping on {home}") from None
        yield


def state_file(home: Path) -> Path:
    """Where a supervisor writes down what it runs."""
    return home / "up.json"


def supervisor_of(home: Path) -> int | None:
    """The process id of the supervisor that is at work on a home; None without one."""
    supervisor = _read(home).supervisor
    return supervisor.pid if supervisor and supervisor.is_alive() else None


def stop_leftovers(home: Path) -> list[str]:
    """Stop what a supervisor that is gone has left running, processes or what such had started; gives the names."""
    state = _read(home)
    left = {
        name: found for name, leader in state.processes.items()
        if (leader.is_alive() or name not in state.keeps_children) and (found := _left_of(leader, home))
    }  # fmt: skip
    processes = [one for found in left.values() for one in found]
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_WITHIN_SECONDS
    while any(one.is_alive() for one in processes) and time.monotonic() < until:
        time.sleep(LOOK_EVERY_SECONDS)
    for one in processes:
        if one.is_alive():
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
    return sorted(left)


def _left_of(leader: Known, home: Path) -> list[Known]:
    """Who is in the group that a process led, also where it is gone itself; others than ours may have its number since.

    Where it is gone, ours are those that were started with this home.
    """
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == leader.pid and (
                leader.is_alive() or process.environ().get("RINGBACK_HOME") == str(home)
            ):
                found.append(known(process.pid))
    return found


@dataclass(frozen=True, slots=True)
class _State:
    """What a supervisor wrote down."""

    supervisor: Known | None
    processes: Mapping[str, Known]
    keeps_children: Sequence[str]


def _read(home: Path) -> _State:
    try:
        told = json.loads(state_file(home).read_text())
        processes = {name: Known(**one) for name, one in told["processes"].items()}
        return _State(Known(**told["supervisor"]), processes, told.get("keeps_children", ()))
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is not ours
        return _State(None, {}, ())


def _is_alive(one: Running) -> bool:
    return one.process is not None and one.process.poll() is None


def _is_group(leader: int) -> bool:
    """Whether anybody of ours is in the group that a process led."""
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _stop_group(leader: int) -> None:
    """End what a process has started and left behind: it led a group of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _in_child() -> None:
    """Take SIGINT again, which a shell has its background jobs ignore; have the kernel send SIGTERM if we are gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PARENT_DEATH, signal.SIGTERM)
