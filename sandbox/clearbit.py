"""Clearbit's stand-in: companies by domain, sometimes queued first (vendors.md, section 5).

The streaming host is the path below `/clearbit/stream`: it waits instead of answering 202.
"""

import asyncio
import base64
import binascii
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from fastapi import Request, Response

from ringback.clock import now as real_now
from sandbox.directory import company_profile_url, funding_total, gaps, profile_url
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.records import Company, Person
from sandbox.vendor import RATE_LIMIT, FixedWindow, Handler, Settings, Vendor
from sandbox.world import World

API_KEY = "sandbox-clearbit-key"
ALWAYS_QUEUED = "queued.test"
"""A domain that stays 202 for ever."""


@dataclass(frozen=True, slots=True)
class ClearbitSettings(Settings):
    """How Clearbit behaves."""

    per_minute: float = 600
    queued_first: bool = True
    """About a third of the companies are 202 on the first request."""
    stream_seconds: float = 0.2
    """How long the streaming host holds a queued request."""


class Clearbit(Vendor[ClearbitSettings]):
    """The stand-in's state: who was asked for how often."""

    name = "clearbit"

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, ClearbitSettings())

    def begin(self) -> None:
        """Nothing was asked for."""
        self.asked: Counter[str] = Counter()
        self.billed: Counter[str] = Counter()
        self.minute = FixedWindow(60)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        return [
            ("GET", "/v2/companies/find", self.find),
            ("GET", "/stream/v2/companies/find", self.find_streaming),
            ("GET", "/v2/combined/find", self.combined),
            ("GET", "/v1/domains/find", self.find_domain),
        ]

    def authenticate(self, request: Request) -> None:
        """The key as the user of Basic, or as a bearer token."""
        given = request.headers.get("Authorization")
        if given is None:
            raise self.refused("unauthorized", self.error("auth_required", 401))
        if key_of(given) != API_KEY:
            raise self.refused("unauthorized", self.error("invalid_api_key", 401))

    def limit(self, request: Request) -> None:
        """So many requests a minute."""
        if not self.minute.admits(self.settings.per_minute):
            raise self.refused(RATE_LIMIT, self.too_many(request))

    def too_many(self, request: Request) -> Response:
        """429: the reset is told as a moment, without Retry-After."""
        return self.error("rate_limit", 429)

    def server_error(self) -> Response:
        """500."""
        return self.error("api_error", 500)

    def not_found(self) -> Response:
        """404 for an unknown path."""
        return self.error("unknown_route", 404)

    def error(self, kind: str, status: int) -> Response:
        """An error in Clearbit's envelope, with the rate headers."""
        message = kind.replace("_", " ").capitalize()
        return answer({"error": {"type": kind, "message": f"{message}."}}, status, self.rate())

    def rate(self) -> dict[str, str]:
        """The rate headers; the reset in seconds since 1970, by the real clock."""
        self.minute.roll()
        left = max(0.0, self.settings.per_minute - self.minute.used)
        return {
            "x-ratelimit-limit": f"{self.settings.per_minute:.0f}",
            "x-ratelimit-remaining": f"{left:.0f}",
            "x-ratelimit-reset": str(int(real_now().replace(tzinfo=UTC).timestamp()) + self.minute.seconds_left()),
            "x-api-version": "2019-12-19",
        }

    async def find(self, request: Request) -> Response:
        """The company of a domain; 202 while it is looked up."""
        domain = self.domain(request)
        if self.is_queued(domain) and request.query_params.get("cached") != "true":
            return answer({"error": {"type": "queued"}}, 202, self.rate())
        return self.found(domain)

    async def find_streaming(self, request: Request) -> Response:
        """The company of a domain, when it has been looked up."""
        domain = self.domain(request)
        if self.is_queued(domain):
            await asyncio.sleep(self.settings.stream_seconds)
        return self.found(domain)

    async def combined(self, request: Request) -> Response:
        """The person of an address with the company; either may be null, and 404 where both are."""
        email = request.query_params.get("email", "").lower()
        if not email:
            raise Answered(self.error("params_invalid", 422))
        person = self.directory.person(email=email)
        company = person.company if person else self.directory.company(email)
        if company is None:
            return self.error("unknown_record", 404)
        self.billed[email] += 1
        found: JsonObject = {"person": person_record(person) if person else None, "company": record(company)}
        return answer(found, 200, self.rate())

    async def find_domain(self, request: Request) -> Response:
        """The domain of a company by its name, as it is written."""
        name = request.query_params.get("name", "").strip().lower()
        if not name:
            raise Answered(self.error("params_invalid", 422))
        company = next((one for one in self.directory.companies() if one.name.lower() == name), None)
        if company is None:
            return self.error("unknown_record", 404)
        self.billed[name] += 1
        return answer({"name": company.name, "domain": company.domain, "logo": None}, 200, self.rate())

    def books(self) -> JsonObject:
        """How often a record was given for each domain, address or name; the vendor bills the first in a month."""
        return {"billed": dict(self.billed)}

    def domain(self, request: Request) -> str:
        """The domain asked for; raises Answered with 422 when there is none."""
        domain = request.query_params.get("domain", "").lower()
        if not domain:
            raise Answered(self.error("params_invalid", 422))
        self.asked[domain] += 1
        return domain

    def is_queued(self, domain: str) -> bool:
        """The domain is not looked up yet."""
        first = self.settings.queued_first and self.asked[domain] == 1 and crc32(domain.encode()) % 3 == 0
        return domain == ALWAYS_QUEUED or first

    def found(self, domain: str) -> Response:
        """The company, or 404."""
        company = self.directory.company(domain)
        if company is None:
            return self.error("unknown_record", 404)
        self.billed[domain] += 1
        return answer(record(company), 200, self.rate())


