"""Members that can be qualified, and a process that qualifies them, some at a time."""

import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

from campaigns import qualify as qualifying
from campaigns.dimensions import Thresholds
from campaigns.qualify import Qualified, qualify
from database import campaigns
from database.cards import cards_in
from database.decisions import decisions_in
from database.people import publish_companies, publish_leads
from tests.campaigns.members import book
from tests.factories import DAY, NOON, a_lead, company_facts

BIG = {"fact": "company.employees", "at_least": 50}
SMALL = {"fact": "company.employees", "less_than": 10}
RULES = book(("big", "qualify", BIG), ("small", "disqualify", SMALL))
LATER = NOON + DAY / 2


def some_members(employees: Iterable[float | None], campaign_id: str = "spring") -> None:
    """Members `lead0@c0.example` and so on, whose companies have so many employees."""
    listed = list(enumerate(employees))
    publish_companies(company_facts(f"c{n}.example", name=f"Company {n}", employees=many) for n, many in listed)
    publish_leads([a_lead(f"lead{n}@c{n}.example", company_id=f"c{n}.example", name=f"Lead {n}") for n, _ in listed])
    campaigns.add_leads(campaign_id, [f"lead{n}@c{n}.example" for n, _ in listed], NOON)


def qualified(campaign_id: str = "spring", at: Any = NOON, thresholds: Thresholds | None = None) -> Qualified:
    """The members of a campaign, by rules that ask for fifty employees and refuse fewer than ten."""
    return qualify(campaign_id, RULES, thresholds or Thresholds(), at)


def outcomes(campaign_id: str = "spring") -> list[tuple[str, str | None]]:
    """Outcome and rule of each member, by its id."""
    return [(one.outcome, one.rule) for one in cards_in(campaign_id, 1_000, order="lead")]


def rows(campaign_id: str = "spring") -> tuple[Any, Any]:
    """All cards, and all decisions without their ids, of a campaign."""
    cards = [(one.lead_id, one.outcome, one.rule, one.groups, one.dimensions) for one in cards_in(campaign_id, 9_999)]
    decided = [(one.lead_id, one.outcome, one.because) for one in decisions_in(campaign_id, 9_999)]
    return cards, sorted(decided, key=repr)


if __name__ == "__main__":
    qualifying.stale_members = partial(qualifying.stale_members, at_most=int(sys.argv[2]))
    qualified(sys.argv[1])
