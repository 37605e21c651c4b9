"""Simulated readers answer by fit and fatigue, always alike, and their gateways click within seconds."""

from datetime import datetime, timedelta

import pytest

from sandbox.audience import Audience, Received, Taste
from sandbox.records import Person
from sandbox.world import World

TUESDAY = datetime(2026, 3, 17, 16)
LINKS = ("https://ours.example/voice", "https://ours.example/prices")


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=3, start=datetime(2026, 1, 5), calls_per_week=150)


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, Person]:
    return {person.email.lower(): person for person in world.people(TUESDAY)}


def a_mail(recipient: str, sequence: str = "voice-ai-introduction", **known: object) -> Received:
    facts: dict[str, object] = {"message_id": f"m-{recipient}", "sent_at": TUESDAY, "template": "opener", "step": 0,
                                "links": LINKS}  # fmt: skip
    return Received(recipient=recipient, sequence=sequence, **(facts | known))  # type: ignore[arg-type]


def share(audience: Audience, mails: list[Received], did: str, earlier: int = 0) -> float:
    before = [TUESDAY - timedelta(days=day + 1) for day in range(earlier)]
    return sum(
        any(one.did == did and not one.by_machine for one in audience.reactions(mail, before)) for mail in mails
    ) / len(mails)  # fmt: skip


def test_the_same_mail_always_meets_the_same_reaction(people: dict[str, Person]) -> None:
    mails = [a_mail(address) for address in people]
    first, again = (
        [Audience(3, people).reactions(mail) for mail in some] for some in (mails, list(reversed(mails)))
    )  # fmt: skip
    assert first == list(reversed(again))


def test_who_wants_voice_ai_answers_mails_about_it_more_often(people: dict[str, Person]) -> None:
    audience = Audience(3, people)
    wants = [a_mail(address) for address, one in people.items() if one.company.wants_voice_ai]
    others = [a_mail(address) for address, one in people.items() if not one.company.wants_voice_ai]
    assert share(audience, wants, "clicked") > share(audience, others, "clicked") + 0.05


def test_tired_readers_do_less_and_leave_more(people: dict[str, Person]) -> None:
    audience, mails = Audience(3, people), [a_mail(address) for address in people]
    assert share(audience, mails, "clicked", earlier=5) < share(audience, mails, "clicked") - 0.05
    assert share(audience, mails, "unsubscribed", earlier=5) > share(audience, mails, "unsubscribed")


def test_a_better_variant_is_clicked_more(people: dict[str, Person]) -> None:
    audience = Audience(3, people, Taste(variants={"question": 0.8}))
    question, plain = (
        [a_mail(address, variants={"opener-subject": variant}) for address in people]
        for variant in ("question", "plain")
    )  # fmt: skip
    assert share(audience, question, "clicked") > share(audience, plain, "clicked") + 0.05


def test_gateways_click_all_links_within_seconds_and_some_addresses_are_wrong(people: dict[str, Person]) -> None:
    audience = Audience(3, people)
    found = [one for address in people for one in audience.reactions(a_mail(address))]
    by_machine = [one for one in found if one.by_machine]
    assert by_machine
    assert all(one.at - TUESDAY < timedelta(seconds=10) for one in by_machine)
    assert 0 < sum(one.did == "bounced" for one in found) < 0.06 * len(people)


def test_a_booked_call_is_held_within_days_once_and_keeps_the_order_of_meetings(world: World) -> None:
    person = world.people(TUESDAY)[5]
    before = world.started(TUESDAY + timedelta(days=20))
    booked = world.book(person, TUESDAY)
    assert world.book(person, TUESDAY) is booked
    assert timedelta(days=1) < booked.started_at - TUESDAY < timedelta(days=6)
    meetings = world.meetings(TUESDAY + timedelta(days=20))
    assert len(meetings) == before + 1
    assert [one.started_at for one in meetings] == sorted(one.started_at for one in meetings)
    assert booked.people == (person,)
