"""What a file without times says again: it is known since it was first said, not since this import."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from json import loads
from pathlib import Path
from typing import Any, TypeVar

from intake.files import Read
from ringback.records import CompanyFacts, Lead
from warehouse.connect import reading, rows

Said = TypeVar("Said", Lead, CompanyFacts)

LEADS = "SELECT * FROM lead_facts WHERE source = $source"
COMPANIES = "SELECT * FROM company_facts WHERE source = $source"


def known_since_first_said(read: Read, source: str, as_of: datetime, warehouse: Path | None = None) -> Read:
    """Give leads and companies that are only known from this import on the time of an equal last statement.

    Without it, every import of an unchanged file would state everything anew. A statement that differs from the last
    one keeps the moment of the import, also where it returns to an older one.
    """
    if not any(lead.known_at == as_of for lead in read.leads):
        return read
    with reading(warehouse) as connection:
        leads = [_lead(row) for row in rows(connection, LEADS, {"source": source})]
        facts = [_company(row) for row in rows(connection, COMPANIES, {"source": source})]
    return replace(
        read,
        leads=_since(read.leads, leads, lambda lead: (lead.lead_id, lead.external_id), as_of),
        facts=_since(read.facts, facts, lambda fact: fact.company_id, as_of),
    )


def _since(
    stated: Sequence[Said], before: Iterable[Said], key: Callable[[Said], object], as_of: datetime
) -> list[Said]:
    last: dict[object, list[Said]] = defaultdict(list)
    for one in before:
        known = last[key(one)]
        if known and known[0].known_at < one.known_at:
            known.clear()
        if not known or known[0].known_at == one.known_at:
            known.append(one)

    def since(one: Said) -> Said:
        if one.known_at != as_of:
            return one
        return next((old for old in last[key(one)] if replace(one, known_at=old.known_at) == old), one)

    return [since(one) for one in stated]


def _lead(row: dict[str, Any]) -> Lead:
    known = {field.name: row[field.name] for field in fields(Lead)}
    return Lead(**(known | {"custom": loads(row["custom"] or "{}")}))


def _company(row: dict[str, Any]) -> CompanyFacts:
    known: dict[str, Any] = {field.name: row[field.name] for field in fields(CompanyFacts)}
    lists = {name: tuple(said) for name, said in known.items() if isinstance(said, list)}
    return CompanyFacts(**(known | lists))
