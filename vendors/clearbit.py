"""Clearbit: facts about a company, by its domain. LEGACY: for keys that exist already, off by default.

Clearbit belongs to HubSpot, gives no keys to accounts made after 2023 and has no successor with this interface:
RINGBACK_CLEARBIT_ENABLED turns it on where somebody still has a key. What a refusal for an overdrawn quota looks like
(402) and the body of a 429 were documented long ago and not seen since; a 429 names the moment at which to go on in
`x-ratelimit-reset`, which the HTTP client honours.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from ringback.errors import VendorRefused
from ringback.settings import Settings
from vendors.http import Client
from vendors.limits import Limit
from vendors.tolerant import Flag, Moment, Number, Part, Record, Text, Texts, Whole

SOURCE = "clearbit"
SANDBOX_KEY = "sandbox-clearbit-key"
HOUR_SECONDS = 3600.0


class ClearbitRecord(Record):
    """Anything of Clearbit's; its parts are there with nulls in them."""

    model_config = ConfigDict(alias_generator=to_camel)
    vendor = "Clearbit"


class Category(ClearbitRecord):
    """What the company does."""

    sector: Text = None
    industry_group: Text = None
    industry: Text = None
    sub_industry: Text = None
    sic_code: Text = None
    naics_code: Text = None


class Geo(ClearbitRecord):
    """Where the company sits; degrees."""

    street_number: Text = None
    street_name: Text = None
    city: Text = None
    postal_code: Text = None
    state: Text = None
    state_code: Text = None
    country: Text = None
    country_code: Text = None
    lat: Number = None
    lng: Number = None


class Metrics(ClearbitRecord):
    """How large the company is; money in US dollars."""

    alexa_us_rank: Whole = None
    alexa_global_rank: Whole = None
    employees: Whole = None
    employees_range: Text = None
    market_cap: Whole = None
    raised: Whole = None
    annual_revenue: Whole = None
    estimated_annual_revenue: Text = None
    """A range such as `$10M-$50M`."""
    fiscal_year_end: Text = None


class Handle(ClearbitRecord):
    """A name in a social network."""

    handle: Text = None


class Relative(ClearbitRecord):
    """The company that this one belongs to."""

    domain: Text = None


class Company(ClearbitRecord):
    """What Clearbit knows of a company, often little."""

    id: Text = None
    name: Text = None
    legal_name: Text = None
    domain: Text = None
    domain_aliases: Texts = ()
    category: Annotated[Category, Part] = Field(default_factory=Category)
    tags: Texts = ()
    description: Text = None
    founded_year: Whole = None
    location: Text = None
    time_zone: Text = None
    utc_offset: Number = None
    geo: Annotated[Geo, Part] = Field(default_factory=Geo)
    metrics: Annotated[Metrics, Part] = Field(default_factory=Metrics)
    linkedin: Annotated[Handle, Part] = Field(default_factory=Handle)
    twitter: Annotated[Handle, Part] = Field(default_factory=Handle)
    facebook: Annotated[Handle, Part] = Field(default_factory=Handle)
    crunchbase: Annotated[Handle, Part] = Field(default_factory=Handle)
    email_provider: Flag = None
    type: Text = None
    ticker: Text = None
    phone: Text = None
    tech: Texts = ()
    tech_categories: Texts = ()
    parent: Annotated[Relative, Part] = Field(default_factory=Relative)
    ultimate_parent: Annotated[Relative, Part] = Field(default_factory=Relative)
    indexed_at: Moment = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Clearbit took the question and looks the company up: ask again in some minutes."""

    domain: str


def connect(settings: Settings) -> Client:
    """A client with the configured key, or for the sandbox where none is set."""
    key = settings.clearbit_key.get_secret_value() if settings.clearbit_key else SANDBOX_KEY
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}/clearbit/v2"
    return Client(
        vendor="Clearbit",
        base_url=settings.clearbit_url or ("https://company.clearbit.com/v2" if settings.clearbit_key else sandbox),
        headers={"Authorization": f"Bearer {key}"},
        limits=(Limit(HOUR_SECONDS, settings.clearbit_requests_per_hour),),
    )


def find_company(client: Client, domain: str, cached: bool = False) -> Company | Pending | None:
    """The company of a domain; Pending where Clearbit looks it up first, None where it knows none.

    `cached` asks for what Clearbit has, however old, instead of waiting. Every answer counts as usage, each company
    once a month. Raises VendorRefused for a wrong key, address or quota (`is_out_of_credit`).
    """
    params = {"domain": domain, "cached": "true"} if cached else {"domain": domain}
    try:
        body = client.get_json_when_ready("/companies/find", params)
    except VendorRefused as refusal:
        if refusal.status == 404 and "unknown_record" in refusal.said:
            return None
        raise
    return Pending(domain) if body is None else Company.read(body)


def is_out_of_credit(refusal: VendorRefused) -> bool:
    """Whether a refusal means that the quota is used up (402)."""
    return refusal.status == 402
