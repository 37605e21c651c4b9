"""Dimensions of a member that say whether it needs what we sell: Voice AI, messaging, verification.

The scale and what the points are worth: `campaigns/points.py`. The second paragraph of each docstring is read by
`campaigns/dimensions_page.py`.
"""

from functools import lru_cache

from campaigns.facts import MemberFacts
from campaigns.points import TEXTS_REMEMBERED, Judged, Weights, on_site, steps, where_used
from features.firmographic import COMPETITORS, VOICE_AI_WORDS


def voice_ai_fit(f: MemberFacts) -> Judged | None:
    """Fit for Voice AI, as the last score says.

    Points: the calibrated probability times 100; its source is the model's own outcomes. Source: last score. Missing:
    there is no score, or no model of this fit.
    """
    fit = f.score.voice_ai_fit if f.score else None
    return None if fit is None else Judged(max(0, min(100, fit)), fit, f"Voice AI fit {fit} of 100")


def speaks_of_voice(f: MemberFacts) -> Judged | None:
    """How often its own description speaks of voice, automation, contact centres or conversational AI.

    Points: 30 for never, 65 for once, 85 for twice, 100 from three times. Source: company description. Missing: there
    is no description.
    """
    if f.company.description is None:
        return None
    times = _times(f.company.description)
    return Judged(steps(times, 30, 65, 85, 100), times, f"its description speaks of voice or automation {times} times")


def uses_competitor(f: MemberFacts) -> Judged | None:
    """Whether it uses a competitor's product: it buys what we sell, elsewhere, and need not be told what it is for.

    Points: 90 where it does, else 45. Source: tech stack. Missing: no source looked.
    """
    return where_used(f, COMPETITORS, 90, 45, "a competitor's product")


def talks_with_visitors(f: MemberFacts) -> Judged | None:
    """Whether its web site talks with visitors: chat, call-back, messages.

    Points: 85 where it does, else 40. Source: web functions. Missing: nobody looked at the web site.
    """
    return on_site(f, "communication", 85, 40, "talks with visitors")


def takes_orders(f: MemberFacts) -> Judged | None:
    """Whether its web site takes payments or orders: each is a message or a call about it.

    Points: 80 where it does, else 40. Source: web functions. Missing: nobody looked at the web site.
    """
    return on_site(f, "transactions", 80, 40, "takes orders")


def signs_people_in(f: MemberFacts) -> Judged | None:
    """Whether its web site has people sign in: each can be verified by a message.

    Points: 75 where it does, else 40. Source: web functions. Missing: nobody looked at the web site.
    """
    return on_site(f, "authentication", 75, 40, "has people sign in")


NEED: Weights = {
    voice_ai_fit: 4, speaks_of_voice: 2, uses_competitor: 2, talks_with_visitors: 2, takes_orders: 1,
    signs_people_in: 1,
}  # fmt: skip
"""With the weight of each."""


@lru_cache(maxsize=TEXTS_REMEMBERED)
def _times(description: str) -> int:
    """How often a description speaks of voice; members of one company share it."""
    return len(VOICE_AI_WORDS.findall(description))
