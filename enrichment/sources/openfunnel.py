"""OpenFunnel: accounts with firmographics and hiring signals, enriched as a job."""

from collections.abc import Sequence
from typing import Any, ClassVar

from database.wanted import Wanted
from enrichment.sources.base import Answer, Run, Source, paying
from enrichment.subjects import Subject
from ringback.settings import Settings
from vendors import openfunnel
from vendors.openfunnel_records import Account

SANDBOX_POLL_SECONDS = 1.0
MOST_IN_A_JOB = 100


class OpenFunnel(Source):
    """A job enriches the accounts; then they are read in full."""

    name: ClassVar[str] = openfunnel.SOURCE
    signals = ("company_overview", "funding", "job_postings", "openfunnel_record")
    record = "openfunnel_record"
    runs_at_once = 16
    batch = MOST_IN_A_JOB
    deadline_seconds = 1800.0

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = openfunnel.connect(settings)
        self.poll_seconds = openfunnel.POLL_SECONDS if settings.openfunnel_key else SANDBOX_POLL_SECONDS

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs the domain."""
        return None if subject.domain else "no company domain is known"

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run:
        """One job for up to 100 companies."""
        with paying(openfunnel.is_out_of_credit):
            return Run(openfunnel.enrich_accounts(self._client, [str(one.domain) for one in subjects]).job_id)

    def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
        """The accounts that are there when the job is over; companies are known here by their domain."""
        job = openfunnel.check_job(self._client, run.run_id)
        if not job.is_over:
            return None
        domains = sorted({one.entity_id for one in wanted})
        pages = openfunnel.accounts_in_full(self._client, domains)
        accounts = {a.domain.lower(): a for page in pages for one in page if (a := Account.read(one)).domain}
        why = {domain: f"OpenFunnel says {item.status}" for domain, item in job.by_domain.items() if item.status}
        if job.is_out_of_credit:
            done = {domain for domain, item in job.by_domain.items() if item.is_enriched}
            accounts = {domain: account for domain, account in accounts.items() if domain in done}
            broke = f"OpenFunnel's job failed: {job.error_message}"
            unpaid = [Answer(one, None, broke, final=False) for one in wanted if one.entity_id not in accounts]
            wanted = [one for one in wanted if one.entity_id in accounts]
        else:
            unpaid = []
        return unpaid + [
            Answer(one, _value(one.signal, account), "OpenFunnel's account does not say", is_billed=True)
            if (account := accounts.get(one.entity_id))
            else Answer(one, None, why.get(one.entity_id, "OpenFunnel does not know the company"))
            for one in wanted
        ]

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


def _value(signal: str, account: Account) -> dict[str, Any]:
    match signal:
        case "openfunnel_record":
            return {name: _value(name, account) for name in OpenFunnel.signals if name != signal}
        case "company_overview":
            return {
                "description": account.description,
                "industry": account.industry,
                "employees": account.employee_count,
            }
        case "funding":
            return {"stage": account.funding_stage}
        case _:
            titles = [one.job_title for one in account.hiring if one.job_title]
            return {"open_jobs": len(titles), "titles": titles} if titles else {}
