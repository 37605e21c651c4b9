"""The records that pass from room to room. Times are UTC without zone; None is "not known"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Target = Literal["progression", "voice_ai"]
TARGETS: tuple[Target, ...] = ("progression", "voice_ai")

AskedBy = Literal["flow", "api", "webhook", "cli", "page"]
AnsweredBy = Literal["champion", "challenger", "rules", "pinned"]

Value = str | float | None
"""What a feature can be: a category, a number (booleans are 0.0 and 1.0), or not known."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a vendor sent, as it sent it, and when it could first have been known."""

    source: str
    kind: str
    external_id: str
    content_hash: str
    known_at: datetime
    body: str
    """JSON text."""


@dataclass(frozen=True, slots=True)
class Call:
    """One content of one call: an edited call is a second row with the same call_id and another content_hash."""

    call_id: str
    content_hash: str
    source: str
    external_id: str
    known_at: datetime
    called_at: datetime
    lead_id: str
    lead_name: str | None = None
    lead_email: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    title: str | None = None
    notes: str | None = None
    transcript: str | None = None
    """Lines `Speaker: text`."""
    own_speakers: tuple[str, ...] = ()
    """Speakers of the transcript who are ours, as it names them; empty where nobody could be told apart."""
    minutes: float | None = None
    sentiment: float | None = None
    """Polarity, -1 (hostile) to 1 (delighted)."""
    attendees: tuple[str, ...] = ()
    custom: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a source says of a company; fields it does not know are None."""

    company_id: str
    source: str
    known_at: datetime
    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    employees: float | None = None
    annual_revenue: float | None = None
    """US dollars."""
    funding_stage: str | None = None
    total_funding: float | None = None
    """US dollars raised so far."""
    founded_year: float | None = None
    country: str | None = None
    description: str | None = None
    technologies: tuple[str, ...] | None = None
    web_functions: tuple[str, ...] | None = None
    business_model: str | None = None
    open_jobs: float | None = None
    headcount_growth: float | None = None
    """Change of the number of employees over six months, as a share (0.1 = 10 %)."""
    news: str | None = None
    """What happened lately, in a few sentences."""
    confidence: float | None = None
    """How sure the source is, 0 to 1; None for a source that people keep, such as a CRM."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A contact."""

    lead_id: str
    source: str
    known_at: datetime
    external_id: str | None = None
    """The source's own name for this contact."""
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    job_title: str | None = None
    phone: str | None = None
    linkedin_url: str | None = None
    website: str | None = None
    country: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    confidence: float | None = None
    """How sure the source is, 0 to 1; None for a source that people keep, such as a CRM."""
    custom: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A statement of how a call ended, for one target; a later statement replaces an earlier one."""

    call_id: str
    target: Target
    happened: bool
    known_at: datetime
    matures_at: datetime
    """From then on the label may be learned from: its slow losses have had time to come in."""
    source: str
    stated: str
    """The outcome in the source's own words."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read, with the reason and the way out."""

    source: str
    kind: str
    external_id: str
    content_hash: str
    known_at: datetime
    field: str
    reason: str
    body: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A call and all that was known of it at the moment it is judged; what features are computed from."""

    call_id: str
    content_hash: str
    lead_id: str
    judged_at: datetime
    called_at: datetime
    company_id: str | None = None
    company_name: str | None = None
    company: CompanyFacts | None = None
    lead_email: str | None = None
    job_title: str | None = None
    title: str | None = None
    notes: str | None = None
    transcript: str | None = None
    """Lines `Speaker: text`."""
    own_speakers: tuple[str, ...] = ()
    """Speakers who are ours; what anybody else says is the customer's, or not known to be ours."""
    posts: str | None = None
    """What the contact posted lately on LinkedIn."""
    minutes: float | None = None
    sentiment: float | None = None
    attendees: int = 0
    earlier_calls: int = 0
    """Calls with the same company that were known before this one."""
    days_since_earlier_call: float | None = None
    earlier_progressed: int = 0
    """Of them, those whose progression was known before this call."""
    recent_progression_rate: float | None = None
    """Share that progressed among the last 100 outcomes known before this call, all companies."""
    long_progression_rate: float | None = None
    """The same of the last 1,000."""
    mails_sent: int = 0
    """Mails of campaigns that were sent to the lead in the 90 days before the call."""
    mails_clicked: int = 0
    """Of them, those in which a person followed a link, as far as known when the call is judged, as what follows."""
    mails_replied: int = 0
    days_since_mail_reaction: float | None = None
    """From the last time a person opened, clicked or replied to one of them until the call; None where nobody did."""
    urgency_level: int | None = None
    """1 (none) to 5 (now), where whoever asks says so."""
    custom: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a pair of champions said of one call."""

    prediction_id: str
    call_id: str
    content_hash: str
    lead_id: str
    predicted_at: datetime
    progression_version: str
    """Version of the champion, `rules` where none could be loaded, `none` where the target has no champion."""
    voice_ai_version: str
    progression_probability: float
    voice_ai_probability: float | None
    qualification_score: int
    voice_ai_fit: int | None
    recommendation: str
    priority: str
    confidence: float
    reasons: tuple[str, ...]
    company_name: str | None = None
    features_hash: str | None = None
    """By which the features it was made from are kept; None of answers older than that."""
    source: AskedBy = "flow"
    answered_by: AnsweredBy = "champion"
    points: float | None = None
    """The score before it is rounded."""
    voice_ai_weight: float | None = None
    """Of the policy: how much of the points is Voice-AI fit."""
    challenger: Mapping[str, Mapping[str, str | float]] | None = None
    """What a challenger said beside, by target: its version and probability."""
