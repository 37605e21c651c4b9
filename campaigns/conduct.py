"""How a campaign is run: its goals, rules, thresholds, sequences and owners; what is left out is the usual way."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    field_validator,
)

from campaigns.dimensions import Thresholds
from ringback.clock import is_zone
from ringback.errors import BadMapping
from ringback.forms import Form

Name = Annotated[str, Form(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
    "up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first", "intro_v2",
)]  # fmt: skip
Count = Annotated[int, Field(ge=1, le=10_000_000)]


def _is_cron(text: str) -> str:
    try:
        CronSim(text, datetime(2026, 1, 1))
    except CronSimError as failure:
        wrong = str(failure)
        said = f"the {wrong[4:]} is wrong" if wrong.startswith("Bad ") else wrong
        raise ValueError(f"{text!r} is no schedule: {said}; '0 9 * * 1-5' is at nine on weekdays") from None
    return text


Cron = Annotated[
    str, Form(r"^[0-9*/,\- a-zA-Z]{9,100}$", "five fields as cron writes them", "0 9 * * 1-5"),
    AfterValidator(_is_cron),
    WithJsonSchema({"type": "string", "format": "cron", "examples": ["0 9 * * 1-5"]}),
]  # fmt: skip
"""When something runs, as cron writes it."""
USUAL_REST_DAYS = 30
T = TypeVar("T")


class Goals(BaseModel):
    """What a campaign is to reach; performance is shown against it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    leads: Count | None = None
    meetings: Count | None = None
    progressed: Count | None = None
    by: date | None = Field(None, description="The day by which.")


class Conduct(BaseModel):
    """How a campaign is run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    goals: Goals = Goals()
    rules: Name = Field("standard", description="The file of qualification rules in the playbook.")
    thresholds: Thresholds = Field(Thresholds(), description="Least points of a group that a qualified lead needs.")
    sequences: tuple[Name, ...] = Field((), max_length=50, description="Files of the playbook; none: all of them.")
    owners: tuple[Annotated[str, StringConstraints(max_length=320)], ...] = Field(
        (), max_length=500, description="Addresses of the team; none: everybody."
    )
    zone: Annotated[str, WithJsonSchema({"type": "string", "format": "time-zone"})] | None = Field(
        None, description="Time zone of leads whose own is not known; none: the customer's."
    )
    rest_days: int = Field(
        USUAL_REST_DAYS, ge=0, le=3650, description="Days for which a lead is left alone after any campaign."
    )
    schedule: Cron | None = Field(
        None, description="A cron expression in the customer's zone; none: with all campaigns, hourly."
    )

    def chosen(self, known: Mapping[str, T]) -> list[T]:
        """The sequences that the campaign uses, of those known by name; named ones that are not there are left out."""
        return [known[name] for name in self.sequences or sorted(known) if name in known]

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not is_zone(zone):
            raise ValueError(f"{zone!r} is no time zone; one is America/Chicago")
        return zone

    @classmethod
    def read(cls, conduct: Mapping[str, Any] | None) -> "Conduct":
        """A campaign's conduct as it is stored; raises BadMapping naming the key and the way out."""
        try:
            return cls.model_validate(conduct or {})
        except ValidationError as failure:
            first = failure.errors()[0]
            said = first["msg"].removeprefix("Value error, ")
            raise BadMapping(f"the campaign's conduct: {'.'.join(map(str, first['loc']))}: {said}") from None
