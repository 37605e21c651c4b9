"""Everything is counted by state, as of the moment that is said."""

from collections.abc import Callable

from starlette.testclient import TestClient

from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from campaigns.rules import read_rules
from database import campaigns
from database.predictions import keep_predictions
from database.tickets import NewTicket, open_tickets
from ringback.settings import CHECKOUT
from tests.campaigns.enrolling import a_campaign
from tests.factories import NOON, a_prediction

KeyFor = Callable[..., dict[str, str]]
RULES = CHECKOUT / "campaigns/playbook/qualification/standard.yaml"


def test_everything_is_counted_by_state(client: TestClient, key_for: KeyFor) -> None:
    a_campaign("spring", ["ana@acme.example", "ben@gmail.com"])
    qualify("spring", read_rules(RULES), Thresholds(), NOON)
    a_campaign("autumn", ["ana@acme.example"], state="paused")
    keep_predictions([a_prediction("one", 0.9, NOON, lead_id="ana@acme.example", priority="HIGH")])
    open_tickets([NewTicket("template", "intro_v2", 1, {"title": "Change it"})], NOON, "a test")
    told = client.get("/api/statistics", headers=key_for("read")).json()
    looked_at = campaigns.leads_of("spring")
    assert (told["leads"], told["campaigns"]) == (2, {"active": 1, "paused": 1})
    assert (sum(told["members"].values()), told["members"]["not_looked_at"]) == (3, 3 - len(looked_at))
    assert (told["priorities"], sum(told["recommendations"].values())) == ({"HIGH": 1}, 1)
    assert (told["mails"], told["tickets"], told["as_of"][-1]) == ({}, {"open": 1}, "Z")
    assert client.get("/api/statistics", headers=key_for("score")).status_code == 403
