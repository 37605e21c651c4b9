"""What Apollo says of people, organizations and job postings, and what is asked about people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from vendors.tolerant import Exact, Flag, Identity, Moment, Number, Part, Record, Several, Text, Texts, Whole, domain_of


class ApolloRecord(Record):
    """Anything of Apollo's; every field but the name may be missing."""

    vendor = "Apollo"


class FundingEvent(ApolloRecord):
    """A round of funding; the amount is a text such as `100M`, in a currency such as `$`."""

    id: Text = None
    date: Moment = None
    type: Text = None
    investors: Text = None
    amount: Text = None
    currency: Text = None
    news_url: Text = None


class Technology(ApolloRecord):
    """Something the organization uses."""

    uid: Text = None
    name: Text = None
    category: Text = None


class Organization(ApolloRecord):
    """A company; money is in US dollars."""

    id: Identity
    name: Text = None
    primary_domain: Text = None
    website_url: Text = None
    linkedin_url: Text = None
    phone: Text = None
    industry: Text = None
    industries: Texts = ()
    keywords: Texts = ()
    founded_year: Whole = None
    estimated_num_employees: Whole = None
    organization_headcount_six_month_growth: Number = None
    annual_revenue: Whole = None
    annual_revenue_printed: Text = None
    total_funding: Whole = None
    latest_funding_stage: Text = None
    latest_funding_round_date: Moment = None
    funding_events: Annotated[tuple[FundingEvent, ...], Several] = ()
    technology_names: Texts = ()
    current_technologies: Annotated[tuple[Technology, ...], Several] = ()
    departmental_head_count: Annotated[Mapping[str, Whole], Part] = Field(default_factory=dict)
    city: Text = None
    state: Text = None
    country: Text = None
    raw_address: Text = None
    short_description: Text = None

    @property
    def domains(self) -> frozenset[str]:
        """The bare domains that it is known by."""
        return frozenset(filter(None, map(domain_of, (self.primary_domain, self.website_url))))


class Employer(ApolloRecord):
    """The organization as part of a person: often empty, and seldom complete."""

    id: Text = None
    name: Text = None
    primary_domain: Text = None
    website_url: Text = None


class Employment(ApolloRecord):
    """A job that somebody has or had."""

    current: Flag = None
    title: Text = None
    organization_name: Text = None
    start_date: Moment = None
    end_date: Moment = None


class Person(ApolloRecord):
    """Somebody; from a search without e-mail and with the last name made unreadable, from `match_people` in full."""

    id: Identity
    first_name: Text = None
    last_name: Text = None
    last_name_obfuscated: Text = None
    title: Text = None
    email: Text = None
    email_status: Text = None
    """An open list: `verified` is sure, of other words nothing is promised."""
    linkedin_url: Text = None
    seniority: Text = None
    departments: Texts = ()
    functions: Texts = ()
    city: Text = None
    state: Text = None
    country: Text = None
    organization_id: Text = None
    organization: Annotated[Employer, Part] = Field(default_factory=Employer)
    employment_history: Annotated[tuple[Employment, ...], Several] = ()
    has_email: Flag = None
    has_direct_phone: Text = None
    """A text such as `Yes`."""
    last_refreshed_at: Moment = None

    @field_validator("email", mode="after")
    @classmethod
    def _is_shown(cls, email: str | None) -> str | None:
        """Apollo puts `email_not_unlocked@…` where it does not show an address (seen by many, documented nowhere)."""
        return None if email and email.lower().startswith("email_not_unlocked@") else email

    @property
    def domains(self) -> frozenset[str]:
        """The bare domains of the employer and of the e-mail address."""
        said = (self.organization.primary_domain, self.organization.website_url, self.email)
        return frozenset(filter(None, map(domain_of, said)))


class JobPosting(ApolloRecord):
    """An open job."""

    id: Identity
    title: Text = None
    url: Text = None
    city: Text = None
    state: Text = None
    country: Text = None
    posted_at: Moment = None
    last_seen_at: Moment = None


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """Whom to search for; an empty field does not narrow."""

    titles: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    employee_ranges: tuple[str, ...] = ()
    """Such as `51,200`."""
    locations: tuple[str, ...] = ()
    """Where the people themselves are, such as `California, US`."""
    keywords: str = ""


