"""Companies, leads and slim calls, as flows publish them for reading by key."""

from collections.abc import Iterable

from database import models
from database.session import insert_new, insert_or_replace, writing
from ringback.records import Call, CompanyFacts, Lead


def publish_calls(calls: Iterable[Call]) -> None:
    """Keep the latest content of each call, and the lead and company it names where they are not known yet."""
    listed = list(calls)
    with writing() as connection:
        insert_new(connection, models.Company, {c.company_id: _company_of(c) for c in listed if c.company_id}.values())
        insert_new(connection, models.Lead, {c.lead_id: _lead_of(c) for c in listed}.values())
        insert_or_replace(connection, models.Call, [_slim(call) for call in listed])


def publish_leads(leads: Iterable[Lead]) -> None:
    """Keep the latest that a lead's source says of it."""
    names = ("lead_id", "company_id", "name", "email", "job_title", "source", "known_at")
    with writing() as connection:
        insert_or_replace(connection, models.Lead, [{n: getattr(lead, n) for n in names} for lead in leads])


def publish_companies(facts: Iterable[CompanyFacts]) -> None:
    """Keep each company's latest name and domain."""
    names = ("company_id", "name", "domain", "known_at")
    with writing() as connection:
        insert_or_replace(connection, models.Company, [{n: getattr(fact, n) for n in names} for fact in facts])


def _slim(call: Call) -> dict[str, object]:
    names = (
        "call_id", "lead_id", "company_id", "title", "called_at", "known_at", "content_hash", "minutes", "sentiment",
    )  # fmt: skip
    return {name: getattr(call, name) for name in names}


def _lead_of(call: Call) -> dict[str, object]:
    return {
        "lead_id": call.lead_id,
        "company_id": call.company_id,
        "name": call.lead_name,
        "email": call.lead_email,
        "job_title": None,
        "source": call.source,
        "known_at": call.known_at,
    }


def _company_of(call: Call) -> dict[str, object]:
    domain = call.company_id if call.company_id and "." in call.company_id else None
    return {"company_id": call.company_id, "name": call.company_name, "domain": domain, "known_at": call.known_at}
