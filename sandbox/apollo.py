"""Apollo's stand-in: enrichment, search, job postings and late results (vendors.md, section 3)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps
from math import ceil

from fastapi import Request, Response

from sandbox.apollo_records import apollo_id, brief, found_person, job_posting, news_article, organization, whole_person
from sandbox.apollo_requests import bulk, invalid, page_of, rejected, texts, wanted, within
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import answer
from sandbox.records import Company, Person
from sandbox.vendor import RATE_LIMIT, FixedWindow, Handler, Settings, Vendor
from sandbox.world import SELLERS, World

API_KEY = "sandbox-apollo-key"
RESULTS_KEPT = timedelta(days=30)
FIRST_REQUEST_ID = 5_000_000_000_000_000_000
"""Beyond what a float holds exactly."""
Windows = dict[str, FixedWindow]
"""What was asked of one endpoint, in each of its windows."""


@dataclass(frozen=True, slots=True)
class ApolloSettings(Settings):
    """How Apollo behaves."""

    per_minute: float = 1_000
    """For each endpoint, as are the next two; 0 for no limit, which leaves its headers empty."""
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
        self.windows: dict[str, Windows] = {}
        self.credits_used = 0
        self.billed: Counter[str] = Counter()
        self.late: dict[int, tuple[datetime, list[JsonObject]]] = {}
        self.checks: dict[int, int] = {}
        self.company_of: dict[str, Company] = {}
        self.person_of: dict[str, Person] = {}

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
            ("POST", "/api/v1/news_articles/search", self.news),
            ("GET", "/api/v1/users/api_profile", self.profile),
            ("POST", "/api/v1/usage_stats/api_usage_stats", self.usage_stats),
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
        """So many requests a minute, an hour and a day to each endpoint."""
        windows, allowed = self.windows_of(request), self.allowed()
        if not all(windows[name].has_room(most) for name, most in allowed.items()):
            raise self.refused(RATE_LIMIT, self.too_many(request))
        for name, most in allowed.items():
            windows[name].admits(most)

    def windows_of(self, request: Request) -> Windows:
        """What was asked of the request's endpoint."""
        fresh = {"minute": FixedWindow(60), "hourly": FixedWindow(3600), "24-hour": FixedWindow(86400)}
        return self.windows.setdefault(self.path_of(request), fresh)

    def allowed(self) -> dict[str, float]:
        """The limit of each window; without end where it is set to 0."""
        limits = (self.settings.per_minute, self.settings.per_hour, self.settings.per_day)
        return {name: most or float("inf") for name, most in zip(("minute", "hourly", "24-hour"), limits, strict=True)}

    def too_many(self, request: Request) -> Response:
        """429, with the seconds until the longest full window is over."""
        windows, allowed = self.windows_of(request), self.allowed()
        name = next((one for one, most in reversed(allowed.items()) if not windows[one].has_room(most)), "minute")
        period = {"minute": "minute", "hourly": "hour", "24-hour": "day"}[name]
        where = self.path_of(request).lstrip("/")
        text = f"The maximum number of api calls allowed for {where} is {allowed[name]:.0f} times per {period}."
        wait = {"retry-after": str(windows[name].seconds_left())}
        return answer({"message": text}, 429, {**self.usage(request), **wait})

    def usage(self, request: Request) -> dict[str, str]:
        """The rate headers."""
        headers: dict[str, str] = {}
        windows = self.windows_of(request)
        for name, most in self.allowed().items():
            if most == float("inf"):
                headers[f"x-rate-limit-{name}"] = ""
                continue
            headers[f"x-rate-limit-{name}"] = f"{most:.0f}"
            headers[f"x-{name}-usage"] = str(windows[name].used)
            headers[f"x-{name}-requests-left"] = f"{max(0.0, most - windows[name].used):.0f}"
        return headers

    def books(self) -> JsonObject:
        """Credits used, and how often each organization (by domain) and each person (by id) was billed.

        Pages of a search are billed under `page of organizations`, `page of jobs` and `page of news`.
        """
        return {"credits_used": self.credits_used, "billed": dict(self.billed)}

    def bill(self, *bought: str) -> None:
        """A credit for each of these."""
        self.billed.update(bought)
        self.credits_used += len(bought)

    def told(self, body: JsonObject, request: Request) -> Response:
        """An answer with the rate headers."""
        return answer(body, 200, self.usage(request))

    async def match(self, request: Request) -> Response:
        """One person."""
        person = self.person({**await wanted(request), **dict(request.query_params)})
        if person:
            self.bill(apollo_id(person.person_id))
        return self.told({"person": whole_person(person) if person else None}, request)

    async def bulk_match(self, request: Request) -> Response:
        """Up to ten people; null stands where nobody was found."""
        details = bulk((await wanted(request)).get("details"))
        if not all(isinstance(one, dict) for one in details):
            raise rejected("INVALID_REQUEST", "details must be objects")
        people = [self.person(one) for one in details]
        found = {person.person_id for person in people if person}
        self.bill(*(apollo_id(one) for one in found))
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
        return self.told(body, request)

    async def enrich(self, request: Request) -> Response:
        """One organization by domain."""
        domain = request.query_params.get("domain")
        if not domain:
            raise invalid()
        company = self.directory.company(domain)
        if company:
            self.bill(company.domain)
        return self.told({"organization": organization(company)} if company else {}, request)

    async def bulk_enrich(self, request: Request) -> Response:
        """Up to ten organizations by domain."""
        asked = request.query_params.getlist("domains[]")
        details = (await wanted(request)).get("details")
        if not asked and isinstance(details, list):
            asked = [str(one.get("domain")) for one in details if isinstance(one, dict)]
        unique = list(dict.fromkeys(bulk(asked)))
        companies = [company for company in map(self.directory.company, unique) if company]
        self.bill(*(company.domain for company in companies))
        return self.told(
            {
                "status": "success", "error_code": None, "error_message": None, "total_requested_domains": len(asked),
                "unique_domains": len(unique), "unique_enriched_records": len(companies),
                "missing_records": len(unique) - len(companies),
                "organizations": [organization(company) for company in companies],
            },
            request,
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
        people = [found_person(person) for person in shown]
        return self.told({"total_entries": len(found), "people": people}, request)

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
        self.bill("page of organizations")
        total = {"page": page, "per_page": size, "total_entries": len(found), "total_pages": ceil(len(found) / size)}
        return self.told(
            {
                "pagination": total, "organizations": [brief(company) for company in shown], "accounts": [],
                "breadcrumbs": [], "model_ids": [apollo_id(company.domain) for company in shown],
                "partial_results_only": False, "partial_results_limit": 10_000,
            },
            request,
        )  # fmt: skip

    async def job_postings(self, organization_id: str, request: Request) -> Response:
        """A page of the open positions of an organization; an unknown one has none."""
        company = self.organizations().get(organization_id)
        asked: JsonObject = {name: int(value) for name, value in request.query_params.items() if value.isdecimal()}
        numbers, _, _ = page_of(range(company.open_jobs) if company else (), asked)
        self.bill("page of jobs")
        postings = [job_posting(company, number) for number in numbers] if company else []
        return self.told({"organization_job_postings": postings}, request)

    async def late_result(self, request_id: str, request: Request) -> Response:
        """The result of a waterfall: pending at first, gone after 30 days."""
        if not request_id.isdecimal():
            return answer({"error_code": "invalid_request_id"}, 400, self.usage(request))
        number = int(request_id)
        if number not in self.late:
            return answer({"error_code": "request_id_unknown"}, 404, self.usage(request))
        accepted_at, people = self.late[number]
        if self.now() - accepted_at > RESULTS_KEPT:
            return answer({"error_code": "request_id_expired"}, 410, self.usage(request))
        self.checks[number] = self.checks.get(number, 0) + 1
        if self.checks[number] <= self.settings.checks_until_ready:
            return answer({"error_code": "result_pending", "retry_after_seconds": 10}, 404, self.usage(request))
        return self.told(
            {
                "request_id": number, "webhook_status": "success", "request_type": "waterfall_enrichment",
                "last_dispatched_at": None, "failure_reason": None, "webhook_result": {"people": people},
            },
            request,
        )  # fmt: skip

    async def news(self, request: Request) -> Response:
        """A page of what was written about some organizations."""
        asked = await wanted(request)
        ids = texts(asked, "organization_ids")
        if not ids:
            raise invalid()
        found = [news_article(company) for one in ids if (company := self.organizations().get(one))]
        shown, page, size = page_of(found, asked)
        self.bill("page of news")
        total = {"page": page, "per_page": size, "total_entries": len(found), "total_pages": ceil(len(found) / size)}
        return self.told({"pagination": total, "news_articles": list(shown)}, request)

    async def profile(self, request: Request) -> Response:
        """Whose key this is; the vendor publishes no example."""
        seller = SELLERS[0]
        first, _, last = seller.full_name.partition(" ")
        whose: JsonObject = {"id": apollo_id(seller.seller_id), "first_name": first, "last_name": last}
        return self.told({**whose, "email": seller.email, "team_id": apollo_id("team")}, request)

    async def usage_stats(self, request: Request) -> Response:
        """What was used and is left of each endpoint's limits; the vendor publishes no example."""
        stats: JsonObject = {}
        for path, windows in self.windows.items():
            *front, last = path.removeprefix("/").split("/")
            stats[dumps(["/".join(front), last])] = {
                period: {"limit": most if most < float("inf") else None, "consumed": windows[name].used,
                         "left_over": most - windows[name].used if most < float("inf") else None}
                for period, (name, most) in zip(("minute", "hour", "day"), self.allowed().items(), strict=True)
            }  # fmt: skip
        return self.told(stats, request)

    def organizations(self) -> dict[str, Company]:
        """The known companies by Apollo's ids."""
        companies = self.directory.companies()
        if len(companies) != len(self.company_of):
            self.company_of = {apollo_id(one.domain): one for one in companies}
        return self.company_of

    def people(self) -> dict[str, Person]:
        """The known people by Apollo's ids."""
        people = self.directory.people()
        if len(people) != len(self.person_of):
            self.person_of = {apollo_id(one.person_id): one for one in people}
        return self.person_of

    def person(self, asked: JsonObject) -> Person | None:
        """Whom a detail means: by id, address, profile, or name and domain."""
        if asked.get("id"):
            return self.people().get(str(asked["id"]))
        if asked.get("email") or asked.get("linkedin_url"):
            return self.directory.person(email=asked.get("email"), profile=asked.get("linkedin_url"))
        return self.directory.named(asked.get("first_name"), asked.get("last_name"), asked.get("domain"))
