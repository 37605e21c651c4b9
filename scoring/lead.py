"""A lead as a caller describes it, and what the models may know of it: the request's own words over what is stored.

Only the company's name is required. What is not known may be null, or be left out; fields that are not named here are
custom fields, which count where a model learned from a column of that name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from database.lead_mails import SentMail
from features import build
from features.engagement import MAILS
from intake.cells import FALSE, NOT_KNOWN, TRUE, Unreadable, number, people
from intake.identity import company_domain, company_id_of, lead_id_of, website_domain
from intake.mapping import DecimalMark
from intake.sentiment import sentiment_of
from ringback.records import CompanyFacts, Snapshot, Value
from scoring.mails import MailsBefore, mails_before

NO_NUL = r"^[^\x00]*$"
SAYS_SOMETHING = r"^[^\x00]*[^\x00-\x20][^\x00]*$"
"""What a blank is, each engine of patterns says otherwise beyond ASCII: only those of ASCII are meant."""
ADDRESS = r"^([^@\x00-\x20]+@[^@\x00-\x20]+)?$"
"""Or nothing, as systems send it that know none."""
PEOPLE = r"^[ \t]*([0-9][0-9,]{0,11}[ \t]*(-[ \t]*[0-9][0-9,]{0,11}|\+)?[ \t]*)?$"
"""A size as CRMs write it: 50-100, 1,000+, 75; or nothing."""
MOST_CUSTOM = 200
LONGEST_NAME = 100
LARGEST = 1e15
LARGEST_CUSTOM = 1e300


def _said(words: str) -> str | None:
    """Words without blanks around them; None where they say that nothing is known, as in files (intake/cells.py)."""
    words = words.strip()
    return None if words.lower() in NOT_KNOWN else words


def _named(words: str) -> str:
    return words.strip() or words


SAYS = AfterValidator(_said)
Line = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL), SAYS]
Passage = Annotated[str, StringConstraints(max_length=20_000, pattern=NO_NUL), SAYS]
Conversation = Annotated[str, StringConstraints(max_length=200_000, pattern=NO_NUL), SAYS]
Name = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Amount = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False, strict=True)]
Share = Annotated[float, Field(ge=-1, le=100, allow_inf_nan=False, strict=True)]
Polarity = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False, strict=True)]
Minutes = Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False, strict=True)]
Year = Annotated[float, Field(ge=1000, le=3000, allow_inf_nan=False, strict=True)]
Names = Annotated[tuple[Name, ...], Field(max_length=200)]


def _as_number(value: Any) -> Any:
    """A yes is 1; whole numbers of any length are numbers, as far as they are not beyond what a custom field takes."""
    return float(value) if isinstance(value, int) and abs(value) <= LARGEST_CUSTOM else value


def _as_whole(value: Any) -> Any:
    """JSON has one kind of numbers: 4.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Level = Annotated[int, Field(ge=1, le=5, strict=True), BeforeValidator(_as_whole)]
Count = Annotated[int, Field(ge=0, le=10_000, strict=True), BeforeValidator(_as_whole)]
CustomNumber = Annotated[float, Field(ge=-LARGEST_CUSTOM, le=LARGEST_CUSTOM, allow_inf_nan=False, strict=True)]
CustomText = Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL), SAYS]
Custom = Annotated[
    CustomNumber | CustomText | None,
    BeforeValidator(_as_number, json_schema_input_type=bool | CustomNumber | CustomText | None),
]


