"""What is known of a campaign's member at a moment, and the names by which rules speak of it: `FACTS`.

What is not known is None, and never the same as zero or empty: a company that was looked at and uses no technology has
an empty list of them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any, Literal

from database.member_facts import Calls, LastAnswer, Mails, Member
from features.custom import MOMENT
from features.engagement import SENIORITY
from intake.identity import GENERIC_PROVIDERS
from ringback.clock import parse_time

Kind = Literal["number", "text", "texts", "flag", "date", "any"]
"""`any` is a custom field: what it is compared with says what it is read as."""
FactValue = str | float | bool | tuple[str, ...] | datetime | None
GROUPS = ("engagement", "budget_fit", "company_fit", "need", "timing")
CUSTOM = "custom."
DAY = timedelta(days=1)
WORDS_REMEMBERED = 10_000
SENIORITIES = (*(level for level, _ in SENIORITY), "other")
DEPARTMENTS = (
    ("customer service", re.compile(r"customer|client|support|contact cent|call cent|member|patient|guest", re.I)),
    ("product and engineering", re.compile(r"product|engineer|develop|architect|software|\bc[tp]o\b", re.I)),
    ("information technology", re.compile(r"\bit\b|information|technolog|infrastructure|systems?\b|\bcio\b", re.I)),
    ("operations", re.compile(r"operati|\bcoo\b|dispatch|logistic|facilit|process|automation", re.I)),
    ("marketing and sales", re.compile(r"market|sales|growth|revenue|commercial|business dev|\bc[mr]o\b", re.I)),
    ("finance and purchasing", re.compile(r"financ|account|procure|purchas|controller|treasur|\bcfo\b", re.I)),
    ("people and legal", re.compile(r"human|\bhr\b|people|talent|legal|counsel|compliance", re.I)),
    ("general management", re.compile(r"\bceo\b|chief exec|founder|owner|president|managing|general manager", re.I)),
)  # fmt: skip
"""What a job title speaks of; the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Person:
    """The contact."""

    id: str
    source: str
    known_at: datetime
    name: str | None = None
    email: str | None = None
    job_title: str | None = None
    country: str | None = None

    @property
    def email_domain(self) -> str | None:
        """What stands behind the @, in small letters."""
        return self.email.rpartition("@")[2].lower() or None if self.email and "@" in self.email else None

    @property
    def has_company_address(self) -> bool | None:
        """Whether the address is at work; false at a provider that gives addresses to everybody."""
        domain = self.email_domain
        return None if domain is None else domain.split(".")[0] not in GENERIC_PROVIDERS

    @property
    def seniority(self) -> str | None:
        """Level in the company that the job title speaks of."""
        return _seniority(self.job_title) if self.job_title else None

    @property
    def department(self) -> str | None:
        """What the job title says the contact is in charge of."""
        return _department(self.job_title) if self.job_title else None


@dataclass(frozen=True, slots=True)
class Company:
    """The company that the contact works for."""

    id: str | None = None
    known_at: datetime | None = None
    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    employees: float | None = None
    annual_revenue: float | None = None
    """US dollars."""
    funding_stage: str | None = None
    total_funding: float | None = None
    """US dollars."""
    founded_year: float | None = None
    country: str | None = None
    description: str | None = None
    technologies: tuple[str, ...] | None = None
    web_functions: tuple[str, ...] | None = None
    business_model: str | None = None
    open_jobs: float | None = None
    headcount_growth: float | None = None
    """Over six months, as a share."""
    news: str | None = None

    @property
    def known_percent(self) -> float:
        """How much is known of what enrichment looks for, as a part of 100."""
        known = sum(getattr(self, name) is not None for name in LOOKED_FOR)
        return round(100 * known / len(LOOKED_FOR))


LOOKED_FOR = tuple(one.name for one in fields(Company) if one.name not in ("id", "known_at", "name", "domain"))
NUMBERS = ("employees", "annual_revenue", "total_funding", "founded_year", "open_jobs", "headcount_growth")
LISTS = ("technologies", "web_functions")
WORDS = tuple(name for name in ("name", "domain", *LOOKED_FOR) if name not in (*NUMBERS, *LISTS))


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """All that is known of a member at a moment."""

    at: datetime
    lead: Person
    company: Company = field(default_factory=Company)
    score: LastAnswer | None = None
    calls: Calls | None = None
    """None where there was none."""
    mails: Mails = field(default_factory=Mails)
    custom: Mapping[str, str | float] = field(default_factory=dict)
    points: Mapping[str, int | None] = field(default_factory=dict)
    """Of the groups of its card, once that is made."""

    def with_points(self, points: Mapping[str, int | None]) -> "MemberFacts":
        """The same with what its card says."""
        return MemberFacts(self.at, self.lead, self.company, self.score, self.calls, self.mails, self.custom, points)


