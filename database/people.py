"""Companies, leads and slim calls, as flows publish them for reading by key.

What each source says is kept as it said it (`statements`); the row that people and programs read has, for each field,
the value that counts (`ringback/precedence.py`) and says in `chosen` whose it is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal_column, select

from database import models
from database.identities import Merge, move, recognise
from database.json_columns import sound
from database.session import in_parts, insert_new, insert_or_replace, put, reading, take_turns, writing
from ringback.precedence import Stated, choose
from ringback.records import Call, CompanyFacts, Lead

Said = dict[str, dict[str, Any]]
"""By field: value, confidence and known_at (ISO 8601), as JSON keeps them."""
SLIM = (
    "call_id", "lead_id", "company_id", "title", "called_at", "known_at", "content_hash", "minutes", "sentiment",
)  # fmt: skip
"""What is kept of a call's latest content."""
NOT_FIELDS = frozenset({"lead_id", "company_id", "source", "known_at", "external_id", "confidence", "custom"})
STATED = {kind: tuple(one.name for one in fields(kind) if one.name not in NOT_FIELDS) for kind in (Lead, CompanyFacts)}


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing changed: the ids under which leads are kept, and how many duplicates were merged."""

    kept_as: Mapping[str, str]
    merged: int


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead with the values that count."""

    lead_id: str
    company_id: str | None
    source: str
    known: Mapping[str, Any]
    keys: tuple[str, ...]
    """What it is recognised by."""


@dataclass(frozen=True, slots=True)
class KnownCompany:
    """A company with the values that count."""

    company_id: str
    name: str | None
    domain: str | None
    known: Mapping[str, Any]


def publish_calls(calls: Iterable[Call]) -> None:
    """Keep the latest content of each call, and the lead and company it names where they are not known yet."""
    listed = list(calls)
    with writing() as connection:
        take_turns(connection, "people")
        insert_new(connection, models.Company, {c.company_id: _company_of(c) for c in listed if c.company_id}.values())
        gone = set(_kept(connection, models.MergedLead, models.MergedLead.lead_id, {c.lead_id for c in listed}))
        insert_new(connection, models.Lead, {c.lead_id: _lead_of(c) for c in listed if c.lead_id not in gone}.values())
        rows = [_slim(call) for call in listed]
        is_newer = models.Call.known_at <= literal_column("excluded.known_at")
        put(connection, models.Call, rows, replace=[one for one in SLIM if one != "call_id"], where=is_newer)


def publish_leads(leads: Iterable[Lead], held: Collection[str] = ()) -> Published:
    """Keep what sources say of leads; those that turn out to be one are merged.

    Leads that somebody has taken from the queue are merged the next time, unless the caller is who `held` them.
    """
    listed = sorted(leads, key=lambda lead: lead.known_at)
    if not listed:
        return Published({}, 0)
    with writing() as connection:
        take_turns(connection, "people")
        kept_as, merges = recognise(connection, listed, held)
        touched = {*kept_as.values(), *(merge.lead_id for merge in merges)}
        before = _kept(connection, models.Lead, models.Lead.lead_id, touched)
        move(connection, merges, max(lead.known_at for lead in listed))
        said = [(kept_as[lead.lead_id], lead.source, _said(lead) | _custom(lead)) for lead in listed]
        changed, statements = _state(connection, said)
        changed |= {kept_as.get(merge.into, merge.into) for merge in merges}
        bases = _bases(listed, kept_as, merges, before)
        known_at = {kept_as[lead.lead_id]: lead.known_at for lead in listed}
        rows = [
            _lead_row(one, statements[one], bases[one], known_at[one], before.get(one))
            for one in sorted(changed & known_at.keys())
        ]
        insert_or_replace(connection, models.Lead, rows)
    return Published(kept_as, len(merges))


