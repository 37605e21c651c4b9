"""What the simulated world is made of: companies, people, meetings, and the truth nobody is shown."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Company:
    """A company that may buy; `known_gaps` are the CRM columns left empty until `completed_at`."""

    company_id: str
    name: str
    domain: str
    industry: str
    employees: int
    annual_revenue: int
    funding_stage: str
    founded_year: int
    country: str
    description: str
    technologies: tuple[str, ...]
    web_functions: tuple[str, ...]
    business_model: str
    open_jobs: int
    headcount_growth: float
    created_at: datetime
    known_gaps: frozenset[str]
    completed_at: datetime | None
    fit: float = field(repr=False)
    """How well the facts above suit the product, mean 0 and about unit spread; a function of what can be seen."""
    appetite: float = field(repr=False)
    """Hidden: how much this company wants to buy at all."""
    wants_voice_ai: bool = field(repr=False)
    """Hidden: whether Voice AI is what would help it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a company who takes part in calls; the CRM knows them from `created_at`."""

    person_id: str
    company: Company
    first_name: str
    last_name: str
    email: str
    title: str
    created_at: datetime

    @property
    def full_name(self) -> str:
        """The name as a meeting shows it."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Seller:
    """An account executive of the seller."""

    seller_id: str
    full_name: str
    email: str

    @property
    def first_name(self) -> str:
        """What colleagues call them."""
        return self.full_name.split()[0]


@dataclass(frozen=True, slots=True)
class Said:
    """The signals that were really spoken on a call: what a perfect listener could write down."""

    products: tuple[str, ...]
    declined_voice_ai: bool
    need: bool
    urgency: bool
    no_rush: bool
    timeline: str
    """`near`, `far`, or empty when no date was named."""
    pricing: bool
    budget: bool
    no_budget: bool
    competitor: bool
    next_meeting: bool
    technical_depth: int
    integration: bool
    sentiment: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One uninterrupted stretch of one speaker; seconds from the start of the recording."""

    start: float
    end: float
    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Something somebody promised on the call, `timestamp` seconds in."""

    text: str
    by_seller: bool
    timestamp: int
    due_date: str | None


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject of the call with the points noted under it, each with its second."""

    title: str
    points: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class AiNotes:
    """What the note taker wrote about a call."""

    summary: str
    action_items: tuple[ActionItem, ...]
    topics: tuple[Topic, ...]
    decisions: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the deal behind a call ends: hidden until `decided_at`, for ever when that is None."""

    progressed: bool
    voice_ai: bool
    created_at: datetime
    decided_at: datetime | None
    stage: str
    amount: float | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """A call with everything that will ever be known about it; `timeline` says what is known by when."""

    meeting_id: str
    note_id: str | None
    event_guid: str
    title: str
    company: Company
    people: tuple[Person, ...]
    seller: Seller
    is_follow_up: bool
    created_at: datetime
    started_at: datetime
    ended_at: datetime
    transcript_at: datetime
    """When transcript and AI notes are there."""
    edited_at: datetime | None
    """When a person changed the notes, if ever."""
    edit: str
    lists_attendees: bool
    malformed: str
    """Empty, `no_times` or `segments_as_text`: how the vendor garbles this recording."""
    segments: tuple[Segment, ...]
    notes: AiNotes
    said: Said
    outcome: Outcome = field(repr=False)
