"""What went before: the history with the company, mails to the lead, who is on the call, how calls have been ending."""

import math
import re

from ringback.records import Snapshot

SENIORITY = (
    (
        "executive",
        re.compile(
            r"\b(?:c[etofpimr]o|chief|founder|(?<!product )owner|(?<!vice[ -])president|partner(?! manager))\b", re.I
        ),
    ),
    ("vice president", re.compile(r"\b(?:vp|vice[ -]president|svp|evp|head of|head)\b", re.I)),
    ("director", re.compile(r"\bdirector\b", re.I)),
    ("manager", re.compile(r"\b(?:manager|lead)\b", re.I)),
)


def earlier_calls(s: Snapshot) -> float | None:
    """Calls with the company before this one.

    Unit: calls. Source: calls known before. Missing: the company is not known.
    """
    return float(s.earlier_calls) if s.company_id else None


def days_since_earlier_call(s: Snapshot) -> float | None:
    """Days since the last call with the company; None where there was none.

    Unit: days. Source: calls known before. Missing: there was no earlier call.
    """
    return s.days_since_earlier_call


def earlier_progressed(s: Snapshot) -> float | None:
    """Earlier calls of the company whose progression was known before this one.

    Unit: calls. Source: outcomes known before. Missing: the company is not known.
    """
    return float(s.earlier_progressed) if s.company_id else None


def attendees(s: Snapshot) -> float | None:
    """People invited; None where nobody is known.

    Unit: people. Source: invitation. Missing: nobody is known to be invited.
    """
    return float(s.attendees) or None


def seniority(s: Snapshot) -> str | None:
    """Level in the company that the lead's job title speaks of.

    Unit: category. Source: contact. Missing: the job title is not known.
    """
    if not s.job_title:
        return None
    return next((level for level, pattern in SENIORITY if pattern.search(s.job_title)), "other")


def knows_company(s: Snapshot) -> float | None:
    """1 where the call could be matched to a company.

    Unit: 1 or 0. Source: call. Missing: never.
    """
    return float(s.company_id is not None)


def recent_progression(s: Snapshot) -> float | None:
    """Log-odds of progression among the last 100 outcomes known before this call.

    How calls end drifts with the season, the market and the list being worked; a model that knows how they ended
    lately need not guess it from proxies that change their meaning.

    Unit: log-odds. Source: outcomes known before. Missing: no outcome of this source was known.
    """
    return _log_odds(s.recent_progression_rate)


def long_progression(s: Snapshot) -> float | None:
    """The same among the last 1,000.

    Unit: log-odds. Source: outcomes known before. Missing: no outcome of this source was known.
    """
    return _log_odds(s.long_progression_rate)


def mails_sent(s: Snapshot) -> float | None:
    """Mails of campaigns sent to the lead in the 90 days before the call.

    Where a lead was written to by nobody, nothing is known of how it answers: calls from before there were campaigns
    are not taken for calls with people who never react.

    Unit: mails. Source: mails sent before the call. Missing: the lead was sent none.
    """
    return float(s.mails_sent) or None


def mails_clicked(s: Snapshot) -> float | None:
    """Of these mails, those in which a person followed a link; what a machine followed does not count.

    Unit: mails. Source: events of mails known when the call is judged. Missing: the lead was sent no mail.
    """
    return float(s.mails_clicked) if s.mails_sent else None


def mails_replied(s: Snapshot) -> float | None:
    """Of these mails, those that the lead answered.

    Unit: mails. Source: events of mails known when the call is judged. Missing: the lead was sent no mail.
    """
    return float(s.mails_replied) if s.mails_sent else None


def days_since_mail_reaction(s: Snapshot) -> float | None:
    """Days from the last time a person opened, clicked in or answered one of these mails to the call.

    Opens alone say little, since mail programs open, too; here they only say how fresh the contact is.

    Unit: days. Source: events of mails known when the call is judged. Missing: the lead reacted to no mail.
    """
    return s.days_since_mail_reaction


MAILS = (mails_sent, mails_clicked, mails_replied, days_since_mail_reaction)
"""They come and go with campaigns."""
ENGAGEMENT = (
    earlier_calls, days_since_earlier_call, earlier_progressed, attendees, seniority, knows_company,
    recent_progression, long_progression, *MAILS,
)  # fmt: skip


def _log_odds(rate: float | None) -> float | None:
    return None if rate is None else math.log(rate / (1 - rate))