def key_of(authorization: str) -> str:
    """The key of a Basic or Bearer header; empty when it cannot be read."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given
    try:
        return base64.b64decode(given).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def record(company: Company) -> JsonObject:
    """A company in Clearbit's shape: its parts are always there, their members null where unknown."""
    facts: JsonObject = {
        "industry": company.industry, "description": company.description, "foundedYear": company.founded_year,
        "country": company.country, "employees": company.employees, "raised": funding_total(company),
        "annualRevenue": company.annual_revenue, "tech": list(company.technologies),
    }  # fmt: skip
    missing = gaps("clearbit", company.domain, facts)
    known = {name: None if name in missing else value for name, value in facts.items()}
    return {
        "id": f"cb_{company.company_id}", "name": company.name, "legalName": None, "domain": company.domain,
        "domainAliases": [], "tags": [company.business_model], "description": known["description"],
        "category": {"sector": None, "industryGroup": None, "industry": known["industry"], "subIndustry": None},
        "foundedYear": known["foundedYear"], "location": known["country"], "timeZone": None, "utcOffset": None,
        "geo": {"city": None, "state": None, "country": known["country"], "countryCode": None},
        "linkedin": {"handle": company_profile_url(company).split(".com/")[1]}, "twitter": {"handle": None},
        "emailProvider": False, "type": "public" if company.funding_stage == "Public" else "private", "ticker": None,
        "phone": None, "indexedAt": "2025-12-01T00:00:00.000Z",
        "metrics": {"employees": known["employees"], "employeesRange": None, "marketCap": None,
                    "raised": known["raised"], "annualRevenue": known["annualRevenue"],
                    "estimatedAnnualRevenue": None},
        "tech": known["tech"] or [], "parent": {"domain": None},
    }  # fmt: skip


def person_record(person: Person) -> JsonObject:
    """A person in Clearbit's shape."""
    missing = gaps("clearbit", person.person_id, ("title", "linkedin"))
    return {
        "id": f"cb_{person.person_id}",
        "name": {"fullName": person.full_name, "givenName": person.first_name, "familyName": person.last_name},
        "email": person.email,
        "location": None,
        "employment": {"domain": person.company.domain, "name": person.company.name,
                       "title": None if "title" in missing else person.title, "role": None, "seniority": None},
        "linkedin": {"handle": None if "linkedin" in missing else profile_url(person).split(".com/")[1]},
        "indexedAt": "2025-12-01T00:00:00.000Z",
    }  # fmt: skip
