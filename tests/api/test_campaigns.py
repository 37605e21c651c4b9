"""Campaigns are made once, listed in pages, and looked at."""

from collections.abc import Callable

from starlette.testclient import TestClient

from database import campaigns
from tests.factories import NOON

KeyFor = Callable[..., dict[str, str]]
SPRING = {"campaign_id": "spring", "name": "Spring", "source": "apollo", "plan": {"titles": ["CTO"]}}


def test_a_campaign_is_made_once_and_shown_with_its_leads(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    made = client.post("/api/campaigns", json=SPRING, headers=writer)
    campaigns.add_leads("spring", ["ana@acme.com"], NOON)
    again = client.post("/api/campaigns", json=SPRING, headers=writer)
    shown = client.get("/api/campaigns/spring", headers=writer).json()
    assert (made.status_code, again.status_code, again.json()["error"]["code"]) == (201, 409, "exists")
    assert (shown["name"], shown["plan"], shown["leads"]) == ("Spring", {"titles": ["CTO"]}, 1)


def test_campaigns_are_listed_by_name_in_pages(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    for name in ("c", "a", "b"):
        client.post("/api/campaigns", json=SPRING | {"campaign_id": name, "name": name}, headers=writer)
    page = client.get("/api/campaigns?limit=2&offset=1", headers=writer).json()
    assert ([one["name"] for one in page["campaigns"]], page["total"]) == (["b", "c"], 3)
    assert client.get("/api/campaigns/none", headers=writer).status_code == 404


def test_a_plan_that_nobody_understands_is_refused(client: TestClient, key_for: KeyFor) -> None:
    answer = client.post("/api/campaigns", json=SPRING | {"plan": {"title": "CTO"}}, headers=key_for("write"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "plan.title")
    reader = client.post("/api/campaigns", json=SPRING, headers=key_for("read"))
    assert reader.status_code == 403