def facts_of(member: Member, at: datetime) -> MemberFacts:
    """What is stored about a member as facts; a value that is not of its field's kind is not known."""
    said, told = member.lead, member.company
    person = Person(
        member.lead_id, member.source, member.known_at, _text(said.get("name")), _text(said.get("email")),
        _text(said.get("job_title")), _text(said.get("country")),
    )  # fmt: skip
    read: dict[str, Any] = {name: _text(told[name]) for name in WORDS if name in told}
    read |= {name: _number(told[name]) for name in NUMBERS if name in told}
    read |= {name: _texts(told[name]) for name in LISTS if name in told}
    if "name" not in read:
        read["name"] = _text(said.get("company_name"))
    custom = {name[len(CUSTOM) :]: value for name, value in said.items() if name.startswith(CUSTOM)}
    return MemberFacts(
        at, person, Company(member.company_id, member.company_known_at, **read), member.answer, member.calls,
        member.mails, {name: value for name, value in custom.items() if _is_said(value)},
    )  # fmt: skip


def days_since(moment: datetime | None, at: datetime) -> float | None:
    """Days from a moment to another, never below 0."""
    return None if moment is None else max(0.0, (at - moment) / DAY)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that rules may name."""

    name: str
    kind: Kind
    says: str
    read: Callable[[MemberFacts], Any]
    """None where it is not known."""
    among: tuple[str, ...] = ()
    """All that it can be; empty where it can be anything."""
    fades: bool = False
    """It changes as days pass: that alone is no new decision."""


def fact_named(name: str) -> Fact | None:
    """The fact of a name, also of a custom field; None where there is none."""
    if name.startswith(CUSTOM) and len(name) > len(CUSTOM):
        column = name[len(CUSTOM) :]
        return Fact(name, "any", "A column of an import.", lambda facts: facts.custom.get(column))
    return BY_NAME.get(name)


def number_in(value: str | float | None) -> float | None:
    """What a custom field says as a number; None where it says none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return _number(value)


def text_in(value: str | float | None) -> str | None:
    """What a custom field says as text.

    >>> text_in(5.0), text_in(" gold ")
    ('5', 'gold')
    """
    return f"{value:.15g}" if isinstance(value, int | float) else _text(value)


@lru_cache(maxsize=WORDS_REMEMBERED)
def date_in(value: str | float | None) -> datetime | None:
    """What a custom field says as a date, in ISO 8601; None where it says none."""
    if not isinstance(value, str) or not MOMENT.fullmatch(value.strip()):
        return None
    try:
        return parse_time(value)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=WORDS_REMEMBERED)
def _seniority(title: str) -> str:
    return next((level for level, pattern in SENIORITY if pattern.search(title)), "other")


@lru_cache(maxsize=WORDS_REMEMBERED)
def _department(title: str) -> str:
    return next((name for name, pattern in DEPARTMENTS if pattern.search(title)), "other")


def _text(value: Any) -> str | None:
    """A text on one line; None where nothing is said."""
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if is_number else None


def _texts(value: Any) -> tuple[str, ...] | None:
    return tuple(text for one in value if (text := _text(one))) if isinstance(value, list | tuple) else None


def _is_said(value: Any) -> bool:
    return bool(value.strip()) if isinstance(value, str) else _number(value) is not None


def _of_company(says: Mapping[str, tuple[Kind, str]]) -> Iterable[Fact]:
    def reader(name: str) -> Callable[[MemberFacts], Any]:
        return lambda facts: getattr(facts.company, name)

    return [Fact(f"company.{name}", kind, told, reader(name)) for name, (kind, told) in says.items()]


def _of_group(group: str) -> Fact:
    told = f"Points of the group {group} of the member's card, 0 to 100."
    return Fact(f"{group}.points", "number", told, lambda facts: facts.points.get(group), fades=True)


