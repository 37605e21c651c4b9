"""The signals: what each is about, what a hit must look like, how long it stays true, and how much it says of a lead.

A new signal is a model and a line in `SIGNALS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ringback.forms import Form

LONGEST_TEXT = 5_000
SHORTEST_SUMMARY = 20


def _number(value: Any) -> Any:
    """A number that came as text, as some vendors send it: "1,200" is 1200."""
    return value.replace(",", "").strip() if isinstance(value, str) else value


def _texts(value: Any) -> Any:
    """A list of texts without empty ones and repetitions, also where one text came."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    return list(dict.fromkeys(one.strip() for one in value if isinstance(one, str) and one.strip()))


ADDRESS = Form(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "an e-mail address", "ana@acme.com")
LINKEDIN = Form(r"^(https?://)?([a-z]{2,3}\.)?linkedin\.com/", "an address at LinkedIn", "linkedin.com/in/ana")
Number = Annotated[float, BeforeValidator(_number), Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Texts = Annotated[list[Text], BeforeValidator(_texts), Field(min_length=1)]


class Value(BaseModel):
    """What was found of a signal; a field that is not known is left out."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class CompanyOverview(Value):
    """Firmographics."""

    description: Text | None = None
    industry: Text | None = None
    country: Text | None = None
    employees: Annotated[float, BeforeValidator(_number), Field(ge=1, le=10_000_000)] | None = None
    annual_revenue: Number | None = None
    """US dollars a year."""
    founded_year: Annotated[float, BeforeValidator(_number), Field(ge=1500, le=2100)] | None = None
    headcount_growth: Annotated[float, Field(ge=-1, le=100)] | None = None
    """Over six months, as a share."""


class TechStack(Value):
    """What the company runs on."""

    technologies: Texts


class Funding(Value):
    """Money raised."""

    total_usd: Number | None = None
    stage: Text | None = None
    rounds: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None


class NewsSummary(Value):
    """What happened lately."""

    summary: Annotated[str, Field(min_length=SHORTEST_SUMMARY, max_length=LONGEST_TEXT)]


class LinkedinPosts(Value):
    """What the person posted lately."""

    posts: Texts


class JobPostings(Value):
    """Open positions; none is a finding too."""

    open_jobs: Annotated[int, Field(ge=0)]
    titles: list[str] = Field(default_factory=list)


class CompanyRecord(Value):
    """All that a vendor's record of a company says, by signal: it is bought once and answers several questions."""

    organization_id: Text | None = None
    """The vendor's name for the company, without which Apollo cannot be asked for job postings."""
    company_overview: dict[str, Any] | None = None
    tech_stack: dict[str, Any] | None = None
    funding: dict[str, Any] | None = None
    job_postings: dict[str, Any] | None = None


class WebFunctions(Value):
    """What the web site offers; a site that was read and offers none of it is a finding too."""

    functions: list[Literal["authentication", "transactions", "communication", "ai", "voice_ai"]] = Field(
        default_factory=list
    )
    technologies: list[str] = Field(default_factory=list)
    evidence: list[dict[str, Any]] = Field(default_factory=list)
    pages: list[str] = Field(default_factory=list)


class Contact(Value):
    """Who the person is."""

    first_name: Text | None = None
    last_name: Text | None = None
    email: Annotated[str, ADDRESS] | None = None
    job_title: Text | None = None
    linkedin_url: Annotated[str, LINKEDIN] | None = None
    country: Text | None = None
    company_domain: Text | None = None
    company_name: Text | None = None


class WorkEmail(Value):
    """An address at work that mail reaches."""

    email: Annotated[str, ADDRESS]
    qualification: Text
    phone: Text | None = None
    job_title: Text | None = None
    linkedin_url: Text | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing worth knowing."""

    name: str
    about: Literal["lead", "company"]
    model: type[Value]
    weight: int
    """Its part of the quality of what is known about a lead."""
    keep: timedelta
    """How long what was found stays true enough."""
    ask_again_after: timedelta
    """How long a miss is believed."""
    after: tuple[str, ...] = ()
    """Signals that are settled first, because they tell what this one can be asked with."""


DAY = timedelta(days=1)
SIGNALS: tuple[Signal, ...] = (
    Signal("company_overview", "company", CompanyOverview, 25, 90 * DAY, 30 * DAY),
    Signal("tech_stack", "company", TechStack, 15, 60 * DAY, 30 * DAY),
    Signal("web_functions", "company", WebFunctions, 10, 60 * DAY, 7 * DAY),
    Signal("funding", "company", Funding, 10, 60 * DAY, 30 * DAY),
    Signal("job_postings", "company", JobPostings, 10, 14 * DAY, 7 * DAY, after=("apollo_record",)),
    *(
        Signal(name, "company", CompanyRecord, 0, 90 * DAY, 30 * DAY)
        for name in ("apollo_record", "clearbit_record", "openfunnel_record")
    ),
    Signal("news_summary", "company", NewsSummary, 10, 14 * DAY, 7 * DAY),
    Signal("contact", "lead", Contact, 10, 90 * DAY, 30 * DAY),
    Signal("work_email", "lead", WorkEmail, 15, 90 * DAY, 30 * DAY, after=("contact",)),
    Signal("linkedin_posts", "lead", LinkedinPosts, 5, 14 * DAY, 7 * DAY, after=("contact",)),
)
BY_NAME: Mapping[str, Signal] = {signal.name: signal for signal in SIGNALS}


@dataclass(frozen=True, slots=True)
class Hit:
    """What is left of an answer after its type was checked: the value, or None with the reason."""

    value: Mapping[str, Any] | None
    reason: str | None


def checked(signal: str, value: Mapping[str, Any]) -> Hit:
    """Keep of an answer what has the signal's type; an answer of which nothing is left is no hit.

    >>> checked("company_overview", {"employees": "1,200", "founded_year": "long ago"}).value
    {'employees': 1200.0}
    >>> checked("news_summary", {"summary": 7}).reason
    'not of the right type: summary: Input should be a valid string'
    """
    given = {name: one for name, one in value.items() if one not in (None, "", [], {})}
    wrong: list[str] = []
    while True:
        try:
            read = BY_NAME[signal].model.model_validate(given).model_dump(exclude_none=True, exclude_unset=True)
        except ValidationError as failure:
            faults = {str(one["loc"][0]): one["msg"] for one in failure.errors()}
            wrong += [f"{name}: {why}" for name, why in faults.items() if name in given]
            if not faults.keys() & given.keys():
                return Hit(None, f"not of the right type: {'; '.join(wrong)}" if wrong else "the answer was empty")
            given = {name: one for name, one in given.items() if name not in faults}
            continue
        if read:
            return Hit(read, None)
        return Hit(None, f"not of the right type: {'; '.join(wrong)}" if wrong else "the answer was empty")
