"""Tickets over HTTP: read with a role to read, changed with a role to write, refused where it cannot be."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from database.tickets import NewTicket, id_of, open_tickets, ticket_as_of
from ringback.clock import now
from tests.factories import DAY

KeyFor = Callable[..., dict[str, str]]
EVIDENCE = {"evidence": [["Progressed", "12 % (n = 200)"]], "description": "<script>alert(1)</script>"}


@pytest.fixture
def ticket_id(client: TestClient) -> str:
    said: dict[str, Any] = {
        "rule": "template", "subject": "intro_v2", "title": "Change it", "category": "messages", "priority": "HIGH",
        "measure": "progression_rate", "effort_hours": 10.0, "expected_low": 0.01, "expected_value": 0.02,
        "expected_high": 0.03, "per_week_n": 100.0, "facts": EVIDENCE,
    }  # fmt: skip
    open_tickets([NewTicket("template", "intro_v2", 1, said)], now() - 2 * DAY, "weekly-report")
    return id_of("template", "intro_v2", 1)


def test_a_ticket_is_listed_with_what_it_promises(client: TestClient, key_for: KeyFor, ticket_id: str) -> None:
    page = client.get("/api/tickets", headers=key_for("read")).json()
    (one,) = page["tickets"]
    assert (page["total"], one["ticket_id"], one["state"], one["verdict"]) == (1, ticket_id, "open", None)
    assert one["expected"]["per_week"]["value"] == pytest.approx(800)  # 0.02 × 100 × 400 USD
    assert one["expected"]["payback_weeks"] == pytest.approx(900 / 800)
    assert client.get("/api/tickets?state=measured", headers=key_for("read")).json()["total"] == 0


def test_a_ticket_is_shown_with_its_evidence_and_history(client: TestClient, key_for: KeyFor, ticket_id: str) -> None:
    shown = client.get(f"/api/tickets/{ticket_id}", headers=key_for("read")).json()
    assert shown["recommendation"]["facts"] == EVIDENCE
    assert [(event["kind"], event["by"]) for event in shown["events"]] == [("open", "weekly-report")]
    assert client.get("/api/tickets/T-00000000", headers=key_for("read")).status_code == 404


def test_a_ticket_is_accepted_and_implemented_by_whoever_may_write(
    client: TestClient, key_for: KeyFor, ticket_id: str
) -> None:
    writer, place, today = key_for("write"), f"/api/tickets/{ticket_id}", f"{now():%Y-%m-%d}"
    early = client.post(f"{place}/implement", json={"on": today}, headers=writer)
    accepted = client.post(f"{place}/accept", json={"note": "next week"}, headers=writer)
    again = client.post(f"{place}/accept", json={}, headers=writer)
    done = client.post(f"{place}/implement", json={"on": today, "note": "shipped"}, headers=writer).json()
    assert (early.status_code, early.json()["error"]["code"]) == (409, "wrong_state")
    assert "possible is: accepted or rejected" in early.json()["error"]["message"]
    assert (accepted.status_code, again.status_code) == (200, 200)
    assert (done["state"], done["implemented_on"]) == ("implemented", today)
    assert [event["kind"] for event in done["events"]] == ["open", "accepted", "implemented"]
    assert done["events"][1]["by"].startswith("key ")


def test_a_ticket_is_rejected_with_a_reason_only(client: TestClient, key_for: KeyFor, ticket_id: str) -> None:
    writer, place = key_for("write"), f"/api/tickets/{ticket_id}/reject"
    assert client.post(place, json={"because": "  "}, headers=writer).json()["error"]["message"] == (
        "because: must say something"
    )
    without = client.post(place, headers=writer)
    assert (without.status_code, without.json()["error"]["field"]) == (422, "body")
    assert client.post(place, json={"because": "not now"}, headers=writer).json()["state"] == "rejected"


@pytest.mark.parametrize("on", ["2999-01-01", "2001-01-01", "soon"])
def test_a_day_that_cannot_be_is_refused(client: TestClient, key_for: KeyFor, ticket_id: str, on: str) -> None:
    writer = key_for("write")
    client.post(f"/api/tickets/{ticket_id}/accept", json={}, headers=writer)
    answer = client.post(f"/api/tickets/{ticket_id}/implement", json={"on": on}, headers=writer)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "on")


@pytest.mark.parametrize(
    ("way", "body"), [("accept", {}), ("implement", {"on": "2026-03-18"}), ("reject", {"because": "no"})]
)
def test_who_may_only_read_changes_nothing(
    client: TestClient, key_for: KeyFor, ticket_id: str, way: str, body: dict[str, str]
) -> None:
    assert client.post(f"/api/tickets/{ticket_id}/{way}", json=body, headers=key_for("read")).status_code == 403
    ticket = ticket_as_of(ticket_id, now())
    assert ticket is not None
    assert ticket.state == "open"
