"""What the columns of somebody else's file mean: a TOML file, checked when it is read, or suggested from the file.

kind = "calls"                      # or "leads", "outcomes"
source = "bank"                     # becomes the first part of every call_id

[columns]                           # our name = the file's column
id = "call_id"
called_at = "called_at"

[time]                              # how moments are written; ISO 8601 where this is left out
format = "%d/%m/%Y %H:%M"
zone = "America/Chicago"
formats = { "Create Date" = "%d/%m/%Y" }   # of single columns; numbers are "epoch ms", "epoch s", "excel days"

[numbers]                           # what stands before decimals, where 1.234 does not tell; a point if left out
decimal = ","
decimals = { "Score" = "." }        # of single columns

[scale]                             # a number counts so many units: revenue in millions
annual_revenue = 1000000

[outcomes.progression]              # which values of which column mean what; all others are open
column = "y"
positive = ["yes"]
negative = ["no"]
known_after_days = 1                # or known_at = "Close Date"
                                    # closed = "IsClosed": negative only where that column says yes
                                    # negative_column = "Is closed lost": the negative values stand there

[exclude]                           # columns left out, with the reason
duration = "known only after the call"

[custom]                            # every other column: number, category, flag, date or text
age = "number"

A file may also be partial (`Given`): what it does not say is then recognised from the file itself.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ringback.errors import BadMapping
from ringback.forms import Form
from ringback.records import Target
from ringback.toml_files import read_toml

Kind = Literal["calls", "leads", "outcomes"]
SOURCE = Form(r"^[a-z][a-z0-9_]*$", "a name in small letters, digits and underscores, a letter first", "hubspot")
CustomType = Literal["number", "category", "flag", "date", "text"]
DecimalMark = Literal[".", ","]

COMPANY_FACTS = frozenset((
    "industry", "employees", "annual_revenue", "funding_stage", "founded_year", "country", "business_model",
    "open_jobs", "headcount_growth",
))  # fmt: skip
"""What one column says of a company and a feature keeps whole."""
COLUMNS: dict[Kind, frozenset[str]] = {
    "calls": COMPANY_FACTS | frozenset((
        "id", "called_at", "known_at", "title", "notes", "transcript", "minutes", "company", "domain", "contact_name",
        "contact_email",
    )),
    "leads": COMPANY_FACTS | frozenset((
        "id", "known_at", "first_name", "last_name", "name", "email", "job_title", "phone", "linkedin_url", "website",
        "company", "domain", "description", "technologies", "web_functions",
    )),
    "outcomes": frozenset(("call", "called_at", "known_at")),
}  # fmt: skip
REQUIRED: dict[Kind, frozenset[str]] = {
    "calls": frozenset({"id", "called_at"}),
    "leads": frozenset(),
    "outcomes": frozenset({"call", "known_at"}),
}
"""Leads need neither: the e-mail address or the row itself stands for an id, the moment of the import for known_at."""


class Strict(BaseModel):
    """A part of the file in which every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeFormat(Strict):
    """How moments are written in the file."""

    format: str | None = None
    zone: str = "UTC"
    formats: dict[str, str] = Field(default_factory=dict)
    """Of columns that are written otherwise."""

    def of(self, column: str) -> str | None:
        """The form of a column's moments; None for ISO 8601."""
        return self.formats.get(column, self.format)


class NumberFormat(Strict):
    """What stands before the decimals in the file, where a number such as 1.234 does not tell by itself."""

    decimal: DecimalMark = "."
    decimals: dict[str, DecimalMark] = Field(default_factory=dict)
    """Of columns that are written otherwise."""

    def of(self, column: str) -> DecimalMark:
        """The decimal mark of a column's numbers."""
        return self.decimals.get(column, self.decimal)


class OutcomeColumn(Strict):
    """Where an outcome stands and which values mean what; a value in neither list is an open case."""

    column: str
    positive: list[str]
    negative: list[str]
    known_at: str | None = None
    known_after_days: float | None = None
    matures_after_days: float = 0.0
    """Days after the call before the label is learned from, so that quick wins do not stand alone."""
    negative_column: str | None = None
    """Where the negative values stand, if not in `column`."""
    closed: str | None = None
    """A column of yes and no: while it says no, the case is open whatever `column` says."""

    @model_validator(mode="after")
    def _values_do_not_overlap(self) -> "OutcomeColumn":
        if self.negative_column is None and (both := set(self.positive) & set(self.negative)):
            raise ValueError(f"{sorted(both)} cannot be both positive and negative")
        if self.known_at and self.known_after_days is not None:
            raise ValueError("give known_at (a column) or known_after_days (a number), not both")
        return self

    def columns(self) -> set[str]:
        """The columns of the file that it looks at."""
        return {name for name in (self.column, self.known_at, self.negative_column, self.closed) if name}


class Given(Strict):
    """What a person says of a file's columns; it may leave out what can be recognised."""

    kind: Kind
    source: Annotated[str, SOURCE] | None = None
    call_source: str | None = None
    """For outcomes: the source of the calls that they are about."""
    list_separator: str = ";"
    columns: dict[str, str] = Field(default_factory=dict)
    time: TimeFormat = TimeFormat()
    numbers: NumberFormat = NumberFormat()
    scale: dict[str, float] = Field(default_factory=dict)
    """What one unit of a number column counts."""
    outcomes: dict[Target, OutcomeColumn] = Field(default_factory=dict)
    exclude: dict[str, str] = Field(default_factory=dict)
    custom: dict[str, CustomType] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _columns_are_ours(self) -> "Given":
        if unknown := sorted(self.columns.keys() - COLUMNS[self.kind]):
            raise ValueError(f"columns.{unknown[0]} is none of {', '.join(sorted(COLUMNS[self.kind]))}")
        if unscaled := sorted(self.scale.keys() - COLUMNS[self.kind]):
            raise ValueError(f"scale.{unscaled[0]} is none of our names; write annual_revenue = 1000000")
        return self

    def used_columns(self) -> set[str]:
        """Every column of the file that this mapping speaks of."""
        used = set(self.columns.values()) | set(self.exclude) | set(self.custom)
        for outcome in self.outcomes.values():
            used |= outcome.columns()
        return used


class Mapping(Given):
    """A file's columns in our words, complete: a row can be read through it."""

    source: Annotated[str, SOURCE]

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> "Mapping":
        if missing := sorted(REQUIRED[self.kind] - self.columns.keys()):
            raise ValueError(f"columns.{missing[0]} is missing: say which column of the file it is")
        if self.kind == "outcomes" and self.call_source is None:
            raise ValueError("call_source is missing: say where the calls came from, for instance 'fellow'")
        return self


def load_mapping(path: Path) -> Mapping:
    """Read a complete mapping file; raises BadMapping naming the file, the key and the way out."""
    return _load(path, Mapping)


def load_given(path: Path) -> Given:
    """Read a mapping file that may be partial; raises BadMapping as `load_mapping` does."""
    return _load(path, Given)


Said = TypeVar("Said", bound=Given)


def _load(path: Path, model: type[Said]) -> Said:
    try:
        return model.model_validate(read_toml(path))
    except FileNotFoundError:
        raise BadMapping(f"there is no mapping file {path}; '--suggest' writes one from the data") from None
    except ValidationError as failure:
        raise BadMapping(f"{path}: {first_fault(failure)}") from None


def first_fault(failure: ValidationError) -> str:
    """The first thing that is wrong with a mapping, by its key."""
    first = failure.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"
