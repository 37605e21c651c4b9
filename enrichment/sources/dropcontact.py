"""Dropcontact: a work address that mail reaches, found, or verified where one is known."""

from collections.abc import Sequence
from typing import ClassVar

from database.wanted import Wanted
from enrichment.sources.base import Answer, Run, Source, paying
from enrichment.subjects import Subject
from ringback.settings import Settings
from vendors import dropcontact
from vendors.dropcontact import Contact, ContactAsked

SANDBOX_POLL_SECONDS = 1.0
UNCERTAIN = 0.4
"""How sure an address is whose server takes mail for every name."""


class Dropcontact(Source):
    """Submitted in batches, fetched when ready; what is not ready at the deadline is taken as far as it is."""

    name: ClassVar[str] = dropcontact.SOURCE
    signals = ("work_email",)
    runs_at_once = 16
    batch = dropcontact.MOST_RECORDS
    deadline_seconds = dropcontact.DEADLINE_SECONDS

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = dropcontact.connect(settings)
        is_real = settings.dropcontact_token is not None
        self.poll_seconds = dropcontact.POLL_SECONDS if is_real else SANDBOX_POLL_SECONDS

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs an address, a profile, or a name and the company."""
        named = subject.first_name and subject.last_name and (subject.domain or subject.company_name)
        if subject.email or subject.linkedin_url or named:
            return None
        return "neither an address, a profile, nor name and company are known"

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run:
        """Up to 250 people."""
        records = [
            ContactAsked(
                id=one.subject_id,
                first_name=one.first_name,
                last_name=one.last_name,
                email=one.email,
                company=one.company_name,
                website=one.domain,
                linkedin=one.linkedin_url,
            )
            for one in subjects
        ]
        with paying(dropcontact.is_out_of_credit):
            return Run(dropcontact.submit(self._client, records).request_id)

    def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
        """Who is not in the reply was not found."""
        said = dropcontact.poll(self._client, run.run_id, force_results=is_last)
        if said is None:
            return None
        return [_answer(one, said.by_asked_id.get(one.entity_id)) for one in wanted]

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


def _answer(wanted: Wanted, contact: Contact | None) -> Answer:
    if contact is None:
        return Answer(wanted, None, "Dropcontact does not know the person")
    if contact.may_not_be_contacted:
        return Answer(wanted, None, "the person asks not to be contacted")
    uncertain = next((one for one in contact.email if one.qualification.is_work_address
                      and one.qualification.is_uncertain), None)  # fmt: skip
    address = contact.work_email or (uncertain.email if uncertain else None)
    if address is None:
        kinds = ", ".join(f"{one.qualification.local_part}@{one.qualification.domain}" for one in contact.email)
        no_good = f"no address at work that mail reaches{f' (only {kinds})' if kinds else ''}"
        return Answer(wanted, None, no_good, is_billed="@" in wanted.entity_id)  # to verify a given address costs
    value = {
        "email": address.lower(),
        "qualification": "verified" if contact.work_email else "uncertain",
        "phone": contact.phone or contact.mobile_phone,
        "job_title": contact.job,
        "linkedin_url": contact.linkedin,
    }
    return Answer(wanted, value, confidence=None if contact.work_email else UNCERTAIN, is_billed=True)
