"""The CRM's scheduled CSV exports as of a moment, as a CRM writes them: nothing guarded, nothing hidden."""

import csv
from collections.abc import Iterable
from datetime import datetime
from io import StringIO

from sandbox.records import Company, Meeting, Person
from sandbox.world import World

LEADS = (
    "Record ID", "First Name", "Last Name", "Email", "Job Title", "Company name", "Company Domain Name", "Industry",
    "Number of Employees", "Annual Revenue", "Funding Stage", "Year Founded", "Country/Region", "Description",
    "Technologies", "Web Functions", "Business Model", "Open Jobs", "Headcount Growth 6m", "Create Date",
    "Last Modified Date",
)  # fmt: skip
OUTCOMES = ("Deal ID", "Meeting ID", "Deal Stage", "Stage Date", "Voice AI Fit", "Create Date", "Amount")

Cell = str | int | float | None


def leads_csv(world: World, now: datetime) -> str:
    """One row per person the CRM knows by now, with what it knows of the company."""
    return written(LEADS, (lead_row(person, now) for person in world.people(now)))


def outcomes_csv(world: World, now: datetime) -> str:
    """One row per deal created by now; the stage is open until the deal is decided."""
    created = (meeting for meeting in world.meetings(now) if meeting.outcome.created_at <= now)
    return written(OUTCOMES, (outcome_row(meeting, now) for meeting in created))


def lead_row(person: Person, now: datetime) -> list[Cell]:
    """A contact; somebody fills a company's gaps later, for some companies."""
    company = person.company
    completed_at = company.completed_at if company.completed_at and company.completed_at <= now else None
    gaps = frozenset() if completed_at else company.known_gaps
    return [
        person.person_id,
        person.first_name,
        person.last_name,
        person.email,
        person.title,
        *(None if column in gaps else value for column, value in company_columns(company).items()),
        iso(person.created_at),
        iso(max(person.created_at, completed_at or person.created_at)),
    ]


def company_columns(company: Company) -> dict[str, Cell]:
    """The company's columns, in the order of the export."""
    return {
        "Company name": company.name,
        "Company Domain Name": company.domain,
        "Industry": company.industry,
        "Number of Employees": company.employees,
        "Annual Revenue": company.annual_revenue,
        "Funding Stage": company.funding_stage,
        "Year Founded": company.founded_year,
        "Country/Region": company.country,
        "Description": company.description,
        "Technologies": ";".join(company.technologies),
        "Web Functions": ";".join(company.web_functions),
        "Business Model": company.business_model,
        "Open Jobs": company.open_jobs,
        "Headcount Growth 6m": company.headcount_growth,
    }


def outcome_row(meeting: Meeting, now: datetime) -> list[Cell]:
    """A deal: what the AE says about it by now."""
    outcome = meeting.outcome
    decided_at = outcome.decided_at if outcome.decided_at and outcome.decided_at <= now else None
    return [
        f"deal_{meeting.meeting_id.removeprefix('rec_')}",
        meeting.meeting_id,
        outcome.stage if decided_at else "Open",
        iso(decided_at or outcome.created_at),
        str(outcome.voice_ai).lower() if decided_at else None,
        iso(outcome.created_at),
        outcome.amount,
    ]


def iso(moment: datetime) -> str:
    """A moment as the export writes it.

    >>> iso(datetime(2026, 1, 5, 9, 30))
    '2026-01-05T09:30:00Z'
    """
    return moment.isoformat(timespec="seconds") + "Z"


def written(header: tuple[str, ...], rows: Iterable[list[Cell]]) -> str:
    """Header and rows as CSV."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()
