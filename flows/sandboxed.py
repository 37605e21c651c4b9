"""The simulated world behind this installation: where no vendor key is set, its server is started beside the work."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from json import dumps, loads
from typing import TYPE_CHECKING

from flows.ports import listens
from ringback.clock import WEEK, now, week_start
from ringback.errors import WrongUsage
from ringback.settings import settings

if TYPE_CHECKING:
    from sandbox.server import SandboxServer
    from sandbox.world import World

HISTORY_WEEKS = 30
"""Weeks of calls that a new installation finds at the vendor: enough outcomes have come in to learn from."""
DEMO_WEEKS = 12
SEED = 7
CALLS_PER_WEEK = 160


def world_of_home(seed: int | None = None, weeks: int = DEMO_WEEKS) -> "World":
    """The world this installation lives in; made at its first use, so that `weeks` of it end before now.

    Raises WrongUsage where a world with another seed lives here already.
    """
    from sandbox.minds import Shift
    from sandbox.world import World

    path = settings().home / "sandbox.json"
    if path.exists():
        stored = loads(path.read_text())
        if seed not in (None, stored["seed"]):
            raise WrongUsage(
                f"{settings().home} holds a simulated world with seed {stored['seed']}; remove that folder or set "
                "RINGBACK_HOME to another one"
            )
        return World(
            seed=stored["seed"],
            start=datetime.fromisoformat(stored["start"]),
            calls_per_week=stored.get("calls_per_week", CALLS_PER_WEEK),
            shifts=[Shift.read(one) for one in stored.get("shifts", ())],
        )
    start = week_start(now()) - (HISTORY_WEEKS + weeks) * WEEK
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps({"seed": seed if seed is not None else SEED, "start": start.isoformat()}))
    return world_of_home()


def plant(since: datetime, sizes: Mapping[str, float]) -> None:
    """Shift the world of this home from a moment on; a sandbox that runs has to be started again to know it."""
    world_of_home()
    path = settings().home / "sandbox.json"
    stored = loads(path.read_text())
    shifts = [*stored.get("shifts", ()), {"since": since.isoformat(), **sizes}]
    path.write_text(dumps({**stored, "shifts": shifts}))


def demo_weeks(world: "World", weeks: int) -> list[datetime]:
    """The moments at which the demo's weeks end: Sundays 09:00 in the customer's zone, give or take summer time."""
    first = world.start + HISTORY_WEEKS * WEEK
    return [first + number * WEEK + timedelta(days=6, hours=15) for number in range(weeks)]


@contextmanager
def sandbox_beside(world: "World | None" = None) -> Iterator["SandboxServer | None"]:
    """Run the sandbox's server while the work lasts; None where calls are real or a sandbox runs already."""
    if not settings().uses_sandbox or (world is None and listens(settings().sandbox_port)):
        yield None
        return
    from sandbox.server import SandboxServer

    if world is not None and listens(settings().sandbox_port):
        raise WrongUsage(
            f"port {settings().sandbox_port} is taken (is 'ringback up' running?); "
            "stop that or set RINGBACK_SANDBOX_PORT"
        )
    server = SandboxServer(
        world or world_of_home(),
        requests_per_second=None if world is not None else settings().fellow_requests_per_second,
        port=settings().sandbox_port,
    )
    with server:
        yield server
