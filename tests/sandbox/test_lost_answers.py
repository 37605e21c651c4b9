"""An answer can get lost after all was carried out; and a vendor's own limits are counted apart from faults."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.fellow import API_KEY as FELLOW_KEY
from sandbox.server import SandboxServer
from tests.sandbox.test_vendors import DOORS
from tests.sandbox.vendor_controls import books, configure, reset

ORDERS: dict[str, tuple[str, dict[str, str], dict[str, object]]] = {
    "pipe0": (
        "/v1/pipes/run",
        {"Authorization": "Bearer sandbox-pipe0-key"},
        {"pipes": [{"pipe_id": "company:newssummary:website@1"}]},
    ),
    "apollo": ("/api/v1/organizations/bulk_enrich", {"x-api-key": "sandbox-apollo-key"}, {}),
    "dropcontact": ("/v1/enrich/all", {"X-Access-Token": "sandbox-dropcontact-token"}, {}),
    "openfunnel": (
        "/api/v1/enrich/accounts",
        {"X-API-Key": "sandbox-openfunnel-key", "X-User-ID": "ana@a.example"},
        {},
    ),
}


@pytest.fixture(autouse=True)
def in_peace(sandbox: SandboxServer) -> Iterator[None]:
    for vendor in (*DOORS, "fellow"):
        reset(sandbox, vendor)
    yield
    for vendor in (*DOORS, "fellow"):
        reset(sandbox, vendor)


def trouble(sandbox: SandboxServer, vendor: str, **faults: float) -> None:
    httpx.post(
        f"{sandbox.url}/_sandbox/faults", verify=False, params={"vendor": vendor}, json=faults
    ).raise_for_status()


@pytest.mark.parametrize("vendor", ORDERS)
def test_an_order_whose_answer_is_lost_is_taken_and_billed(sandbox: SandboxServer, vendor: str) -> None:
    path, headers, body = ORDERS[vendor]
    domains = [one.domain for one in sandbox.world.companies(sandbox.clock())[:8]]
    named: dict[str, dict[str, object]] = {
        "pipe0": {"input": [{"company_website_url": one} for one in domains]},
        "apollo": {"details": [{"domain": one} for one in domains]},
        "dropcontact": {"data": [{"email": f"ana@{one}"} for one in domains]},
        "openfunnel": {"domains": domains},
    }
    trouble(sandbox, vendor, lost_answer=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{sandbox.url}/{vendor}{path}", headers=headers, json={**body, **named[vendor]})
    trouble(sandbox, vendor)
    kept = books(sandbox, vendor)
    assert (len(kept["billed"]) > 4, set(kept["billed"].values()), kept["refusals"]) == (
        True, {1}, {"lost_answer": 1})  # fmt: skip


def test_without_the_key_nothing_is_carried_out_or_lost(sandbox: SandboxServer) -> None:
    trouble(sandbox, "apollo", lost_answer=1)
    assert httpx.get(f"{sandbox.url}/apollo/api/v1/organizations/enrich?domain=a.test").status_code == 401


def test_a_refusal_can_be_lost_too(sandbox: SandboxServer) -> None:
    trouble(sandbox, "pipe0", lost_answer=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{sandbox.url}/pipe0/v1/pipes/check/none", headers=ORDERS["pipe0"][1])


def test_fellow_loses_answers_after_carrying_out(sandbox: SandboxServer, fellow: httpx.Client) -> None:
    [item] = fellow.post("/action_items", json={"pagination": {"page_size": 1}}).json()["action_items"]["data"][:1]
    trouble(sandbox, "fellow", lost_answer=1)
    with pytest.raises(httpx.RemoteProtocolError):
        fellow.post(f"/action_item/{item['id']}/complete", json={"completed": True})
    trouble(sandbox, "fellow")
    assert fellow.get(f"/action_item/{item['id']}").json()["action_item"]["status"] == "Complete"


@pytest.mark.parametrize("vendor", [*DOORS, "fellow"])
def test_a_429_can_come_without_a_time_to_wait(sandbox: SandboxServer, vendor: str) -> None:
    path, headers = {**DOORS, "fellow": ("/fellow/sandbox/api/v1/me", {"X-API-KEY": FELLOW_KEY})}[vendor]
    trouble(sandbox, vendor, rate_limited_without_retry_after=1)
    reply = httpx.get(f"{sandbox.url}{path}", headers=headers)
    assert (reply.status_code, "Retry-After" in reply.headers) == (429, False)


LIMITS = {
    "pipe0": ("requests_per_minute", 2), "apollo": ("per_minute", 2), "dropcontact": ("per_second", 2),
    "clearbit": ("per_minute", 2), "openfunnel": ("requests_per_minute", 2), "fellow": ("requests_per_second", 2),
}  # fmt: skip


@pytest.mark.parametrize("vendor", LIMITS)
def test_a_vendors_own_limit_is_counted_apart_from_faults(sandbox: SandboxServer, vendor: str) -> None:
    path, headers = {**DOORS, "fellow": ("/fellow/sandbox/api/v1/me", {"X-API-KEY": FELLOW_KEY})}[vendor]
    setting, most = LIMITS[vendor]
    trouble(sandbox, vendor, rate_limited=1)
    httpx.get(f"{sandbox.url}{path}", headers=headers, timeout=5)
    before = books(sandbox, vendor)
    assert (before["over_limit"], before["refusals"]) == (0, {"rate_limited": 1})
    trouble(sandbox, vendor)
    configure(sandbox, vendor, **{setting: most})
    with httpx.Client(verify=False, headers=headers) as client:
        statuses = [client.get(f"{sandbox.url}{path}").status_code for _ in range(6)]
    after = books(sandbox, vendor)
    assert statuses.count(429) == after["over_limit"] == after["refusals"]["rate_limit"] > 0
    assert after["limits"][0] == "rate_limit"
