"""Reading snapshots from the warehouse: every call known as of a moment, with what was known when it is judged."""

from collections.abc import Mapping
from datetime import datetime
from json import loads
from typing import Any

from ringback.records import CompanyFacts, Snapshot
from warehouse.connect import query, reading

_FACTS = (
    "name", "domain", "industry", "employees", "annual_revenue", "funding_stage", "founded_year", "country",
    "description", "business_model", "open_jobs", "headcount_growth", "total_funding", "news",
)  # fmt: skip
_CALL = (
    "call_id", "content_hash", "lead_id", "judged_at", "called_at", "company_id", "company_name", "lead_email", "title",
    "notes", "transcript", "minutes", "sentiment", "attendees", "earlier_calls", "days_since_earlier_call",
    "earlier_progressed", "recent_progression_rate", "long_progression_rate", "mails_sent", "mails_clicked",
    "mails_replied", "days_since_mail_reaction", "job_title", "posts",
)  # fmt: skip


def snapshots_as_of(as_of: datetime, called_after: datetime | None = None) -> list[Snapshot]:
    """One snapshot per call known as of a moment, in the order in which the calls became known."""
    parameters = {"as_of": as_of, "called_after": called_after or datetime(1, 1, 1)}
    with reading() as warehouse:
        return [snapshot_of(row) for row in query(warehouse, "snapshots", parameters)]


def snapshot_of(row: Mapping[str, Any]) -> Snapshot:
    """Read a row of `queries/snapshots.sql`."""
    facts = _facts_of(row) if row["has_facts"] else None
    return Snapshot(
        **{name: row[name] for name in _CALL},
        company=facts,
        own_speakers=tuple(row["own_speakers"] or ()),
        custom=loads(row["custom"]),
    )


def _facts_of(row: Mapping[str, Any]) -> CompanyFacts:
    return CompanyFacts(
        company_id=row["company_id"],
        source=row["facts_source"],
        known_at=row["facts_known_at"],
        technologies=None if row["technologies"] is None else tuple(row["technologies"]),
        web_functions=None if row["web_functions"] is None else tuple(row["web_functions"]),
        **{name: row[name] for name in _FACTS},
    )