def publish_companies(facts: Iterable[CompanyFacts]) -> None:
    """Keep what sources say of companies."""
    listed = sorted(facts, key=lambda fact: fact.known_at)
    if not listed:
        return
    with writing() as connection:
        take_turns(connection, "people")
        changed, statements = _state(connection, [(fact.company_id, fact.source, _said(fact)) for fact in listed])
        before = _kept(connection, models.Company, models.Company.company_id, changed)
        known_at = {fact.company_id: fact.known_at for fact in listed}
        rows = [_company_row(one, statements[one], known_at[one], before.get(one)) for one in sorted(changed)]
        insert_or_replace(connection, models.Company, rows)


def statements_of(entity_id: str) -> dict[str, Said]:
    """All that sources said of a lead or company: by source and field the value, its confidence and time."""
    with reading() as connection:
        return _statements(connection, [entity_id]).get(entity_id, {})


def leads_by_id(lead_ids: Iterable[str]) -> dict[str, KnownLead]:
    """What is known of leads, by id."""
    with reading() as connection:
        rows = _kept(connection, models.Lead, models.Lead.lead_id, lead_ids)
        keys: dict[str, list[str]] = {}
        for some in in_parts(rows):
            mine = models.LeadKey.lead_id.in_(some)
            for key, lead_id in connection.execute(select(models.LeadKey.key, models.LeadKey.lead_id).where(mine)):
                keys.setdefault(lead_id, []).append(key)
    return {lead_id: _known_lead(row, sorted(keys.get(lead_id, []))) for lead_id, row in rows.items()}


def companies_by_id(company_ids: Iterable[str]) -> dict[str, KnownCompany]:
    """What is known of companies, by id."""
    with reading() as connection:
        rows = _kept(connection, models.Company, models.Company.company_id, company_ids)
    return {
        company_id: KnownCompany(company_id, row.name, row.domain, _values(row.chosen))
        for company_id, row in rows.items()
    }


def state_of_people() -> tuple[object, ...]:
    """Changes whenever a lead or company is added, comes to be known by another key, or is merged."""
    counted = [models.Company, models.Lead, models.LeadKey, models.MergedLead]
    with reading() as connection:
        return tuple(connection.scalar(select(func.count()).select_from(table)) for table in counted)


def _known_lead(row: Any, keys: Sequence[str]) -> KnownLead:
    slim = {name: getattr(row, name) for name in ("name", "email", "job_title") if getattr(row, name)}
    return KnownLead(row.lead_id, row.company_id, row.source, slim | _values(row.chosen), tuple(keys))


