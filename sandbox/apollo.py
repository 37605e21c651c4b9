"""Apollo's stand-in: enrichment, search, job postings and late results (vendors.md, section 3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TypeVar

from fastapi import Request, Response

from sandbox.apollo_records import apollo_id, brief, found_person, job_posting, organization, whole_person
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.records import Company, Person
from sandbox.vendor import FixedWindow, Handler, Settings, Vendor, body_or_none
from sandbox.world import World

API_KEY = "sandbox-apollo-key"
MOST_IN_BULK, MOST_PER_PAGE, MOST_PAGES = 10, 100, 500
RESULTS_KEPT = timedelta(days=30)
FIRST_REQUEST_ID = 5_000_000_000_000_000_000
"""Beyond what a float holds exactly."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApolloSettings(Settings):
    """How Apollo behaves."""

    per_minute: float = 1_000
    per_hour: float = 6_000
    per_day: float = 50_000
    forbidden: str = ""
    """The beginning of the paths the key has no scope for, such as `mixed_companies`."""
    checks_until_ready: float = 2
    """A late result is pending for so many requests."""


class Apollo(Vendor[ApolloSettings]):
    """The stand-in's state: limits, credits used, and late results."""

    name = "apollo"

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, ApolloSettings())

    def begin(self) -> None:
        """No credits used, no results to come."""
        self.windows = {"minute": FixedWindow(60), "hourly": FixedWindow(3600), "24-hour": FixedWindow(86400)}
        self.credits_used = 0
        self.late: dict[int, tuple[datetime, list[JsonObject]]] = {}
        self.checks: dict[int, int] = {}

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        return [
            ("POST", "/api/v1/people/match", self.match),
            ("POST", "/api/v1/people/bulk_match", self.bulk_match),
            ("GET", "/api/v1/organizations/enrich", self.enrich),
            ("POST", "/api/v1/organizations/bulk_enrich", self.bulk_enrich),
            ("POST", "/api/v1/mixed_people/api_search", self.search_people),
            ("POST", "/api/v1/mixed_companies/search", self.search_companies),
            ("GET", "/api/v1/organizations/{organization_id}/job_postings", self.job_postings),
            ("GET", "/api/v1/webhook_result/{request_id}", self.late_result),
        ]

    def authenticate(self, request: Request) -> None:
        """The key, and whether it may use this path."""
        if request.headers.get("x-api-key") != API_KEY:
            text = "Invalid API key. Please check the key and try again."
            raise self.refused("unauthorized", Response(text, 401, media_type="text/plain"))
        path = request.url.path.removeprefix("/apollo/api/v1/")
        if self.settings.forbidden and path.startswith(self.settings.forbidden):
            error = f"This API key is not authorized to access api/v1/{path}"
            raise self.refused("forbidden", answer({"error": error, "error_code": "API_INACCESSIBLE"}, 403))

    def limit(self, request: Request) -> None:
        """So many requests a minute, an hour and a day."""
        allowed = (self.settings.per_minute, self.settings.per_hour, self.settings.per_day)
        admitted = [window.admits(most) for window, most in zip(self.windows.values(), allowed, strict=True)]
        if not all(admitted):
            raise self.refused("rate_limit", self.too_many())

    def too_many(self) -> Response:
        """429, with the seconds until the minute is over."""
        text = f"The maximum number of api calls allowed is {self.settings.per_minute:.0f} times per minute."
        wait = {"retry-after": str(self.windows["minute"].seconds_left())}
        return answer({"message": text}, 429, {**self.usage(), **wait})

    def usage(self) -> dict[str, str]:
        """The rate headers."""
        allowed = (self.settings.per_minute, self.settings.per_hour, self.settings.per_day)
        headers: dict[str, str] = {}
        for (name, window), most in zip(self.windows.items(), allowed, strict=True):
            headers[f"x-rate-limit-{name}"] = f"{most:.0f}"
            headers[f"x-{name}-usage"] = str(window.used)
            headers[f"x-{name}-requests-left"] = f"{max(0.0, most - window.used):.0f}"
        return headers

    def books(self) -> JsonObject:
        """Credits used."""
        return {"credits_used": self.credits_used}

    def told(self, body: JsonObject) -> Response:
        """An answer with the rate headers."""
        return answer(body, 200, self.usage())

    async def match(self, request: Request) -> Response:
        """One person."""
        person = self.person({**await wanted(request), **dict(request.query_params)})
        self.credits_used += person is not None
        return self.told({"person": whole_person(person) if person else None})

    async def bulk_match(self, request: Request) -> Response:
        """Up to ten people; null stands where nobody was found."""
        details = bulk((await wanted(request)).get("details"))
        if not all(isinstance(one, dict) for one in details):
            raise rejected("INVALID_REQUEST", "details must be objects")
        people = [self.person(one) for one in details]
        found = {person.person_id for person in people if person}
        self.credits_used += len(found)
        matches = [whole_person(person) if person else None for person in people]
        body: JsonObject = {
            "status": "success", "error_code": None, "error_message": None,
            "total_requested_enrichments": len(details), "unique_enriched_records": len(found),
            "missing_records": matches.count(None), "credits_consumed": len(found), "matches": matches,
        }  # fmt: skip
        if request.query_params.get("run_waterfall_email") == "true":
            request_id = FIRST_REQUEST_ID + len(self.late) + 1
            self.late[request_id] = (self.now(), [whole_person(person) for person in people if person])
            body |= {"waterfall": {"status": "accepted", "message": "Accepted"}, "request_id": request_id}
        return self.told(body)

    async def enrich(self, request: Request) -> Response:
        """One organization by domain."""
        domain = request.query_params.get("domain")
        if not domain:
            raise invalid()
        company = self.directory.company(domain)
        self.credits_used += company is not None
        return self.told({"organization": organization(company)} if company else {})

    async def bulk_enrich(self, request: Request) -> Response:
        """Up to ten organizations by domain."""
        asked = request.query_params.getlist("domains[]")
        details = (await wanted(request)).get("details")
        if not asked and isinstance(details, list):
            asked = [str(one.get("domain")) for one in details if isinstance(one, dict)]
        unique = list(dict.fromkeys(bulk(asked)))
        companies = [company for company in map(self.directory.company, unique) if company]
        self.credits_used += len(companies)
        return self.told(
            {
                "status": "success", "error_code": None, "error_message": None, "total_requested_domains": len(asked),
                "unique_domains": len(unique), "unique_enriched_records": len(companies),
                "missing_records": len(unique) - len(companies),
                "organizations": [organization(company) for company in companies],
            }
        )  # fmt: skip

    async def search_people(self, request: Request) -> Response:
        """A page of people; totals stand beside them."""
        asked = await wanted(request)
        titles, domains = texts(asked, "person_titles"), texts(asked, "q_organization_domains_list")
        found = [
            person
            for person in self.directory.people()
            if (not titles or any(title in person.title.lower() for title in titles))
            and (not domains or person.company.domain in domains)
            and within(person.company, asked)
        ]
        shown, _, _ = page_of(found, asked)
        return self.told({"total_entries": len(found), "people": [found_person(person) for person in shown]})

    async def search_companies(self, request: Request) -> Response:
        """A page of companies; totals stand in `pagination`."""
        asked = await wanted(request)
        domains = texts(asked, "q_organization_domains_list")
        found = [
            company
            for company in self.directory.companies()
            if (not domains or company.domain in domains) and within(company, asked)
        ]
        shown, page, size = page_of(found, asked)
        self.credits_used += 1
        total = {"page": page, "per_page": size, "total_entries": len(found), "total_pages": ceil(len(found) / size)}
        return self.told(
            {
                "pagination": total, "organizations": [brief(company) for company in shown], "accounts": [],
                "breadcrumbs": [], "model_ids": [apollo_id(company.domain) for company in shown],
                "partial_results_only": False, "partial_results_limit": 10_000,
            }
        )  # fmt: skip

    async def job_postings(self, organization_id: str, request: Request) -> Response:
        """A page of the open positions of an organization; an unknown one has none."""
        companies = (one for one in self.directory.companies() if apollo_id(one.domain) == organization_id)
        company = next(companies, None)
        asked: JsonObject = {name: int(value) for name, value in request.query_params.items() if value.isdecimal()}
        numbers, _, _ = page_of(range(company.open_jobs) if company else (), asked)
        self.credits_used += 1
        postings = [job_posting(company, number) for number in numbers] if company else []
        return self.told({"organization_job_postings": postings})

    async def late_result(self, request_id: str) -> Response:
        """The result of a waterfall: pending at first, gone after 30 days."""
        if not request_id.isdecimal():
            return answer({"error_code": "invalid_request_id"}, 400, self.usage())
        number = int(request_id)
        if number not in self.late:
            return answer({"error_code": "request_id_unknown"}, 404, self.usage())
        accepted_at, people = self.late[number]
        if self.now() - accepted_at > RESULTS_KEPT:
            return answer({"error_code": "request_id_expired"}, 410, self.usage())
        self.checks[number] = self.checks.get(number, 0) + 1
        if self.checks[number] <= self.settings.checks_until_ready:
            return answer({"error_code": "result_pending", "retry_after_seconds": 10}, 404, self.usage())
        return self.told(
            {
                "request_id": number, "webhook_status": "success", "request_type": "waterfall_enrichment",
                "last_dispatched_at": None, "failure_reason": None, "webhook_result": {"people": people},
            }
        )  # fmt: skip

    def person(self, asked: JsonObject) -> Person | None:
        """Whom a detail means: by id, address, profile, or name and domain."""
        if asked.get("id"):
            return next((p for p in self.directory.people() if apollo_id(p.person_id) == asked["id"]), None)
        if asked.get("email") or asked.get("linkedin_url"):
            return self.directory.person(email=asked.get("email"), profile=asked.get("linkedin_url"))
        return self.directory.named(asked.get("first_name"), asked.get("last_name"), asked.get("domain"))


