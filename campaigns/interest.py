"""Dimensions of a member that say how it responds, and whether now is the time: engagement and timing.

The scale and what the points are worth: `campaigns/points.py`. The second paragraph of each docstring is read by
`campaigns/dimensions_page.py`.
"""

import re
from functools import lru_cache
from math import expm1, log1p

from campaigns.facts import Company, MemberFacts, days_since
from campaigns.points import TEXTS_REMEMBERED, Judged, Weights, ago, between, faded, steps
from features.firmographic import GROWTH, SETBACK
from features.words import lower, said

MAIL_HALF_LIFE_DAYS = 14
"""An answer to a mail says half as much two weeks later: the usual gap between two mails of a sequence is some days."""
CALL_HALF_LIFE_DAYS = 30
FACT_HALF_LIFE_DAYS = 90
"""As long as enrichment believes firmographics (`enrichment/catalogue.py`)."""


def replied(f: MemberFacts) -> Judged | None:
    """A person answered a mail: the clearest sign there is before a call.

    Points: 100 for any answer, 20 for none so far. Source: mails. Missing: nothing was sent.
    """
    if not f.mails.sent and not f.mails.replied:
        return None
    if f.mails.replied:
        return Judged(100, f.mails.replied, "answered a mail")
    return Judged(20, 0, f"no answer to {_mails(f.mails.sent)} so far")


def clicked(f: MemberFacts) -> Judged | None:
    """A person followed links in mails.

    Points: 70 for links in one mail, 15 more for each further one, 10 for none so far. Source: mails. Missing: nothing
    was sent.
    """
    if not f.mails.sent and not f.mails.clicked:
        return None
    if f.mails.clicked:
        return Judged(min(100, 55 + 15 * f.mails.clicked), f.mails.clicked, f"clicked in {_mails(f.mails.clicked)}")
    return Judged(10, 0, "has not clicked")


def opened(f: MemberFacts) -> Judged | None:
    """A person opened mails; weighs little, since many clients open what nobody reads and others hide who reads.

    Points: the share of mails that were opened, times 100. Source: mails. Missing: nothing was sent.
    """
    if not f.mails.sent:
        return None
    share = min(1.0, f.mails.opened / f.mails.sent)
    return Judged(round(100 * share), f.mails.opened, f"opened {f.mails.opened} of {_mails(f.mails.sent)}")


def can_be_written_to(f: MemberFacts) -> Judged | None:
    """Mails arrive and are not unwanted.

    Points: 0 where a mail came back or none is wanted, else 70. Source: mails. Missing: nothing was sent, and nothing
    is known against it.
    """
    if f.mails.unsubscribed:
        return Judged(0, "unsubscribed", "wants no mails")
    if f.mails.bounced:
        return Judged(0, "bounced", "a mail came back")
    return Judged(70, "reachable", "mails arrive") if f.mails.sent else None


def engaged_lately(f: MemberFacts) -> Judged | None:
    """How long ago a person last opened, clicked or answered.

    Points: 100 today, half after each 14 days; 0 where nobody ever did. Source: mails. Missing: nothing was sent.
    """
    days = days_since(f.mails.last_engaged_at, f.at)
    if days is None:
        return Judged(0, None, "never reacted to a mail") if f.mails.sent else None
    return Judged(faded(days, MAIL_HALF_LIFE_DAYS), _days(days), f"last reacted {ago(days)}")


def spoke_with_us(f: MemberFacts) -> Judged | None:
    """Calls with the lead: who takes time to talk, and comes back, is interested.

    Points: 60 for one call, 20 more for each further one. Source: calls. Missing: there was none.
    """
    if f.calls is None:
        return None
    count = f.calls.count
    return Judged(min(100, 40 + 20 * count), count, f"{count} call{'s' if count > 1 else ''} with us")


def spoke_lately(f: MemberFacts) -> Judged | None:
    """How long ago the last call was.

    Points: 100 today, half after each 30 days. Source: calls. Missing: there was none.
    """
    days = days_since(f.calls.last_at, f.at) if f.calls else None
    return None if days is None else Judged(faded(days, CALL_HALF_LIFE_DAYS), _days(days), f"last call {ago(days)}")


def tone_of_calls(f: MemberFacts) -> Judged | None:
    """How warm calls were.

    Points: 50 for a neutral tone, 0 at -0.5 and below, 100 at 0.5 and above: tones of whole calls lie close to the
    middle. Source: calls. Missing: no call with a known tone.
    """
    tone = f.calls.sentiment if f.calls else None
    if tone is None:
        return None
    word = "warm" if tone > 0.1 else "cold" if tone < -0.1 else "neutral"
    return Judged(between(tone, -0.5, 0.5), round(tone, 2), f"the tone of calls is {word}")


