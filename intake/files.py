"""Reading a CSV export through a mapping: a row becomes records, or is set aside with the reason."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps, loads
from pathlib import Path

from intake.identity import company_domain, company_id_of, lead_id_of, registered_domain
from intake.mapping import CustomType, OutcomeColumn
from intake.mapping import Mapping as FileMapping
from intake.sentiment import sentiment_of
from ringback.clock import parse_time
from ringback.errors import BadMapping
from ringback.records import Call, CompanyFacts, Lead, Outcome, Rejected, Target, Value
from warehouse.landing import content_hash

Row = Mapping[str, str]
ENCODINGS = ("utf-8-sig", "cp1252")
LONGEST_CELL = 100_000_000  # characters: a transcript of hours is longer than the 131,072 that csv allows by itself
TRUE = frozenset({"true", "yes", "y", "1", "t"})
FALSE = frozenset({"false", "no", "n", "0", "f"})
NOT_KNOWN = frozenset({"", "null", "none", "nan", "n/a", "na"})


class Unreadable(Exception):
    """A row cannot be read; says which column and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


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
            yield dict(zip(header, cells, strict=False)), wrong

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
    cell = _Cells(row, mapping)
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
        custom={column: _custom(row[column], kind, column, mapping) for column, kind in mapping.custom.items()},
    )


def _outcome(row: Row, mapping: FileMapping, target: Target, column: OutcomeColumn, call: Call) -> Outcome | None:
    stated = row[column.column].strip()
    if stated not in column.positive and stated not in column.negative:
        return None
    known_at = _time(row[column.known_at], column.known_at, mapping) if column.known_at else None
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
    cell = _Cells(row, mapping)
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
    cell = _Cells(row, mapping)
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


@dataclass(frozen=True, slots=True)
class _Cells:
    """A row's cells by our names, read as what they should be."""

    row: Row
    mapping: FileMapping

    def text(self, name: str) -> str | None:
        column = self.mapping.columns.get(name)
        words = self.row[column].strip() if column else ""
        return None if words.lower() in NOT_KNOWN else words

    def number(self, name: str) -> float | None:
        words = self.text(name)
        return None if words is None else _number(words, self.mapping.columns[name])

    def several(self, name: str) -> tuple[str, ...] | None:
        words = self.text(name)
        return (
            None if words is None else tuple(w.strip() for w in words.split(self.mapping.list_separator) if w.strip())
        )

    def time(self, name: str) -> datetime | None:
        words = self.text(name)
        return None if words is None else _time(words, self.mapping.columns[name], self.mapping)

    def required(self, name: str) -> str:
        words = self.text(name)
        if words is None:
            raise Unreadable(self.mapping.columns[name], "is empty, and every row needs it")
        return words

    def required_time(self, name: str) -> datetime:
        return _time(self.required(name), self.mapping.columns[name], self.mapping)


def _custom(cell: str, kind: CustomType, column: str, mapping: FileMapping) -> Value:
    words = cell.strip()
    if words.lower() in NOT_KNOWN:
        return None
    if kind == "number":
        return _number(words, column)
    if kind == "flag":
        return _flag(words, column)
    if kind == "date":
        return (_time(words, column, mapping) - datetime(1970, 1, 1)) / timedelta(days=1)
    return words


def _number(words: str, column: str) -> float:
    """A number as people write it: currency signs, blanks, per cent and thousands separators are understood.

    One comma and no point is a decimal comma, unless exactly three digits follow it and more than a zero precedes it.
    """
    plain = words.strip().strip("$€£¥%").replace("\u00a0", "").replace(" ", "").replace("'", "")
    if "," in plain and "." in plain:
        plain = (
            plain.replace(",", "") if plain.rfind(".") > plain.rfind(",") else plain.replace(".", "").replace(",", ".")
        )
    elif plain.count(",") == 1 and (len(plain.split(",")[1]) != 3 or plain.lstrip("+-").startswith("0,")):
        plain = plain.replace(",", ".")
    try:
        number = float(plain.replace(",", ""))
    except ValueError:
        raise Unreadable(column, f"{words[:40]!r} is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise Unreadable(column, f"{words[:40]!r} is not a finite number")
    return number


def _flag(words: str, column: str) -> float:
    if words.lower() in TRUE:
        return 1.0
    if words.lower() in FALSE:
        return 0.0
    raise Unreadable(column, f"{words[:40]!r} is neither yes nor no")


def _time(words: str, column: str, mapping: FileMapping) -> datetime:
    try:
        return parse_time(words, mapping.time.format, mapping.time.zone)
    except ValueError:
        wanted = mapping.time.format or "ISO 8601 (2026-03-18T09:30)"
        raise Unreadable(column, f"{words[:40]!r} is no moment in the form {wanted}; set [time] format") from None


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
