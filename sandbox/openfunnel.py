"""OpenFunnel's stand-in: accounts, signals and enrichment jobs (vendors.md, section 6).

The vendor's error bodies and limits are unknown: `detail` and a generous limit are guesses. Each company found by an
enrichment costs a credit each time, also one that was enriched before, so that a client that asks twice pays twice;
`billed` in the books counts by domain. Addresses cost one for each person and come free the second time, as the
status `already_enriched` suggests.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from sandbox.directory import domain_of
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.openfunnel_jobs import OUT_OF_CREDITS, Job
from sandbox.openfunnel_lists import Lists, integer, invalid, strings
from sandbox.openfunnel_records import (
    account,
    account_id,
    firmographics,
    has_address,
    icp_person,
    is_known,
    linkedin,
    named,
    people_id,
    seniority,
    signals,
)
from sandbox.openfunnel_webhook import tell
from sandbox.records import Company, Person
from sandbox.vendor import RATE_LIMIT, Control, FixedWindow, Handler, Settings, Vendor, body_or_none
from sandbox.world import World

API_KEY = "sandbox-openfunnel-key"
MOST_PER_REQUEST = 500


@dataclass(frozen=True, slots=True)
class OpenFunnelSettings(Settings):
    """How OpenFunnel behaves."""

    credits: float = 1_000_000
    checks_until_completed: float = 3
    """A job is pending on the first check, running on the second, completed on the third."""
    seconds_until_completed: float = 0.0
    """A job takes at least so long, in real time."""
    requests_per_minute: float = 2_000
    """A guess."""
    failing_rate: float = 0.02
    """How many companies fail in a job, always the same ones, beside those nobody finds."""
    retry_seconds: float = 1.0
    """A webhook is tried again after so long, then twice and four times as long."""


class OpenFunnel(Vendor[OpenFunnelSettings]):
    """The stand-in's state: the workspace's accounts, jobs and purchases."""

    name = "openfunnel"

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, OpenFunnelSettings())

    def begin(self) -> None:
        """Only the accounts that were there before; no jobs, nothing bought."""
        self.enriched: set[str] = set()
        self.jobs: dict[str, Job] = {}
        self.billed: Counter[str] = Counter()
        self.minute = FixedWindow(60)
        self.lists = Lists(self.directory, self.enriched)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        lists = self.lists
        return [
            ("POST", "/api/v1/account/get-account-list", self.account_list),
            ("POST", "/api/v1/account/batch", self.batch),
            ("POST", "/api/v2/account/batch", self.batch_with_signals),
            ("POST", "/api/v1/account/search-by-name-or-domain", self.search),
            ("POST", "/api/v2/account/filtered-accounts", self.filtered),
            ("GET", "/api/v2/account/filters", lists.filters),
            ("POST", "/api/v1/enrich/account", self.enrich_one),
            ("POST", "/api/v1/enrich/accounts", self.enrich_accounts),
            ("GET", "/api/v1/enrich/accounts/{job_id}", self.job("accounts")),
            ("POST", "/api/v1/enrich/people", self.enrich_people),
            ("GET", "/api/v1/enrich/people/{job_id}", self.job("people")),
            ("POST", "/api/v1/enrich/fast-people-enrichment", self.find_people),
            ("GET", "/api/v1/enrich/fast-people-enrichment/{job_id}", self.job("fast people")),
            ("POST", "/api/v1/enrich/deep-enrich", self.deep_enrich),
            ("POST", "/api/v1/people/batch", self.people),
            ("POST", "/api/v1/signal/get-signal-list", self.signal_list),
            ("POST", "/api/v1/signal/", self.signal),
            ("GET", "/api/v1/insights/feed", self.feed),
            ("GET", "/api/v1/account/{account_id}/timeline", self.timeline),
            ("GET", "/api/v1/icp/list", lists.icps),
        ]

    def controls(self) -> list[tuple[str, Control]]:
        """`POST /_sandbox/openfunnel/webhook`: send a signed request (`openfunnel_webhook.tell`)."""
        return [("/webhook", self.tell)]

    def authenticate(self, request: Request) -> None:
        """The key and the user's address, both in headers: 401 without one, 403 where one is wrong."""
        key, user = request.headers.get("X-API-Key"), request.headers.get("X-User-ID")
        if not key or not user:
            missing = "X-User-ID" if key else "X-API-Key"
            raise self.refused("unauthorized", answer({"detail": f"Missing {missing} header"}, 401))
        if key != API_KEY or "@" not in user:
            raise self.refused("forbidden", answer({"detail": "Invalid API key or user"}, 403))

    def limit(self, request: Request) -> None:
        """So many requests a minute."""
        if not self.minute.admits(self.settings.requests_per_minute):
            raise self.refused(RATE_LIMIT, self.too_many(request))

    def books(self) -> JsonObject:
        """How often each company (by domain) and each person's address was billed, and what is left."""
        return {"billed": dict(self.billed), "credits_left": self.left(), "jobs": len(self.jobs)}

    def left(self) -> float:
        """Credits left."""
        return self.settings.credits - self.billed.total()

    async def account_list(self, request: Request) -> Response:
        """The workspace's accounts, by offset."""
        return self.lists.account_list(await wanted(request))

    async def filtered(self, request: Request) -> Response:
        """Ids of the workspace's accounts, by page from 0."""
        return self.lists.filtered(await wanted(request))

    async def search(self, request: Request) -> Response:
        """Companies that are called so or have this domain."""
        return self.lists.search(await wanted(request))

    async def batch(self, request: Request) -> Response:
        """Whole accounts; those that are not in the workspace are left out."""
        companies = self.asked_for(await wanted(request))
        return answer({"accounts": [account(one) for one in companies], "total_count": len(companies)})

    async def batch_with_signals(self, request: Request) -> Response:
        """Whole accounts with what was discovered of them, and a page (from 1) of the people who may buy."""
        body = await wanted(request)
        page = integer(body, "icp_people_page", 1, 1, 1_000_000)
        size = integer(body, "icp_people_page_size", 100, 1, MOST_PER_REQUEST)
        accounts = []
        for company in self.asked_for(body):
            staff = self.directory.staff(company)
            shown = staff[(page - 1) * size : page * size]
            people = {
                "icp_people": [self.shown(person) for person in shown],
                "icp_people_total_count": len(staff),
                "icp_people_has_more": page * size < len(staff),
            }
            accounts.append({**account(company), **signals(company), **people})
        return answer({"accounts": accounts, "total_count": len(accounts)})

    async def people(self, request: Request) -> Response:
        """People by id; unknown ones are left out."""
        found = [self.person(one) for one in strings(await wanted(request), "people_ids")]
        return answer({"people": [self.shown(person) for person in found if person]})

    def shown(self, person: Person) -> JsonObject:
        """A person, with the address where it was bought."""
        return icp_person(person, has_email=self.billed[f"{people_id(person)} email"] > 0)

    def asked_for(self, body: JsonObject) -> list[Company]:
        """The workspace's companies that a request names by `account_ids` or `account_domains`."""
        if "account_ids" in body:
            found = [self.lists.by_id(one) for one in strings(body, "account_ids")]
        else:
            found = [self.directory.company(one) for one in strings(body, "account_domains")]
        return list({one.domain: one for one in found if one and self.lists.has(one)}.values())

    async def enrich_one(self, request: Request) -> Response:
        """One company at once."""
        domain = (await wanted(request)).get("domain")
        if not isinstance(domain, str) or not domain:
            raise invalid("domain is required")
        if self.left() < 1:
            raise self.refused("out_of_credits", answer({"detail": OUT_OF_CREDITS}, 402))
        done = self.enrich(domain)
        company = self.directory.company(domain)
        if company is None or done["account_id"] is None:
            return answer({"detail": f"No company was found at {domain}"}, 404)
        return answer({**done, **named(company), "firmographics": firmographics(company)})

    async def enrich_accounts(self, request: Request) -> Response:
        """Up to 500 companies by a job."""
        domains = strings(await wanted(request), "domains", required=True)
        results: list[JsonObject] = []
        failure = None
        for domain in dict.fromkeys(domains):
            if self.left() < 1:
                failure = f"{OUT_OF_CREDITS} after {len(results)} of {len(domains)} accounts"
                break
            results.append(self.enrich(domain))
        job = self.begun(Job("accounts", len(set(domains)), results, error_message=failure))
        return answer({"job_id": job.job_id, "status": "pending", "total_accounts": job.total})

    def enrich(self, asked: str) -> JsonObject:
        """Find out about one company, and bill it if it is found."""
        domain = domain_of(asked)
        company = self.directory.company(domain)
        result: JsonObject = {
            "domain": asked, "account_id": None, "name": None, "is_new_account": False, "fields_updated": [],
        }  # fmt: skip
        if company is None or not is_known(company):
            return {**result, "status": "failed"}
        if self.lists.fails(company, self.settings.failing_rate):
            return {**result, "status": "failed"}
        is_new, again = not self.lists.has(company), domain in self.enriched
        self.billed[domain] += 1
        self.enriched.add(domain)
        known = [name for name, value in firmographics(company).items() if value is not None]
        status = "created" if is_new else "unchanged" if again else "updated"
        return {
            "domain": asked, "account_id": account_id(domain), "name": company.name, "is_new_account": is_new,
            "fields_updated": [] if again else known, "status": status,
        }  # fmt: skip

    async def enrich_people(self, request: Request) -> Response:
        """Addresses of up to 500 people by a job; phone numbers are never found."""
        body = await wanted(request)
        asked = strings(body, "people_ids", required=True)
        before, results, failure = self.billed.total(), list[JsonObject](), None
        for one in dict.fromkeys(asked):
            if self.left() < 1:
                failure = f"{OUT_OF_CREDITS} after {len(results)} of {len(asked)} people"
                break
            results.append(self.address(one, body.get("enrich_emails") is True))
        used = self.billed.total() - before
        finished: JsonObject = {"credits_used": {"emails": used, "phones": 0, "total": used}}
        job = self.begun(Job("people", len(set(asked)), results, finished, failure))
        return answer({"job_id": job.job_id, "status": "pending", "total_people": job.total})

    def address(self, asked: str, wants_email: bool) -> JsonObject:
        """Find a person's address, and bill it the first time."""
        person, bill = self.person(asked), f"{asked} email"
        status, email = "not_found", None
        if person and linkedin(person) is None:
            status = "no_linkedin_url"
        elif person and wants_email and has_address(person):
            status, email = ("already_enriched" if self.billed[bill] else "enriched"), person.email
            self.billed[bill] = 1
        return {"person_id": asked, "status": status, "email": email, "phone": None}

    async def find_people(self, request: Request) -> Response:
        """People of one account by a job, as many as the given credits allow."""
        body = await wanted(request)
        company = self.lists.by_id(str(body.get("account_id")))
        if company is None:
            return answer({"detail": "Account not found"}, 404)
        wanted_levels = strings(body, "seniority_filters")
        most = integer(body, "max_credit_limit", 100, 0, 1_000_000)
        staff = [one for one in self.directory.staff(company) if not wanted_levels or seniority(one) in wanted_levels]
        stored = staff[: int(min(most, max(0.0, self.left())))]
        failure = OUT_OF_CREDITS if len(stored) < min(most, len(staff)) else None
        self.billed.update(f"{people_id(person)} found" for person in stored)
        finished: JsonObject = {
            "people_ids": [people_id(person) for person in stored], "total_found": len(staff),
            "total_stored": len(stored), "credits_used": len(stored),
        }  # fmt: skip
        results = [icp_person(person) for person in stored]
        job = self.begun(Job("fast people", len(stored), results, finished, failure))
        return answer({"job_id": job.job_id, "status": "pending"})

    async def deep_enrich(self, request: Request) -> Response:
        """Accepted; the real one takes 15 to 30 minutes, and this one never comes back with more."""
        company = self.directory.company((await wanted(request)).get("domain"))
        if company is None:
            return answer({"detail": "No company was found at this domain"}, 404)
        message = "Deep enrichment has started and takes 15 to 30 minutes"
        told = {"account_id": account_id(company.domain), "domain": company.domain, "message": message}
        return answer({"status": "accepted", **told})

    def begun(self, job: Job) -> Job:
        """A job to be asked for from now on."""
        self.jobs[job.job_id] = job
        return job

    def job(self, kind: str) -> Handler:
        """The route that tells how far a job of this kind is."""

        async def poll(job_id: str) -> Response:
            job = self.jobs.get(job_id)
            if job is None or job.kind != kind:
                return answer({"detail": "Job not found"}, 404)
            job.checks += 1
            wanted_checks, wanted_seconds = self.settings.checks_until_completed, self.settings.seconds_until_completed
            return answer(job.shown(job.status(wanted_checks, wanted_seconds)))

        return poll

    def person(self, asked: str) -> Person | None:
        """The person with this id."""
        return self.directory.person(person_id=f"{int(asked):08d}") if asked.isdecimal() else None

    async def signal_list(self, request: Request) -> Response:
        """The workspace's signals, by offset."""
        return self.lists.signal_list(await wanted(request))

    async def signal(self, request: Request) -> Response:
        """One signal, with the accounts and people it found."""
        return self.lists.signal(await wanted(request))

    async def feed(self, days: int = 7, limit: int = 50, offset: int = 0) -> Response:
        """What was discovered in the last 1 to 90 days in all accounts, newest first."""
        if not (1 <= days <= 90 and 1 <= limit <= MOST_PER_REQUEST and offset >= 0):
            raise invalid("days, limit or offset is out of range")
        return self.lists.feed(days, limit, offset)

    async def timeline(self, account_id: str, days: int = 30, limit: int = 50, offset: int = 0) -> Response:
        """What was discovered of one account in the last 1 to 365 days, newest first."""
        if not (1 <= days <= 365 and 1 <= limit <= MOST_PER_REQUEST and offset >= 0):
            raise invalid("days, limit or offset is out of range")
        company = self.lists.by_id(account_id)
        if company is None or not self.lists.has(company):
            return answer({"detail": "Account not found"}, 404)
        return self.lists.timeline(company, days, limit, offset)

    async def tell(self, body: JsonObject) -> JsonObject:
        """Send a webhook, as `openfunnel_webhook.tell` says."""
        return await tell(body, self.lists.workspace(), self.settings.retry_seconds)


async def wanted(request: Request) -> JsonObject:
    """The body; raises Answered with 422 where it is no JSON object."""
    body = await body_or_none(request)
    if body is None:
        raise Answered(answer({"detail": "The body is not a JSON object"}, 422))
    return body