def time_given(f: MemberFacts) -> Judged | None:
    """Minutes that the lead spent on calls with us.

    Points: rising with the logarithm, 100 from 90 minutes. Source: calls. Missing: no call of known length.
    """
    minutes = f.calls.minutes if f.calls else None
    if minutes is None:
        return None
    return Judged(between(log1p(max(0.0, minutes)), 0, log1p(90)), round(minutes), f"{minutes:.0f} minutes on calls")


ENGAGEMENT: Weights = {
    replied: 3, clicked: 2, opened: 1, can_be_written_to: 1, engaged_lately: 2, spoke_with_us: 3, spoke_lately: 2,
    tone_of_calls: 1, time_given: 1,
}  # fmt: skip
"""With the weight of each."""


def likely_to_move_on(f: MemberFacts) -> Judged | None:
    """How likely the next call leads on, as the last score says.

    Points: the calibrated probability times 100; its source is the model's own outcomes. Source: last score. Missing:
    there is no score.
    """
    chance = f.score.progression_probability if f.score else None
    if chance is None:
        return None
    return Judged(between(chance, 0, 1), round(chance, 3), f"{100 * chance:.0f} % likely to move on after a call")


def scored_lately(f: MemberFacts) -> Judged | None:
    """How new the last score is: what made it is as old.

    Points: 100 today, half after each 30 days. Source: last score. Missing: there is no score.
    """
    days = days_since(f.score.predicted_at, f.at) if f.score else None
    return None if days is None else Judged(faded(days, CALL_HALF_LIFE_DAYS), _days(days), f"scored {ago(days)}")


def headcount_grows(f: MemberFacts) -> Judged | None:
    """Change of the number of employees over six months: who grows has more calls to answer than people.

    Points: 0 at a tenth fewer, 50 at no change, 100 at a tenth more, straight between. Source: company facts. Missing:
    no source says.
    """
    growth = f.company.headcount_growth
    if growth is None:
        return None
    told = "did not change" if not growth else f"{'rose' if growth > 0 else 'fell'} by {abs(growth):.0%}"
    return Judged(between(growth, -0.1, 0.1), round(growth, 3), f"headcount {told} in six months")


def hires(f: MemberFacts) -> Judged | None:
    """Open positions for each employee: who hires has a budget now.

    Points: 20 for none, 100 from one in twenty. Source: job postings. Missing: no source looked, or the size is not
    known.
    """
    jobs, people = f.company.open_jobs, f.company.employees
    if jobs is None or not people:
        return None
    return Judged(20 + round(0.8 * between(jobs / people, 0, 0.05)), int(jobs), f"{jobs:.0f} open positions")


def good_news(f: MemberFacts) -> Judged | None:
    """News of growth: money raised, new markets, launches, acquisitions; denied ones do not count.

    Points: 40 for none, 70 for one mention, 100 from three. Source: news. Missing: no news were found.
    """
    times = _mentions(f.company, GROWTH)
    return (
        None if times is None else Judged(steps(times, 40, 70, 85, 100), times, f"{times} mentions of growth in news")
    )


def no_bad_news(f: MemberFacts) -> Judged | None:
    """News of setbacks: layoffs, losses, lawsuits, closures: nobody signs then.

    Points: 70 for none, 35 for one mention, 0 from three. Source: news. Missing: no news were found.
    """
    times = _mentions(f.company, SETBACK)
    return (
        None if times is None else Judged(steps(times, 70, 35, 15, 0), times, f"{times} mentions of setbacks in news")
    )


def facts_are_fresh(f: MemberFacts) -> Judged | None:
    """How long ago something last became known of lead or company: old facts make bad openings.

    Points: 100 today, half after each 90 days. Source: lead, company facts. Missing: never.
    """
    latest = max(f.lead.known_at, f.company.known_at or f.lead.known_at)
    days = days_since(latest, f.at) or 0.0
    return Judged(faded(days, FACT_HALF_LIFE_DAYS), _days(days), f"last learned something {ago(days)}")


TIMING: Weights = {
    likely_to_move_on: 4, scored_lately: 1, headcount_grows: 2, hires: 2, good_news: 1, no_bad_news: 1,
    facts_are_fresh: 1,
}  # fmt: skip
"""With the weight of each."""


def _mentions(company: Company, phrases: re.Pattern[str]) -> int | None:
    return None if company.news is None else _said(company.news, phrases)


@lru_cache(maxsize=TEXTS_REMEMBERED)
def _said(news: str, phrases: re.Pattern[str]) -> int:
    """How often phrases are said and not denied; members of one company share its news."""
    return round(expm1(said(lower(news), phrases) or 0.0))


def _days(days: float) -> float:
    return round(days, 1)


def _mails(count: int) -> str:
    return "one mail" if count == 1 else f"{count} mails"
