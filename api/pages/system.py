"""Health: how each part is, what is wrong or was, and what the service itself says.

The checks run a few times a day. So that what is over by now is not shown as if it were so still, what is cheap to ask
is asked again when somebody looks, and each part says of when it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from api.pages.keeping import Kept
from database.health import Standing, of_last_look, standings
from database.incidents import Told, timeline
from monitoring.health import CHEAP, judge
from monitoring.health_gathering import gather_cheap
from monitoring.health_limits import load_rules
from monitoring.incidents import well_again
from ringback.clock import now
from ringback.errors import RingbackError
from ringback.health import STATUSES, WRONG, Finding, Status
from ringback.settings import settings

INCIDENTS_SHOWN = 60
KEPT_SECONDS = 30.0
PREFECT = "prefect: server"
MANY = {"vendor": "vendors", "flow": "flows", "model": "models"}
"""Kinds of components of which there are several."""


@dataclass(frozen=True, slots=True)
class System:
    """What the page shows."""

    overall: Status | None
    """The worst of all; None where nothing was looked at yet."""
    parts: Mapping[str, Sequence[tuple[str, Standing]]]
    """By part its checks, the worst first, each with whose it is where a part has several members."""
    worst: Mapping[str, Status]
    incidents: Sequence[Told]
    well_again: Mapping[str, str]
    """Of open incidents by their id: how well their subject is found by now."""
    gone: Sequence[Standing]
    """What an earlier look was about, and the last one was not: how it is by now nobody knows."""
    looked_at: datetime | None
    """When all was looked at last."""
    made_at: datetime
    """When what is cheap to ask was asked again."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found when somebody looked at a page."""

    at: datetime
    found: Sequence[Finding]


def system() -> System:
    """How everything stands: as it is now as far as that is cheap to ask, the rest as of the last look."""
    at, kept = now(), standings()
    last = of_last_look(kept, at)
    look = _look.get() if last else Look(at, [])
    stands = as_of_now(last, look)
    parts: dict[str, list[tuple[str, Standing]]] = {}
    for one in stands:
        part, member = part_of(one.component)
        parts.setdefault(part, []).append((member, one))
    for some in parts.values():
        some.sort(key=lambda row: (-STATUSES.index(row[1].status), row[0]))
    worst = {name: some[0][1].status for name, some in parts.items()}
    ordered = sorted(parts, key=lambda name: (-STATUSES.index(worst[name]), name))
    incidents = timeline(INCIDENTS_SHOWN)
    return System(
        max(worst.values(), key=STATUSES.index, default=None), {name: parts[name] for name in ordered}, worst,
        incidents, well_again(incidents, stands), _gone(kept, stands), last[0].measured_at if last else None, look.at,
    )  # fmt: skip


def part_of(component: str) -> tuple[str, str]:
    """The part that a component stands under, and its name there; empty where it is one by itself.

    >>> part_of("vendor Apollo"), part_of("machine")
    (('vendors', 'Apollo'), ('machine', ''))
    """
    kind, _, name = component.partition(" ")
    return (MANY[kind], name) if name and kind in MANY else (component, "")


def as_of_now(last: Sequence[Standing], look: Look) -> list[Standing]:
    """What the last look found, and in the place of what was found since, that."""
    before = {one.subject: one for one in last}
    since = {one.subject: _again(one, before.get(one.subject), look.at) for one in look.found}
    return [*(since.get(subject, one) for subject, one in before.items()),
            *(one for subject, one in since.items() if subject not in before)]  # fmt: skip


def _again(found: Finding, before: Standing | None, at: datetime) -> Standing:
    """A finding of this moment; looking at a page is no look that counts in a row."""
    if before is None:
        return Standing(**asdict(found), measured_at=at, since=at)
    is_same_side = (before.status in WRONG) == found.is_wrong
    since = before.since if before.status == found.status else at
    return Standing(**asdict(found), measured_at=at, since=since, consecutive=before.consecutive if is_same_side else 1)


def _gone(kept: Sequence[Standing], stands: Sequence[Standing]) -> list[Standing]:
    known = {one.subject for one in stands}
    return [one for one in kept if one.subject not in known and one.is_wrong]


def _look_now() -> Look:
    """What is cheap to ask; nothing where the limits cannot be read. Prefect is asked where it was in use at last."""
    at = now()
    is_in_use = any(one.subject == PREFECT and one.status != "not_in_use" for one in standings())
    try:
        limits = load_rules(settings().health).limits
    except RingbackError:
        return Look(at, [])
    return Look(at, judge(gather_cheap(at, settings().prefect if is_in_use else None), limits, CHEAP))


_look = Kept(_look_now, KEPT_SECONDS)
