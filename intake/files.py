"""Reading a CSV export through a mapping: a row becomes records, or is set aside with the reason."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps, loads
from pathlib import Path

from intake.cells import TRUE, Cells, Unreadable, custom_value, moment
from intake.contacts import Patient, contact_of, facts_in
from intake.identity import company_domain, company_id_of, lead_id_of, record_id, website_domain
from intake.mapping import Mapping as FileMapping
from intake.mapping import OutcomeColumn
from intake.sentiment import sentiment_of
from intake.tables import REJECT_COLUMNS, Row, Table, guarded, table_of, texts_of
from ringback.errors import BadMapping
from ringback.records import Call, CompanyFacts, Lead, Outcome, Rejected, Target
from warehouse.landing import content_hash


@dataclass(slots=True)
class Read:
    """The records of a file, and the rows that gave none."""

    rows: int = 0
    calls: list[Call] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    facts: list[CompanyFacts] = field(default_factory=list)
    facts_by_call: dict[str, CompanyFacts] = field(default_factory=dict)
    """What rows of calls say of the company; known when the call is."""
    outcomes: list[Outcome] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    left_out: list[Rejected] = field(default_factory=list)
    """Rows that were kept without some of their values, with the columns and the reasons."""
    ended_before: list[str] = field(default_factory=list)
    """Ids of calls whose outcome is dated before their day."""
    seen: dict[str, tuple[datetime, tuple[Lead, CompanyFacts | None]]] = field(default_factory=dict)
    """What the file says of each id so far, and since when it is known."""

    @property
    def duplicates(self) -> int:
        """How many leads or calls of the file stand in it before."""
        ids = [lead.lead_id for lead in self.leads] or [call.call_id for call in self.calls]
        return len(ids) - len(set(ids))


def read_text(path: Path) -> str:
    """The text of a file, be it gzipped or the only CSV of a zip, in whatever encoding (`tables.decoded`)."""
    texts = texts_of(path)
    if len(texts) > 1:
        raise BadMapping(f"{path.name} holds {len(texts)} files: {', '.join(texts)}; bring one of them")
    return next(iter(texts.values()))


def read_file(file: str | Table, mapping: FileMapping, read_at: datetime, present: datetime | None = None) -> Read:
    """Read a CSV text, or its table, through its mapping.

    `read_at` stands for moments that rejected rows and leads without a time do not have. What is said to have happened
    after `present`, if given, cannot be: such an outcome is left out, such a lead is known from `read_at` on, each with
    the reason. Raises BadMapping where the mapping names a column that the file lacks, or leaves one out that a file of
    calls has.
    """
    table = table_of(file) if isinstance(file, str) else file
    _check_columns(list(table.header), mapping)
    read = Read()
    for row, misshapen in table.rows():
        read.rows += 1
        try:
            if misshapen:
                raise Unreadable("", misshapen)
            _read_row(row, mapping, read, read_at, present)
        except Unreadable as failure:
            read.rejected.append(_reject(row, mapping, [failure], read_at, read.rows))
    return read


def file_fingerprint(text: str) -> str:
    """SHA-256 of a file's text."""
    return sha256(text.encode()).hexdigest()


def _check_columns(header: list[str], mapping: FileMapping) -> None:
    if missing := sorted(mapping.used_columns() - set(header)):
        raise BadMapping(
            f"the mapping speaks of a column {missing[0]!r} that the file lacks; it has {', '.join(header)}"
        )
    if mapping.kind == "calls" and (unsaid := [name for name in header if name not in mapping.used_columns()]):
        raise BadMapping(
            f"the mapping does not say what {unsaid[0]!r} is; add it to [custom] with its type, or to [exclude] "
            "with the reason"
        )


def _read_row(row: Row, mapping: FileMapping, read: Read, read_at: datetime, present: datetime | None) -> None:
    if mapping.kind == "calls":
        _read_call(row, mapping, read, read_at, present)
    elif mapping.kind == "leads":
        _read_lead(row, mapping, read, read_at, present)
    else:
        read.outcomes.extend(_stated_outcomes(row, mapping, read, present))


def _read_call(row: Row, mapping: FileMapping, read: Read, read_at: datetime, present: datetime | None) -> None:
    call = _call(row, mapping)
    outcomes = [_outcome(row, mapping, target, column, call) for target, column in mapping.outcomes.items()]
    read.calls.append(call)
    left_out = _read_facts(row, mapping, call, read)
    for outcome in filter(None, outcomes):
        column = mapping.outcomes[outcome.target].known_at
        if column and present and call.known_at <= present < outcome.known_at:
            left_out.append(_is_to_come(row, column, f"although the outcome is {outcome.stated!r}"))
            continue
        read.outcomes.append(outcome)
        if outcome.known_at.date() < call.called_at.date():
            read.ended_before.append(call.external_id)
    if left_out:
        read.left_out.append(_reject(row, mapping, left_out, read_at, read.rows))


def _is_to_come(row: Row, column: str, why_not: str) -> Unreadable:
    return Unreadable(
        column, f"{row[column].strip()[:40]!r} is to come, {why_not}; where its clock is another, [time] zone says it"
    )


def _read_lead(row: Row, mapping: FileMapping, read: Read, read_at: datetime, present: datetime | None) -> None:
    contact = contact_of(row, mapping, read_at, present)
    external_id, known_at = contact.lead.external_id or "", contact.lead.known_at
    said = (contact.lead, contact.facts)
    before = read.seen.setdefault(external_id, (known_at, said))
    if before[0] == known_at and before[1] != said:
        raise Unreadable(
            mapping.columns.get("id") or mapping.columns.get("email", ""),
            f"{external_id!r} stands in the file before, and says other things there; keep one of the two rows",
        )
    read.leads.append(contact.lead)
    read.facts.extend([contact.facts] if contact.facts else [])
    if contact.left_out:
        read.left_out.append(_reject(row, mapping, contact.left_out, read_at, read.rows))


