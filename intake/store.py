"""Putting what arrived into both stores: the warehouse first, the database after it.

Both writes are idempotent, so a crash between the two is mended by bringing the same again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from database import people, queue
from database.queue import Waiting
from ringback.records import Call, CompanyFacts, Lead, Outcome, Payload, Rejected
from ringback.side_by_side import made_ahead
from warehouse import landing
from warehouse.connect import writing
from warehouse.landing import Landed

HIGH_VALUE_WORDS = ("voice ai", "ai agent", "pricing", "contract", "pilot", "go live", "this quarter")
WORTH_ENRICHING_AT = 60
AT_ONCE = 5_000
Said: TypeAlias = tuple[Sequence[Lead], Sequence[CompanyFacts]]


def take_calls(
    calls: Sequence[Call], rejected: Iterable[Rejected] = (), facts: Sequence[CompanyFacts] = ()
) -> tuple[Landed, Landed]:
    """Keep calls, what could not be read, and what is said of the companies beside; gives the counts of the former."""
    with writing() as warehouse:
        landed, aside = landing.land_calls(warehouse, calls), landing.land_rejected(warehouse, rejected)
        landing.land_company_facts(warehouse, facts)
    people.publish_companies(facts)
    people.publish_calls(calls)
    return landed, aside


def take_payloads(payloads: Iterable[Payload], rejected: Iterable[Rejected]) -> None:
    """Keep what a vendor sent as it sent it, and what of it could not be read."""
    with writing() as warehouse:
        landing.land_payloads(warehouse, payloads)
        landing.land_rejected(warehouse, rejected)


def take_leads(leads: Sequence[Lead], facts: Sequence[CompanyFacts]) -> Landed:
    """Keep leads and what their source says of their companies.

    Many are kept some at a time, and another process puts the next into the warehouse while these are published.
    """
    parts = _parts(leads, facts)
    landed = Landed(0, 0)
    for (some, companies), now_landed in zip(parts, made_ahead(_land_said, parts), strict=True):
        people.publish_companies(companies)
        people.publish_leads(some)
        landed += now_landed
    return landed


def _parts(leads: Sequence[Lead], facts: Sequence[CompanyFacts]) -> list[Said]:
    """Some at a time, what was known first before the rest."""
    some = sorted(leads, key=lambda lead: lead.known_at)
    companies = sorted(facts, key=lambda fact: fact.known_at)
    starts = range(0, max(len(some), len(companies)), AT_ONCE)
    return [(some[start : start + AT_ONCE], companies[start : start + AT_ONCE]) for start in starts]


def _land_said(said: Said) -> Landed:
    leads, facts = said
    with writing() as warehouse:
        landing.land_company_facts(warehouse, facts)
        return landing.land_lead_facts(warehouse, leads)


def take_outcomes(outcomes: Sequence[Outcome]) -> Landed:
    """Keep how calls ended."""
    with writing() as warehouse:
        return landing.land_outcomes(warehouse, outcomes)


def queue_high_value(calls: Iterable[Call], at: datetime) -> int:
    """Queue the companies of promising calls for enrichment; gives how many are new in the queue."""
    return queue.enqueue([waiting for call in calls if (waiting := worth_enriching(call))], at)


def worth_enriching(call: Call) -> Waiting | None:
    """A company goes on the queue when what was said makes it worth paying for its data; None otherwise.

    Priority is 50, plus 10 for each of the high-value phrases said, plus up to 20 for a warm tone, at most 100.
    """
    if call.company_id is None or "." not in call.company_id:
        return None
    words = f"{call.notes or ''} {call.transcript or ''}".lower()
    said = [phrase for phrase in HIGH_VALUE_WORDS if phrase in words]
    priority = min(100, round(50 + 10 * len(said) + 20 * max(0.0, call.sentiment or 0.0)))
    if priority < WORTH_ENRICHING_AT:
        return None
    return Waiting(call.company_id, priority, f"said in a call: {', '.join(said)}" if said else "a warm call")