async def wanted(request: Request) -> JsonObject:
    """The filters of a request: its body, and its query with bracketed names for lists."""
    body = await body_or_none(request)
    if body is None:
        raise invalid()
    query = request.query_params
    return body | {name.removesuffix("[]"): query.getlist(name) for name in query if name.endswith("[]")}


def bulk(asked: object) -> list[JsonObject]:
    """What a bulk request lists; raises Answered with 400 for none or more than ten."""
    if not isinstance(asked, list) or not asked:
        raise rejected("INVALID_REQUEST", "details is required")
    if len(asked) > MOST_IN_BULK:
        raise rejected("RECORD_LIMIT_EXCEEDED", f"At most {MOST_IN_BULK} records are allowed")
    return asked


def rejected(code: str, message: str) -> Answered:
    """400 in the shape of bulk requests."""
    return Answered(answer({"status": "failed", "error_code": code, "error_message": message}, 400))


def invalid() -> Answered:
    """422 for parameters of the wrong kind."""
    return Answered(answer({"error": "Invalid parameters"}, 422))


def texts(asked: JsonObject, name: str) -> list[str]:
    """A list filter in small letters; raises Answered with 422 for something else."""
    value = asked.get(name) or []
    if not isinstance(value, list):
        raise invalid()
    return [str(one).lower() for one in value]


def within(company: Company, asked: JsonObject) -> bool:
    """The company has as many employees as one of the asked ranges, such as `51,200`."""
    ranges = [one.partition(",") for one in texts(asked, "organization_num_employees_ranges")]
    if not all(low.isdecimal() and (high.isdecimal() or not high) for low, _, high in ranges):
        raise invalid()
    return not ranges or any(int(low) <= company.employees <= int(high or 10**9) for low, _, high in ranges)


def page_of(found: Sequence[T], asked: JsonObject) -> tuple[Sequence[T], int, int]:
    """The asked page with its number and size; raises Answered with 422 past page 500 or 100 a page."""
    page, size = asked.get("page", 1), asked.get("per_page", 25)
    if not isinstance(page, int) or not isinstance(size, int):
        raise invalid()
    if not (1 <= page <= MOST_PAGES and 1 <= size <= MOST_PER_PAGE):
        raise invalid()
    return found[(page - 1) * size : page * size], page, size
