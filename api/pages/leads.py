"""Leads for the people who work them: the list, and one lead with its score, the reasons, and all that happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal
from urllib.parse import urlencode

from api.errors import ApiError
from api.finding import known_lead
from campaigns.overriding import possible
from database import campaigns, cards, lead_pages, overrides, signals, tasks
from database.campaigns import Planned
from database.cards import KeptCard
from database.lead_pages import Only, Order, Page
from database.overrides import Kind, Override
from database.people import KnownLead
from database.tasks import Task
from database.timeline import Happening, timeline
from database.wanted import Known
from ringback.clock import as_utc
from ringback.errors import BadMapping, BadPlaybook
from ringback.settings import settings

PAGE_ROWS = 25
RECOMMENDATIONS = ("AE_HANDOFF", "NURTURE_TRACK", "SELF_SERVICE")
PRIORITIES = ("HIGH_VOICE_AI", "HIGH", "MEDIUM", "LOW")
COLUMNS: tuple[tuple[Order, str], ...] = (
    ("name", "Lead"), ("company", "Company"), ("score", "Score"), ("known_at", "Updated"),
)  # fmt: skip
MOST_CAMPAIGNS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list is to show."""

    search: str = ""
    sort: Order = "score"
    direction: Literal["asc", "desc"] = "desc"
    campaign: str = ""
    recommendation: str = ""
    priority: str = ""
    page: int = 1

    def address(self, **other: object) -> str:
        """The list's address with something changed; the first page, where not the page itself is."""
        said = {name: getattr(self, name) for name in self.__slots__} | {"page": 1} | other
        usual = Asked()
        told = {name: value for name, value in said.items() if value != getattr(usual, name)}
        return "/leads" + (f"?{urlencode(told)}" if told else "")

    def sorted_by(self, column: Order) -> str:
        """The address of the list by this column; by the same column again the other way round."""
        first = "desc" if column in ("score", "known_at") else "asc"
        other = {"asc": "desc", "desc": "asc"}[self.direction]
        return self.address(sort=column, direction=other if column == self.sort else first)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list."""

    asked: Asked
    page: Page
    pages: int
    campaigns: Sequence[Planned]
    has_campaign: bool
    """Whether there is the campaign that was asked for, if any was."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A lead in one campaign, as its page shows it."""

    campaign: Planned
    card: KeptCard | None
    overrides: Sequence[Override]
    owners: Sequence[str]
    sequences: Sequence[str]
    """What can be decided instead of what routing found."""


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """All that the page of a lead shows."""

    lead: KnownLead
    known: Mapping[str, Mapping[str, Any]]
    """By field its value, whose word it is and since when."""
    company: Mapping[str, Mapping[str, Any]]
    prediction: Mapping[str, Any] | None
    signals: Sequence[Known]
    old_signals: Sequence[Known]
    memberships: Sequence[Membership]
    tasks: Sequence[Task]
    happened: Sequence[Happening]


def listed(asked: Asked) -> Listed:
    """A page of leads; a page beyond the last is the last."""
    only = Only(asked.campaign or None, asked.recommendation or None, asked.priority or None)
    question = (asked.search, asked.sort, asked.direction == "desc", PAGE_ROWS)
    page = lead_pages.page_of_leads(*question, PAGE_ROWS * (asked.page - 1), only)
    pages = max(1, -(-page.total // PAGE_ROWS))
    if asked.page > pages:
        page = lead_pages.page_of_leads(*question, PAGE_ROWS * (pages - 1), only)
    has_campaign = not asked.campaign or campaigns.campaign(asked.campaign) is not None
    return Listed(asked, page, pages, campaigns.campaigns()[:MOST_CAMPAIGNS], has_campaign)


def facts_of(lead_id: str, at: datetime) -> LeadFacts:
    """All about a lead; raises ApiError 404."""
    lead = known_lead(lead_id)
    of_lead, of_company = lead_pages.chosen_values(lead.lead_id, lead.company_id)
    slim = {name: {"value": value, "source": lead.source} for name, value in lead.known.items() if value is not None}
    return LeadFacts(
        lead, slim | of_lead, of_company, lead_pages.last_prediction(lead.lead_id), found_signals(lead, at),
        old_signals(lead, at), [_membership(one, lead.lead_id) for one in campaigns.campaigns_of(lead.lead_id)],
        tasks.tasks(lead_id=lead.lead_id), timeline(lead.lead_id),
    )  # fmt: skip


def found_signals(lead: KnownLead, at: datetime) -> list[Known]:
    """What enrichment knows of a lead and its company, or why it does not."""
    found = signals.known(_entities(lead), at)
    return sorted(found, key=lambda one: (one.value is None, one.wanted.signal))


def old_signals(lead: KnownLead, at: datetime) -> list[Known]:
    """What enrichment once found and what is too old to count; it stays to be read."""
    return sorted(signals.expired(_entities(lead), at), key=lambda one: one.wanted.signal)


def until_of(text: str) -> datetime | None:
    """The end of a day in the customer's zone, UTC; None for no day. Raises ApiError 422 for what is no day."""
    if not text.strip():
        return None
    try:
        return as_utc(datetime.combine(date.fromisoformat(text.strip()), time(23, 59, 59)), settings().zone)
    except (ValueError, OverflowError):  # also a day at the end of all calendars
        raise ApiError(422, f"{text[:40]!r} is no day; write 2026-03-18, or nothing for good.", field="until") from None


def _entities(lead: KnownLead) -> list[str]:
    return [lead.lead_id, *([lead.company_id] if lead.company_id else [])]


def _membership(campaign: Planned, lead_id: str) -> Membership:
    card = cards.card_of_member(campaign.campaign_id, lead_id)
    made = overrides.overrides_of(campaign.campaign_id, lead_id, 20)
    return Membership(campaign, card, made, _possible(campaign, "owner"), _possible(campaign, "sequence"))


def _possible(campaign: Planned, kind: Kind) -> Sequence[str]:
    """What can be decided; nothing while playbook or conduct have mistakes, which their own commands tell."""
    try:
        return possible(campaign, kind)
    except (BadMapping, BadPlaybook):
        return ()