class LeadRequest(BaseModel):
    """A lead to score."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        strict=False,
        json_schema_extra={
            "maxProperties": MOST_CUSTOM,
            "propertyNames": {"maxLength": LONGEST_NAME, "pattern": NO_NUL},
            "examples": [
                {
                    "company_name": "Acme Corp", "domain": "acme.com", "industry": "SaaS", "employees": "50-100",
                    "description": "AI-powered customer service platform",
                    "call_notes": "Discussed Voice AI integration needs...", "urgency_level": 4,
                }
            ],
        },
    )  # fmt: skip
    __pydantic_extra__: dict[str, Custom]

    company_name: Annotated[str, StringConstraints(max_length=500, pattern=SAYS_SOMETHING), AfterValidator(_named)]
    lead_id: Line | None = Field(None, description="A lead that ringback knows: what is stored about it counts too.")
    email: Annotated[str, StringConstraints(max_length=320, pattern=ADDRESS), SAYS] | None = Field(
        None, description="The contact; a lead that ringback knows by it is taken as known."
    )
    call_id: Line | None = Field(None, description="The call that the notes are of, where it has an id.")
    domain: Line | None = Field(None, description="Domain or web site of the company.")
    industry: Line | None = None
    employees: Amount | Annotated[str, StringConstraints(max_length=40, pattern=PEOPLE), SAYS] | None = Field(
        None, description="A number, or a range as CRMs write it: 50-100, 1,000+."
    )
    description: Passage | None = Field(None, description="What the company says of itself.")
    call_notes: Conversation | None = None
    transcript: Conversation | None = Field(None, description="Lines `Speaker: text`.")
    own_speakers: Names | None = Field(None, description="Which speakers of the transcript are yours.")
    urgency_level: Level | None = Field(None, description="1 (none) to 5 (now).")
    sentiment: Polarity | None = Field(
        None, description="-1 (hostile) to 1 (delighted); read from the words where it is not said."
    )
    minutes: Minutes | None = None
    attendees: Count | None = None
    title: Line | None = Field(None, description="Title of the call.")
    job_title: Line | None = Field(None, description="Of the contact.")
    annual_revenue: Amount | None = Field(None, description="US dollars.")
    funding_stage: Line | None = None
    total_funding: Amount | None = Field(None, description="US dollars raised so far.")
    founded_year: Year | None = None
    country: Line | None = None
    technologies: Names | None = None
    web_functions: Names | None = None
    business_model: Line | None = None
    open_jobs: Amount | None = None
    headcount_growth: Share | None = Field(None, description="Over six months, as a share (0.1 = 10 %).")
    news: Passage | None = None
    posts: Passage | None = Field(None, description="What the contact posted lately.")

    @model_validator(mode="after")
    def _within_bounds(self) -> "LeadRequest":
        extra = self.__pydantic_extra__
        if len(extra) > MOST_CUSTOM or len(self.model_fields_set) > MOST_CUSTOM:
            raise ValueError(f"more than {MOST_CUSTOM} fields")
        for name in extra:
            if len(name) > LONGEST_NAME or "\x00" in name:
                raise ValueError(f"the name of a custom field is longer than {LONGEST_NAME} characters or has a null")
        return self


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored that helps to score a lead."""

    lead_id: str | None = None
    company_id: str | None = None
    job_title: str | None = None
    company: Mapping[str, Any] = field(default_factory=dict)
    """Facts of its company that count, by the names of CompanyFacts."""
    custom: Mapping[str, Value] = field(default_factory=dict)
    """Custom fields that came with the lead."""
    features: Mapping[str, Value] = field(default_factory=dict)
    """The features that the lead was last scored with."""
    recent_progression_rate: float | None = None
    long_progression_rate: float | None = None
    knows_outcomes: bool = False
    """Whether it is known which calls have progressed, be they none."""
    earlier_calls: int = 0
    """Of its company, before the call that is asked about."""
    last_called_at: datetime | None = None
    """The last of them."""
    earlier_progressed: int | None = 0
    """Of them; None where nobody has said which calls have progressed."""
    called_at: datetime | None = None
    """When the call that is asked about was held, where that is kept; else it is taken as one of this moment."""
    call_known_at: datetime | None = None
    """When it became known."""
    mails: tuple[SentMail, ...] = ()
    """That campaigns sent to the lead."""


NOTHING = Stored()
COUNTED_ANEW = frozenset(
    {"earlier_calls", "days_since_earlier_call", "earlier_progressed", "knows_company"}
    | {feature.__name__ for feature in MAILS}
)
JUDGED_AFTER = timedelta(days=2)
"""A call that is kept is judged so long after it became known, whenever it is asked about."""
FACTS = tuple(
    one.name for one in fields(CompanyFacts) if one.name not in ("company_id", "source", "known_at", "confidence")
)


def _company_id(lead: Any, stored: Stored, _: datetime) -> str | None:
    domain = website_domain(lead.domain) or company_domain(lead.email)
    return stored.company_id or company_id_of(domain, lead.company_name)


def _sentiment(lead: Any, _stored: Stored, _: datetime) -> float | None:
    return lead.sentiment if lead.sentiment is not None else sentiment_of(lead.call_notes, lead.transcript)


def _days_since_earlier_call(_: Any, stored: Stored, at: datetime) -> float | None:
    """As training counts them (warehouse/views/judged_calls_as_of.sql)."""
    return _days_before_call(stored.last_called_at, stored, at) if stored.earlier_calls else None


def _mails(stored: Stored, at: datetime) -> MailsBefore:
    judged_at = at if stored.call_known_at is None else min(at, stored.call_known_at + JUDGED_AFTER)
    return mails_before(stored.mails, stored.called_at or at, judged_at)


def _days_before_call(moment: datetime | None, stored: Stored, at: datetime) -> float | None:
    return None if moment is None else max(0.0, ((stored.called_at or at) - moment) / timedelta(days=1))