FACTS: tuple[Fact, ...] = (
    Fact("lead.id", "text", "Under which the lead is kept.", lambda f: f.lead.id),
    Fact("lead.name", "text", "First and last name.", lambda f: f.lead.name),
    Fact("lead.email", "text", "Address.", lambda f: f.lead.email),
    Fact("lead.email_domain", "text", "What stands behind the @.", lambda f: f.lead.email_domain),
    Fact("lead.has_company_address", "flag", "Whether the address is at work.", lambda f: f.lead.has_company_address),
    Fact("lead.job_title", "text", "As its source names it.", lambda f: f.lead.job_title),
    Fact("lead.seniority", "text", "Level that the title speaks of.", lambda f: f.lead.seniority, SENIORITIES),
    Fact("lead.department", "text", "What the title says the lead is in charge of.", lambda f: f.lead.department,
         (*(name for name, _ in DEPARTMENTS), "other")),
    Fact("lead.country", "text", "Of the lead.", lambda f: f.lead.country),
    Fact("lead.source", "text", "Who told of the lead first.", lambda f: f.lead.source),
    Fact("lead.known_at", "date", "When something last became known of the lead.", lambda f: f.lead.known_at),
    *_of_company({
        "id": ("text", "Under which the company is kept."), "name": ("text", "Name."), "domain": ("text", "Domain."),
        "industry": ("text", "As the source names it."), "employees": ("number", "People."),
        "annual_revenue": ("number", "US dollars a year."), "funding_stage": ("text", "Of the last funding."),
        "total_funding": ("number", "US dollars raised so far."), "founded_year": ("number", "Year."),
        "country": ("text", "Of the head office."), "description": ("text", "What a source says it does."),
        "technologies": ("texts", "What it is known to use."),
        "web_functions": ("texts", "What its web site offers."), "business_model": ("text", "Whom it sells to."),
        "open_jobs": ("number", "Open positions."), "headcount_growth": ("number", "In six months, as a share."),
        "news": ("text", "What happened lately."), "known_at": ("date", "When something last became known of it."),
        "known_percent": ("number", "How much is known of what enrichment looks for, of 100."),
    }),
    Fact("score.points", "number", "The last score, 0 to 100.", lambda f: f.score and f.score.points),
    Fact("score.recommendation", "text", "What it recommends.", lambda f: f.score and f.score.recommendation,
         ("AE_HANDOFF", "NURTURE_TRACK", "SELF_SERVICE")),
    Fact("score.priority", "text", "How soon.", lambda f: f.score and f.score.priority,
         ("HIGH_VOICE_AI", "HIGH", "MEDIUM", "LOW")),
    Fact("score.voice_ai_fit", "number", "Fit for Voice AI, 0 to 100.", lambda f: f.score and f.score.voice_ai_fit),
    Fact("score.progression_probability", "number", "That the next call leads on, 0 to 1.",
         lambda f: f.score and f.score.progression_probability),
    Fact("score.confidence", "number", "How sure the score is, 0 to 1.", lambda f: f.score and f.score.confidence),
    Fact("score.predicted_at", "date", "When it was made.", lambda f: f.score and f.score.predicted_at),
    Fact("call.count", "number", "Calls with the lead.", lambda f: f.calls.count if f.calls else 0),
    Fact("call.last_at", "date", "When the last one was.", lambda f: f.calls and f.calls.last_at),
    Fact("call.days_since_last", "number", "Days since then.",
         lambda f: f.calls and days_since(f.calls.last_at, f.at), fades=True),
    Fact("call.minutes", "number", "Minutes on calls in all.", lambda f: f.calls and f.calls.minutes),
    Fact("call.sentiment", "number", "Mean tone of calls, -1 to 1.", lambda f: f.calls and f.calls.sentiment),
    Fact("mail.sent", "number", "Mails sent to the lead.", lambda f: f.mails.sent),
    Fact("mail.opened", "number", "Of them, opened by a person.", lambda f: f.mails.opened),
    Fact("mail.clicked", "number", "Of them, those in which a person clicked.", lambda f: f.mails.clicked),
    Fact("mail.replied", "number", "Of them, those that a person answered.", lambda f: f.mails.replied),
    Fact("mail.bounced", "flag", "Whether a mail came back.", lambda f: f.mails.bounced),
    Fact("mail.unsubscribed", "flag", "Whether no mails are wanted.", lambda f: f.mails.unsubscribed),
    Fact("mail.last_engaged_at", "date", "Last open, click or reply of a person.", lambda f: f.mails.last_engaged_at),
    Fact("mail.days_since_engaged", "number", "Days since then.",
         lambda f: days_since(f.mails.last_engaged_at, f.at), fades=True),
    *map(_of_group, GROUPS),
)  # fmt: skip
"""What rules may name, besides `custom.` with the name of a column of an import."""
BY_NAME: Mapping[str, Fact] = {fact.name: fact for fact in FACTS}
