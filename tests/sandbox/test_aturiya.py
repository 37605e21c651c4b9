"""Aturiya's stand-in lists campaigns and leads, over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.aturiya import TOKEN
from sandbox.fellow_records import JsonObject
from sandbox.server import SandboxServer
from tests.sandbox.vendor_controls import configure, reset


@pytest.fixture
def aturiya(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "aturiya")
    url, headers = f"{sandbox.url}/aturiya/users", {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(verify=False, base_url=url, headers=headers) as client:
        yield client
    reset(sandbox, "aturiya")


def read_leads(aturiya: httpx.Client, campaign_id: str) -> list[JsonObject]:
    leads: list[JsonObject] = []
    page = {"page": 0, "has_next_page": True}
    while page["has_next_page"]:
        asked = {"campaign_id": campaign_id, "page": page["page"] + 1, "per_page": 20}
        reply = aturiya.get("/usr_sandbox/agents/sdr/agt_sandbox/leads", params=asked).raise_for_status().json()
        leads, page = leads + reply["data"], reply["pagination"]
    return leads


def test_the_campaigns_hold_every_person_once_with_gaps(sandbox: SandboxServer, aturiya: httpx.Client) -> None:
    campaigns = aturiya.get("/usr_sandbox/agents/sdr/agt_sandbox/campaigns").json()["data"]
    leads = [lead for one in campaigns for lead in read_leads(aturiya, one["id"])]
    people = sandbox.world.people(sandbox.clock())
    assert sorted(str(lead["name"]) for lead in leads) == sorted(person.full_name for person in people)
    assert len({lead["lead_id"] for lead in leads}) == len(people)
    for fact in ("email", "website", "linkedin_url"):
        assert 0 < sum(lead[fact] is None for lead in leads) < 0.3 * len(leads)


def test_another_agent_has_no_campaigns_and_another_user_is_unknown(aturiya: httpx.Client) -> None:
    assert aturiya.get("/usr_sandbox/agents/sdr/agt_other/campaigns").json() == {"data": []}
    assert aturiya.get("/usr_other/agents/sdr/agt_sandbox/leads").status_code == 404


def test_the_token_can_expire_between_two_pages(sandbox: SandboxServer, aturiya: httpx.Client) -> None:
    configure(sandbox, "aturiya", requests_until_expired=1)
    assert [aturiya.get("/auth/me").status_code for _ in range(2)] == [200, 401]
    assert httpx.get(f"{sandbox.url}/aturiya/users/auth/me").status_code == 401
