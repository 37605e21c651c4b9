"""What was said: sixteen features of a call's notes and transcript.

A phrase preceded closely by a negation ("no budget", "we don't need voice") does not count as said. None means that
there are no words at all: the call is known, its notes are not (yet).
"""

import math
import re
from functools import lru_cache

from ringback.records import Snapshot

NEGATION = re.compile(
    r"\b(?:no|not|never|without|don'?t|doesn'?t|didn'?t|isn'?t|aren'?t|won'?t|wouldn'?t|can'?t|nor|neither)\b"
    r"(?:\W+\w+){0,3}\W*$"
)
LOOK_BACK = 40

VOICE_AI = re.compile(
    r"voice ?ai|ai (?:voice|agent|receptionist|assistant)s?|voice ?bots?|conversational ai|virtual agents?"
)
VOICE = re.compile(
    r"voice\b(?! ?(?:ai|bot|mail))|sip\b|pstn\b|phone numbers?|call routing|ivr\b|inbound calls?|"
    r"outbound calls?"
)
MESSAGING = re.compile(r"sms\b|messaging\b|mms\b|rcs\b|whatsapp|text messages?|10dlc")
WIRELESS = re.compile(r"wireless\b|esims?\b|sims?\b|iot\b|mobile data|cellular|connected devices?")
VERIFY = re.compile(r"verify\b|verification\b|2fa\b|one[- ]time (?:code|pass\w*)|otp\b|two[- ]factor")
URGENCY = re.compile(
    r"urgent\w*|asap\b|as soon as possible|right away|immediately|this (?:week|month)|deadline|time[- ]sensitive|"
    r"yesterday|top priority|cannot wait|can't wait|contract (?:ends|expires|is up)|burning"
)
TIMELINE = re.compile(
    r"this (?:quarter|month|year)|next (?:quarter|month|week|year)|by (?:the )?end of|q[1-4]\b|go[- ]live|"
    r"within \w+ (?:days|weeks|months)|in (?:\w+ )?(?:weeks|months)|timeline|launch(?:ing)? (?:in|by)"
)
PRICING = re.compile(r"pric(?:e|es|ing)\b|quotes?\b|how much|cost per|rates?\b|per minute|discounts?\b|budget\b")
NEXT_MEETING = re.compile(
    r"next (?:meeting|call|session|step)|follow[- ]?up (?:call|meeting|on)|schedul\w+|calendar invite|"
    r"book(?:ed)? (?:a|time)|"
    r"set up (?:a|another)|invite (?:for|to)|reconnect on|technical (?:session|deep dive)"
)
INTEGRATION = re.compile(r"integrat\w+|apis?\b|webhooks?|sdks?\b|connector|salesforce|hubspot|zendesk|crm\b|migrat\w+")
TECHNICAL = re.compile(
    r"latency|concurren\w+|throughput|uptime|sla\b|encrypt\w+|soc ?2|hipaa|gdpr|sip trunk\w*|codec|webrtc|failover|"
    r"rate limits?|authenticat\w+|architecture|kubernetes|sandbox|proof of concept|poc\b|engineer\w*"
)
OBJECTION = re.compile(
    r"no budget|budget (?:is )?(?:frozen|cut)|not a priority|too expensive|happy with (?:our|the) current|"
    r"just (?:looking|exploring|researching)|not (?:the )?right time|no (?:plans?|need)|"
    r"already have|locked in|next year"
)
COMMITMENT = re.compile(
    r"decision[- ]?maker|sign[- ]?off|approv\w+|procurement|legal review|security review|pilot|trial|champion|"
    r"move forward|let'?s do|budget (?:is )?(?:approved|set aside|in place)"
)


def mentions_voice_ai(s: Snapshot) -> float | None:
    """How often Voice AI came up."""
    return _said(s, VOICE_AI)


def mentions_voice(s: Snapshot) -> float | None:
    """How often plain voice (numbers, SIP, IVR) came up."""
    return _said(s, VOICE)


def mentions_messaging(s: Snapshot) -> float | None:
    """How often messaging (SMS, RCS, WhatsApp) came up."""
    return _said(s, MESSAGING)


def mentions_wireless(s: Snapshot) -> float | None:
    """How often wireless and IoT came up."""
    return _said(s, WIRELESS)


def mentions_verify(s: Snapshot) -> float | None:
    """How often verification came up."""
    return _said(s, VERIFY)


def urgency(s: Snapshot) -> float | None:
    """How often something was said to be urgent."""
    return _said(s, URGENCY)


def timeline(s: Snapshot) -> float | None:
    """How often a time of decision or start was named."""
    return _said(s, TIMELINE)


def pricing_asked(s: Snapshot) -> float | None:
    """How often prices or a budget came up."""
    return _said(s, PRICING)


def next_meeting_set(s: Snapshot) -> float | None:
    """How often a next meeting was spoken of."""
    return _said(s, NEXT_MEETING)


def integration_depth(s: Snapshot) -> float | None:
    """How often connecting to other systems came up."""
    return _said(s, INTEGRATION)


def technical_depth(s: Snapshot) -> float | None:
    """How often technical detail came up."""
    return _said(s, TECHNICAL)


def objections(s: Snapshot) -> float | None:
    """How often an objection was raised."""
    words = _words(s)
    return None if words is None else _damped(len(OBJECTION.findall(words)))


def commitment(s: Snapshot) -> float | None:
    """How often a step of buying (approval, pilot, procurement) was spoken of."""
    return _said(s, COMMITMENT)


def sentiment(s: Snapshot) -> float | None:
    """Polarity of the words, -1 to 1."""
    return s.sentiment


def notes_length(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the number of characters of the notes."""
    return None if s.notes is None else math.log1p(len(s.notes))


def minutes(s: Snapshot) -> float | None:
    """Length of the call in minutes."""
    return s.minutes


CONVERSATION = (
    mentions_voice_ai, mentions_voice, mentions_messaging, mentions_wireless, mentions_verify, urgency, timeline,
    pricing_asked, next_meeting_set, integration_depth, technical_depth, objections, commitment, sentiment,
    notes_length, minutes,
)  # fmt: skip


def _said(s: Snapshot, phrases: re.Pattern[str]) -> float | None:
    words = _words(s)
    if words is None:
        return None
    found = [match.start() for match in phrases.finditer(words)]
    return _damped(sum(_begins_word(words, at) and not _negated(words, at) for at in found))


def _begins_word(words: str, at: int) -> bool:
    """Checked here, not by a word boundary before each phrase, so that the search skips to letters that can match."""
    return at == 0 or not words[at - 1].isalnum()


def _negated(words: str, start: int) -> bool:
    before = words[max(0, start - LOOK_BACK) : start]
    return bool(NEGATION.search(re.split(r"[.!?\n;:]", before)[-1]))


def _damped(count: int) -> float:
    """Saying a thing ten times is not ten times saying it."""
    return math.log1p(count)


def _words(s: Snapshot) -> str | None:
    return _lower(s.notes, s.transcript)


@lru_cache(maxsize=1)  # the features of one call ask one after the other
def _lower(notes: str | None, transcript: str | None) -> str | None:
    if notes is None and transcript is None:
        return None
    return f"{notes or ''}\n{transcript or ''}".lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
