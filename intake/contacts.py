"""A row of somebody's file becomes a contact and what it says of the company; one bad value does not lose the row."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from intake.cells import Cells, Unreadable, custom_value
from intake.identity import company_domain, company_id_of, contact_id_of, record_id, website_domain
from intake.mapping import Mapping as FileMapping
from intake.tables import Row
from ringback.records import CompanyFacts, Lead, Value
from warehouse.landing import content_hash

T = TypeVar("T")
ADDRESS = re.compile(r"^[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]+$")
WITH_NAME = re.compile(r"^[^<>]*<([^<>]+)>$")
PERSON = frozenset(("email", "name", "first_name", "last_name"))
"""A file with none of them is about companies."""
WORDS = ("industry", "funding_stage", "country", "business_model")
AMOUNTS = ("annual_revenue", "founded_year", "open_jobs")
LONGEST_CUSTOM_TEXT = 10_000
"""Characters; a longer custom value is left out of the lead with the reason."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What a row gave, and the values that were left out of it."""

    lead: Lead
    facts: CompanyFacts | None
    left_out: Sequence[Unreadable]


@dataclass(slots=True)
class Patient:
    """Cells of which an unreadable one counts as not known, and is noted."""

    cell: Cells
    left_out: list[Unreadable] = field(default_factory=list)

    def number(self, name: str) -> float | None:
        return self._or_noted(self.cell.number, name)

    def people(self, name: str) -> float | None:
        return self._or_noted(self.cell.people, name)

    def share(self, name: str) -> float | None:
        return self._or_noted(self.cell.share, name)

    def time(self, name: str) -> datetime | None:
        return self._or_noted(self.cell.time, name)

    def known_at(self, read_at: datetime, present: datetime | None) -> datetime:
        """Since when the row's facts are known; a time that is to come is left out."""
        said = self.time("known_at")
        if said is not None and present is not None and said > present:
            reason = (
                f"{self.cell.required('known_at')[:40]!r} is to come: what the row says is known from this import on; "
                "where its clock is another, [time] zone says it"
            )
            self.left_out.append(Unreadable(self.cell.mapping.columns["known_at"], reason))
            return read_at
        return said or read_at

    def _or_noted(self, read: Callable[[str], T | None], name: str) -> T | None:
        try:
            return read(name)
        except Unreadable as failure:
            self.left_out.append(failure)
            return None

    def email(self) -> str | None:
        """The address in small letters, also out of `Ana Lima <ana@acme.com>`."""
        said = self.cell.text("email")
        if said is None:
            return None
        inner = WITH_NAME.match(said)
        address = (inner[1] if inner else said).strip().removeprefix("mailto:").lower()
        if ADDRESS.match(address):
            return address
        self.left_out.append(Unreadable(self.cell.mapping.columns["email"], f"{said[:60]!r} is no e-mail address"))
        return None

    def custom(self) -> dict[str, Value]:
        """The custom fields; a text of more than 10,000 characters is left out."""
        found: dict[str, Value] = {}
        for column, kind in self.cell.mapping.custom.items():
            try:
                value = custom_value(self.cell.row[column], kind, column, self.cell.mapping)
            except Unreadable as failure:
                self.left_out.append(failure)
                continue
            if isinstance(value, str) and len(value) > LONGEST_CUSTOM_TEXT:
                reason = f"has {len(value):,} characters, at most {LONGEST_CUSTOM_TEXT:,} are kept of a custom field"
                self.left_out.append(Unreadable(column, reason))
            elif value is not None:
                found[column] = value
        return found


def contact_of(row: Row, mapping: FileMapping, read_at: datetime, present: datetime | None = None) -> Contact:
    """Read a row of leads; `read_at` is when its facts are known where the row says no time, or one after `present`.

    Raises Unreadable for a row that names nobody: neither an e-mail address, nor a name with a company, nor (where the
    source gives the row an id) any of them, a telephone number or a LinkedIn page. Where the address is wrong it takes
    a name and a company, or a LinkedIn page. All other values that cannot be read are left out of the lead and listed.
    """
    cell = Cells(row, mapping)
    patient = Patient(cell)
    email, name, company = patient.email(), _name(cell), cell.text("company")
    _check_identity(cell, email, name, company, patient.left_out)
    website = cell.text("website")
    domain = website_domain(cell.text("domain")) or website_domain(website) or _email_domain(email)
    company_id = company_id_of(domain, company)
    external_id = _external_id(cell, email, company_id, row)
    known_at, country = patient.known_at(read_at, present), cell.text("country")
    lead = Lead(
        lead_id=contact_id_of(email, bool(name), company_id, f"{mapping.source}:{external_id}"),
        source=mapping.source,
        known_at=known_at,
        external_id=external_id,
        name=name,
        first_name=cell.text("first_name"),
        last_name=cell.text("last_name"),
        email=email,
        job_title=cell.text("job_title"),
        phone=cell.text("phone"),
        linkedin_url=cell.text("linkedin_url"),
        website=website,
        country=country,
        company_id=company_id,
        company_name=company,
        custom=patient.custom(),
    )
    facts = _facts(patient, lead, domain)
    return Contact(lead, facts, patient.left_out)


def _facts(patient: Patient, lead: Lead, domain: str | None) -> CompanyFacts | None:
    if lead.company_id is None:
        return None
    cell = patient.cell
    return CompanyFacts(
        company_id=lead.company_id,
        source=lead.source,
        known_at=lead.known_at,
        name=lead.company_name,
        domain=domain,
        description=cell.text("description"),
        technologies=cell.several("technologies"),
        web_functions=cell.several("web_functions"),
        **facts_in(patient),
    )


def facts_in(patient: Patient) -> dict[str, Any]:
    """What a row says of its company, be it of a lead or of a call: by the names of `mapping.COMPANY_FACTS`."""
    cell = patient.cell
    return {name: cell.text(name) for name in WORDS} | {name: patient.number(name) for name in AMOUNTS} | {
        "employees": patient.people("employees"), "headcount_growth": patient.share("headcount_growth"),
    }  # fmt: skip


def _name(cell: Cells) -> str | None:
    return cell.text("name") or " ".join(filter(None, (cell.text("first_name"), cell.text("last_name")))) or None


def _check_identity(
    cell: Cells, email: str | None, name: str | None, company: str | None, left_out: Sequence[Unreadable]
) -> None:
    linkedin = cell.text("linkedin_url")
    if email or (name and company) or (name and linkedin):
        return
    if left_out:
        raise Unreadable(left_out[0].column, f"{left_out[0].reason}, and the row has not both a name and a company")
    is_a_company = company and not (cell.mapping.columns.keys() & PERSON)
    has_an_id = "id" in cell.mapping.columns and cell.text("id")
    if is_a_company or (has_an_id and (name or company or linkedin or cell.text("phone"))):
        return
    raise Unreadable(
        cell.mapping.columns.get("email", ""), "names nobody: neither an e-mail address nor a name with a company"
    )


def _external_id(cell: Cells, email: str | None, company_id: str | None, row: Row) -> str:
    """The source's id; else the address, the company in a file without people, or a fingerprint of the whole row."""
    said = record_id(cell.required("id")) if "id" in cell.mapping.columns else None
    is_a_company = not (cell.mapping.columns.keys() & PERSON)
    return said or email or (company_id if is_a_company else None) or content_hash(dict(row))


def _email_domain(email: str | None) -> str | None:
    return _domain_of_host(email.rpartition("@")[2]) if email else None


@lru_cache(maxsize=65_536)
def _domain_of_host(host: str) -> str | None:
    return company_domain(f"x@{host}")
