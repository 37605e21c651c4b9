"""A campaign goes through all its steps in one run; the same run again does nothing, and what people do is followed."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from database import campaigns, engagement, outbox, tasks
from database.campaign_performance import ends, funnel
from database.engagement import Engagement
from database.people import publish_companies, publish_leads
from database.session import count_rows
from flows import campaign_steps as steps
from flows.run_campaigns import CampaignsRun, run_campaigns
from ringback.errors import BadPlaybook, WrongUsage
from tests.campaigns.enrolling import a_campaign
from tests.factories import a_lead, company_facts
from warehouse.connect import query_text, reading, rows

TUESDAY = datetime(2026, 3, 17, 16)
LEADS = [f"lead{number}@company{number}.example" for number in range(8)]


@pytest.fixture
def spring(home: Path, prefect: None) -> None:
    """A campaign with eight leads of companies that fit."""
    a_campaign(leads=())
    publish_companies([
        company_facts(f"company{number}.example", name=f"Company {number}", industry="Software", employees=300.0,
                      annual_revenue=60e6, country="United States", technologies=("Twilio", "AWS"),
                      web_functions=("communication",), description="A voice platform for contact centres")
        for number in range(8)
    ])  # fmt: skip
    publish_leads([
        a_lead(lead, company_id=lead.partition("@")[2], job_title="VP Operations", name="Ann Lee", first_name="Ann")
        for lead in LEADS
    ])  # fmt: skip
    campaigns.add_leads("spring", LEADS, TUESDAY - timedelta(days=1))


def event(kind: str, message_id: str, recipient: str, at: datetime, **detail: str) -> Engagement:
    return Engagement(f"test:{message_id}:{kind}", "test", kind, recipient, at, at, message_id, detail)


def run(at: datetime) -> CampaignsRun:
    told = run_campaigns(as_of=at)
    assert told.held_up == {}
    return told


def test_members_are_scored_qualified_routed_and_written_to_and_the_same_again_does_nothing(spring: None) -> None:
    told = run(TUESDAY)
    (advanced,) = told.campaigns
    assert (advanced.scored, advanced.qualified.outcomes, advanced.routed.enrolled) == (8, {"qualified": 8}, 8)
    assert (told.written.written, told.delivered.accepted) == (8, 8)
    counts = count_rows()
    again = run(TUESDAY)
    assert (again.campaigns[0].scored, again.campaigns[0].routed.enrolled, again.delivered.accepted) == (0, 0, 0)
    assert count_rows() == counts
    assert [(stage.name, stage.count) for stage in funnel("spring")] == [
        ("harvested", 8), ("scored", 8), ("qualified", 8), ("routed", 8), ("contacted", 8), ("engaged", 0),
        ("meeting", 0), ("progressed", 0),
    ]  # fmt: skip


def test_answers_hand_over_and_leaving_ends_and_both_reach_the_warehouse(spring: None) -> None:
    run(TUESDAY)
    sent = outbox.messages("sent")
    later = TUESDAY + timedelta(hours=2)
    engagement.keep_events([
        event("replied", sent[0].message_id, sent[0].recipient, later),
        event("unsubscribed", sent[1].message_id, sent[1].recipient, later),
        event("clicked_by_machine", sent[2].message_id, sent[2].recipient, TUESDAY + timedelta(seconds=5)),
    ])  # fmt: skip
    run(TUESDAY + timedelta(days=1))
    assert ends("spring") == {"on the way": 6, "replied": 1, "unsubscribed": 1}
    (task,) = tasks.tasks()
    assert (task.kind, task.lead_id) == ("reply", sent[0].lead_id)
    with reading() as warehouse:
        mails = rows(warehouse, "SELECT * FROM mails_as_of($at)", {"at": TUESDAY + timedelta(days=2)})
    assert sum(mail["replied_at"] is not None for mail in mails) == 1
    assert sum(mail["clicked_at"] is not None for mail in mails) == 0
    assert query_text("weeks_of_measure")


def test_next_mails_go_out_when_they_are_due_and_not_to_who_left(spring: None) -> None:
    run(TUESDAY)
    sent = outbox.messages("sent")
    engagement.keep_events([event("unsubscribed", sent[0].message_id, sent[0].recipient, TUESDAY)])
    told = run(TUESDAY + timedelta(days=28))
    assert told.delivered.accepted == 7
    assert {mail.recipient for mail in outbox.messages("sent") if mail.step == 1} == {
        mail.recipient for mail in sent[1:]
    }


def test_a_campaign_whose_rules_are_broken_holds_up_no_other(spring: None, monkeypatch: pytest.MonkeyPatch) -> None:
    a_campaign("broken", conduct={"rules": "none"})
    told = run_campaigns(as_of=TUESDAY)
    assert [one.campaign_id for one in told.campaigns] == ["spring"]
    assert "none.yaml: cannot be read" in told.held_up["broken"]


def test_a_paused_campaign_sends_nothing_and_cannot_be_run(spring: None) -> None:
    campaigns.change("spring", {"state": "paused"}, TUESDAY)
    assert run(TUESDAY).campaigns == ()
    with pytest.raises(WrongUsage, match=r"spring is paused: 'ringback campaigns resume spring'"):
        steps.active_campaigns("spring")
    with pytest.raises(WrongUsage, match="there is no campaign 'autumn'"):
        steps.active_campaigns("autumn")


def test_a_broken_playbook_is_told_with_all_its_mistakes(
    spring: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "playbook"
    (folder / "sequences").mkdir(parents=True)
    (folder / "sequences" / "bad.yaml").write_text("name: x\nstep: []\n")
    monkeypatch.setenv("RINGBACK_PLAYBOOK", str(folder))
    from ringback.settings import settings

    settings.cache_clear()
    with pytest.raises(BadPlaybook, match=r"bad.yaml:2: step: is not known here; did you mean 'steps'\?"):
        steps.open_playbook()
