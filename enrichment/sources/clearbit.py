"""Clearbit, for those who still have a key: one company a question, which it may have to look up first."""

from collections.abc import Sequence
from typing import Any, ClassVar

from database.wanted import Wanted
from enrichment.sources.base import Answer, Run, Source, paying
from enrichment.subjects import Subject
from ringback.settings import Settings
from vendors import clearbit
from vendors.clearbit import Company, Pending

NO_DOMAIN = "no company domain is known"


class Clearbit(Source):
    """Off unless switched on. What it looks up is asked for again under the domain."""

    name: ClassVar[str] = clearbit.SOURCE
    signals = ("company_overview", "tech_stack", "funding", "clearbit_record")
    record = "clearbit_record"
    runs_at_once = 16
    poll_seconds = 30.0

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = clearbit.connect(settings)
        if settings.clearbit_key is None:
            self.poll_seconds = 0.5

    def lacks(self, signal: str, subject: Subject) -> str | None:
        """It needs the domain."""
        return None if subject.domain else NO_DOMAIN

    def order(self, subjects: Sequence[Subject], signals: Sequence[str]) -> Run | list[Answer]:
        """One company; a run under its domain where Clearbit looks it up first."""
        subject = subjects[0]
        with paying(clearbit.is_out_of_credit):
            said = clearbit.find_company(self._client, str(subject.domain))
        if isinstance(said, Pending):
            return Run(str(subject.domain))
        return _answers(said, [Wanted(subject.subject_id, signal) for signal in signals])

    def fetch(self, run: Run, wanted: Sequence[Wanted], is_last: bool = False) -> list[Answer] | None:
        """The company, or what Clearbit had of it before where it takes too long."""
        with paying(clearbit.is_out_of_credit):
            said = clearbit.find_company(self._client, run.run_id, cached=is_last)
        if isinstance(said, Pending):
            return None
        return _answers(said, wanted)

    def close(self) -> None:
        """Close the connection."""
        self._client.__exit__()


def _answers(company: Company | None, wanted: Sequence[Wanted]) -> list[Answer]:
    if company is None:
        return [Answer(one, None, "Clearbit does not know the company") for one in wanted]
    return [
        Answer(one, _value(one.signal, company), "Clearbit's record does not say", is_billed=True) for one in wanted
    ]


def _value(signal: str, company: Company) -> dict[str, Any]:
    match signal:
        case "clearbit_record":
            return {name: _value(name, company) for name in Clearbit.signals if name != signal}
        case "company_overview":
            return {
                "description": company.description,
                "industry": company.category.industry or company.category.sector,
                "country": company.geo.country,
                "employees": company.metrics.employees,
                "annual_revenue": company.metrics.annual_revenue,
                "founded_year": company.founded_year,
            }
        case "tech_stack":
            return {"technologies": list(company.tech)}
        case _:
            return {"total_usd": company.metrics.raised}
