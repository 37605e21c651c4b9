"""A home for the browser: two versions, a lead in a campaign with a score and a mail, a task, drift, an incident."""

import json
from datetime import timedelta
from pathlib import Path

from campaigns.dimensions import Thresholds
from campaigns.qualify import qualify
from campaigns.rules import read_rules
from database import incidents, people, tasks
from database.predictions import keep_predictions
from database.tasks import NewTask
from ringback.clock import now
from ringback.settings import CHECKOUT, settings
from tests.campaigns.enrolling import a_campaign
from tests.factories import NOON, a_call, a_lead, a_prediction
from tests.flows.two_versions import found_home

RULES = CHECKOUT / "campaigns/playbook/qualification/standard.yaml"
LEAD = "ana@acme.example"


def fill(home: Path, migrated: Path) -> None:
    """Bring it all in."""
    found_home(home, migrated)
    many = [a_lead(f"lead{number}@many.example", NOON, name=f"Lead {number:02}") for number in range(40)]
    people.publish_leads([a_lead(LEAD, NOON, name="Ana Lima", job_title="CTO", company_id="acme.example"), *many])
    people.publish_calls([a_call("one", lead_id=LEAD, company_id="acme.example", minutes=30.0, title="Intro call")])
    keep_predictions([a_prediction("one", 0.9, NOON, lead_id=LEAD, reasons=("Pricing came up 6 times",))])
    a_campaign(leads=[LEAD])
    qualify("spring", read_rules(RULES), Thresholds(), NOON)
    tasks.make([NewTask("reply", "spring", LEAD, "e1", "maya@ours.example", "Ana answered", now())], NOON)
    incidents.open_incident("disk", "home", "3 % of the disk are free", now() - timedelta(hours=1))
    folder = settings().reports / "drift"
    folder.mkdir(parents=True)
    (folder / "2024-04-30.findings.json").write_text(json.dumps({
        "champion": "1", "findings": [{"words": "sentiment moved: calls sound worse"}], "undecided": [],
        "performance": ["accuracy 0.61"], "retraining": ["accuracy 0.61, under 0.75"], "estimates": [],
        "assumptions": "none",
        "distances": {"sentiment": {"psi": 0.31}, "pricing": {"psi": 0.02}},
    }))  # fmt: skip
