"""Apollo three ways: a company's record, its job postings, and who a person is."""

from collections.abc import Sequence
from typing import Any, ClassVar

from database.wanted import Wanted
from enrichment.sources.base import Answer, Source, all_missed, paying
from enrichment.subjects import Subject
from ringback.settings import Settings
from vendors import apollo
from vendors.apollo_records import JobPosting, Organization, Person, PersonAsked

NO_DOMAIN = "no company domain is known"


class ApolloCompanies(Source):
    """One credit buys a company's record, which answers three signals and has the id that job postings need."""

    name: ClassVar[str] = apollo.SOURCE
    signals = ("company_overview", "tech_stack", "funding", "apollo_record")
    record = "apollo_record"
    batch = apollo.MOST_AT_ONCE

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = apollo.connect(settings)

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs the domain."""
        return None if subject.domain else NO_DOMAIN

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> list[Answer]:
        """Up to ten companies; what a record that was paid for does not say is paid for too."""
        with paying(apollo.is_out_of_credit):
            found = apollo.organizations(self._client, [str(one.domain) for one in subjects]).found
        answers: list[Answer] = []
        for subject in subjects:
            record = found.get(str(subject.domain))
            if record is None:
                answers += all_missed(subject, signals, "Apollo does not know the company")
                continue
            answers += [
                Answer(Wanted(subject.subject_id, one), _of_company(one, record), "Apollo's record does not say",
                       is_billed=True)
                for one in signals
            ]  # fmt: skip
        return answers

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


class ApolloJobs(Source):
    """A company's job postings, a credit a page."""

    name: ClassVar[str] = "apollo_jobs"
    signals = ("job_postings",)

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = apollo.connect(settings)

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs Apollo's id of the company."""
        return None if _organization_id(subject) else "Apollo's id of the company is not known"

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> list[Answer]:
        """The first page of one company, at most 100 postings: a further page would cost a credit more."""
        subject = subjects[0]
        with paying(apollo.is_out_of_credit):
            page = next(apollo.job_postings(self._client, str(_organization_id(subject))), [])
        postings = [JobPosting.read(one) for one in page]
        titles = [posting.title for posting in postings if posting.title]
        wanted = Wanted(subject.subject_id, "job_postings")
        return [Answer(wanted, {"open_jobs": len(postings), "titles": titles[:20]})]

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


class ApolloPeople(Source):
    """Who a person is, found by Apollo's id, the profile, or name and company."""

    name: ClassVar[str] = "apollo_people"
    signals = ("contact",)
    batch = apollo.MOST_AT_ONCE

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = apollo.connect(settings)

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs any name by which one person can be told from all others."""
        named = subject.first_name and subject.last_name and (subject.domain or subject.company_name)
        if subject.apollo_id or subject.email or subject.linkedin_url or named:
            return None
        return "neither an Apollo id, an address, a profile, nor name and company are known"

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> list[Answer]:
        """Up to ten people; somebody of another company is no hit."""
        asked = {one.subject_id: _asked(one) for one in subjects}
        with paying(apollo.is_out_of_credit):
            found = apollo.match_people(self._client, list(asked.values())).found
        return [_of_person(one, found.get(asked[one.subject_id])) for one in subjects]

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


def _organization_id(subject: Subject) -> str | None:
    return subject.records.get("apollo_record", {}).get("organization_id")


def _of_company(signal: str, record: Organization) -> dict[str, Any]:
    match signal:
        case "company_overview":
            return {
                "description": record.short_description,
                "industry": record.industry or next(iter(record.industries), None),
                "country": record.country,
                "employees": record.estimated_num_employees,
                "annual_revenue": record.annual_revenue,
                "founded_year": record.founded_year,
                "headcount_growth": record.organization_headcount_six_month_growth,
            }
        case "tech_stack":
            named = record.technology_names or [one.name for one in record.current_technologies if one.name]
            return {"technologies": list(named)}
        case "apollo_record":
            derived = {name: _of_company(name, record) for name in ApolloCompanies.signals if name != signal}
            return {"organization_id": record.id, **derived}
        case _:
            rounds = [event.model_dump(mode="json", exclude_none=True) for event in record.funding_events]
            return {"total_usd": record.total_funding, "stage": record.latest_funding_stage, "rounds": rounds}


def _asked(subject: Subject) -> PersonAsked:
    if subject.apollo_id:
        return PersonAsked(id=subject.apollo_id)
    return PersonAsked(
        email=subject.email,
        first_name=subject.first_name,
        last_name=subject.last_name,
        domain=subject.domain,
        organization_name=None if subject.domain else subject.company_name,
        linkedin_url=subject.linkedin_url,
    )


def _of_person(subject: Subject, person: Person | None) -> Answer:
    wanted = Wanted(subject.subject_id, "contact")
    if person is None:
        return Answer(wanted, None, "Apollo does not know the person")
    if subject.domain and person.domains and subject.domain not in person.domains:
        elsewhere = "Apollo's person works elsewhere by now: no hit for this company"
        return Answer(wanted, None, elsewhere, is_billed=True)
    value = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "job_title": person.title,
        "linkedin_url": person.linkedin_url,
        "country": person.country,
        "company_domain": person.organization.primary_domain or person.organization.website_url,
        "company_name": person.organization.name,
    }
    is_sure = person.email is None or (person.email_status or "").lower() == "verified"
    return Answer(wanted, value, confidence=None if is_sure else 0.5, is_billed=True)
