"""Campaigns are made once, listed in pages, and looked at."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from database import campaigns
from database.people import publish_leads
from database.spending import Spent
from ringback.errors import VendorRefused
from tests.factories import HOUR, NOON, a_lead
from vendors.prefect_runs import JobRun

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


def test_campaigns_are_found_by_words_state_and_source(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    for name, source in (("spring-de", "apollo"), ("spring-us", "csv"), ("autumn", "csv")):
        client.post("/api/campaigns", json={"campaign_id": name, "name": name, "source": source}, headers=writer)
    client.patch("/api/campaigns/autumn", json={"state": "archived"}, headers=writer)

    def found(query: str) -> list[str]:
        page = client.get(f"/api/campaigns?{query}", headers=writer).json()
        return [one["campaign_id"] for one in page["campaigns"]]

    assert found("search=spring") == ["spring-de", "spring-us"]
    assert found("state=archived") == ["autumn"]
    assert found("source=csv&state=active") == ["spring-us"]
    assert client.get("/api/campaigns?state=lost", headers=writer).status_code == 422


def test_what_is_left_out_of_a_change_stays(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    client.post("/api/campaigns", json=SPRING | {"ceiling_usd": 50, "conduct": {"rest_days": 7}}, headers=writer)
    changed = client.patch(
        "/api/campaigns/spring", json={"state": "paused", "ceiling_usd": None}, headers=writer
    ).json()
    assert (changed["state"], changed["ceiling_usd"], changed["conduct"], changed["name"]) == (
        "paused", None, {"rest_days": 7}, "Spring",
    )  # fmt: skip
    assert client.patch("/api/campaigns/none", json={"name": "x"}, headers=writer).status_code == 404


def test_a_conduct_that_nobody_understands_is_refused_with_its_field(client: TestClient, key_for: KeyFor) -> None:
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    for conduct, field in (
        ({"rest_day": 3}, "conduct.rest_day"),
        ({"thresholds": {"need": 101}}, "conduct.thresholds.need"),
        ({"zone": "Mars/Olympus"}, "conduct.zone"),
        ({"goals": {"leads": 0}}, "conduct.goals.leads"),
    ):
        answer = client.patch("/api/campaigns/spring", json={"conduct": conduct}, headers=key_for("write"))
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


def test_a_conduct_that_names_what_the_playbook_lacks_is_refused(client: TestClient, key_for: KeyFor) -> None:
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    for conduct, field in (
        ({"rules": "standart"}, "conduct.rules"),
        ({"sequences": ["nobody-knows"]}, "conduct.sequences"),
        ({"owners": ["stranger@ours.example"]}, "conduct.owners"),
    ):
        answer = client.patch("/api/campaigns/spring", json={"conduct": conduct}, headers=key_for("write"))
        assert (answer.status_code, answer.json()["error"]["field"]) == (409, field)
    made = SPRING | {"campaign_id": "autumn", "conduct": {"rules": "standart"}}
    answer = client.post("/api/campaigns", json=made, headers=key_for("write"))
    assert answer.json()["error"]["message"] == "'standart' is not in the playbook; did you mean 'standard'?"
    assert client.get("/api/campaigns/autumn", headers=key_for("read")).status_code == 404


def test_known_leads_join_and_unknown_ones_are_named(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    client.post("/api/campaigns", json=SPRING, headers=writer)
    publish_leads([a_lead("ana@acme.com"), a_lead("ben@acme.com")])
    path = "/api/campaigns/spring/members"
    joined = client.post(path, json={"lead_ids": ["ana@acme.com", "ben@acme.com"]}, headers=writer)
    unknown = client.post(path, json={"lead_ids": ["ana@acme.com", "eve@acme.com"]}, headers=writer)
    assert (joined.status_code, joined.json()) == (200, {"new": 2})
    assert (unknown.status_code, "eve@acme.com" in unknown.json()["error"]["message"]) == (404, True)


def test_nobody_joins_an_archived_campaign(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    client.post("/api/campaigns", json=SPRING, headers=writer)
    publish_leads([a_lead("ana@acme.com")])
    path, asked = "/api/campaigns/spring/members", {"lead_ids": ["ana@acme.com"]}
    client.patch("/api/campaigns/spring", json={"state": "archived"}, headers=writer)
    refused = client.post(path, json=asked, headers=writer)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "archived")
    assert "'PATCH /api/campaigns/spring' with the state active" in refused.json()["error"]["message"]
    client.patch("/api/campaigns/spring", json={"state": "paused"}, headers=writer)
    assert client.post(path, json=asked, headers=writer).json() == {"new": 1}


@pytest.mark.parametrize("field", ["name", "plan", "conduct", "state"])
def test_what_a_campaign_must_have_cannot_be_nulled(client: TestClient, key_for: KeyFor, field: str) -> None:
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    answer = client.patch("/api/campaigns/spring", json={field: None}, headers=key_for("write"))
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


def test_what_is_spent_is_told_to_the_cent(
    client: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = [Spent("headcount", "apollo", 1, 0, cost) for cost in (27.1, 0.53, 0.1)]
    monkeypatch.setattr("campaigns.performance.spent", lambda _: costs)
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    told = client.get("/api/campaigns/spring/performance", headers=key_for("read")).json()
    assert (sum(one.cost for one in costs), told["spent_usd"]) == (27.730000000000004, 27.73)


def test_every_answer_that_a_campaign_gives_is_described(client: TestClient, key_for: KeyFor) -> None:
    paths = client.get("/openapi.json", headers=key_for("read")).json()["paths"]
    one = "/api/campaigns/{campaign_id}"
    assert {"409", "502"} <= paths[f"{one}/runs"]["post"]["responses"].keys()
    assert "502" in paths[f"{one}/schedule"]["put"]["responses"]
    assert "409" in paths[f"{one}/members"]["post"]["responses"]
    assert "409" in paths[f"{one}/tests"]["get"]["responses"]


def test_performance_is_a_funnel_with_intervals_goals_and_cost(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    client.post("/api/campaigns", json=SPRING | {"conduct": {"goals": {"leads": 10}}}, headers=writer)
    campaigns.add_leads("spring", ["ana@acme.com", "ben@acme.com"], NOON)
    told = client.get("/api/campaigns/spring/performance", headers=writer).json()
    assert [stage["name"] for stage in told["funnel"]] == [
        "harvested", "scored", "qualified", "routed", "contacted", "engaged", "meeting", "progressed",
    ]  # fmt: skip
    assert told["funnel"][1] == {
        "name": "scored", "count": 0, "share_of_before": 0.0, "low": 0.0, "high": pytest.approx(0.658, abs=1e-3)
    }  # fmt: skip
    assert told["goals"] == [{"goal": "leads", "wanted": 10, "reached": 2}]


def test_tests_of_the_sequences_are_shown_as_they_stand(client: TestClient, key_for: KeyFor) -> None:
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    (told,) = client.get("/api/campaigns/spring/tests", headers=key_for("read")).json()
    assert (told["name"], told["verdict"]) == ("voice-ai-introduction/opener-subject", "running")


def test_status_tells_of_harvests_and_of_full_runs(
    client: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def history(_server: str, deployment: str, _campaign: str, _at_most: int) -> list[JobRun]:
        began = NOON + HOUR if deployment.startswith("harvest") else NOON
        return [JobRun("r", deployment, "Completed", NOON, began, None, 1.0, 1, {}, "")]

    monkeypatch.setattr("vendors.prefect_runs.job_history", history)
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    told = client.get("/api/campaigns/spring/status", headers=key_for("read")).json()
    assert [one["what"] for one in told["jobs"]] == ["harvest", "full"]


def test_a_schedule_that_is_none_is_refused_with_its_field(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    client.post("/api/campaigns", json=SPRING, headers=writer)
    path = "/api/campaigns/spring"
    refused = client.put(f"{path}/schedule", json={"cron": "99 9 * * 1-5"}, headers=writer)
    error = refused.json()["error"]
    assert (refused.status_code, error["field"]) == (422, "cron")
    assert "'99 9 * * 1-5' is no schedule: the minute is wrong" in error["message"]
    changed = client.patch(path, json={"conduct": {"schedule": "0 9 * * 9"}}, headers=writer)
    assert (changed.status_code, changed.json()["error"]["field"]) == (422, "conduct.schedule")


def test_a_schedule_that_only_prefect_refuses_is_a_mistake_of_who_asks(
    client: TestClient, key_for: KeyFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise VendorRefused("Prefect refused it", 422, "Invalid cron string")

    monkeypatch.setattr("vendors.prefect_runs.put_schedule", refuse)
    client.post("/api/campaigns", json=SPRING, headers=key_for("write"))
    answer = client.put("/api/campaigns/spring/schedule", json={"cron": "0 9 * * 5L"}, headers=key_for("write"))
    assert (answer.status_code, "Prefect takes no schedule" in answer.json()["error"]["message"]) == (400, True)


def test_status_says_where_prefect_does_not_answer_and_a_run_says_so_too(client: TestClient, key_for: KeyFor) -> None:
    writer = key_for("write")
    client.post("/api/campaigns", json=SPRING, headers=writer)
    told = client.get("/api/campaigns/spring/status", headers=writer).json()
    assert (told["schedule"], told["jobs"]) == ("hourly, with all campaigns", [])
    assert "is 'ringback up' running?" in told["jobs_unknown_because"]
    for asked in (
        client.post("/api/campaigns/spring/runs", json={"what": "full"}, headers=writer),
        client.put("/api/campaigns/spring/schedule", json={"cron": "0 9 * * 1-5"}, headers=writer),
    ):
        assert (asked.status_code, asked.json()["error"]["code"]) == (502, "vendor_failed")
        assert asked.json()["error"]["message"].startswith("Prefect")
        assert "is 'ringback up' running?" in asked.json()["error"]["message"]
    client.patch("/api/campaigns/spring", json={"state": "archived"}, headers=writer)
    refused = client.post("/api/campaigns/spring/runs", json={"what": "full"}, headers=writer)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_active")
