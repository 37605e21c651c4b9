"""Companies and people of the simulated world as Apollo shows them."""

from functools import cache

from sandbox.directory import (
    company_profile_url,
    dice_for,
    funding_rounds,
    funding_total,
    gaps,
    job_title,
    profile_url,
)
from sandbox.fellow_records import JsonObject
from sandbox.industries import DECIDERS
from sandbox.records import Company, Person


@cache
def apollo_id(key: str) -> str:
    """An id of 24 hexadecimal digits that always belongs to the same company or person."""
    return dice_for("apollo id", key).hexadecimal(24)


def organization(company: Company) -> JsonObject:
    """A whole organization record; what Apollo does not know is null."""
    facts: JsonObject = {
        "industry": company.industry.lower(),
        "estimated_num_employees": company.employees,
        "annual_revenue": company.annual_revenue,
        "total_funding": funding_total(company),
        "latest_funding_stage": company.funding_stage,
        "founded_year": company.founded_year,
        "technology_names": list(company.technologies),
        "organization_headcount_six_month_growth": round(company.headcount_growth / 100, 4),
        "country": company.country,
        "short_description": company.description,
    }
    missing = gaps("apollo", company.domain, facts)
    rounds = funding_rounds(company)
    return {
        **brief(company),
        **{name: None if name in missing else value for name, value in facts.items()},
        "industries": [] if "industry" in missing else [company.industry.lower()],
        "keywords": list(company.web_functions),
        "annual_revenue_printed": None if "annual_revenue" in missing else f"{company.annual_revenue / 1e6:.1f}M",
        "latest_funding_round_date": rounds[-1][1] if rounds and "latest_funding_stage" not in missing else None,
        "funding_events": [
            {"id": apollo_id(company.domain + stage), "date": date, "news_url": None, "type": stage, "investors": None,
             "amount": f"{amount / 1e6:.1f}M", "currency": "$"}
            for stage, date, amount in (() if "total_funding" in missing else rounds)
        ],
        "current_technologies": [
            {"uid": name.lower().replace(" ", "_"), "name": name, "category": "Other"}
            for name in (() if "technology_names" in missing else company.technologies)
        ],
        "departmental_head_count": {},
        "city": None,
        "state": None,
        "raw_address": None,
    }  # fmt: skip


def brief(company: Company) -> JsonObject:
    """An organization as a search lists it."""
    return {
        "id": apollo_id(company.domain),
        "name": company.name,
        "primary_domain": company.domain,
        "website_url": f"http://www.{company.domain}",
        "linkedin_url": company_profile_url(company),
        "phone": None,
        "founded_year": company.founded_year,
        "publicly_traded_symbol": None,
        "alexa_ranking": None,
    }


def found_person(person: Person) -> JsonObject:
    """A person as a search shows them: no address, and a last name nobody can use."""
    last = person.last_name
    return {
        "id": apollo_id(person.person_id),
        "first_name": person.first_name,
        "last_name_obfuscated": f"{last[:2]}***{last[-1]}",
        "title": None if "title" in gaps("apollo", person.person_id, PERSON_FACTS) else person.title,
        "last_refreshed_at": "2025-11-04T23:20:32.690+00:00",
        "has_email": "email" not in gaps("apollo", person.person_id, PERSON_FACTS),
        "has_city": False,
        "has_state": False,
        "has_country": True,
        "has_direct_phone": "No",
        "organization": {
            "name": person.company.name,
            "has_industry": True,
            "has_phone": False,
            "has_employee_count": True,
        },
    }


PERSON_FACTS = ("email", "title", "linkedin_url")


def whole_person(person: Person) -> JsonObject:
    """A person as enrichment gives them."""
    missing = gaps("apollo", person.person_id, PERSON_FACTS)
    title = None if "title" in missing else person.title
    return {
        "id": apollo_id(person.person_id),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "title": title,
        "email": None if "email" in missing else person.email,
        "email_status": "unavailable" if "email" in missing else "verified",
        "extrapolated_email_confidence": None,
        "linkedin_url": None if "linkedin_url" in missing else profile_url(person),
        "seniority": None if title is None else "c_suite" if title in DECIDERS else "manager",
        "departments": [],
        "functions": [],
        "city": None,
        "country": person.company.country,
        "organization_id": apollo_id(person.company.domain),
        "organization": organization(person.company),
        "employment_history": [
            {"current": True, "title": title, "organization_name": person.company.name, "start_date": None,
             "end_date": None}
        ],
    }  # fmt: skip


def job_posting(company: Company, number: int) -> JsonObject:
    """One of the company's open positions."""
    return {
        "id": apollo_id(f"{company.domain} job {number}"),
        "title": job_title(number),
        "url": f"https://{company.domain}/jobs/{number}",
        "city": None,
        "state": None,
        "country": company.country,
        "last_seen_at": "2025-12-20T00:00:00.000+00:00",
        "posted_at": "2025-12-01T00:00:00.000+00:00",
    }


def news_article(company: Company) -> JsonObject:
    """What was written about a company."""
    course = "adds staff" if company.headcount_growth > 0 else "reorganizes"
    return {
        "id": apollo_id(f"{company.domain} news"),
        "organization_ids": [apollo_id(company.domain)],
        "title": f"{company.name} {course}",
        "snippet": company.description,
        "url": f"https://news.example/{company.domain}",
        "domain": "news.example",
        "published_at": "2025-11-20T00:00:00.000+00:00",
        "event_categories": ["hires"] if company.headcount_growth > 0 else [],
    }
