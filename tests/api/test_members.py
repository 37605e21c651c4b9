"""Members are shown with their cards and decisions, and people decide above rules; tasks are done once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from campaigns.rules import read_rules
from database import tasks
from database.campaigns import add_leads
from database.tasks import NewTask
from ringback.settings import CHECKOUT
from tests.campaigns.enrolling import a_campaign
from tests.factories import NOON

KeyFor = Callable[..., dict[str, str]]
PATH = "/api/campaigns/spring/members"
RULES = CHECKOUT / "campaigns/playbook/qualification/standard.yaml"


@pytest.fixture
def _looked_at(client: TestClient) -> None:
    """A campaign with two members that were looked at."""
    a_campaign(leads=["ana@acme.example", "ben@acme.example"])
    qualify("spring", read_rules(RULES), Thresholds(), NOON)


@pytest.mark.usefixtures("_looked_at")
def test_members_are_listed_in_pages_and_by_outcome(client: TestClient, key_for: KeyFor) -> None:
    reader = key_for("read")
    first = client.get(f"{PATH}?limit=1", headers=reader).json()
    second = client.get(f"{PATH}?limit=1&after=ana@acme.example", headers=reader).json()
    assert [one["lead_id"] for one in first["members"] + second["members"]] == ["ana@acme.example", "ben@acme.example"]
    assert (sum(first["outcomes"].values()), first["not_looked_at"], first["total"]) == (2, 0, 2)
    assert client.get(f"{PATH}?outcome=maybe", headers=reader).status_code == 422
    assert client.get("/api/campaigns/none/members", headers=reader).status_code == 404
    unknown = client.get(f"{PATH}?after=garbage", headers=reader)
    assert (unknown.status_code, unknown.json()["error"]["field"]) == (422, "query.after")


@pytest.mark.usefixtures("_looked_at")
def test_members_whom_nobody_has_looked_at_are_counted(client: TestClient, key_for: KeyFor) -> None:
    add_leads("spring", ["eve@acme.example", "joe@acme.example", "kim@acme.example"], NOON)
    told = client.get(f"{PATH}?limit=1", headers=key_for("read")).json()
    assert (len(told["members"]), told["not_looked_at"], told["total"]) == (1, 3, 5)


@pytest.mark.usefixtures("_looked_at")
def test_a_member_is_explained_and_a_person_decides_above_the_rules(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    asked = {"kind": "qualification", "outcome": "qualified", "because": "Met them at the fair"}
    made = client.post(f"{PATH}/ana@acme.example/overrides", json=asked, headers=writer)
    qualify("spring", read_rules(RULES), Thresholds(), NOON + timedelta(days=365 * 10))
    told = client.get(f"{PATH}/ana@acme.example", headers=writer).json()
    assert (made.status_code, made.json()["outcome"]) == (201, "qualified")
    assert (told["card"]["outcome"], told["card"]["rule"]) == ("qualified", "override")
    assert told["dimensions"]
    assert [one["kind"] for one in told["decisions"]] == ["qualification", "override", "qualification"]
    gone = client.delete(f"/api/campaigns/spring/overrides/{made.json()['override_id']}", headers=writer)
    assert gone.json()["withdrawn_at"] is not None


def test_a_member_whose_id_has_a_slash_is_read_and_decided_about(client: TestClient, key_for: KeyFor) -> None:
    a_campaign(leads=["crm/77"])
    qualify("spring", read_rules(RULES), Thresholds(), NOON)
    asked = {"kind": "qualification", "outcome": "qualified", "because": "Met them at the fair"}
    made = client.post(f"{PATH}/crm%2F77/overrides", json=asked, headers=key_for("write"))
    told = client.get(f"{PATH}/crm%2F77", headers=key_for("read")).json()
    assert (made.status_code, told["card"]["lead_id"], len(told["overrides"])) == (201, "crm/77", 1)


@pytest.mark.usefixtures("_looked_at")
def test_what_cannot_be_decided_is_refused(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    path = f"{PATH}/ana@acme.example/overrides"
    wrong = {"kind": "qualification", "outcome": "splendid", "because": "I like them"}
    refused = client.post(path, json=wrong, headers=writer)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "outcome")
    assert client.post(path, json=wrong | {"because": ""}, headers=writer).status_code == 422
    over = wrong | {"outcome": "qualified", "until": "2001-01-01T00:00:00Z"}
    assert client.post(path, json=over, headers=writer).status_code == 400
    assert client.post(path, json=wrong, headers=key_for("read")).status_code == 403
    nobody = client.post(f"{PATH}/eve@acme.example/overrides", json=wrong, headers=writer)
    assert nobody.status_code == 404


@pytest.mark.usefixtures("_looked_at")
def test_only_owners_and_sequences_of_the_playbook_are_decided(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")

    def decided(kind: str, outcome: str) -> tuple[int, str]:
        asked = {"kind": kind, "outcome": outcome, "because": "I know them"}
        told = client.post(f"{PATH}/ana@acme.example/overrides", json=asked, headers=writer)
        return told.status_code, told.json().get("outcome") or told.json()["error"]["message"]

    assert decided("owner", "Maya@ringback-customer.example") == (201, "maya@ringback-customer.example")
    assert decided("sequence", "nurture") == (201, "nurture")
    assert decided("sequence", "banana") == (
        422, "'banana' is no sequence of this campaign; there are messaging-introduction, nurture, "
        "voice-ai-introduction.",
    )  # fmt: skip
    status, words = decided("owner", "nobody@x")
    assert (status, "'nobody@x' is no owner of this campaign; there are diego@" in words) == (422, True)
    client.patch("/api/campaigns/spring", json={"conduct": {"sequences": ["nurture"]}}, headers=writer)
    assert decided("sequence", "voice-ai-introduction") == (
        422, "'voice-ai-introduction' is no sequence of this campaign; there are nurture.",
    )  # fmt: skip


def test_tasks_are_listed_by_owner_and_done_once(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    a_campaign(leads=["ana@acme.example"])
    tasks.make([NewTask("reply", "spring", "ana@acme.example", "e1", "maya@us.example", "Answered", NOON)], NOON)
    (task,) = client.get("/api/tasks?owner=maya@us.example", headers=writer).json()
    assert (task["reason"], task["done_at"]) == ("Answered", None)
    path = f"/api/tasks/{task['task_id']}/done"
    assert client.post(path, json={"outcome": "call booked"}, headers=writer).status_code == 204
    assert client.post(path, json={"outcome": "call booked"}, headers=writer).status_code == 404
    assert client.get("/api/tasks?is_done=false", headers=writer).json() == []
