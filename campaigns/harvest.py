"""Harvest: the leads that a campaign looks for come in from its source, each once, whatever was brought before.

A page is kept as it came, read, and merged into what is known; then the next is asked for. A run that is cut short is
simply run again. What costs money (who a found person is, an address that mail reaches) is bought afterwards, from the
enrichment queue.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from json import dumps
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from database import campaigns, queue
from database.campaigns import Planned
from database.identities import kept_as
from database.queue import Waiting
from intake import store
from intake.identity import company_domain, company_id_of, website_domain
from ringback.errors import BadMapping, VendorUnreadable, WrongUsage
from ringback.records import CompanyFacts, Lead, Payload, Rejected
from ringback.settings import Settings
from vendors import apollo, aturiya
from vendors.apollo_records import PeopleQuery, Person
from warehouse.landing import content_hash

PRIORITY = 75
"""A campaign waits for them: before companies of which little was said in a call, after what a person asks for."""
PAGES_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Harvested:
    """What a campaign's harvest brought."""

    campaign_id: str
    read: int
    new: int
    """Leads that the campaign did not have."""
    rejected: int
    queued: int
    """Leads and companies that now wait for enrichment."""


class Plan(BaseModel):
    """What a campaign looks for at Apollo; an empty field does not narrow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    titles: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    employee_ranges: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    keywords: str = ""
    most: int = Field(1_000, ge=1, le=apollo.MOST_PEOPLE)

    @classmethod
    def read(cls, plan: Mapping[str, Any]) -> "Plan":
        """A campaign's plan; raises BadMapping naming the key and the way out."""
        try:
            return cls.model_validate(plan)
        except ValidationError as failure:
            first = failure.errors()[0]
            raise BadMapping(f"the campaign's plan: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


@dataclass(frozen=True, slots=True)
class Read:
    """A lead with what its source says of the company."""

    lead: Lead
    facts: CompanyFacts | None


def campaigns_at_aturiya(settings: Settings, at: datetime) -> int:
    """Keep the campaigns that Aturiya's agent has; gives how many were new."""
    with aturiya.connect(settings) as client:
        listed = aturiya.campaigns(client, aturiya.agent_of(settings))
    read = [aturiya.Campaign.read(one) for one in listed]
    return campaigns.save(
        Planned(f"{aturiya.SOURCE}:{one.id}", one.name or one.id, aturiya.SOURCE, at, external_id=one.id)
        for one in read
    )


def harvest(campaign: Planned, settings: Settings, at: datetime) -> Harvested:
    """Bring in a campaign's leads and queue them for enrichment; raises WrongUsage for one without a source."""
    if campaign.source not in SOURCES:
        raise WrongUsage(
            f"the leads of {campaign.name!r} come from a file: 'ringback import leads FILE --campaign "
            f"{campaign.campaign_id}'"
        )
    pages, reader = SOURCES[campaign.source]
    read = new = rejected = queued = 0
    for page in _some_pages(pages(campaign, settings)):
        leads, aside = _readable(page, campaign.source, reader, at)
        store.take_payloads([_payload(campaign.source, body, at) for body in page], aside)
        store.take_leads([one.lead for one in leads], [one.facts for one in leads if one.facts])
        joined, waiting = join([one.lead for one in leads], campaign.campaign_id, at)
        new, queued = new + joined, queued + waiting
        read, rejected = read + len(page), rejected + len(aside)
    return Harvested(campaign.campaign_id, read, new, rejected, queued)


def join(leads: Sequence[Lead], campaign_id: str, at: datetime) -> tuple[int, int]:
    """Let leads that are kept already join a campaign and wait for enrichment.

    Gives how many are new in it, and how many leads and companies wait that did not before.
    """
    kept = kept_as(lead.lead_id for lead in leads)
    joined = campaigns.add_leads(campaign_id, kept.values(), at)
    known = [one if kept[one.lead_id] == one.lead_id else replace(one, lead_id=kept[one.lead_id]) for one in leads]
    return joined, queue.enqueue(_waiting(known, campaign_id), at)


def _some_pages(pages: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Several pages at once: a transaction in each store for every page would take longer than the reading."""
    while some := list(islice(pages, PAGES_AT_ONCE)):
        yield [body for page in some for body in page]


def _readable(
    page: Iterable[Mapping[str, Any]], source: str, reader: Callable[[Mapping[str, Any], datetime], Read], at: datetime
) -> tuple[list[Read], list[Rejected]]:
    leads: list[Read] = []
    aside: list[Rejected] = []
    for body in page:
        try:
            leads.append(reader(body, at))
        except VendorUnreadable as failure:
            aside.append(_rejected(source, body, str(failure), at))
    return leads, aside


def _of_aturiya(campaign: Planned, settings: Settings) -> Iterator[list[dict[str, Any]]]:
    with aturiya.connect(settings) as client:
        yield from aturiya.leads(client, aturiya.agent_of(settings), str(campaign.external_id))


def _of_apollo(campaign: Planned, settings: Settings) -> Iterator[list[dict[str, Any]]]:
    plan = Plan.read(campaign.plan or {})
    query = PeopleQuery(
        titles=plan.titles, seniorities=plan.seniorities, domains=plan.domains, employee_ranges=plan.employee_ranges,
        locations=plan.locations, keywords=plan.keywords,
    )  # fmt: skip
    with apollo.connect(settings) as client:
        yield from apollo.search_people(client, query, plan.most)


def lead_at_aturiya(body: Mapping[str, Any], at: datetime) -> Read:
    """A lead as Aturiya has it, with Apollo's base data; raises VendorUnreadable where it has no id."""
    told = aturiya.Lead.read(body)
    email = told.email.lower() if told.email else None
    domain = website_domain(told.website) or company_domain(email)
    company_id = company_id_of(domain, told.organization)
    lead = Lead(
        lead_id=email or f"{aturiya.SOURCE}:{told.lead_id}",
        source=aturiya.SOURCE,
        known_at=at,
        external_id=told.lead_id,
        name=told.name,
        email=email,
        job_title=told.designation,
        phone=told.phone,
        linkedin_url=told.linkedin_url,
        website=told.website,
        company_id=company_id,
        company_name=told.organization,
    )
    return Read(lead, _company(lead, domain))


def lead_at_apollo(body: Mapping[str, Any], at: datetime) -> Read:
    """A person that Apollo's search shows: without address, and the last name made unreadable."""
    told = Person.read(body)
    lead = Lead(
        lead_id=f"{apollo.SOURCE}:{told.id}",
        source=apollo.SOURCE,
        known_at=at,
        external_id=told.id,
        name=" ".join(filter(None, (told.first_name, told.last_name))) or None,
        first_name=told.first_name,
        last_name=told.last_name,
        job_title=told.title,
        linkedin_url=told.linkedin_url,
        country=told.country,
        company_id=website_domain(told.organization.primary_domain or told.organization.website_url),
        company_name=told.organization.name,
    )
    return Read(lead, _company(lead, lead.company_id))


def _company(lead: Lead, domain: str | None) -> CompanyFacts | None:
    if lead.company_id is None:
        return None
    return CompanyFacts(lead.company_id, lead.source, lead.known_at, name=lead.company_name, domain=domain)


def _waiting(leads: Iterable[Lead], campaign_id: str) -> list[Waiting]:
    """Leads and the companies that can be asked about by their domain."""
    listed = list(leads)
    reason = f"harvested for {campaign_id}"
    known = {lead.company_id for lead in listed if lead.company_id and ":" not in lead.company_id}
    return [
        *(Waiting(lead.lead_id, PRIORITY, reason, "lead", campaign_id) for lead in listed),
        *(Waiting(company, PRIORITY, reason, "company", campaign_id) for company in sorted(known)),
    ]


def _payload(source: str, body: Mapping[str, Any], at: datetime) -> Payload:
    return Payload(source, "lead", _id_of(body), content_hash(body), at, dumps(body, ensure_ascii=False))


def _rejected(source: str, body: Mapping[str, Any], reason: str, at: datetime) -> Rejected:
    return Rejected(source, "lead", _id_of(body), content_hash(body), at, "", reason, dumps(body, ensure_ascii=False))


def _id_of(body: Mapping[str, Any]) -> str:
    return str(body.get("lead_id") or body.get("id") or f"without-id-{content_hash(body)}")


SOURCES: Mapping[
    str,
    tuple[Callable[[Planned, Settings], Iterator[list[dict[str, Any]]]], Callable[[Mapping[str, Any], datetime], Read]],
] = {
    aturiya.SOURCE: (_of_aturiya, lead_at_aturiya),
    apollo.SOURCE: (_of_apollo, lead_at_apollo),
}
"""Where campaigns' leads come from: pages as they are sent, and how one is read."""
