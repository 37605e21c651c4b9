"""What is stored about members is read as of a moment, and those of whom something changed are found."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from database import campaigns, cards, overrides
from database.cards import KeptCard
from database.decisions import Decided
from database.engagement import Engagement, keep_events
from database.member_facts import Mails, members, members_of, stale_members
from database.people import publish_calls, publish_companies, publish_leads
from database.predictions import keep_predictions
from tests.factories import DAY, HOUR, NOON, a_call, a_lead, a_prediction, company_facts

pytestmark = pytest.mark.usefixtures("home")
ANA = "ana@acme.com"


def some_members(*lead_ids: str, campaign_id: str = "spring") -> None:
    publish_companies([company_facts("acme.com", employees=50.0, technologies=("AWS",))])
    publish_leads([a_lead(lead_id, company_id="acme.com", custom={"plan": "gold"}) for lead_id in lead_ids])
    campaigns.add_leads(campaign_id, lead_ids, NOON)


def an_event(kind: str, message: str = "m1", recipient: str = ANA, hours: int = 0, event: str = "") -> Engagement:
    at = NOON + hours * HOUR
    return Engagement(f"x:{kind}:{message}:{event}", "x", kind, recipient, at, at, message)


def a_card(at: timedelta, made_by: str = "1", lead_id: str = ANA) -> None:
    card = KeptCard("spring", lead_id, NOON + at, made_by, None, None, {}, {}, "review", None)
    cards.keep([(card, Decided("qualification", "spring", lead_id, NOON + at, "review", {}, "rules:1"))])


def test_a_member_has_what_is_known_of_it_and_its_company() -> None:
    some_members(ANA)
    keep_predictions([a_prediction("ana", 0.4, lead_id=ANA, voice_ai_fit=30)])
    (found,) = members([ANA, "nobody"], NOON)
    assert (found.lead_id, found.source, found.lead["custom.plan"]) == (ANA, "crm", "gold")
    assert found.company == {"employees": 50.0, "technologies": ["AWS"]}
    assert found.answer is not None
    assert (found.answer.points, found.answer.voice_ai_fit, found.answer.progression_probability) == (40, 30, 0.4)
    assert (found.calls, found.mails) == (None, Mails())


def test_mails_count_once_each_and_only_by_what_people_did() -> None:
    some_members(ANA, "ben@acme.com")
    keep_events([
        an_event("delivered"), an_event("delivered", "m2"), an_event("opened", hours=1),
        an_event("opened", hours=2, event="again"), an_event("opened_by_machine", "m2"),
        an_event("clicked_by_machine", "m2"), an_event("replied", "m2", hours=3),
        an_event("bounced", recipient="ben@acme.com"),
    ])  # fmt: skip
    ana, ben = members([ANA, "ben@acme.com"], NOON + DAY)
    assert ana.mails == Mails(sent=2, opened=1, replied=1, last_engaged_at=NOON + 3 * HOUR)
    assert ben.mails == Mails(bounced=True)


def test_calls_are_counted_with_their_length_and_tone() -> None:
    some_members(ANA)
    publish_calls([
        a_call("one", NOON - DAY, lead_id=ANA, minutes=20.0, sentiment=0.4),
        a_call("two", NOON, lead_id=ANA, minutes=None, sentiment=0.0),
    ])  # fmt: skip
    (found,) = members([ANA], NOON)
    assert found.calls is not None
    assert (found.calls.count, found.calls.last_at, found.calls.minutes, found.calls.sentiment) == (2, NOON, 20.0, 0.2)


def test_what_came_later_was_not_known_at_the_moment() -> None:
    some_members(ANA)
    publish_calls([a_call("one", NOON + DAY, lead_id=ANA)])
    keep_events([an_event("opened", hours=24)])
    keep_predictions([a_prediction("ana", at=NOON + DAY, lead_id=ANA)])
    (found,) = members([ANA], NOON)
    assert (found.calls, found.mails, found.answer) == (None, Mails(), None)


def test_members_come_in_order_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("database.member_facts.AT_ONCE", 2)
    some_members("c@acme.com", "a@acme.com", "b@acme.com")
    assert [[one.lead_id for one in some] for some in members_of("spring", NOON)] == [
        ["a@acme.com", "b@acme.com"], ["c@acme.com"],
    ]  # fmt: skip


CHANGES: list[tuple[str, Callable[[], object]]] = [
    ("the lead", lambda: publish_leads([a_lead(ANA, NOON + HOUR, job_title="CTO")])),
    ("its company", lambda: publish_companies([company_facts("acme.com", NOON + HOUR, employees=60.0)])),
    ("a score", lambda: keep_predictions([a_prediction("ana", at=NOON + HOUR, lead_id=ANA)])),
    ("a call", lambda: publish_calls([a_call("one", NOON + HOUR, lead_id=ANA)])),
    ("a mail", lambda: keep_events([an_event("opened", hours=1)])),
    ("an override", lambda: overrides.make("qualification", "spring", ANA, "review", "why", "eve", NOON + HOUR)),
]


@pytest.mark.parametrize(("what", "happens"), CHANGES, ids=[what for what, _ in CHANGES])
def test_a_member_is_stale_when_something_is_known_since_its_card(what: str, happens: Callable[[], object]) -> None:
    some_members(ANA, "ben@other.com")
    a_card(timedelta(0))
    a_card(2 * HOUR, lead_id="ben@other.com")
    at = NOON + 2 * HOUR
    assert stale_members("spring", "1", at) == []
    happens()
    assert stale_members("spring", "1", at) == [ANA]
    a_card(2 * HOUR)
    assert stale_members("spring", "1", at) == []


def test_a_card_made_just_after_something_is_made_again_since_it_may_have_been_committed_later() -> None:
    some_members(ANA)
    publish_leads([a_lead(ANA, NOON, job_title="CTO")])
    a_card(timedelta(minutes=9))
    assert stale_members("spring", "1", NOON + HOUR) == [ANA]
    a_card(timedelta(minutes=11))
    assert stale_members("spring", "1", NOON + HOUR) == []


def test_members_without_a_card_or_with_one_by_other_rules_or_an_old_one_are_stale() -> None:
    some_members("a@acme.com", "b@acme.com", "c@acme.com", "d@acme.com")
    a_card(timedelta(0), "2", "b@acme.com")
    a_card(-2 * DAY, "1", "c@acme.com")
    a_card(timedelta(0), "1", "d@acme.com")
    assert stale_members("spring", "1", NOON) == ["a@acme.com", "b@acme.com", "c@acme.com"]
    assert stale_members("spring", "1", NOON, after_lead_id="a@acme.com", at_most=1) == ["b@acme.com"]


def test_the_end_of_an_override_makes_its_member_stale() -> None:
    some_members(ANA)
    overrides.make("qualification", "spring", ANA, "qualified", "why", "eve", NOON - HOUR, until=NOON + HOUR)
    a_card(timedelta(0))
    assert stale_members("spring", "1", NOON + HOUR / 2) == []
    assert stale_members("spring", "1", NOON + HOUR) == [ANA]
