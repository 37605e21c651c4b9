"""Who is enriched: a lead or a company, with what is known by now and what a source must know to be asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from database.people import companies_by_id, leads_by_id
from database.queue import Kind, Taken
from enrichment.catalogue import BY_NAME, SIGNALS, CompanyRecord
from intake.identity import company_domain, website_domain

APOLLO = "apollo:"


@dataclass(frozen=True, slots=True)
class Subject:
    """A lead or a company."""

    subject_id: str
    kind: Kind
    campaign_id: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    domain: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None
    linkedin_url: str | None = None
    apollo_id: str | None = None
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Vendors' records of the company that were bought, by signal."""

    @property
    def website(self) -> str | None:
        """The company's front page."""
        return f"https://{self.domain}" if self.domain else None

    def knowing(self, signal: str, value: Mapping[str, Any]) -> "Subject":
        """The subject with what a signal adds to what sources can be asked with."""
        if BY_NAME[signal].model is CompanyRecord:
            return replace(self, records={**self.records, signal: value})
        if signal not in ("contact", "work_email"):
            return self
        return replace(
            self,
            first_name=self.first_name or value.get("first_name"),
            last_name=self.last_name or value.get("last_name"),
            email=self.email or value.get("email"),
            job_title=self.job_title or value.get("job_title"),
            linkedin_url=self.linkedin_url or value.get("linkedin_url"),
            domain=self.domain or website_domain(value.get("company_domain")) or company_domain(value.get("email")),
            company_name=self.company_name or value.get("company_name"),
        )


def wanted_of(subject: Subject, signals: Sequence[str]) -> list[str]:
    """The signals worth looking for, the weightiest first; a contact whose address and title are there is known."""
    mine = sorted(
        (one for one in SIGNALS if one.about == subject.kind and one.name in signals), key=lambda s: -s.weight
    )
    is_known = subject.email is not None and subject.job_title is not None
    return [one.name for one in mine if not (one.name == "contact" and is_known)]


def subjects_of(taken: Iterable[Taken]) -> list[Subject]:
    """What the database knows of those that were taken from the queue."""
    listed = list(taken)
    leads = leads_by_id([one.subject_id for one in listed if one.kind == "lead"])
    company_of = {lead_id: lead.company_id for lead_id, lead in leads.items()}
    wanted = [one.subject_id for one in listed if one.kind == "company"] + [c for c in company_of.values() if c]
    companies = companies_by_id(wanted)

    def subject(one: Taken) -> Subject:
        company_id = one.subject_id if one.kind == "company" else company_of.get(one.subject_id)
        company = companies.get(company_id or "")
        domain = company.domain if company else None
        lead = leads.get(one.subject_id)
        known = lead.known if lead else {}
        return Subject(
            subject_id=one.subject_id,
            kind=one.kind,
            campaign_id=one.campaign_id,
            company_id=company_id,
            company_name=(company.name if company else None) or known.get("company_name"),
            domain=domain or (company_id if company_id and ":" not in company_id else None),
            first_name=known.get("first_name") or _first(known.get("name")),
            last_name=known.get("last_name") or _rest(known.get("name")),
            email=known.get("email"),
            job_title=known.get("job_title"),
            linkedin_url=known.get("linkedin_url"),
            apollo_id=next((k.removeprefix(APOLLO) for k in lead.keys if k.startswith(APOLLO)), None) if lead else None,
        )

    return [subject(one) for one in listed]


def _first(name: str | None) -> str | None:
    return name.split()[0] if name and name.split() else None


def _rest(name: str | None) -> str | None:
    return " ".join(name.split()[1:]) or None if name else None
