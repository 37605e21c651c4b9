"""What was recognised in a file, with the reason for each column, and how that is told and kept as a mapping file."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps

from pydantic import ValidationError

from intake.cells import EPOCH_S, EXCEL
from intake.columns import HALF, Column, DateOrder, Moments, moments_of, plain, says_no_zone, type_of
from intake.decimals import Decimals, decimals_of
from intake.mapping import CustomType, Given, NumberFormat, OutcomeColumn, first_fault
from intake.mapping import Mapping as FileMapping
from ringback.errors import BadMapping
from ringback.records import Target

HUBSPOT = frozenset(map(plain, (
    "Record ID", "Record ID - Contact", "hs_object_id", "Lifecycle Stage", "lifecyclestage", "Contact owner",
    "Company owner", "Deal owner", "hubspot_owner_id", "Create Date", "Last Modified Date", "Associated Company",
    "Associated Company IDs", "Associated Contact IDs", "hs_lead_status", "hs_timestamp", "Is Closed Won",
    "Is closed lost", "Deal Stage", "dealstage", "dealname", "Company Domain Name", "Original Source",
    "hs_email_domain", "hs_linkedin_url", "lastmodifieddate", "hs_lastmodifieddate", "jobtitle",
)))  # fmt: skip
SALESFORCE = frozenset(map(plain, (
    "Company / Account", "Lead Owner", "Lead ID", "Lead Source", "LeadSource", "OwnerId", "IsConverted", "CreatedDate",
    "Created Date", "LastModifiedDate", "SystemModstamp", "NumberOfEmployees", "AccountId", "StageName", "IsWon",
    "IsClosed", "Opportunity ID", "Opportunity Name", "Opportunity Owner", "ForecastCategoryName", "TaskSubtype",
    "WhoId", "WhatId", "Account Owner", "Contact ID", "ConvertedDate", "18 Digit ID", "Lead Status", "RecordTypeId",
)))  # fmt: skip
TIMES = ("known_at", "called_at")
COUNTED = {
    EXCEL: "Excel's days since 1899-12-30, in UTC unless [time] zone says another",
    EPOCH_S: "seconds since 1970",
}
NUMBERS = frozenset(("employees", "annual_revenue", "founded_year", "open_jobs", "headcount_growth", "minutes"))
"""Those of our names whose columns are read as numbers."""
SURE_OF_HUBSPOT = frozenset(("recordid", "recordidcontact", "hsobjectid", "hstimestamp", "lifecyclestage"))
SALESFORCE_ID = re.compile(r"^(00Q|003|001|006|00T|00U)[A-Za-z0-9]{12}([A-Z0-5]{3})?$")
NOT_LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Taken:
    """A column of the file that stands for one of our names."""

    name: str
    column: str
    because: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """A complete mapping of a file, and how it came about."""

    mapping: FileMapping
    exporter: str
    """HubSpot, Salesforce, or a CSV file."""
    taken: tuple[Taken, ...]
    empty: tuple[str, ...]
    """Columns without any value, which are left out."""
    doubts: tuple[str, ...]
    """What a person should look at, with the way out."""


@dataclass(slots=True)
class Guesses:
    """What is found while a file is looked through; what a person said is never touched."""

    given: Given
    columns: Sequence[Column]
    order: DateOrder | None = None
    taken: list[Taken] = field(default_factory=list)
    forms: dict[str, str] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    exclude: dict[str, str] = field(default_factory=dict)
    custom: dict[str, CustomType] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    outcomes: dict[Target, OutcomeColumn] = field(default_factory=dict)
    left_open: list[str] = field(default_factory=list)
    """Names that a person has still to give a column."""
    whole: Collection[str] = ()
    """Columns that by their names count whole things, such as people."""
    decimals: Decimals = field(default_factory=lambda: Decimals(NumberFormat(), {}))

    def __post_init__(self) -> None:
        missing = self.given.used_columns() - {column.name for column in self.columns}
        if missing:
            has = ", ".join(column.name for column in self.columns)
            raise BadMapping(f"the mapping speaks of a column {min(missing)!r} that the file lacks; it has {has}")
        self.taken = [Taken(name, column, "the mapping says so") for name, column in self.given.columns.items()]
        self.decimals = decimals_of(self.columns, self.whole, self.given.numbers)

    def has(self, name: str) -> bool:
        """Whether one of our names has its column."""
        return any(taken.name == name for taken in self.taken)

    def free(self) -> list[Column]:
        """Columns that nobody has claimed yet and that have values."""
        claimed = self.given.used_columns() | {taken.column for taken in self.taken} | self.exclude.keys()
        claimed |= {column for outcome in self.outcomes.values() for column in outcome.columns()}
        return [column for column in self.columns if column.values and column.name not in claimed]

    def take(self, name: str, column: Column, because: str) -> None:
        """Let a column stand for one of our names."""
        self.taken.append(Taken(name, column.name, because))

    def moments(self, name: str, column: Column) -> Moments | None:
        """How a column that every row needs writes its moments; raises BadMapping where day and month stay open."""
        said = self.given.time.of(column.name)
        found = Moments(said) if said else moments_of(column, self.order, HALF)
        if found and found.is_open:
            raise BadMapping(
                f"{column.name!r} ({name}) has dates such as {found.example}, and no value tells day from month; say "
                f"--dates day-first or --dates month-first, or [time] formats in a mapping"
            )
        if found and found.form and found.form != self.given.time.format:
            self.forms[column.name] = found.form
        if found and found.form in COUNTED and not said:
            self.doubts.append(
                f"{column.name!r} holds numbers such as {found.example}, read as {COUNTED[found.form]}; [time] formats "
                "in a mapping says otherwise"
            )
        if found and says_no_zone(column) and self.given.time.zone == "UTC":
            self.doubts.append(
                f"{column.name!r} says no time zone and is read as UTC; [time] zone in a mapping says it"
            )
        return found

    def rest_is_custom(self) -> None:
        """Keep what nobody claimed as custom fields, with types guessed from their values."""
        for column in self.free():
            kind = type_of(column)
            moments = moments_of(column, self.order) if kind != "number" else None
            if moments and moments.is_open:
                self.doubts.append(
                    f"{column.name!r} has dates such as {moments.example} whose day and month cannot be told apart; "
                    "it is kept as words (--dates day-first or month-first says it)"
                )
            elif moments:
                kind = "date"
                if moments.form:
                    self.forms[column.name] = moments.form
            self.custom[column.name] = kind

    def finished(self, source: str, exporter: str, list_separator: str | None = None) -> Recognised:
        """The complete mapping; raises BadMapping where what was given and found do not fit together."""
        times = {column: name for name, column in self.given.columns.items() if name in TIMES}
        times |= {column: "a custom date" for column, kind in self.given.custom.items() if kind == "date"}
        times |= {o.known_at: "the time of the outcome" for o in self.given.outcomes.values() if o.known_at}
        for column in self.columns:
            if column.name in times:
                self.moments(times[column.name], column)
        said = self.given.model_dump()
        said["source"] = source
        said["list_separator"] = list_separator or self.given.list_separator
        said["columns"] = {taken.name: taken.column for taken in self.taken} | dict.fromkeys(self.left_open, "")
        said["time"]["formats"] = self.forms | said["time"]["formats"]
        said["numbers"] = self._numbers()
        said["outcomes"] = self.outcomes | self.given.outcomes
        for key, found in (("scale", self.scale), ("exclude", self.exclude), ("custom", self.custom)):
            said[key] = found | said[key]
        try:
            mapping = FileMapping.model_validate(said)
        except ValidationError as failure:
            raise BadMapping(first_fault(failure)) from None
        used = mapping.used_columns()
        empty = tuple(c.name for c in self.columns if not c.values and c.name not in used)
        return Recognised(mapping, exporter, tuple(self.taken), empty, tuple(dict.fromkeys(self.doubts)))

    def _numbers(self) -> dict[str, object]:
        """How the columns that are read as numbers write them; what of it is a guess becomes a doubt."""
        custom = self.custom | self.given.custom
        read = {taken.column for taken in self.taken if taken.name in NUMBERS}
        read |= {column for column, kind in custom.items() if kind == "number"}
        said = self.decimals.format
        for column, doubt in self.decimals.doubts.items():
            if column in read:
                other = "." if said.of(column) == "," else ","
                self.doubts.append(f"{doubt}; [numbers.decimals] {column!r} = {other!r} in a mapping says otherwise")
        kept = {
            column: mark
            for column, mark in said.decimals.items()
            if column in read | self.given.numbers.decimals.keys()
        }
        return {"decimal": said.decimal, "decimals": kept}


def exporter_of(columns: Sequence[Column]) -> tuple[str, str]:
    """Who wrote a file of these columns, and the columns that tell; ("a CSV file", "") where none do.

    One column that only HubSpot has, ids of Salesforce's form, or two columns that one of both uses are enough.
    """
    ids = [c for c in columns if c.plain.endswith("id") and c.mostly(SALESFORCE_ID)]
    hubspot = [c for c in columns if c.plain in HUBSPOT]
    salesforce = [c for c in columns if c.plain in SALESFORCE or c in ids]
    sure_of_hubspot = any(c.plain in SURE_OF_HUBSPOT for c in hubspot)
    if ids or (not sure_of_hubspot and len(salesforce) >= max(2, len(hubspot) + 1)):
        return "Salesforce", ", ".join(c.name for c in salesforce[:3])
    if sure_of_hubspot or len(hubspot) >= 2:
        return "HubSpot", ", ".join(c.name for c in hubspot[:3])
    return "a CSV file", ""


def source_name(text: str) -> str:
    """A name fit to be a source: small letters, digits and underscores, beginning with a letter.

    >>> source_name("Bank calls (2010)"), source_name("2010")
    ('bank_calls_2010', 'file_2010')
    """
    name = NOT_LETTERS.sub("_", text.lower()).strip("_") or "csv"
    return name if name[0].isalpha() else f"file_{name}"


def mapping_text(found: Recognised) -> str:
    """The mapping file that gives the same reading, with what is doubtful as comments."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Recognised) -> Iterator[str]:
    mapping = found.mapping
    yield from (f"# doubtful: {doubt}" for doubt in found.doubts)
    yield from [f"kind = {_quoted(mapping.kind)}", f"source = {_quoted(mapping.source)}"]
    if mapping.list_separator != ";":
        yield f"list_separator = {_quoted(mapping.list_separator)}"
    yield from ["", "[columns]", *(_named(name, column) for name, column in mapping.columns.items())]
    if mapping.time.format or mapping.time.zone != "UTC" or mapping.time.formats:
        yield from ["", "[time]"]
        yield from [f"format = {_quoted(mapping.time.format)}"] if mapping.time.format else []
        yield f"zone = {_quoted(mapping.time.zone)}"
        yield from _section("time.formats", mapping.time.formats)
    if mapping.numbers != NumberFormat():
        yield from ["", "[numbers]", f"decimal = {_quoted(mapping.numbers.decimal)}"]
        yield from _section("numbers.decimals", mapping.numbers.decimals)
    yield from _section("scale", mapping.scale)
    for target, outcome in mapping.outcomes.items():
        yield from ["", f"[outcomes.{target}]  # values in neither list are open cases"]
        yield from (
            f"{key} = {dumps(said, ensure_ascii=False)}"
            for key, said in outcome.model_dump().items()
            if said or said == []
        )
    yield from _section("exclude", mapping.exclude, "  # left out; each with the reason")
    yield from _section("custom", mapping.custom, "  # number, category, flag, date or text")


def _named(name: str, column: str) -> str:
    """A line of `[columns]`; one that a person has still to fill in is marked."""
    marked = "" if column else "  # OPEN: write which column of the file it is"
    return f"{name} = {_quoted(column)}{marked}"


def _section(name: str, entries: Mapping[str, str | float], comment: str = "") -> Iterator[str]:
    if entries:
        yield from ["", f"[{name}]{comment}", *(f"{_key(key)} = {_quoted(said)}" for key, said in entries.items())]


def _quoted(said: str | float) -> str:
    return dumps(said, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)
