"""Dropcontact's stand-in: batches of records enriched a while later (vendors.md, section 4).

Not ready, unknown and in trouble are the same answer with status 200.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from fastapi import Request, Response

from sandbox.directory import company_profile_url, gaps, profile_url
from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import Answered, answer
from sandbox.vendor import FixedWindow, Handler, Settings, Vendor, body_or_none
from sandbox.world import World

TOKEN = "sandbox-dropcontact-token"  # noqa: S105  # opens nothing but this sandbox
MOST_RECORDS, MOST_BYTES_EACH, PER_SECOND = 250, 15_000, 60
RESULTS_KEPT = timedelta(days=30)
NOT_READY: JsonObject = {
    "error": False, "success": False, "reason": "Request not ready yet, try again in 30 seconds",
}  # fmt: skip
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
        self.spent = 0
        self.second = FixedWindow(1)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        return [
            ("POST", "/v1/enrich/all", self.submit),
            ("GET", "/v1/enrich/all/{request_id}", self.fetch),
            ("GET", "/v1/account/credits", self.credits),
        ]

    def authenticate(self, request: Request) -> None:
        """The access token."""
        if request.headers.get("X-Access-Token") != TOKEN:
            raise self.refused("unauthorized", wrong(401, "Invalid access token").response)

    def limit(self, request: Request) -> None:
        """Sixty requests a second."""
        if not self.second.admits(PER_SECOND):
            raise self.refused("rate_limit", self.too_many())

    def too_many(self) -> Response:
        """429 without a time to wait."""
        return wrong(429, "Too many requests").response

    def books(self) -> JsonObject:
        """Credits left and batches made."""
        return {"credits_left": self.left(), "batches": len(self.batches)}

    def left(self) -> int:
        """Credits left."""
        return int(self.settings.credits) - self.spent

    async def submit(self, request: Request) -> Response:
        """Take a batch; a credit for each record is spent, and given back where no address is found."""
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
        self.spent += sum("email" in one for one in results)
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
        missing = gaps("dropcontact", person.email if person else str(asked.get("website")), FACTS)
        return {**echo, **{key: value for key, value in facts.items() if key not in missing}}


def wrong(status: int, reason: str) -> Answered:
    """An error in Dropcontact's envelope."""
    return Answered(answer({"error": True, "reason": reason, "success": False}, status))
