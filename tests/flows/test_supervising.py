"""Processes that are kept going come back, are told of, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from database.incidents import open_incidents
from flows.supervising import (
    LONGEST_WAIT_SECONDS,
    Change,
    NotReady,
    Service,
    Supervisor,
    known,
    only_one,
    state_file,
    stop_leftovers,
    supervisor_of,
)
from flows.telling_others import tell_now
from flows.up import addresses, environment, forget_incidents, note, refuse_second, services, watch
from ringback.clock import now
from ringback.errors import WrongUsage
from ringback.settings import settings

SLEEPS = (sys.executable, "-c", "import time; time.sleep(600)")
HAS_CHILD = (
    sys.executable, "-c",
    "import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(c.pid, flush=True); time.sleep(600)",
)  # fmt: skip


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, os.environ)
    yield made
    made.stop()


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def pid_of(up: Supervisor, name: str) -> int:
    process = up.running[name].process
    assert process is not None
    return process.pid


def is_there(pid: int) -> bool:
    return known(pid).is_alive()


def changes_of(up: Supervisor, many: int) -> list[Change]:
    found: list[Change] = []
    until(lambda: found.extend(up.look()) or len(found) >= many)
    return found


def test_a_process_that_is_killed_comes_back_and_both_are_said(up: Supervisor) -> None:
    up.start(Service("one", SLEEPS))
    first = pid_of(up, "one")
    os.kill(first, signal.SIGKILL)
    ended, back = changes_of(up, 2)
    assert ended.words.startswith("one was killed by signal 9; it is started again in 1 s; its log: ")
    assert (ended.is_up, back.is_up, back.words) == (False, True, "one is started again")
    assert is_there(pid_of(up, "one"))


def test_what_a_killed_process_had_started_is_stopped_unless_it_is_to_go_on(up: Supervisor) -> None:
    for name, keeps in (("takes", False), ("leaves", True)):
        up.start(Service(name, HAS_CHILD, keeps_children=keeps))
        until(lambda name=name: up.log_of(name).read_text().strip())  # type: ignore[misc]
    children = {name: int(up.log_of(name).read_text()) for name in ("takes", "leaves")}
    for name in children:
        os.kill(pid_of(up, name), signal.SIGKILL)
    changes_of(up, 4)
    until(lambda: not is_there(children["takes"]))
    assert is_there(children["leaves"])
    up.stop()
    until(lambda: not is_there(children["leaves"]))


def test_a_process_that_ends_at_once_waits_longer_each_time_and_people_are_told(tmp_path: Path, home: Path) -> None:
    at = [0.0]
    up = Supervisor(tmp_path, os.environ, monotonic=lambda: at[0])
    up.start(Service("broken", (sys.executable, "-c", "raise SystemExit(3)")))
    waits, often = [], []
    for _ in range(4):
        process = up.running["broken"].process
        assert process is not None
        process.wait()
        (ended,) = up.look()
        waits.append(up.running["broken"].start_at - at[0])
        often.append(ended.is_often)
        note(ended)
        at[0] += waits[-1]
        assert [change.is_up for change in up.look()] == [True]
    up.running["broken"].soon = 5_000
    process = up.running["broken"].process
    assert process is not None
    process.wait()
    assert [change.is_often for change in up.look()] == [True]
    assert up.running["broken"].start_at - at[0] == LONGEST_WAIT_SECONDS
    up.stop()
    assert waits == [1, 2, 4, 8]
    assert often == [False, False, True, True]
    assert [(one.kind, one.subject, one.severity) for one in open_incidents()] == [("process", "broken", "critical")]


def test_an_incident_about_a_process_is_over_once_it_runs_steadily(tmp_path: Path, home: Path) -> None:
    at = [0.0]
    up = Supervisor(tmp_path, os.environ, monotonic=lambda: at[0])
    up.start(Service("one", SLEEPS))
    note(Change("one", False, "one ended with status 1", is_often=True))
    at[0] = 60.0
    (steady,) = up.look()
    assert (note(steady), steady.is_news) == (True, False)
    assert list(up.look()) == []
    up.stop()
    assert open_incidents() == []


def test_a_process_that_cannot_be_started_is_tried_again_and_takes_no_other_down(tmp_path: Path) -> None:
    at = [0.0]
    up = Supervisor(tmp_path, os.environ, monotonic=lambda: at[0])
    up.start(Service("one", SLEEPS))
    up.start(Service("other", SLEEPS))
    (tmp_path / "logs/one.log").unlink()
    (tmp_path / "logs/one.log").mkdir()
    os.kill(pid_of(up, "one"), signal.SIGKILL)
    until(lambda: up.running["one"].process is None or list(up.look()))
    at[0] = 2.0
    (change,) = up.look()
    assert "one cannot be started: " in change.words
    assert is_there(pid_of(up, "other"))
    (tmp_path / "logs/one.log").rmdir()
    at[0] = 70.0
    assert "one is started again" in [one.words for one in up.look()]
    up.stop()


def test_people_are_told_at_once_by_whoever_still_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from database.incidents import timeline

    monkeypatch.setattr("flows.telling.send", lambda _notice, _prefect: True)
    assert note(Change("worker", False, "worker was killed", is_often=True))
    tell_now(now(), None)
    assert timeline()[0].notices["sent"] >= 2


def test_two_that_start_at_once_are_told_apart(home: Path) -> None:
    with only_one(home), pytest.raises(WrongUsage, match="another 'ringback up' is starting, running or stopping"):
        only_one(home).__enter__()
    with only_one(home):
        assert (home / "up.lock").exists()


def test_whoever_does_not_become_ready_is_named_with_its_log(up: Supervisor) -> None:
    up.start(Service("broken", (sys.executable, "-c", "raise SystemExit(3)"), "http://127.0.0.1:9/"))
    with pytest.raises(
        NotReady, match=r"broken does not answer at http://127.0.0.1:9/; its log says why: .*broken.log"
    ):
        up.wait_for("broken")
    with pytest.raises(NotReady, match="task failed; its log says why"):
        up.finish("task", sys.executable, "-c", "raise SystemExit(1)")


def test_a_second_up_on_the_same_home_is_told_of_the_first(home: Path) -> None:
    up = Supervisor(settings().home, os.environ)
    up.start(Service("one", SLEEPS))
    assert supervisor_of(settings().home) == os.getpid()
    with pytest.raises(WrongUsage, match=rf"is up already \(process {os.getpid()}"):
        refuse_second()
    up.stop()
    refuse_second()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own signal is Linux's")
def test_processes_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from flows.supervising import Service, Supervisor;"
        f"up = Supervisor(Path({str(tmp_path)!r}), os.environ);"
        f"up.start(Service('one', {SLEEPS!r})); print(up.running['one'].process.pid, flush=True); time.sleep(600)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.wait()
    until(lambda: not is_there(child))
    assert supervisor_of(tmp_path) is None


def test_what_a_killed_supervisor_left_is_stopped_by_the_next_and_nobody_elses_process_is(tmp_path: Path) -> None:
    left = subprocess.Popen(SLEEPS, start_new_session=True)
    other = subprocess.Popen(SLEEPS)
    began = known(left.pid).began
    state_file(tmp_path).write_text(
        '{"supervisor": {"pid": 999999, "began": 1.0}, "processes": {'
        f'"api": {{"pid": {left.pid}, "began": {began}}}, "used again": {{"pid": {other.pid}, "began": 1.0}}}}}}'
    )
    assert stop_leftovers(tmp_path) == ["api"]
    assert left.wait() == -signal.SIGTERM
    assert other.poll() is None
    other.kill()
    other.wait()
    assert stop_leftovers(tmp_path / "empty") == []


def test_what_a_leader_that_is_gone_has_started_is_stopped_too_unless_it_is_to_go_on(tmp_path: Path) -> None:
    home, children = {"RINGBACK_HOME": str(tmp_path)}, {}
    up = Supervisor(tmp_path, os.environ | home)
    for service in (Service("api", HAS_CHILD), Service("worker", HAS_CHILD, keeps_children=True)):
        up.start(service)
        until(lambda: up.log_of(service.name).read_text().strip())  # noqa: B023  (asked at once)
        children[service.name] = int(up.log_of(service.name).read_text())
    for one in up.running.values():
        assert one.process is not None
        one.process.kill()
        one.process.wait()
    assert stop_leftovers(tmp_path) == ["api"]
    until(lambda: not is_there(children["api"]))
    assert is_there(children["worker"])
    os.kill(children["worker"], signal.SIGKILL)


def test_a_group_is_forgotten_once_nobody_is_in_it(up: Supervisor) -> None:
    up.start(Service("worker", HAS_CHILD, keeps_children=True))
    until(lambda: up.log_of("worker").read_text().strip())
    child = int(up.log_of("worker").read_text())
    os.kill(pid_of(up, "worker"), signal.SIGKILL)
    changes_of(up, 1)
    assert len(up.running["worker"].left) == 1
    os.kill(child, signal.SIGKILL)
    until(lambda: (list(up.look()), not up.running["worker"].left)[1])


def test_nobody_who_reads_is_no_reason_to_let_the_processes_go(up: Supervisor, home: Path) -> None:
    up.start(Service("one", SLEEPS))
    asked: list[str] = []

    def full(words: str) -> None:
        asked.append(words)
        if len(asked) > 1:
            raise KeyboardInterrupt
        raise OSError("No space left on device")

    os.kill(pid_of(up, "one"), signal.SIGKILL)
    with pytest.raises(KeyboardInterrupt):
        watch(up, full)
    assert "killed" in asked[0]
    assert "started again" in asked[1]


def test_an_incident_about_what_is_not_started_any_more_is_over(home: Path) -> None:
    note(Change("sandbox", False, "sandbox ended", is_often=True))
    note(Change("api", False, "api ended", is_often=True))
    forget_incidents({"api"})
    assert [one.subject for one in open_incidents()] == ["api"]


def test_what_runs_elsewhere_is_used_and_not_started_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.name for one in services()] == ["sandbox", "prefect-server", "mlflow", "api"]
    assert environment()["MLFLOW_BACKEND_STORE_URI"] == f"sqlite:///{home / 'mlflow.db'}"
    monkeypatch.setenv("RINGBACK_PREFECT_URL", "https://prefect.ours.example/")
    monkeypatch.setenv("RINGBACK_MLFLOW_URL", "https://mlflow.ours.example")
    settings.cache_clear()
    assert [one.name for one in services()] == ["sandbox", "api"]
    assert environment()["PREFECT_API_URL"] == "https://prefect.ours.example/api"
    assert "MLFLOW_BACKEND_STORE_URI" not in environment()
    assert {"https://prefect.ours.example", "https://mlflow.ours.example"} < set(addresses().values())
