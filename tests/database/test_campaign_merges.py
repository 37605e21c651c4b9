"""What campaigns know of a lead goes with it to the one that it turned out to be."""

from datetime import datetime
from typing import Any

import pytest

from database.campaign_models import Decision, Enrolment, LeadCard, Message, Override, Task
from database.identities import Merge, move
from database.models import Base
from database.outbox import messages
from database.people import publish_leads
from database.session import reading, writing
from tests.factories import DAY, NOON, a_lead

pytestmark = pytest.mark.usefixtures("home")

OLD, NEW = "apollo:67bd", "ana@acme.com"
LATER = NOON + 9 * DAY


def put(model: type[Base], *rows: dict[str, Any]) -> None:
    with writing() as connection:
        connection.execute(model.__table__.insert(), list(rows))  # type: ignore[attr-defined]  # a table has it


def kept(model: type[Base], *columns: str) -> list[tuple[Any, ...]]:
    with reading() as connection:
        found = connection.execute(model.__table__.select()).all()
    return sorted((tuple(getattr(row, name) for name in columns) for row in found), key=repr)


def merge() -> None:
    with writing() as connection:
        move(connection, [Merge(OLD, NEW, "the same e-mail address")], LATER)


def a_card(lead_id: str, made_at: datetime, campaign_id: str = "spring") -> dict[str, Any]:
    return {"campaign_id": campaign_id, "lead_id": lead_id, "made_at": made_at, "made_by": "x", "groups": {},
            "dimensions": {}, "outcome": "qualified"}  # fmt: skip


def an_enrolment(enrolment_id: str, lead_id: str, enrolled_at: datetime, **known: Any) -> dict[str, Any]:
    return {"enrolment_id": enrolment_id, "campaign_id": "spring", "lead_id": lead_id, "sequence": "intro",
            "sequence_hash": "1", "owner": "eve", "zone": "UTC", "enrolled_at": enrolled_at, "step": 1,
            "due_at": enrolled_at, "folded_to": enrolled_at, "ended_at": None,
            "ended_as": None} | known  # fmt: skip


def a_mail(enrolment_id: str, lead_id: str, step: int, state: str) -> dict[str, Any]:
    return {"message_id": f"{enrolment_id}-{step}", "enrolment_id": enrolment_id, "step": step, "campaign_id": "spring",
            "lead_id": lead_id, "sequence": "intro", "template": "first", "variants": {}, "recipient": "ana@acme.com",
            "mail": {}, "links": [], "state": state, "written_at": NOON, "due_at": NOON, "attempts": 0}  # fmt: skip


def test_of_two_cards_in_a_campaign_the_newer_is_kept_and_all_are_to_be_made_anew() -> None:
    put(LeadCard, a_card(OLD, NOON), a_card(NEW, NOON + DAY), a_card(OLD, NOON + DAY, "summer"),
        a_card(NEW, NOON, "summer"), a_card(OLD, NOON, "autumn"), a_card("bob@acme.com", NOON))  # fmt: skip
    merge()
    assert kept(LeadCard, "campaign_id", "lead_id", "made_at", "made_by") == sorted([
        ("spring", NEW, NOON + DAY, "merge"), ("summer", NEW, NOON + DAY, "merge"), ("autumn", NEW, NOON, "merge"),
        ("spring", "bob@acme.com", NOON, "x"),
    ], key=repr)  # fmt: skip


def test_decisions_overrides_and_tasks_go_along() -> None:
    about = {"campaign_id": "spring", "lead_id": OLD}
    put(Decision, about | {"decision_id": "d", "kind": "routing", "decided_at": NOON, "outcome": "x", "because": {},
                           "decided_by": "x"})  # fmt: skip
    put(Override, about | {"override_id": "o", "kind": "owner", "outcome": "eve", "because": "x", "made_by": "eve",
                           "made_at": NOON})  # fmt: skip
    put(Task, about | {"task_id": "t", "kind": "reply", "owner": "eve", "reason": "x", "created_at": NOON,
                       "due_at": NOON})  # fmt: skip
    merge()
    assert [kept(model, "lead_id") for model in (Decision, Override, Task)] == [[(NEW,)]] * 3


def test_the_one_enrolment_that_is_on_its_way_goes_on_with_its_mails() -> None:
    put(Enrolment, an_enrolment("a", OLD, NOON), an_enrolment("b", NEW, NOON - DAY, ended_at=NOON, ended_as="finished"))
    put(Message, a_mail("a", OLD, 0, "sent"), a_mail("a", OLD, 1, "waiting"))
    merge()
    assert kept(Enrolment, "enrolment_id", "lead_id", "ended_as") == [("a", NEW, None), ("b", NEW, "finished")]
    assert kept(Message, "lead_id", "state") == [(NEW, "sent"), (NEW, "waiting")]
    assert kept(Decision, "kind") == []


@pytest.mark.parametrize(("first", "second"), [(OLD, NEW), (NEW, OLD)])
def test_of_two_that_are_on_their_way_the_later_is_stopped_with_its_waiting_mails(first: str, second: str) -> None:
    put(Enrolment, an_enrolment("a", first, NOON), an_enrolment("b", second, NOON + DAY))
    put(Message, a_mail("a", first, 1, "waiting"), a_mail("b", second, 0, "sent"), a_mail("b", second, 1, "waiting"))
    merge()
    assert kept(Enrolment, "enrolment_id", "lead_id", "ended_as", "ended_at", "due_at") == [
        ("a", NEW, None, None, NOON), ("b", NEW, "stopped", LATER, None),
    ]  # fmt: skip
    assert {one.message_id: (one.lead_id, one.state, one.settled_at) for one in messages()} == {
        "a-1": (NEW, "waiting", None), "b-0": (NEW, "sent", None), "b-1": (NEW, "canceled", LATER),
    }  # fmt: skip
    assert kept(Decision, "kind", "lead_id", "outcome", "decided_at") == [("stop", NEW, "stopped", LATER)]


def test_merging_again_changes_nothing() -> None:
    put(LeadCard, a_card(OLD, NOON), a_card(NEW, NOON + DAY))
    put(Enrolment, an_enrolment("a", OLD, NOON), an_enrolment("b", NEW, NOON + DAY))
    put(Message, a_mail("b", NEW, 1, "waiting"))
    told = []
    for _ in range(2):
        merge()
        told.append([kept(model, *model.__table__.c.keys()) for model in (LeadCard, Enrolment, Message, Decision)])
    assert told[0] == told[1]


def test_a_contact_whose_address_becomes_known_takes_its_enrolment_along() -> None:
    publish_leads([a_lead(OLD, source="apollo", external_id="67bd", email=None)])
    put(Enrolment, an_enrolment("a", OLD, NOON))
    found = a_lead(NEW, source="apollo", external_id="67bd", email=NEW, known_at=NOON + DAY)
    assert publish_leads([found]).merged == 1
    assert kept(Enrolment, "enrolment_id", "lead_id") == [("a", NEW)]