FROM_LEAD: Mapping[str, Callable[[Any, Stored, datetime], Any]] = {
    "call_id": lambda lead, stored, at: lead.call_id or "",
    "content_hash": lambda lead, stored, at: "",
    "lead_id": lambda lead, stored, at: lead_id_of_request(lead, stored),
    "judged_at": lambda lead, stored, at: at,
    "called_at": lambda lead, stored, at: at,
    "company_id": _company_id,
    "company_name": lambda lead, stored, at: lead.company_name,
    "lead_email": lambda lead, stored, at: lead.email,
    "job_title": lambda lead, stored, at: lead.job_title or stored.job_title,
    "title": lambda lead, stored, at: lead.title,
    "notes": lambda lead, stored, at: lead.call_notes,
    "transcript": lambda lead, stored, at: lead.transcript,
    "own_speakers": lambda lead, stored, at: lead.own_speakers or (),
    "posts": lambda lead, stored, at: lead.posts,
    "minutes": lambda lead, stored, at: lead.minutes,
    "sentiment": _sentiment,
    "attendees": lambda lead, stored, at: lead.attendees or 0,
    "earlier_calls": lambda lead, stored, at: stored.earlier_calls,
    "days_since_earlier_call": _days_since_earlier_call,
    "earlier_progressed": lambda lead, stored, at: stored.earlier_progressed or 0,
    "recent_progression_rate": lambda lead, stored, at: stored.recent_progression_rate,
    "long_progression_rate": lambda lead, stored, at: stored.long_progression_rate,
    "mails_sent": lambda lead, stored, at: _mails(stored, at).sent,
    "mails_clicked": lambda lead, stored, at: _mails(stored, at).clicked,
    "mails_replied": lambda lead, stored, at: _mails(stored, at).replied,
    "days_since_mail_reaction": lambda lead, stored, at: _days_before_call(_mails(stored, at).reacted_at, stored, at),
    "urgency_level": lambda lead, stored, at: lead.urgency_level,
}
"""What a snapshot says, by the names of Snapshot; its company and custom fields come beside."""


def fact(name: str, lead: Any, stored: Stored) -> Any:
    """A fact of the lead's company, by the names of CompanyFacts: the request's, else what is stored."""
    said = lead.company_name if name == "name" else getattr(lead, name, None)
    if said is None:
        said = stored.company.get(name)
        return tuple(said) if isinstance(said, list) else said
    return people(said) if name == "employees" else said


def snapshot_of_lead(lead: LeadRequest, stored: Stored, at: datetime) -> Snapshot:
    """What is known of a lead at a moment: what the request says, and where it says nothing what is stored."""
    plain = {name: how(lead, stored, at) for name, how in FROM_LEAD.items()}
    facts = {name: fact(name, lead, stored) for name in FACTS}
    company = CompanyFacts(company_id=plain["company_id"] or "", source="request", known_at=at, **facts)
    said = {name: value for name, value in lead.__pydantic_extra__.items() if value is not None}
    return Snapshot(**plain, company=company, custom={**stored.custom, **said})


def features_of_lead(lead: LeadRequest, stored: Stored, at: datetime) -> dict[str, Value]:
    """The features of a lead; what they do not know, they take from those that the lead was last scored with.

    What went before with the company and what came of mails is never taken from there: it is counted anew, for that
    call, and more mails, have come since.
    """
    row = build(snapshot_of_lead(lead, stored, at))
    if stored.earlier_progressed is None:
        row["earlier_progressed"] = None
    if not stored.features:
        return row
    return row | {
        name: value for name, value in stored.features.items() if row.get(name) is None and name not in COUNTED_ANEW
    }


def lead_id_of_request(lead: LeadRequest, stored: Stored = NOTHING) -> str:
    """By whom a lead is known: the stored id, else its address, else its company."""
    if stored.lead_id or lead.lead_id:
        return stored.lead_id or lead.lead_id or ""
    company_id = company_id_of(website_domain(lead.domain), lead.company_name)
    return lead_id_of(lead.email, company_id, lead.call_id or lead.company_name)


def as_number(words: str, column: str, decimal: DecimalMark = ".") -> float:
    """A number, or a yes or no, as people write it; raises Unreadable naming the column where it is neither.

    >>> as_number("1,200", "seats"), as_number("yes", "renewed")
    (1200.0, 1.0)
    """
    if words.lower() in TRUE | FALSE and not words.isdigit():
        return float(words.lower() in TRUE)
    return number(words, column, decimal)


def number_or_none(words: str, column: str) -> float | None:
    """The same; None where they are neither."""
    try:
        return as_number(words, column)
    except Unreadable:
        return None
