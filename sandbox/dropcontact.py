"""Dropcontact's stand-in: batches of records enriched a while later (vendors.md, section 4).

Not ready, unknown and in trouble are the same answer with status 200.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from sandbox.directory import company_profile_url, gaps, profile_url
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.vendor import EVERY_METHOD, RATE_LIMIT, FixedWindow, Handler, Settings, Vendor, body_or_none
from sandbox.world import World

TOKEN = "sandbox-dropcontact-token"  # noqa: S105  # opens nothing but this sandbox
MOST_RECORDS, MOST_BYTES_EACH = 250, 15_000
RESULTS_KEPT = timedelta(days=30)
NOT_READY: JsonObject = {
    "error": False, "success": False, "reason": "Request not ready yet, try again in 30 seconds",
}  # fmt: skip
INPUTS = frozenset({
    "first_name", "last_name", "full_name", "civility", "website", "company", "company_linkedin", "num_siren", "siret",
    "email", "linkedin", "job", "job_function", "job_level", "phone", "mobile_phone", "location", "country",
    "custom_fields",
})  # fmt: skip
FACTS = ("email", "job", "linkedin", "company_linkedin", "nb_employees", "industry", "country")


@dataclass(frozen=True, slots=True)
class DropcontactSettings(Settings):
    """How Dropcontact behaves."""

    credits: float = 100_000
    checks_until_ready: float = 1
    """A batch is not ready on so many requests."""
    seconds_until_ready: float = 0.0
    error_in_200: bool = False
    """Finished batches answer 200 with `error: true`."""
    per_second: float = 60


@dataclass(slots=True)
class Batch:
    """A submitted batch and its results."""

    created_at: datetime
    results: list[JsonObject]
    begun: float
    checks: int = 0


class Dropcontact(Vendor[DropcontactSettings]):
    """The stand-in's state: batches and credits."""

    name = "dropcontact"

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, DropcontactSettings())

    def begin(self) -> None:
        """No batches, no credits spent."""
        self.batches: dict[str, Batch] = {}
        self.billed: Counter[str] = Counter()
        self.second = FixedWindow(1)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        return [
            ("POST", "/v1/enrich/all", self.submit),
            ("GET", "/v1/enrich/all/{request_id}", self.fetch),
            ("GET", "/v1/account/credits", self.credits),
        ]

    def router(self) -> APIRouter:
        """The API, and the old host beside it at `/dropcontact-io`: a gateway that refuses everything."""
        both = APIRouter()
        both.include_router(super().router())

        async def refuse() -> Response:
            self.refusals["dead_host"] += 1
            return answer({"message": "Missing Authentication Token"}, 403)

        both.add_api_route("/dropcontact-io/{path:path}", refuse, methods=EVERY_METHOD, response_model=None)
        return both

    def authenticate(self, request: Request) -> None:
        """The access token."""
        if request.headers.get("X-Access-Token") != TOKEN:
            raise self.refused("unauthorized", wrong(401, "Invalid access token").response)

    def limit(self, request: Request) -> None:
        """So many requests a second."""
        if not self.second.admits(self.settings.per_second):
            raise self.refused(RATE_LIMIT, self.too_many(request))

    def too_many(self, request: Request) -> Response:
        """429 without a time to wait."""
        return wrong(429, "Too many requests").response

    def books(self) -> JsonObject:
        """How often each record was billed, by the client's id or what it asked for; credits left, batches."""
        return {"billed": dict(self.billed), "credits_left": self.left(), "batches": len(self.batches)}

    def left(self) -> int:
        """Credits left."""
        return int(self.settings.credits) - self.billed.total()

    async def submit(self, request: Request) -> Response:
        """Take a batch: a record costs a credit where an address is found, or where one was given to be verified."""
        body = await body_or_none(request)
        data = body.get("data") if body else None
        if not isinstance(data, list) or not data or not all(isinstance(one, dict) for one in data):
            raise wrong(400, "Missing data in JSON")
        if len(data) > MOST_RECORDS:
            raise wrong(400, f"Too many records, you can only submit up to {MOST_RECORDS} records")
        if any(len(json.dumps(one).encode()) > MOST_BYTES_EACH for one in data):
            raise wrong(400, "Data size is too big, you can only submit up to 15 kB a record")
        if len(data) > self.left():
            raise Answered(answer({"detail": "Not enough credits"}, 403))
        french = body is not None and body.get("language") == "fr"
        results = [self.enriched(one, french) for one in data]
        self.billed.update(
            billed_as(one) for one, result in zip(data, results, strict=True) if "email" in result or one.get("email")
        )
        request_id = uuid4().hex[:12]
        self.batches[request_id] = Batch(self.now(), results, time.monotonic())
        return answer({"request_id": request_id, "success": True, "error": False, "credits_left": self.left()})

    async def fetch(self, request_id: str, request: Request) -> Response:
        """The results when ready; `forceResults=true` gives every other record before."""
        batch = self.batches.get(request_id)
        if batch is None or self.now() - batch.created_at > RESULTS_KEPT:
            return answer(NOT_READY)
        batch.checks += 1
        waited = time.monotonic() - batch.begun
        ready = batch.checks > self.settings.checks_until_ready and waited >= self.settings.seconds_until_ready
        if not ready and request.query_params.get("forceResults") != "true":
            return answer(NOT_READY)
        if self.settings.error_in_200:
            return answer({"error": True, "success": False, "reason": "The batch could not be processed"})
        data = batch.results if ready else batch.results[::2]
        return answer({"error": False, "success": True, "credits_left": self.left(), "data": data})

    async def credits(self) -> Response:
        """The credits left."""
        return answer({"credits": self.left()})

    def enriched(self, asked: JsonObject, french: bool) -> JsonObject:
        """A record with what is known of it; what is not has no key."""
        person = self.directory.person(email=asked.get("email"), profile=asked.get("linkedin"))
        name = (asked.get("first_name"), asked.get("last_name"))
        person = person or self.directory.named(*name, asked.get("website"))
        company = person.company if person else self.directory.company(asked.get("website"))
        echo = {key: asked[key] for key in ("first_name", "last_name", "custom_fields") if asked.get(key)}
        facts: JsonObject = {}
        if company:
            low = 10 ** (len(str(company.employees)) - 1)
            facts |= {
                "company_linkedin": company_profile_url(company), "nb_employees": f"{low}-{low * 10 - 1}",
                "industry": company.industry, "country": company.country,
            }  # fmt: skip
            echo |= {"company": company.name, "website": f"www.{company.domain}"}
        if person:
            private = person.email.endswith("@gmail.com")
            qualification = f"{'nominatif' if french else 'nominative'}@{'perso' if private else 'pro'}"
            facts |= {
                "email": [{"email": person.email, "qualification": qualification}], "job": person.title,
                "linkedin": profile_url(person).removeprefix("https://"),
            }  # fmt: skip
            echo |= {
                "first_name": person.first_name, "last_name": person.last_name, "full_name": person.full_name,
            }  # fmt: skip
        unexpected = sorted(set(asked) - INPUTS)
        if unexpected:
            echo["unexpected_field"] = unexpected
        missing = gaps("dropcontact", person.email if person else str(asked.get("website")), FACTS)
        return {**echo, **{key: value for key, value in facts.items() if key not in missing}}


def billed_as(asked: JsonObject) -> str:
    """What a record is called in the books: the first of its custom fields, else its address, else name and company."""
    custom = asked.get("custom_fields")
    if isinstance(custom, dict) and custom:
        return str(next(iter(custom.values())))
    if asked.get("email"):
        return str(asked["email"])
    return " ".join(str(asked[name]) for name in ("first_name", "last_name", "website", "company") if asked.get(name))


def wrong(status: int, reason: str) -> Answered:
    """An error in Dropcontact's envelope."""
    return Answered(answer({"error": True, "reason": reason, "success": False}, status))
