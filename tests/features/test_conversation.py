"""What was said, with the negations that people use."""

from math import log1p

import pytest

from features import conversation as c
from features.conversation import CONVERSATION
from tests.factories import a_snapshot

ONCE, TWICE = log1p(1), log1p(2)


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (c.mentions_voice_ai, "We look for conversational AI."),
        (c.mentions_voice, "Our IVR is old."),
        (c.mentions_messaging, "They send WhatsApp now."),
        (c.mentions_wireless, "Their eSIM fleet grows."),
        (c.mentions_verify, "Logins use 2FA."),
        (c.urgency, "It is urgent."),
        (c.timeline, "They decide next quarter."),
        (c.pricing_asked, "How much is it?"),
        (c.next_meeting_set, "We will send a calendar invite."),
        (c.integration_depth, "It must talk to Salesforce."),
        (c.technical_depth, "What is the latency?"),
        (c.objections, "We are happy with our current vendor."),
        (c.commitment, "Procurement is in."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_topic_is_heard_once_and_alone(feature: object, words: str) -> None:
    topics = [f for f in CONVERSATION if f not in (c.sentiment, c.notes_length, c.minutes)]
    heard = {f.__name__: value for f in topics if (value := f(a_snapshot(notes=words)))}
    assert heard == {feature.__name__: ONCE}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("We need voice AI.", ONCE),
        ("We need Voice AI, and voice AI soon.", TWICE),
        ("We don't need voice AI.", 0.0),
        ("We don\N{RIGHT SINGLE QUOTATION MARK}t need voice AI.", 0.0),
        ("They will never buy a voice bot.", 0.0),
        ("No. Voice AI is what we want.", ONCE),
        ("Not messaging\nVoice AI", ONCE),
        ("No plans to change the phone system this year but voice AI is of interest.", ONCE),
        ("NO VOICE AI", 0.0),
        ("", 0.0),
    ],
)
def test_what_is_negated_closely_was_not_said(words: str, said: float) -> None:
    assert c.mentions_voice_ai(a_snapshot(notes=words)) == said


def test_no_budget_is_an_objection_and_not_a_question_of_price() -> None:
    broke = a_snapshot(notes="There is no budget.")
    assert (c.objections(broke), c.pricing_asked(broke)) == (ONCE, 0.0)


def test_notes_and_transcript_are_heard_together() -> None:
    assert c.urgency(a_snapshot(notes="Urgent.", transcript="Ana: ASAP!")) == TWICE


def test_without_words_nothing_is_known_of_them() -> None:
    silent = a_snapshot()
    assert {f(silent) for f in CONVERSATION} == {None}


def test_length_and_tone_are_taken_as_they_are() -> None:
    talk = a_snapshot(notes="abc", sentiment=-0.5, minutes=30.0)
    assert (c.notes_length(talk), c.sentiment(talk), c.minutes(talk)) == (log1p(3), -0.5, 30.0)
