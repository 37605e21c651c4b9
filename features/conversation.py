"""What was said: nineteen features of a call's notes and transcript.

Topics count what the customer says and what the notes say, not what our own people say (`features/words.py`); a phrase
that is denied ("no budget", "we don't need voice", "voice bots are not for us") does not count as said. None means that
there are no words at all: the call is known, its notes are not (yet).

The second paragraph of each docstring is read by `features/page.py`, which writes docs/features.md.
"""

import math
import re

from features.words import customer_share, customer_words, lower, said
from ringback.records import Snapshot

NOTES_TEXT_CHARACTERS = 2_000
URGENT_FROM = 3
"""Of five levels."""

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
    r"set up (?:a|another)|invite (?:for|to)|send (?:me |us )?(?:the|an) invite|reconnect on|on my calendar|"
    r"(?:let's|will) (?:meet|talk|speak) again|meet again on|technical (?:session|deep dive)"
)
INTEGRATION = re.compile(r"integrat\w+|apis?\b|webhooks?|sdks?\b|connector|salesforce|hubspot|zendesk|crm\b|migrat\w+")
TECHNICAL = re.compile(
    r"latency|concurren\w+|throughput|uptime|sla\b|encrypt\w+|soc ?2|hipaa|gdpr|sip trunk\w*|codec|webrtc|failover|"
    r"rate limits?|authenticat\w+|architecture|kubernetes|sandbox|proof of concept|poc\b|engineer\w*"
)
OBJECTION = re.compile(
    r"(?:no|not any|without|don't have (?:a |the |any )?|do not have (?:a |the |any )?)\s*budget|"
    r"no (?:approved |available )?budget|no money|budget (?:is )?(?:frozen|cut|gone)|budget was raised as an obstacle|"
    r"(?:money|budget)s? (?:is|are) tight|spending is frozen|can'?t afford|cannot afford|than we can afford|"
    r"not a priority|too (?:expensive|complicated|difficult|pricey)|happy with (?:our|the) current|"
    r"just (?:looking|exploring|researching|curious)|not (?:the )?right time|no (?:plans?|need)|not interested|"
    r"not convinced|already have|locked in|next year"
)
COMPETITOR = re.compile(
    r"twilio|vonage|bandwidth\b|plivo|sinch\b|messagebird|infobip|telnyx|ringcentral|five9|genesys|talkdesk|"
    r"another vendor|other vendors|competitors?\b|alternatives?\b"
)
COMMITMENT = re.compile(
    r"decision[- ]?maker|sign[- ]?off|approv\w+|procurement|legal review|security review|pilot|trial|champion|"
    r"move forward|let'?s do|budget (?:is )?(?:approved|set aside|in place)"
)


def mentions_voice_ai(s: Snapshot) -> float | None:
    """How often Voice AI came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), VOICE_AI)


def mentions_voice(s: Snapshot) -> float | None:
    """How often plain voice (numbers, SIP, IVR) came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), VOICE)


def mentions_messaging(s: Snapshot) -> float | None:
    """How often messaging (SMS, RCS, WhatsApp) came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), MESSAGING)


def mentions_wireless(s: Snapshot) -> float | None:
    """How often wireless and IoT came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), WIRELESS)


def mentions_verify(s: Snapshot) -> float | None:
    """How often verification came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), VERIFY)


def urgency(s: Snapshot) -> float | None:
    """How often something was said to be urgent; a level that whoever asks states counts as so often: 4 once, 5 twice.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    heard = said(customer_words(s), URGENCY)
    if s.urgency_level is None:
        return heard
    return max(heard or 0.0, math.log1p(max(0, s.urgency_level - URGENT_FROM)))


def timeline(s: Snapshot) -> float | None:
    """How often a time of decision or start was named.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), TIMELINE)


def pricing_asked(s: Snapshot) -> float | None:
    """How often prices or a budget came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), PRICING)


def next_meeting_set(s: Snapshot) -> float | None:
    """How often a next meeting was spoken of.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), NEXT_MEETING)


def integration_depth(s: Snapshot) -> float | None:
    """How often connecting to other systems came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), INTEGRATION)


def technical_depth(s: Snapshot) -> float | None:
    """How often technical detail came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), TECHNICAL)


def objections(s: Snapshot) -> float | None:
    """How often an objection was raised.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), OBJECTION)


def mentions_competitor(s: Snapshot) -> float | None:
    """How often a competitor came up.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), COMPETITOR)


def commitment(s: Snapshot) -> float | None:
    """How often a step of buying (approval, pilot, procurement) was spoken of.

    Unit: log(1 + times). Source: notes, customer's words. Missing: none of notes and transcript is there.
    """
    return said(customer_words(s), COMMITMENT)


def talk_share(s: Snapshot) -> float | None:
    """The customer's share of the words spoken.

    Unit: share, 0 to 1. Source: transcript. Missing: there is no transcript, or nobody could be told apart.
    """
    return customer_share(s)


def sentiment(s: Snapshot) -> float | None:
    """Polarity of the words.

    Unit: -1 (hostile) to 1 (delighted). Source: notes, transcript. Missing: there were no words when the call was read.
    """
    return s.sentiment


def notes_length(s: Snapshot) -> float | None:
    """Natural logarithm of one plus the number of characters of the notes.

    Unit: log(1 + characters). Source: notes. Missing: there are no notes.
    """
    return None if s.notes is None else math.log1p(len(s.notes))


def minutes(s: Snapshot) -> float | None:
    """Length of the call.

    Unit: minutes. Source: recording, or a column of the import. Missing: it has no end yet, or the import does not say.
    """
    return s.minutes


def notes_text(s: Snapshot) -> str | None:
    """The notes' own words: the first 2,000 characters, for what no other feature listens for.

    Unit: text. Source: notes. Missing: there are no notes.
    """
    return None if s.notes is None else lower(s.notes[:NOTES_TEXT_CHARACTERS])


CONVERSATION = (
    mentions_voice_ai, mentions_voice, mentions_messaging, mentions_wireless, mentions_verify, urgency, timeline,
    pricing_asked, next_meeting_set, integration_depth, technical_depth, objections, mentions_competitor, commitment,
    talk_share, sentiment, notes_length, minutes, notes_text,
)  # fmt: skip
