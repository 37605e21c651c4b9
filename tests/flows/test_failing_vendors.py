"""Harvest and enrichment while every vendor fails 30 % of its calls, in all the ways there are.

RINGBACK_TEST_LEADS says how many leads are looked for; the limits are counted by the vendors' stand-ins.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from database import queue, signals
from database.campaigns import Planned, leads_of, save
from database.models import Lead, LeadKey, MergedLead, Purchase
from database.session import reading
from database.signals import known
from enrichment.subjects import subjects_of, wanted_of
from enrichment.worker import Pace, work
from flows.environment import quick_flows
from ringback.clock import now
from ringback.settings import settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.sandbox.vendor_controls import books, configure

LEADS = int(os.environ.get("RINGBACK_TEST_LEADS", "30"))
PER_MINUTE = 600
MOMENT = datetime(2026, 11, 2)
VENDORS = ("apollo", "pipe0", "dropcontact", "openfunnel")
KINDS = (
    "timeout", "rate_limited", "rate_limited_without_retry_after", "server_error", "malformed_json", "html", "reset",
    "lost_answer",
)  # fmt: skip


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """All vendors, each failing 30 % of its calls."""
    world = World(seed=7, start=datetime(2026, 1, 5), calls_per_week=60)
    with SandboxServer(world, now=lambda: MOMENT) as running:
        for name, value in {
            "SANDBOX_PORT": running.url.rsplit(":", 1)[1], "VENDOR_TIMEOUT_SECONDS": "0.5", "PIPE0_POLL_SECONDS": "0.2",
            "SPEND_PER_DAY_USD": "100000", "SPEND_PER_CAMPAIGN_USD": "100000",
            "APOLLO_REQUESTS_PER_MINUTE": str(PER_MINUTE), "APOLLO_REQUESTS_PER_HOUR": str(PER_MINUTE * 60),
        }.items():  # fmt: skip
            monkeypatch.setenv(f"RINGBACK_{name}", value)
        settings.cache_clear()
        configure(running, "apollo", per_minute=PER_MINUTE, per_hour=PER_MINUTE * 60)
        is_quick = LEADS < 1000  # a Retry-After of these vendors is the rest of their minute
        for number, vendor in enumerate(VENDORS):
            kinds = [kind for kind in KINDS if not (is_quick and kind == "rate_limited")]
            faults = {kind: 0.3 / len(kinds) for kind in kinds} | {"hang_seconds": 0.7, "seed": number}
            httpx.post(
                f"{running.url}/_sandbox/faults", verify=False, params={"vendor": vendor}, json=faults
            ).raise_for_status()
        yield running


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("prefect")
def test_every_lead_is_there_once_and_every_signal_found_or_missed_with_its_reason(server: SandboxServer) -> None:
    from flows.harvest_leads import harvest_leads

    save([Planned("spring", "Spring", "apollo", now(), plan={"most": LEADS})])
    with quick_flows():
        harvested = harvest_leads(campaign_id="spring")
    assert (harvested.read, harvested.new) == (LEADS, LEADS)
    clock = Skipping()
    while waits_until := queue.next_at():
        clock.skip_to(waits_until)
        work(settings(), "ana", clock, pace=Pace(patience=timedelta(0)))
    states = queue.backlog()
    assert states["done"] + states.get("dead", 0) == sum(states.values())
    assert signals.claims() == 0
    assert sum(ids * leads for ids, leads in apollo_ids_by_lead().items()) == LEADS
    assert untold(leads_of("spring"), clock()) == []
    assert {vendor: limits_passed(server, vendor) for vendor in VENDORS} == dict.fromkeys(VENDORS, 0)
    assert {vendor: billed_twice(server, vendor) for vendor in VENDORS} == {vendor: [] for vendor in VENDORS}
    told(clock())


class Skipping:
    """A clock that runs, and can be moved on to when something waits for."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        return now() + self._ahead

    def skip_to(self, moment: datetime) -> None:
        self._ahead = max(self._ahead, moment - now() + timedelta(milliseconds=1))


def apollo_ids_by_lead() -> Counter[int]:
    """How many leads have how many of Apollo's ids."""
    with reading() as connection:
        keys = connection.execute(LeadKey.__table__.select()).all()
        stored = {row.lead_id for row in connection.execute(Lead.__table__.select())}
        gone = {row.lead_id for row in connection.execute(MergedLead.__table__.select())}
    assert stored & gone == set()
    ids = Counter(row.lead_id for row in keys if row.key.startswith("apollo:"))
    assert ids.keys() <= stored
    return Counter(ids.values())


def untold(lead_ids: list[str], at: datetime) -> list[str]:
    """Signals of leads and of companies in the queue that are neither found nor missed with a reason."""
    with reading() as connection:
        companies = {row.company_id for row in connection.execute(Lead.__table__.select()) if row.company_id}
    taken = [queue.Taken(one, 0, 0, at, "lead") for one in lead_ids]
    taken += [queue.Taken(one, 0, 0, at, "company") for one in companies if ":" not in one]
    wanted = {(s.subject_id, name) for s in subjects_of(taken) for name in wanted_of(s, settings().signals)}
    told = {
        (one.wanted.entity_id, one.wanted.signal)
        for one in known([one.subject_id for one in taken], at) if one.value is not None or one.reason
    }  # fmt: skip
    return sorted(f"{entity} {name}" for entity, name in wanted - told)


def limits_passed(server: SandboxServer, vendor: str) -> int:
    """How often a vendor's own limit was passed, as its stand-in counted, faults apart."""
    passed: int = books(server, vendor)["over_limit"]
    return passed


def billed_twice(server: SandboxServer, vendor: str) -> list[str]:
    """What a vendor billed more than once; pages of a search are counted together and do not tell."""
    billed = books(server, vendor)["billed"]
    return [what for what, times in billed.items() if times > 1 and not what.startswith("page of")]


def told(at: datetime) -> None:
    """The figures, for who watches (`-s`)."""
    with reading() as connection:
        rows = connection.execute(Purchase.__table__.select()).all()
    print(Counter((row.source, row.outcome) for row in rows), queue.backlog(), at)
