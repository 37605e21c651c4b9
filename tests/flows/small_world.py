"""A world small enough for tests: thirty weeks of history with sixty calls each."""

import socket
from datetime import datetime
from json import dumps
from pathlib import Path

from flows.sandboxed import demo_weeks, world_of_home

START = datetime(2026, 1, 5)


def found_small_world(home: Path) -> list[datetime]:
    """Let this home live in the small world; gives the ends of its first two weeks after the history."""
    (home / "sandbox.json").write_text(dumps({"seed": 7, "start": START.isoformat(), "calls_per_week": 60}))
    return demo_weeks(world_of_home(), 2)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