@dataclass(frozen=True, slots=True)
class PersonAsked:
    """Somebody to be matched: an id, an e-mail or LinkedIn address, or a name with the employer's domain."""

    id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    domain: str | None = None
    organization_name: str | None = None
    linkedin_url: str | None = None

    @property
    def full_name(self) -> str | None:
        """The name as it is compared, where both parts are known."""
        return full_name(self.first_name, self.last_name)


def full_name(first: str | None, last: str | None) -> str | None:
    """A name as it is compared."""
    return f"{first} {last}".casefold() if first and last else None


@dataclass(frozen=True, slots=True)
class PeopleMatched:
    """Who was found, for whom nothing was found, and what it cost."""

    found: Mapping[PersonAsked, Person]
    missing: tuple[PersonAsked, ...]
    unmatched: tuple[Mapping[str, Any], ...]
    """Matches as sent that belong to nobody we can name: paid for, and safer left alone than guessed."""
    credits_consumed: int | None
    request_id: int | None
    """Where a waterfall goes on looking: ask `late_result` for it."""
    body: Mapping[str, Any] = field(repr=False)
    """The reply as sent."""


@dataclass(frozen=True, slots=True)
class OrganizationsFound:
    """Organizations by the domain that was asked for, and what they cost."""

    found: Mapping[str, Organization]
    missing: tuple[str, ...]
    unmatched: tuple[Mapping[str, Any], ...]
    """Organizations as sent under none of the domains that were asked for, as after a change of name."""
    credits_consumed: int | None
    """None where Apollo does not say, which its documentation of this request never does: count one for each found."""
    body: Mapping[str, Any] = field(repr=False)


class LateReply(ApolloRecord):
    """What a waterfall found, or that it still looks."""

    request_id: Exact = None
    webhook_status: Text = None
    failure_reason: Text = None
    webhook_result: Annotated[Mapping[str, Any], Part] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LateResult:
    """How far a waterfall is; `expired` after 30 days, `unknown` where Apollo knows no such request."""

    state: Literal["pending", "done", "failed", "expired", "unknown"]
    result: Mapping[str, Any] | None = None
    """As sent, where done."""
    reason: str | None = None
    """Where failed."""
    ask_again_after_seconds: float | None = None
    """Where pending."""


def match_back(asked: tuple[PersonAsked, ...], people: tuple[Person, ...]) -> dict[PersonAsked, Person]:
    """Who of the people is whom we asked for: by id, else e-mail, LinkedIn address, or name and domain; never by place.

    Two people who fit one question equally well fit none. A person of whose employer nothing is said is taken for the
    only one who was asked for under the name: the reply's `organization` is often empty.

    >>> ana = Person(id="7", first_name="Ana", last_name="Diaz", email="ana@acme.test")
    >>> match_back((PersonAsked(first_name="Ana", last_name="Diaz", domain="acme.test"),), (ana,)).popitem()[1].id
    '7'
    """
    names = Counter(one.full_name for one in asked)
    found = {}
    for one in asked:
        for rule in SAME if names[one.full_name] > 1 else (*SAME, _same_name_at_no_known_employer):
            fitting = {person.id: person for person in people if rule(one, person)}
            if len(fitting) == 1:
                found[one] = next(iter(fitting.values()))
            if fitting:
                break
    return found


def _same_id(asked: PersonAsked, person: Person) -> bool:
    return asked.id == person.id


def _same_email(asked: PersonAsked, person: Person) -> bool:
    return bool(asked.email and person.email) and str(asked.email).lower() == str(person.email).lower()


def _same_profile(asked: PersonAsked, person: Person) -> bool:
    return bool(asked.linkedin_url and person.linkedin_url) and _profile(asked.linkedin_url) == _profile(
        person.linkedin_url
    )


def _profile(url: str | None) -> str:
    return str(url).lower().rpartition("://")[2].removeprefix("www.").split("?")[0].rstrip("/")


def _same_name_and_employer(asked: PersonAsked, person: Person) -> bool:
    return _same_name(asked, person) and domain_of(asked.domain) in person.domains


def _same_name_at_no_known_employer(asked: PersonAsked, person: Person) -> bool:
    return _same_name(asked, person) and not person.domains


def _same_name(asked: PersonAsked, person: Person) -> bool:
    return asked.full_name is not None and asked.full_name == full_name(person.first_name, person.last_name)


SAME = (_same_id, _same_email, _same_profile, _same_name_and_employer)
"""From the surest on."""
