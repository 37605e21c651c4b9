"""What the columns of somebody else's file mean: a TOML file, checked when it is read, or suggested from the file.

kind = "calls"                      # or "leads", "outcomes"
source = "bank"                     # becomes the first part of every call_id

[columns]                           # our name = the file's column
id = "call_id"
called_at = "called_at"

[time]                              # how moments are written; ISO 8601 where this is left out
format = "%d/%m/%Y %H:%M"
zone = "America/Chicago"

[outcomes.progression]              # which values of which column mean what; all others are open
column = "y"
positive = ["yes"]
negative = ["no"]
known_after_days = 1                # or known_at = "Close Date"

[exclude]                           # columns left out, with the reason
duration = "known only after the call"

[custom]                            # every other column: number, category, flag, date or text
age = "number"
"""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ringback.errors import BadMapping
from ringback.records import Target

Kind = Literal["calls", "leads", "outcomes"]
CustomType = Literal["number", "category", "flag", "date", "text"]

COLUMNS: dict[Kind, frozenset[str]] = {
    "calls": frozenset(
        [
            "id",
            "called_at",
            "known_at",
            "title",
            "notes",
            "transcript",
            "minutes",
            "company",
            "domain",
            "contact_name",
            "contact_email",
        ]
    ),
    "leads": frozenset(
        [
            "id",
            "known_at",
            "first_name",
            "last_name",
            "name",
            "email",
            "job_title",
            "company",
            "domain",
            "industry",
            "employees",
            "annual_revenue",
            "funding_stage",
            "founded_year",
            "country",
            "description",
            "technologies",
            "web_functions",
            "business_model",
            "open_jobs",
            "headcount_growth",
        ]
    ),
    "outcomes": frozenset(["call", "called_at", "known_at"]),
}
REQUIRED: dict[Kind, frozenset[str]] = {
    "calls": frozenset({"id", "called_at"}),
    "leads": frozenset({"id", "known_at"}),
    "outcomes": frozenset({"call", "known_at"}),
}


class Strict(BaseModel):
    """A part of the file in which every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeFormat(Strict):
    """How moments are written in the file."""

    format: str | None = None
    zone: str = "UTC"


class OutcomeColumn(Strict):
    """Where an outcome stands and which values mean what; a value in neither list is an open case."""

    column: str
    positive: list[str]
    negative: list[str]
    known_at: str | None = None
    known_after_days: float | None = None
    matures_after_days: float = 0.0
    """Days after the call before the label is learned from, so that quick wins do not stand alone."""

    @model_validator(mode="after")
    def _values_do_not_overlap(self) -> "OutcomeColumn":
        if both := set(self.positive) & set(self.negative):
            raise ValueError(f"{sorted(both)} cannot be both positive and negative")
        if self.known_at and self.known_after_days is not None:
            raise ValueError("give known_at (a column) or known_after_days (a number), not both")
        return self


class Mapping(Strict):
    """A file's columns in our words."""

    kind: Kind
    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    call_source: str | None = None
    """For outcomes: the source of the calls that they are about."""
    list_separator: str = ";"
    columns: dict[str, str]
    time: TimeFormat = TimeFormat()
    outcomes: dict[Target, OutcomeColumn] = Field(default_factory=dict)
    exclude: dict[str, str] = Field(default_factory=dict)
    custom: dict[str, CustomType] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _columns_are_ours(self) -> "Mapping":
        if unknown := sorted(self.columns.keys() - COLUMNS[self.kind]):
            raise ValueError(f"columns.{unknown[0]} is none of {', '.join(sorted(COLUMNS[self.kind]))}")
        if missing := sorted(REQUIRED[self.kind] - self.columns.keys()):
            raise ValueError(f"columns.{missing[0]} is missing: say which column of the file it is")
        if self.kind == "outcomes" and self.call_source is None:
            raise ValueError("call_source is missing: say where the calls came from, for instance 'fellow'")
        return self

    def used_columns(self) -> set[str]:
        """Every column of the file that this mapping speaks of."""
        used = set(self.columns.values()) | set(self.exclude) | set(self.custom)
        for outcome in self.outcomes.values():
            used |= {outcome.column} | ({outcome.known_at} if outcome.known_at else set())
        return used


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file; raises BadMapping naming the file, the key and the way out."""
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise BadMapping(f"there is no mapping file {path}; '--suggest' writes one from the data") from None
    except tomllib.TOMLDecodeError as failure:
        raise BadMapping(f"{path} is not TOML: {failure}") from None
    except ValidationError as failure:
        first = failure.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadMapping(
            f"{path}: {where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None