def _call(row: Row, mapping: FileMapping) -> Call:
    cell = Cells(row, mapping)
    external_id, called_at = record_id(cell.required("id")), cell.required_time("called_at")
    email, name = cell.text("contact_email"), cell.text("company")
    company_id = company_id_of(website_domain(cell.text("domain")) or company_domain(email), name)
    call_id = f"{mapping.source}:{external_id}"
    notes, transcript = cell.text("notes"), cell.text("transcript")
    return Call(
        call_id=call_id,
        content_hash=content_hash(dict(row)),
        source=mapping.source,
        external_id=external_id,
        known_at=cell.time("known_at") or called_at,
        called_at=called_at,
        lead_id=lead_id_of(email, company_id, call_id),
        lead_name=cell.text("contact_name"),
        lead_email=email.lower() if email else None,
        company_id=company_id,
        company_name=name,
        title=cell.text("title"),
        notes=notes,
        transcript=transcript,
        minutes=cell.number("minutes"),
        sentiment=sentiment_of(notes, transcript),
        custom={column: custom_value(row[column], kind, column, mapping) for column, kind in mapping.custom.items()},
    )


def _read_facts(row: Row, mapping: FileMapping, call: Call, read: Read) -> list[Unreadable]:
    patient = Patient(Cells(row, mapping))
    said = facts_in(patient)
    left_out = patient.left_out
    if call.company_id is None:
        reason = "says something of a company, and the row names none"
        left_out = [Unreadable(mapping.columns[name], reason) for name, value in said.items() if value is not None]
    elif any(value is not None for value in said.values()):
        read.facts_by_call[call.call_id] = CompanyFacts(
            call.company_id, call.source, call.known_at, name=call.company_name,
            domain=call.company_id if "." in call.company_id else None, **said,
        )  # fmt: skip
    return left_out


def _outcome(row: Row, mapping: FileMapping, target: Target, column: OutcomeColumn, call: Call) -> Outcome | None:
    happened, stated = _ended(row, column)
    if happened is None:
        return None
    if column.known_at and not row[column.known_at].strip():
        raise Unreadable(column.known_at, f"is empty, although the outcome is {stated!r}: when was it known?")
    known_at = moment(row[column.known_at], column.known_at, mapping) if column.known_at else None
    known_at = known_at or call.called_at + timedelta(days=column.known_after_days or 0)
    return Outcome(
        call_id=call.call_id,
        target=target,
        happened=happened,
        known_at=known_at,
        matures_at=max(known_at, call.called_at + timedelta(days=column.matures_after_days)),
        source=mapping.source,
        stated=stated,
    )


def _ended(row: Row, column: OutcomeColumn) -> tuple[bool | None, str]:
    """Whether it ended well, None while it is open, and the words that say so."""
    stated = row[column.column].strip()
    if stated in column.positive:
        return True, stated
    if column.closed and row[column.closed].strip().lower() not in TRUE:
        return None, stated
    lost = row[column.negative_column].strip() if column.negative_column else stated
    if lost not in column.negative:
        return None, stated
    return False, f"{column.negative_column}: {lost}" if column.negative_column else stated


def _stated_outcomes(row: Row, mapping: FileMapping, read: Read, present: datetime | None) -> Iterator[Outcome]:
    cell = Cells(row, mapping)
    external_id = record_id(cell.required("call"))
    for target, column in mapping.outcomes.items():
        happened, stated = _ended(row, column)
        if happened is None:
            continue
        known_at = cell.required_time("known_at")
        if present and known_at > present:
            raise _is_to_come(row, mapping.columns["known_at"], f"although the outcome is {stated!r}")
        called_at = cell.time("called_at") or known_at
        if known_at.date() < called_at.date():
            read.ended_before.append(external_id)
        yield Outcome(
            call_id=f"{mapping.call_source}:{external_id}",
            target=target,
            happened=happened,
            known_at=known_at,
            matures_at=max(known_at, called_at + timedelta(days=column.matures_after_days)),
            source=mapping.source,
            stated=stated,
        )


def _reject(row: Row, mapping: FileMapping, failures: Iterable[Unreadable], read_at: datetime, number: int) -> Rejected:
    key = mapping.columns.get("id") or mapping.columns.get("call") or mapping.columns.get("email") or ""
    faults = list(failures)
    return Rejected(
        source=mapping.source,
        kind=mapping.kind,
        external_id=row.get(key, "").strip() or f"row-{number}",
        content_hash=content_hash(dict(row)),
        known_at=read_at,
        field=", ".join(fault.column for fault in faults),
        reason="; ".join(fault.reason for fault in faults),
        body=dumps(dict(row), ensure_ascii=False),
    )


def rejects_csv(rejected: Iterable[Rejected], kept_without: Iterable[Rejected] = ()) -> str:
    """Rows to mend as a CSV: column and reason first, then the row as it was.

    A cell that a spreadsheet would run as a formula has an apostrophe before it (`tables.guarded`). Mend the rows and
    import the file as it is: the two columns and the apostrophes are taken away again when it is read.
    """
    listed = [(record, record.reason) for record in rejected]
    listed += [(record, f"{record.reason} (the row was kept without it)") for record in kept_without]
    columns = list(dict.fromkeys(column for record, _ in listed for column in loads(record.body)))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*REJECT_COLUMNS, *map(guarded, columns)])
    for record, reason in listed:
        row = loads(record.body)
        cells = [record.field, reason, *(row.get(column, "") for column in columns)]
        writer.writerow([guarded(cell) for cell in cells])
    return out.getvalue()
