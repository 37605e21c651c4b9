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
        (c.mentions_competitor, "Today they use Twilio."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_topic_is_heard_once_and_alone(feature: object, words: str) -> None:
    topics = [f for f in CONVERSATION if f not in (c.sentiment, c.notes_length, c.minutes, c.notes_text)]
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


@pytest.mark.parametrize(
    ("feature", "words", "said"),
    [
        (c.urgency, "It is not urgent, we can come back to it.", 0.0),
        (c.urgency, "There is nothing urgent behind it.", 0.0),
        (c.urgency, "It isn't really that urgent.", 0.0),
        (c.urgency, "There is no rush on our side.", 0.0),
        (c.urgency, "We can't wait.", ONCE),
        (c.urgency, "We are not happy with them, this is urgent.", ONCE),
        (c.mentions_voice, "We don't need voice.", 0.0),
        (c.mentions_voice, "We dont need any voice", 0.0),
        (c.mentions_voice_ai, "No, voice bots are not for us, texts are enough.", 0.0),
        (c.mentions_voice_ai, "Voice AI is not something we would use.", 0.0),
        (c.mentions_voice_ai, "Voice AI was ruled out.", 0.0),
        (c.mentions_voice_ai, "No, voice AI is what we want.", ONCE),
        (c.mentions_voice_ai, "Not only SMS but voice AI.", ONCE),
        (c.mentions_messaging, "Not only SMS but voice AI.", ONCE),
        (c.mentions_messaging, "We can't live without SMS.", ONCE),
        (c.mentions_messaging, "It's not that we don't need SMS.", ONCE),
        (c.mentions_messaging, "We need neither SMS nor phone numbers.", 0.0),
        (c.mentions_voice, "We need neither SMS nor phone numbers.", 0.0),
        (c.mentions_voice, "We don't need SMS and no phone numbers.", 0.0),
        (c.mentions_voice_ai, "We can't wait to try voice AI.", ONCE),
        (c.pricing_asked, "No problem, we have budget.", ONCE),
        (c.pricing_asked, "No doubt the budget is there.", ONCE),
        (c.pricing_asked, "We don't have time, budget or people.", 0.0),
        (c.pricing_asked, "Can't we get a discount?", ONCE),
        (c.pricing_asked, "Isn't there a discount?", ONCE),
        (c.next_meeting_set, "Why don't we book a slot on Friday?", ONCE),
        (c.next_meeting_set, "They did not want a follow-up call.", 0.0),
        (c.timeline, "We start no later than next week.", ONCE),
        (c.integration_depth, "The webhook is not documented.", ONCE),
        (c.commitment, "The budget is not approved.", 0.0),
        (c.commitment, "It has not been approved yet.", 0.0),
        (c.objections, "We are not locked in.", 0.0),
        (c.objections, "It isn't too expensive.", 0.0),
        (c.objections, "It is not that we have no budget.", 0.0),
        (c.objections, "We don't have budget for anything new.", ONCE),
        (c.objections, "There is no approved budget.", ONCE),
        (c.objections, "That is more than we can afford.", ONCE),
        (c.objections, "We are in a different time zone.", 0.0),
    ],
)  # fmt: skip
def test_denials_are_understood_as_people_mean_them(feature: object, words: str, said: float) -> None:
    assert feature(a_snapshot(notes=words)) == said  # type: ignore[operator]


TALK = """Bo Berg: We have voice AI, and a discount today.
Ana Lopez: There is no budget. We need SMS.
Unknown: It is urgent.
Bo Berg: Voice AI is urgent."""
TOLD, UNTOLD = a_snapshot(transcript=TALK, own_speakers=("Bo Berg",)), a_snapshot(transcript=TALK)


def test_what_our_own_people_say_is_not_the_customers_interest() -> None:
    heard = [f(TOLD) for f in (c.mentions_voice_ai, c.pricing_asked, c.objections, c.mentions_messaging, c.urgency)]
    assert heard == [0.0, 0.0, ONCE, ONCE, ONCE]


def test_where_nobody_can_be_told_apart_all_words_count() -> None:
    assert (c.mentions_voice_ai(UNTOLD), c.pricing_asked(UNTOLD), c.urgency(UNTOLD)) == (TWICE, ONCE, TWICE)


def test_talk_share_is_the_customers_part_of_the_words() -> None:
    # Bo says 8 and 4 words, Ana 7; of Unknown nothing is known
    assert (c.talk_share(TOLD), c.talk_share(UNTOLD)) == (7 / 19, None)


def test_where_only_one_side_speaks_there_is_no_share() -> None:
    assert c.talk_share(a_snapshot(transcript="Bo Berg: Hello?", own_speakers=("Bo Berg",))) is None


def test_who_is_called_like_one_of_us_and_more_is_not_one_of_us() -> None:
    assert c.urgency(a_snapshot(transcript="Bo Bergmann: ASAP!", own_speakers=("Bo Berg", "Bo"))) == ONCE


def test_the_notes_own_words_are_kept_in_part() -> None:
    assert c.notes_text(a_snapshot(notes="They\N{RIGHT SINGLE QUOTATION MARK}RE in." + "x" * 3000)) == (
        "they're in." + "x" * 1989
    )


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
