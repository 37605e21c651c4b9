"""Health: how each part is, what is wrong or was, and what the service itself says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from database.health import Standing, standings
from database.incidents import Told, timeline
from ringback.health import STATUSES, Status

INCIDENTS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class System:
    """What the page shows."""

    overall: Status | None
    """The worst of all; None where nothing was looked at yet."""
    components: Mapping[str, Sequence[Standing]]
    """By component its checks, the worst first."""
    worst: Mapping[str, Status]
    incidents: Sequence[Told]
    looked_at: datetime | None


def system() -> System:
    """How everything stood at the last look."""
    found = standings()
    components: dict[str, list[Standing]] = {}
    for one in found:
        components.setdefault(one.component, []).append(one)
    for some in components.values():
        some.sort(key=lambda one: -STATUSES.index(one.status))
    worst = {name: some[0].status for name, some in components.items()}
    ordered = sorted(components, key=lambda name: (-STATUSES.index(worst[name]), name))
    last = max((one.measured_at for one in found), default=None)
    return System(
        max(worst.values(), key=STATUSES.index, default=None), {name: components[name] for name in ordered}, worst,
        timeline(INCIDENTS_SHOWN), last,
    )  # fmt: skip