def _values(chosen: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    return {name: one["value"] for name, one in (chosen or {}).items()}


def _said(record: Lead | CompanyFacts) -> Said:
    """The fields of a record that say something, as any database takes them."""
    at = record.known_at.isoformat()
    said: Said = {}
    for name in STATED[type(record)]:
        value = getattr(record, name)
        if value is not None:
            plain = list(value) if isinstance(value, tuple) else value
            said[name] = {"value": sound(plain), "confidence": record.confidence, "known_at": at}
    if isinstance(record, Lead) and record.company_id:
        said["company_id"] = {"value": record.company_id, "confidence": record.confidence, "known_at": at}
    return said


def _custom(lead: Lead) -> Said:
    at = lead.known_at.isoformat()
    return {
        f"custom.{name}": {"value": sound(value), "confidence": lead.confidence, "known_at": at}
        for name, value in lead.custom.items()
        if value is not None
    }


def _state(
    connection: Connection, said: Sequence[tuple[str, str, Said]]
) -> tuple[set[str], dict[str, dict[str, Said]]]:
    """Add to what sources said; gives the leads or companies of which something is new, and what is now said of all."""
    wanted = {entity_id for entity_id, _, _ in said}
    statements = _statements(connection, wanted)
    changed: dict[tuple[str, str], Said] = {}
    for entity_id, source, fresh in said:
        before = statements.setdefault(entity_id, {}).setdefault(source, {})
        newer = {
            name: one for name, one in fresh.items()
            if name not in before
            or (one["known_at"] >= before[name]["known_at"] and one["value"] != before[name]["value"])
        }  # fmt: skip
        if newer:
            before.update(newer)
            changed[entity_id, source] = before
    rows = [{"entity_id": e, "source": s, "fields": all_said} for (e, s), all_said in changed.items()]
    insert_or_replace(connection, models.Statement, rows)
    return {entity_id for entity_id, _ in changed}, statements


def _statements(connection: Connection, entity_ids: Iterable[str]) -> dict[str, dict[str, Said]]:
    found: dict[str, dict[str, Said]] = {}
    for some in in_parts(entity_ids):
        asked = select(models.Statement).where(models.Statement.entity_id.in_(some))
        for row in connection.execute(asked):
            found.setdefault(row.entity_id, {})[row.source] = row.fields
    return found


def _chosen(statements: Mapping[str, Said], base: str | None) -> dict[str, dict[str, Any]]:
    """By field the value that counts, with its source, confidence and time."""
    if len(statements) == 1:
        ((source, said),) = statements.items()
        return {name: {"source": source, **said[name]} for name in sorted(said)}
    telling: dict[str, list[str]] = {}
    for source, said in statements.items():
        for name in said:
            telling.setdefault(name, []).append(source)
    best = {
        name: sources[0] if len(sources) == 1 else _believed(name, sources, statements, base)
        for name, sources in sorted(telling.items())
    }
    return {name: {"source": source, **statements[source][name]} for name, source in best.items()}


def _believed(name: str, sources: Sequence[str], statements: Mapping[str, Said], base: str | None) -> str:
    """The source whose word on a field counts."""
    said = {source: statements[source][name] for source in sources}
    candidates = {
        source: Stated(source, one["value"], one["confidence"], datetime.fromisoformat(one["known_at"]))
        for source, one in said.items()
    }
    return choose(name, candidates, base).source


def _bases(
    leads: Sequence[Lead], kept_as: Mapping[str, str], merges: Sequence[Merge], before: Mapping[str, Any]
) -> dict[str, str]:
    """Who told of each lead first; a call that only names somebody is nobody's word on a lead."""
    bases = {kept_as[lead.lead_id]: lead.source for lead in reversed(leads)}
    told = {lead_id: row.source for lead_id, row in before.items() if row.chosen}
    bases |= {merge.into: told[merge.lead_id] for merge in merges if merge.lead_id in told}
    return bases | told


def _lead_row(
    lead_id: str, statements: Mapping[str, Said], base: str, known_at: datetime, before: Any
) -> dict[str, object]:
    chosen = _chosen(statements, base)
    row = {name: _value(chosen, name, before) for name in ("company_id", "name", "email", "job_title")}
    known_at = max(known_at, before.known_at) if before else known_at
    return {"lead_id": lead_id, "source": base, "known_at": known_at, "chosen": chosen, **row}


def _company_row(company_id: str, statements: Mapping[str, Said], known_at: datetime, before: Any) -> dict[str, object]:
    chosen = _chosen(statements, None)
    row = {name: _value(chosen, name, before) for name in ("name", "domain")}
    known_at = max(known_at, before.known_at) if before else known_at
    return {"company_id": company_id, "known_at": known_at, "chosen": chosen, **row}


def _value(chosen: Mapping[str, Mapping[str, Any]], name: str, before: Any) -> Any:
    """The value that counts; where no source says anything, what the call said that named it first."""
    return chosen[name]["value"] if name in chosen else getattr(before, name, None)


def _kept(connection: Connection, model: Any, key: Any, wanted: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for some in in_parts(wanted):
        for row in connection.execute(select(model).where(key.in_(some))):
            found[getattr(row, key.key)] = row
    return found


def _slim(call: Call) -> dict[str, object]:
    return {name: getattr(call, name) for name in SLIM} | {"first_known_at": call.known_at}


def _lead_of(call: Call) -> dict[str, object]:
    return {
        "lead_id": call.lead_id,
        "company_id": call.company_id,
        "name": call.lead_name,
        "email": call.lead_email,
        "job_title": None,
        "source": call.source,
        "known_at": call.known_at,
    }


def _company_of(call: Call) -> dict[str, object]:
    domain = call.company_id if call.company_id and "." in call.company_id else None
    return {"company_id": call.company_id, "name": call.company_name, "domain": domain, "known_at": call.known_at}
