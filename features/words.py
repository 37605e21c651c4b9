"""What was said, by whom, and whether it was denied: the words of a call that count, and phrases among them."""

import math
import re
from functools import lru_cache

from ringback.records import Snapshot

LOOK_BACK = 100
NEAR_WORDS = 4
"""A negation reaches this far: "we don't really need any voice" has three words between."""

CLAUSE = re.compile(
    r"[.!?\n;:()]|\bbut\b|\bhowever\b|\balthough\b|\bthough\b|\bexcept\b|\bbecause\b|\bunless\b|\binstead\b|\byet\b"
    r"|(?:\bno|\bnope|\bnot really|\bnot at all)\s*,"
    r"|,\s+(?:and |so )?(?:we|i|they|it|he|she|you|our|my|their|there|this|that|the|which|who|just|maybe|let's)\b"
    r"|,?\s+(?:and|so)\s+(?:we|i|they|he|she|you|it|there)\b"
)
"""Where a negation ends: at the end of a clause, after "no," as an answer, and where somebody new does something."""
PSEUDO = re.compile(
    r"\b(?:no (?:problem|doubt|question|worries|issues?|matter|later than|more than|less than|sooner than)"
    r"|not (?:only|just|merely|simply|to mention|least)|can'?t wait|cannot wait|why not|if not|whether or not|"
    r"nothing but|"
    r"(?:why )?(?:don't|can't|couldn't|isn't|aren't|won't|wouldn't|shouldn't|doesn't|didn't|haven't) "
    r"(?:we|you|there|it|they|i|he|she|this|that)(?!\w|'))"
)
"""Words that look like a denial and are none: "no problem", "not only", "can't wait", "why don't we ..."."""
NEGATION = re.compile(
    r"(?:no|not|never|without|nor|neither|none|nothing|nobody|cannot|hardly|barely|lacks?|lacking|nope|"
    r"\w+n't|dont|doesnt|didnt|isnt|arent|wont|wouldnt|cant|havent)"
)
HINT = re.compile(r"nt\b|n't|\bn[eo]|without|cannot|hardly|barely|\black")
"""No negation is without one of these: most windows need no closer look."""
PAIRING = frozenset({"and", "or", "nor"})
"""Between two negations these make two denials of them, not one that is undone."""
DENIED_AFTER = re.compile(
    r"\w*(?:\s+\w+)?\s+(?:(?:is|are|was|were)(?:\s+(?:really|certainly|definitely|currently|just))?(?:\s+not\b|n't\b)"
    r"\s+(?:for (?:us|them|me)|somethin\w+|anythin\w+|what (?:we|they)|needed|required|necessary|relevant|approved|"
    r"available|"
    r"important|urgent|an? (?:priority|option|topic|fit)|of interest|on the table|interesting|there)"
    r"|(?:is|are|was|were|has been|have been)\s+(?:ruled out|off the table|out of (?:the )?question|frozen|denied|"
    r"declined|refused|turned down))"
)
"""Said of the phrase just before: "voice bots are not for us", "Voice AI was ruled out"."""


def said(words: str | None, phrases: re.Pattern[str]) -> float | None:
    """How often phrases are said and not denied, damped: the natural logarithm of one plus the count."""
    if words is None:
        return None
    count = sum(
        _begins_word(words, m.start()) and not denied(words, m.start(), m.end()) for m in phrases.finditer(words)
    )
    return math.log1p(count)


def denied(words: str, start: int, end: int) -> bool:
    """Whether what stands at `start` to `end` is negated in its clause; two negations undo each other.

    >>> text = "we can't live without sms"
    >>> denied("we need no sms", 11, 14), denied(text, text.index("sms"), len(text))
    (True, False)
    """
    if DENIED_AFTER.match(words, end):
        return True
    window = words[max(0, start - LOOK_BACK) : start]
    if not HINT.search(window):
        return False
    clause = CLAUSE.split(window)[-1]
    before = PSEUDO.sub(" ", clause).replace(",", " ").split()[::-1]
    at = _nearest_negation(before)
    if at is None:
        return False
    again = _nearest_negation(before[at + 1 :])
    return again is None or before[at] == "nor" or not PAIRING.isdisjoint(before[at + 1 : at + 1 + again])


def customer_words(s: Snapshot) -> str | None:
    """Notes and what was said, in lower case, without the lines of our own people; None where there are no words.

    Where nobody could be told apart (`own_speakers` is empty) all lines count.
    """
    return _lower(s.notes, s.transcript, s.own_speakers)


def customer_share(s: Snapshot) -> float | None:
    """The customer's part of the words of the transcript, 0 to 1; None where the speakers cannot be told apart.

    Lines of `Unknown` count for nobody.
    """
    if not s.transcript or not s.own_speakers:
        return None
    ours = theirs = 0
    for line in s.transcript.split("\n"):
        speaker, _, text = line.partition(": ")
        if speaker in s.own_speakers:
            ours += text.count(" ") + 1
        elif speaker != "Unknown":
            theirs += text.count(" ") + 1
    return theirs / (ours + theirs) if theirs and ours else None


def lower(text: str) -> str:
    """Lower case with plain apostrophes."""
    return text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _nearest_negation(words_backwards: list[str]) -> int | None:
    for at, word in enumerate(words_backwards[:NEAR_WORDS]):
        if NEGATION.fullmatch(word.strip("\"'()-\N{EM DASH}")):
            return at
    return None


def _begins_word(words: str, at: int) -> bool:
    """Checked here, not by a word boundary before each phrase, so that the search skips to letters that can match."""
    return at == 0 or not words[at - 1].isalnum()


@lru_cache(maxsize=1)  # the features of one call ask one after the other
def _lower(notes: str | None, transcript: str | None, own_speakers: tuple[str, ...]) -> str | None:
    if notes is None and transcript is None:
        return None
    if transcript and own_speakers:
        own = tuple(f"{speaker}: " for speaker in own_speakers)
        transcript = "\n".join(line for line in transcript.split("\n") if not line.startswith(own))
    return lower(f"{notes or ''}\n{transcript or ''}")
