"""What went before: the history with the company, who is on the call, and how calls have been ending lately."""

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


ENGAGEMENT = (
    earlier_calls, days_since_earlier_call, earlier_progressed, attendees, seniority, knows_company,
    recent_progression, long_progression,
)  # fmt: skip


def _log_odds(rate: float | None) -> float | None:
    return None if rate is None else math.log(rate / (1 - rate))
