"""Every data vendor's stand-in shares the same switchboard and the same troubles."""

import time

import httpx
import pytest

from sandbox.server import SandboxServer
from tests.sandbox.vendor_controls import books, configure, reset

DOORS = {
    "pipe0": ("/pipe0/v1/pipes/check/none", {"Authorization": "Bearer sandbox-pipe0-key"}),
    "apollo": ("/apollo/api/v1/organizations/enrich?domain=a.test", {"x-api-key": "sandbox-apollo-key"}),
    "aturiya": ("/aturiya/users/auth/me", {"Authorization": "Bearer sandbox-aturiya-token"}),
    "dropcontact": ("/dropcontact/v1/account/credits", {"X-Access-Token": "sandbox-dropcontact-token"}),
    "slack": ("/slack/services/T000/B000/sandbox", {}),
    "clearbit": ("/clearbit/v2/companies/find?domain=a.test", {"Authorization": "Bearer sandbox-clearbit-key"}),
    "openfunnel": (
        "/openfunnel/api/v1/icp/list",
        {"X-API-Key": "sandbox-openfunnel-key", "X-User-ID": "ana@a.example"},
    ),
    "web": ("/web/nobody.test/", {}),
}


@pytest.mark.parametrize("vendor", DOORS)
def test_faults_are_set_for_one_vendor_alone(sandbox: SandboxServer, fellow: httpx.Client, vendor: str) -> None:
    path, headers = DOORS[vendor]
    reset(sandbox, vendor)  # what tests before were refused
    got = []
    for kind in ("server_error", "rate_limited", "html", "reset"):
        httpx.post(f"{sandbox.url}/_sandbox/faults?vendor={vendor}", verify=False, json={kind: 1.0}).raise_for_status()
        try:
            got.append(str(httpx.get(f"{sandbox.url}{path}", headers=headers).status_code))
        except httpx.TransportError as error:
            got.append(type(error).__name__)
    assert (got, fellow.get("/me").status_code) == (["500", "429", "200", "RemoteProtocolError"], 200)
    assert sum(books(sandbox, vendor)["refusals"].values()) == 4
    reset(sandbox, vendor)
    assert books(sandbox, vendor)["refusals"] == {}


@pytest.mark.parametrize("vendor", DOORS)
def test_a_vendor_can_be_slow(sandbox: SandboxServer, vendor: str) -> None:
    path, headers = DOORS[vendor]
    configure(sandbox, vendor, delay_seconds=0.2)
    begun = time.monotonic()
    httpx.get(f"{sandbox.url}{path}", headers=headers)
    reset(sandbox, vendor)
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize(
    ("vendor", "settings"), [("nobody", {}), ("pipe0", {"mood": 1}), ("pipe0", {"delay_seconds": "long"})]
)
def test_a_setting_that_cannot_be_meant_says_so(
    sandbox: SandboxServer, vendor: str, settings: dict[str, object]
) -> None:
    reply = httpx.post(f"{sandbox.url}/_sandbox/settings?vendor={vendor}", verify=False, json=settings)
    assert (reply.status_code, bool(reply.json()["detail"])) == (400, True)
