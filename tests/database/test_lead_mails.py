"""Mails to leads are found by lead, with what people did with them, and follow a lead that is merged."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest

from database.campaign_models import Message
from database.engagement import keep_events
from database.known import known_lead
from database.lead_mails import Done, SentMail, mails_to
from database.people import publish_leads
from database.session import insert_new, writing
from tests.campaigns.events import ANA, a_message, an_event
from tests.factories import DAY, HOUR, NOON, a_lead

pytestmark = pytest.mark.usefixtures("home")


def keep(*messages: tuple[str, datetime], **known: Any) -> None:
    """Mails to Ana that were sent at these moments."""
    usual: list[dict[str, Any]] = [
        {"enrolment_id": name, "state": "sent", "sent_at": at, "settled_at": at} for name, at in messages
    ]
    rows = [asdict(a_message(facts["enrolment_id"], **(facts | known))) for facts in usual]
    with writing() as connection:
        insert_new(connection, Message, rows)


def test_mails_come_in_order_with_what_people_did_and_nothing_of_machines() -> None:
    keep(("m2", NOON), ("m1", NOON - DAY))
    keep(("never", NOON), state="failed", sent_at=None)
    keep(("his", NOON), lead_id="ben@acme.com")
    keep_events([
        an_event("a", "opened", NOON + HOUR, "m1"), an_event("b", "replied", NOON + DAY, "m1"),
        an_event("c", "clicked_by_machine", NOON, "m2"), an_event("d", "delivered", NOON, "m2"),
        an_event("e", "opened", NOON, "never"),
    ])  # fmt: skip
    done = (Done("opened", NOON + HOUR, NOON + HOUR), Done("replied", NOON + DAY, NOON + DAY))
    assert mails_to([ANA, "ben@acme.com", "nobody"]) == {
        ANA: (SentMail(NOON - DAY, NOON - DAY, done), SentMail(NOON, NOON)), "ben@acme.com": (SentMail(NOON, NOON),),
    }  # fmt: skip


def test_a_lead_that_was_merged_has_its_mails_under_the_id_that_is_kept() -> None:
    publish_leads([a_lead(ANA, linkedin_url="linkedin.com/in/ana"), a_lead("ana@old.com", NOON - DAY)])
    keep(("m1", NOON - DAY), lead_id="ana@old.com", recipient="ana@old.com")
    publish_leads([a_lead("ana@old.com", NOON, source="apollo", linkedin_url="https://linkedin.com/in/Ana/")])
    by_old, by_new = known_lead("ana@old.com", None), known_lead(ANA, None)
    assert by_old is not None
    assert by_old == by_new
    assert by_old.mails == (SentMail(NOON - DAY, NOON - DAY),)
