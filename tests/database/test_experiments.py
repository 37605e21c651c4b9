"""Tests of mails: who was sent which variant and what came of it; the first verdict stands."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.judging import decide_tests, standings_of
from campaigns.sequences import MailSequence, read_sequence
from database import engagement, experiments
from database.campaign_models import Message
from database.engagement import Engagement
from database.experiments import KeptVerdict
from database.session import insert_new, writing
from ringback.settings import CHECKOUT
from tests.factories import NOON

TEST = "voice-ai-introduction/opener-subject"
LATER = NOON + timedelta(days=6)


@pytest.fixture
def sequence(home: Path) -> MailSequence:
    return read_sequence(CHECKOUT / "campaigns/playbook/sequences/voice-ai-introduction.yaml")


def send(number: int, variant: str, clicked: bool = False, kind: str = "clicked", at: datetime = NOON) -> None:
    """A mail of the test, and what came of it."""
    message_id, recipient = f"m{number}@ours.example", f"lead{number}@acme.example"
    row = {
        "message_id": message_id, "enrolment_id": f"e{number}", "step": 0, "campaign_id": "spring",
        "lead_id": recipient, "sequence": "voice-ai-introduction", "template": "opener", "variants": {TEST: variant},
        "recipient": recipient, "mail": {}, "links": [], "state": "sent", "written_at": at, "due_at": at,
        "attempts": 1, "sent_at": at, "settled_at": at,
    }  # fmt: skip
    with writing() as connection:
        insert_new(connection, Message, [row])
    if clicked:
        event = Engagement(f"t:{number}", "t", kind, recipient, at + timedelta(hours=1), at, message_id)
        engagement.keep_events([event])


def test_answers_are_those_of_people_to_mails_that_were_sent(sequence: MailSequence) -> None:
    send(1, "plain", clicked=True)
    send(2, "question", clicked=True, kind="clicked_by_machine")
    send(3, "question", at=LATER + timedelta(days=1))
    found = experiments.sent_variants(TEST, "voice-ai-introduction", "clicked", LATER)
    assert [(one.lead_id, one.variant, one.answered_at is not None) for one in found] == [
        ("lead1@acme.example", "plain", True), ("lead2@acme.example", "question", False),
    ]  # fmt: skip


def test_a_test_stands_as_its_mails_say(sequence: MailSequence) -> None:
    for number in range(6):
        send(number, "plain" if number % 2 else "question", clicked=number < 2)
    (told,) = standings_of([sequence], LATER)
    assert (told.name, told.goal, told.standing.verdict) == (TEST, "clicked", "running")
    assert [(arm.variant, arm.n, arm.answered) for arm in told.standing.arms] == [("plain", 3, 1), ("question", 3, 1)]
    assert decide_tests([sequence], LATER) == []


def test_shares_that_are_not_as_planned_stop_it_and_the_first_verdict_stands(sequence: MailSequence) -> None:
    for number in range(60):
        send(number, "plain")
    (decided,) = decide_tests([sequence], LATER)
    assert decided.standing.verdict == "stopped"
    assert decide_tests([sequence], LATER) == []
    first = experiments.verdicts([TEST])[TEST]
    assert not experiments.keep_verdict(replace(first, verdict="better", winner="plain"))
    assert experiments.verdicts()[TEST].verdict == "stopped"


def test_the_winner_is_given_to_everybody_and_is_no_test_any_more(sequence: MailSequence) -> None:
    experiments.keep_verdict(KeptVerdict(TEST, NOON, "better", "plain", {}))
    won = {name: str(kept.winner) for name, kept in experiments.verdicts().items()}
    letters = [sequence.with_winners(won).letter("opener", f"lead{number}") for number in range(20)]
    assert {letter.subject for letter, _ in letters} == {"Calls that nobody picks up"}
    assert all(given == {} for _, given in letters)
