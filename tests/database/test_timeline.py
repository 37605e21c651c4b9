"""What happened with one lead, the latest first, whoever did it."""

from datetime import datetime, timedelta

import pytest

from database import models
from database.campaign_models import Decision, Message, Task
from database.campaigns import add_leads
from database.people import publish_calls, publish_leads
from database.predictions import keep_predictions
from database.session import insert_new, writing
from database.timeline import timeline
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, a_prediction

pytestmark = pytest.mark.usefixtures("home")

ANA = "ana@acme.com"


def hours(count: int) -> datetime:
    return NOON + timedelta(hours=count)


def a_mail(name: str, lead_id: str = ANA, **known: object) -> dict[str, object]:
    return {
        "message_id": name, "enrolment_id": name, "step": 0, "campaign_id": "spring", "lead_id": lead_id,
        "sequence": "first", "template": "hello", "variants": {}, "recipient": ANA, "mail": {"subject": "Hello"},
        "links": [], "state": "sent", "written_at": hours(4), "due_at": hours(4), "attempts": 1, "sent_at": hours(5),
        "settled_at": hours(5), "because": None, **known,
    }  # fmt: skip


def a_task(**known: object) -> dict[str, object]:
    return {
        "task_id": "1", "kind": "reply", "campaign_id": "spring", "lead_id": ANA, "enrolment_id": None,
        "owner": "eva@ours.example", "reason": "answered", "created_at": hours(7), "due_at": hours(20),
        "escalated_at": None, "escalated_to": None, "done_at": hours(8), "done_by": "eva@ours.example",
        "outcome": "called", "landed_at": None, **known,
    }  # fmt: skip


def live_through() -> None:
    publish_leads([a_lead(ANA, NOON - DAY)])
    publish_calls([a_call("one", NOON, lead_id=ANA, minutes=12.5)])
    add_leads("spring", [ANA], hours(1))
    keep_predictions([a_prediction("one", 0.7, hours(2), lead_id=ANA)])
    with writing() as connection:
        insert_new(connection, Decision, [{
            "decision_id": "1", "kind": "override", "campaign_id": "spring", "lead_id": ANA, "decided_at": hours(3),
            "outcome": "qualified", "because": {"said": "met at the fair"}, "decided_by": "eva", "landed_at": None,
        }])  # fmt: skip
        insert_new(connection, Message, [a_mail("m1"), a_mail("m2", "bob@acme.com")])
        insert_new(connection, models.EngagementEvent, [{
            "event_id": "1", "provider": "own", "kind": "clicked", "message_id": "m1", "recipient": ANA,
            "happened_at": hours(6), "received_at": hours(6), "detail": {"url": "https://ours.example/"},
            "landed_at": None,
        }])  # fmt: skip
        insert_new(connection, Task, [a_task()])
        insert_new(connection, models.Purchase, [{
            "entity_id": ANA, "signal": "contact", "order_id": "1", "source": "apollo", "campaign_id": None,
            "bought_at": hours(9), "cost": 0.5, "outcome": "found", "reason": None, "expires_at": NOON + 90 * DAY,
        }])  # fmt: skip


def test_everything_about_a_lead_comes_with_the_latest_first() -> None:
    live_through()
    assert [(one.at, one.what, one.by) for one in timeline(ANA)] == [
        (hours(9), "bought", "apollo"), (hours(8), "task done", "eva@ours.example"), (hours(7), "task", "nurture"),
        (hours(6), "reaction", ANA), (hours(5), "mail", "nurture"), (hours(3), "decision", "eva"),
        (hours(2), "score", "champion"), (hours(1), "joined", "harvest"), (NOON, "call", "account executive"),
        (NOON - DAY, "known", "crm"),
    ]  # fmt: skip


def test_it_says_what_a_person_did_and_what_a_rule() -> None:
    live_through()
    of_people = {one.what for one in timeline(ANA) if one.is_of_a_person}
    assert of_people == {"task done", "reaction", "decision", "call"}


def test_each_has_the_facts_of_its_kind() -> None:
    live_through()
    facts = {one.what: one.facts for one in timeline(ANA)}
    assert facts["mail"] == {
        "state": "sent", "subject": "Hello", "sequence": "first", "template": "hello", "because": None
    }  # fmt: skip
    assert facts["reaction"] == {"kind": "clicked", "url": "https://ours.example/"}
    assert facts["call"] == {"title": None, "minutes": 12.5, "sentiment": None, "progressed_at": None}


def test_only_so_many_of_the_last_things_are_given() -> None:
    live_through()
    assert [one.what for one in timeline(ANA, 2)] == ["bought", "task done"]


def test_what_happened_under_an_id_that_was_merged_counts_for_both_ids() -> None:
    live_through()
    with writing() as connection:
        row = {"lead_id": ANA, "into_lead_id": "ana@new.example", "merged_at": NOON + HOUR, "because": "same profile"}
        insert_new(connection, models.MergedLead, [row])
    assert [one.what for one in timeline("ana@new.example")] == [one.what for one in timeline(ANA)]
    assert [one.what for one in timeline(ANA)].count("merged") == 1


def test_of_somebody_unknown_nothing_is_told() -> None:
    live_through()
    assert timeline("nobody@acme.com") == []
