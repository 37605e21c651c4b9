"""Reading a CSV export through a mapping: a row becomes records, or is set aside with the reason."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps, loads
from pathlib import Path

from intake.cells import Cells, Row, Unreadable, custom_value, moment
from intake.identity import company_domain, company_id_of, lead_id_of, registered_domain
from intake.mapping import Mapping as FileMapping
from intake.mapping import OutcomeColumn
from intake.sentiment import sentiment_of
from ringback.errors import BadMapping
from ringback.records import Call, CompanyFacts, Lead, Outcome, Rejected, Target
from warehouse.landing import content_hash

ENCODINGS = ("utf-8-sig", "cp1252")
LONGEST_CELL = 100_000_000  # characters: a transcript of hours is longer than the 131,072 that csv allows by itself


@dataclass(slots=True)
class Read:
    """The records of a file, and the rows that gave none."""

    rows: int = 0
    calls: list[Call] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    facts: list[CompanyFacts] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def read_text(path: Path) -> str:
    """The text of a file that may be UTF-8, with or without mark, gzipped, or Windows-1252."""
    import gzip

    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadMapping(f"{path} is neither UTF-8 nor Windows-1252 text; save it as UTF-8")


def rows_of(text: str) -> tuple[list[str], Iterator[tuple[Row, str | None]]]:
    """The header, and each row with the reason why it is misshapen or None; the delimiter is found in the header."""
    csv.field_size_limit(LONGEST_CELL)
    text = text.removeprefix("\ufeff")
    first_line = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise BadMapping(f"the column {twice[0]!r} stands twice in the file; rename one")

    def rows() -> Iterator[tuple[Row, str | None]]:
        for cells in reader:
            if not cells or not any(cell.strip() for cell in cells):
                continue
            wrong = None if len(cells) == len(header) else f"{len(cells)} cells where the header has {len(header)}"
            surplus = {f"(cell {n})": cells[n - 1] for n in range(len(header) + 1, len(cells) + 1)}
            yield dict(zip(header, cells, strict=False)) | surplus, wrong

    return header, rows()


def read_file(text: str, mapping: FileMapping, read_at: datetime) -> Read:
    """Read a CSV text through its mapping; `read_at` stands for moments that rejected rows do not have.

    Raises BadMapping where the mapping names a column that the file lacks, or leaves one out that the file has.
    """
    header, rows = rows_of(text)
    _check_columns(header, mapping)
    read = Read()
    for row, misshapen in rows:
        read.rows += 1
        try:
            if misshapen:
                raise Unreadable("", misshapen)
            _read_row(row, mapping, read)
        except Unreadable as failure:
            read.rejected.append(_reject(row, mapping, failure, read_at, read.rows))
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


def _read_row(row: Row, mapping: FileMapping, read: Read) -> None:
    if mapping.kind == "calls":
        call = _call(row, mapping)
        outcomes = [_outcome(row, mapping, target, column, call) for target, column in mapping.outcomes.items()]
        read.calls.append(call)
        read.outcomes.extend(outcome for outcome in outcomes if outcome)
    elif mapping.kind == "leads":
        lead, facts = _lead(row, mapping)
        read.leads.append(lead)
        read.facts.extend([facts] if facts else [])
    else:
        read.outcomes.extend(_stated_outcomes(row, mapping))


def _call(row: Row, mapping: FileMapping) -> Call:
    cell = Cells(row, mapping)
    external_id, called_at = cell.required("id"), cell.required_time("called_at")
    email, name = cell.text("contact_email"), cell.text("company")
    company_id = company_id_of(registered_domain(cell.text("domain")) or company_domain(email), name)
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


def _outcome(row: Row, mapping: FileMapping, target: Target, column: OutcomeColumn, call: Call) -> Outcome | None:
    stated = row[column.column].strip()
    if stated not in column.positive and stated not in column.negative:
        return None
    known_at = moment(row[column.known_at], column.known_at, mapping) if column.known_at else None
    known_at = known_at or call.called_at + timedelta(days=column.known_after_days or 0)
    return Outcome(
        call_id=call.call_id,
        target=target,
        happened=stated in column.positive,
        known_at=known_at,
        matures_at=max(known_at, call.called_at + timedelta(days=column.matures_after_days)),
        source=mapping.source,
        stated=stated,
    )


def _stated_outcomes(row: Row, mapping: FileMapping) -> Iterator[Outcome]:
    cell = Cells(row, mapping)
    external_id = cell.required("call")
    for target, column in mapping.outcomes.items():
        stated = row[column.column].strip()
        if stated not in column.positive and stated not in column.negative:
            continue
        known_at = cell.required_time("known_at")
        called_at = cell.time("called_at") or known_at
        yield Outcome(
            call_id=f"{mapping.call_source}:{external_id}",
            target=target,
            happened=stated in column.positive,
            known_at=known_at,
            matures_at=max(known_at, called_at + timedelta(days=column.matures_after_days)),
            source=mapping.source,
            stated=stated,
        )


def _lead(row: Row, mapping: FileMapping) -> tuple[Lead, CompanyFacts | None]:
    cell = Cells(row, mapping)
    known_at, email, company = cell.required_time("known_at"), cell.text("email"), cell.text("company")
    domain = registered_domain(cell.text("domain")) or company_domain(email)
    company_id = company_id_of(domain, company)
    name = cell.text("name") or " ".join(filter(None, [cell.text("first_name"), cell.text("last_name")])) or None
    lead = Lead(
        lead_id=lead_id_of(email, company_id, f"{mapping.source}:{cell.required('id')}"),
        source=mapping.source,
        known_at=known_at,
        name=name,
        email=email.lower() if email else None,
        job_title=cell.text("job_title"),
        company_id=company_id,
        company_name=company,
    )
    if company_id is None:
        return lead, None
    return lead, CompanyFacts(
        company_id=company_id,
        source=mapping.source,
        known_at=known_at,
        name=company,
        domain=domain,
        industry=cell.text("industry"),
        employees=cell.number("employees"),
        annual_revenue=cell.number("annual_revenue"),
        funding_stage=cell.text("funding_stage"),
        founded_year=cell.number("founded_year"),
        country=cell.text("country"),
        description=cell.text("description"),
        technologies=cell.several("technologies"),
        web_functions=cell.several("web_functions"),
        business_model=cell.text("business_model"),
        open_jobs=cell.number("open_jobs"),
        headcount_growth=cell.number("headcount_growth"),
    )


def _reject(row: Row, mapping: FileMapping, failure: Unreadable, read_at: datetime, number: int) -> Rejected:
    key = mapping.columns.get("id") or mapping.columns.get("call") or ""
    return Rejected(
        source=mapping.source,
        kind=mapping.kind,
        external_id=row.get(key, "") or f"row-{number}",
        content_hash=content_hash(dict(row)),
        known_at=read_at,
        field=failure.column,
        reason=failure.reason,
        body=dumps(dict(row), ensure_ascii=False),
    )


def rejects_csv(rejected: Iterable[Rejected]) -> str:
    """Rejected rows as a CSV a person can mend: column and reason first, then the row as it was."""
    listed = list(rejected)
    columns = list(dict.fromkeys(column for record in listed for column in loads(record.body)))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["rejected_column", "rejected_because", *columns])
    for record in listed:
        row = loads(record.body)
        writer.writerow([record.field, record.reason, *(row.get(column, "") for column in columns)])
    return out.getvalue()
