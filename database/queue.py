"""Companies that wait for enrichment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from database.models import QueuedCompany
from database.session import insert_new, writing


@dataclass(frozen=True, slots=True)
class Waiting:
    """A company worth enriching, how soon (100 first), and why."""

    company_id: str
    priority: int
    reason: str


def enqueue(companies: Iterable[Waiting], at: datetime) -> int:
    """Queue companies that were never queued before; gives how many those were."""
    rows = [
        {
            "company_id": company.company_id,
            "priority": company.priority,
            "reason": company.reason,
            "state": "waiting",
            "attempts": 0,
            "queued_at": at,
        }
        for company in companies
    ]
    with writing() as connection:
        return insert_new(connection, QueuedCompany, rows)
