"""What was found becomes what is known: of leads and companies at once, in the warehouse afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from database import people, signals, sync
from database.wanted import Known
from intake.identity import company_domain, website_domain
from ringback.clock import LONG_AGO
from ringback.records import CompanyFacts, Lead
from warehouse import landing
from warehouse.connect import writing

SOURCE_OF = {"apollo_jobs": "apollo"}
"""Sources of company facts that are one vendor; what Apollo sells of a person stands beside what its search showed."""
POSTS = "linkedin_posts"
"""Under this name the snapshots' query finds them."""
OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Found:
    """What publishing told."""

    companies: frozenset[str]
    kept_as: Mapping[str, str]


def publish_found(subject_ids: Sequence[str], at: datetime) -> Found:
    """Let leads and companies be known with what was found about them; whoever turns out to be one is merged.

    Gives the companies that the leads are said to work for, and the ids under which the leads are kept now.
    """
    found = [one for one in signals.known(subject_ids, at) if one.value is not None]
    leads = [lead for one in found if (lead := lead_of(one))]
    told = {lead.company_id: lead for lead in leads if lead.company_id}
    known = people.companies_by_id(told)
    named = [
        CompanyFacts(company_id, lead.source, lead.known_at, name=lead.company_name, domain=company_id,
                     confidence=lead.confidence)
        for company_id, lead in told.items()
        if company_id not in known  # that somebody has an address there tells nothing new of a company
    ]  # fmt: skip
    people.publish_companies([*filter(None, map(facts_of, found)), *named])
    kept_as = people.publish_leads(leads, held=subject_ids).kept_as
    return Found(frozenset(told), kept_as)


def land_found(until: datetime) -> int:
    """Copy what was found since the last time into the warehouse, where snapshots are made; gives how much was new."""
    mark = sync.high_water("enrichment", "signal")
    found = signals.found_since(mark - OVERLAP if mark else LONG_AGO, until)
    with writing() as warehouse:
        new = landing.land_company_facts(warehouse, list(filter(None, map(facts_of, found)))).new
        leads = [lead for one in found if (lead := lead_of(one) or posts_of(one))]
        new += landing.land_lead_facts(warehouse, leads).new
    sync.move_high_water("enrichment", "signal", until)
    return new


def facts_of(found: Known) -> CompanyFacts | None:
    """What a signal says of a company; None for one that says nothing a company's facts have a place for."""
    value: dict[str, Any] = dict(found.value or {})
    said: dict[str, Any]
    match found.wanted.signal:
        case "company_overview":
            said = value
        case "tech_stack":
            said = {"technologies": tuple(value["technologies"])}
        case "web_functions":
            said = {"web_functions": tuple(value.get("functions", ()))}
        case "funding":
            said = {"funding_stage": value.get("stage"), "total_funding": value.get("total_usd")}
        case "job_postings":
            said = {"open_jobs": float(value["open_jobs"])}
        case "news_summary":
            said = {"news": value["summary"]}
        case _:
            return None
    return CompanyFacts(
        company_id=found.wanted.entity_id,
        source=SOURCE_OF.get(found.source, found.source),
        known_at=found.fetched_at,
        confidence=found.confidence,
        **said,
    )


def posts_of(found: Known) -> Lead | None:
    """What a contact posted lately: kept in the warehouse, where features are made of it, and not among leads."""
    if found.wanted.signal != "linkedin_posts" or not found.value:
        return None
    return Lead(
        lead_id=found.wanted.entity_id,
        source=SOURCE_OF.get(found.source, found.source),
        known_at=found.fetched_at,
        confidence=found.confidence,
        custom={POSTS: "\n".join(found.value["posts"])},
    )


def lead_of(found: Known) -> Lead | None:
    """What a signal says of a contact; None for one that says nothing."""
    if found.wanted.signal not in ("contact", "work_email"):
        return None
    value = dict(found.value or {})
    first, last, email = value.get("first_name"), value.get("last_name"), value.get("email")
    return Lead(
        lead_id=found.wanted.entity_id,
        source=SOURCE_OF.get(found.source, found.source),
        known_at=found.fetched_at,
        name=" ".join(filter(None, (first, last))) or None,
        first_name=first,
        last_name=last,
        email=email.lower() if email else None,
        job_title=value.get("job_title"),
        phone=value.get("phone"),
        linkedin_url=value.get("linkedin_url"),
        country=value.get("country"),
        company_id=company_domain(email) or website_domain(value.get("company_domain")),
        company_name=value.get("company_name"),
        confidence=found.confidence,
    )
