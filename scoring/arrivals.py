"""A lead as another system delivers it: as one asks for a score of it, with who the contact is."""

import json
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from intake.cells import people
from intake.identity import company_domain, company_id_of, contact_id_of, website_domain
from ringback.forms import Form
from ringback.records import CompanyFacts, Lead
from scoring.lead import FACTS, LeadRequest, Line

SOURCE = "webhook"
LEADS = "leads"
"""The source of deliveries of leads, as the inbox names it."""
SENDER = Form(r"^[a-z][a-z0-9_-]{0,39}$", "up to 40 small letters, digits, hyphens and underscores", "crm")
LONGEST_LINE = 500
"""Characters, as of `scoring.lead.Line`."""
OF_THE_CONTACT = ("name", "first_name", "last_name", "phone", "linkedin_url", "website")
NOT_FOR_SCORING = frozenset({*OF_THE_CONTACT, "id", "source", "lead_id"})
"""What says who it is; a score would take it for fields of the customer's own."""


class Arrival(LeadRequest):
    """A lead to be kept and scored; only the company's name is required."""

    id: Line | None = Field(None, description="The sender's own name for the contact.")
    source: Annotated[str, SENDER] = Field(
        SOURCE, description="Who says so; what each source says is kept as its word."
    )
    name: Line | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    phone: Line | None = None
    linkedin_url: Line | None = None
    website: Line | None = None


def records_of(arrival: Arrival, delivery_id: str, at: datetime) -> tuple[Lead, CompanyFacts | None]:
    """The lead and what is said of its company, known since the delivery came; None of a company that has no name."""
    email = arrival.email.strip().lower() if arrival.email else None
    domain = website_domain(arrival.domain) or website_domain(arrival.website) or company_domain(email)
    company_id = company_id_of(domain, arrival.company_name)
    is_a_person = bool(arrival.name or arrival.first_name or arrival.last_name)
    named = f"{arrival.source}:{arrival.id or delivery_id}"
    lead = Lead(
        lead_id=arrival.lead_id or _line(contact_id_of(email, is_a_person, company_id, named)),
        source=arrival.source,
        known_at=at,
        external_id=arrival.id,
        email=email,
        job_title=arrival.job_title,
        country=arrival.country,
        company_id=company_id,
        company_name=arrival.company_name,
        custom=dict(arrival.__pydantic_extra__),
        **{name: getattr(arrival, name) for name in OF_THE_CONTACT},
    )
    if company_id is None:
        return lead, None
    said: dict[str, Any] = {name: getattr(arrival, name, None) for name in FACTS}
    said |= {"name": arrival.company_name, "domain": domain}
    said["employees"] = people(arrival.employees) if arrival.employees is not None else None
    return lead, CompanyFacts(company_id, arrival.source, at, **said)


def _line(lead_id: str) -> str:
    """An id that a score can be asked by: of a longer one the beginning, and a fingerprint of all of it."""
    if len(lead_id) <= LONGEST_LINE:
        return lead_id
    fingerprint = sha256(lead_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{lead_id[: LONGEST_LINE - len(fingerprint) - 1]}#{fingerprint}"


def alone(arrival: Arrival, lead_id: str | None) -> str:
    """One lead of a delivery as a delivery of its own; under the id that it is kept under, where it is."""
    said = arrival.model_dump(mode="json", exclude_none=True)
    return json.dumps(said | ({"lead_id": lead_id} if lead_id else {}))


def to_score(arrival: Arrival, lead_id: str) -> dict[str, Any]:
    """What a score is asked with, as `LeadRequest` reads it, under the id that the lead is kept under."""
    said = arrival.model_dump(exclude_none=True)
    return {name: value for name, value in said.items() if name not in NOT_FOR_SCORING} | {"lead_id": lead_id}


def arrivals_in(body: str) -> list[Arrival]:
    """The leads of a delivery: one, a list, or `{"leads": [...]}`; raises ValueError where they cannot be read."""
    content = json.loads(body)
    if isinstance(content, dict) and isinstance(content.get("leads"), list):
        content = content["leads"]
    return _several().validate_python(content) if isinstance(content, list) else [Arrival.model_validate(content)]


@lru_cache(maxsize=1)
def _several() -> TypeAdapter[list[Arrival]]:
    return TypeAdapter(list[Arrival])
