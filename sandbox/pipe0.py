"""pipe0's stand-in: runs of pipes over records, at once or step by step (vendors.md, section 2).

Credits are one for each input a pipe finds something for. A run buys when it is accepted, so that a client that
asks twice pays twice, also when it never fetches the result; cancelling a pending run gives the credits back.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from fastapi import Request, Response

from sandbox.fellow_records import JsonObject
from sandbox.fellow_requests import answer
from sandbox.pipe0_runs import Order, Run, carry_out, problem, progress
from sandbox.pipe0_search import Row, Sought, found, shown
from sandbox.vendor import RATE_LIMIT, FixedWindow, Handler, Settings, Vendor, body_or_none
from sandbox.world import World

API_KEY = "sandbox-pipe0-key"
RUNS_KEPT = timedelta(days=21)
PRIORITIES = (("P1", 50), ("P2", 500), ("P3", 100_000))
"""How many records a minute each priority admits; the last two numbers are guesses."""


@dataclass(frozen=True, slots=True)
class Pipe0Settings(Settings):
    """How pipe0 behaves."""

    credits: float = 1_000_000
    """How many purchases the account can pay for in all."""
    checks_until_completed: float = 3
    """An asynchronous run is pending on the first check, processing on the second, completed on the third."""
    seconds_until_completed: float = 0.0
    """A run takes at least so long, in real time."""
    sync_timeout_every: float = 0
    """Every so many synchronous runs answer 408 and go on alone; 0 for none."""
    queue_limit: float = 100_000
    requests_per_minute: float = 2_000


@dataclass(slots=True)
class Searched:
    """A search carried out, and how often it was checked since."""

    sought: Sought
    rows: list[Row]
    pages: int
    out_of_credit: bool
    run_id: str = field(default_factory=lambda: f"search_{uuid4().hex[:16]}")
    begun: float = field(default_factory=time.monotonic)
    checks: int = 0


class Pipe0(Vendor[Pipe0Settings]):
    """The stand-in's state: runs, purchases and limits."""

    name = "pipe0"
    limits = (RATE_LIMIT, "queue_limit")

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Know `world` as of `now()`."""
        super().__init__(world, now, Pipe0Settings())

    def begin(self) -> None:
        """No runs yet, nothing bought."""
        self.runs: dict[str, Run] = {}
        self.open_runs: list[Run] = []
        self.searches: dict[str, Searched] = {}
        self.billed: Counter[str] = Counter()
        self.sync_runs = 0
        self.minute, self.records = FixedWindow(60), FixedWindow(60)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The API's routes."""
        return [
            ("POST", "/v1/pipes/run/sync", self.run_now),
            ("POST", "/v1/pipes/run", self.run),
            ("GET", "/v1/pipes/check/{run_id}", self.check),
            ("POST", "/v1/pipes/validate", self.validate),
            ("POST", "/v1/pipes/cancel/{run_id}", self.cancel),
            ("POST", "/v1/search/run/sync", self.search_now),
            ("POST", "/v1/search/run", self.search),
            ("GET", "/v1/search/check/{run_id}", self.check_search),
        ]

    def authenticate(self, request: Request) -> None:
        """The key as a bearer token."""
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            raise self.refused("unauthorized", problem(401, "unauthorized", "Invalid or missing API key").response)

    def limit(self, request: Request) -> None:
        """So many requests a minute."""
        if not self.minute.admits(self.settings.requests_per_minute):
            raise self.refused(RATE_LIMIT, self.too_many(request))

    def too_many(self, request: Request) -> Response:
        """429 for the organisation, with the seconds to wait."""
        wait = {"Retry-After": str(self.minute.seconds_left())}
        return problem(429, "org-rate-limited", "Too many requests", wait).response

    def server_error(self) -> Response:
        """500 in pipe0's envelope."""
        return problem(500, "internal-error", "Something went wrong").response

    def not_found(self) -> Response:
        """404 in pipe0's envelope."""
        return problem(404, "not-found", "There is nothing at this address").response

    def books(self) -> JsonObject:
        """How often each pair of input and pipe was billed, and what is left."""
        left = self.settings.credits - self.billed.total()
        return {"billed": dict(self.billed), "credits_left": left, "runs": len(self.runs)}

    async def run_now(self, request: Request) -> Response:
        """A run whose results come with the answer, unless it takes too long."""
        run, headers = await self.accepted(request)
        self.sync_runs += 1
        every = int(self.settings.sync_timeout_every)
        if every and self.sync_runs % every == 0:
            detail = f"The run {run.run_id} takes longer than 3 minutes; check it with /v1/pipes/check/{run.run_id}"
            raise self.refused("sync_timeout", problem(408, "request-timeout", detail, headers).response)
        run.checks, run.begun = 1_000_000, float("-inf")
        return told(run, self.status(run), headers)

    async def run(self, request: Request) -> Response:
        """A run to be checked later."""
        run, headers = await self.accepted(request)
        return told(run, "pending", headers)

    async def accepted(self, request: Request) -> tuple[Run, dict[str, str]]:
        """A checked and paid run, with the headers that tell its priority."""
        order = Order.read(await body_or_none(request))
        self.open_runs = [run for run in self.open_runs if self.is_open(run)]
        waiting = sum(len(run.order.inputs) for run in self.open_runs)
        if waiting + len(order.inputs) > self.settings.queue_limit:
            limit = f"More than {self.settings.queue_limit:.0f} records are queued"
            raise self.refused("queue_limit", problem(429, "queue-limit-exceeded", limit).response)
        run = carry_out(order, self.directory, self.settings.credits - self.billed.total())
        self.runs[run.run_id] = run
        self.open_runs.append(run)
        self.billed.update(run.bought)
        return run, self.priority(len(order.inputs))

    def priority(self, count: int) -> dict[str, str]:
        """The best priority with room for so many records, and the room left in each."""
        self.records.admits(float("inf"), count)
        used, headers, given = self.records.used, {}, ""
        for number, (name, allowed) in enumerate(PRIORITIES, start=1):
            given = given or (str(number) if used <= allowed or name == "P3" else "")
            headers[f"X-{name}-Capacity"] = str(max(0, allowed - used))
        return {"X-Task-Priority": given, **headers}

    async def check(self, run_id: str) -> Response:
        """How far a run is, and what it found so far."""
        run = self.known(run_id)
        run.checks += 1
        return told(run, self.status(run))

    async def validate(self, request: Request) -> Response:
        """Whether a request would be accepted."""
        Order.read(await body_or_none(request))
        return answer({"valid": True})

    async def cancel(self, run_id: str) -> Response:
        """Give up a run that has not begun."""
        run = self.known(run_id)
        if self.status(run) != "pending":
            raise problem(409, "conflict", f"The run {run_id} is no longer pending")
        run.canceled = True
        self.billed.subtract(run.bought)
        return answer({"id": run_id, "status": "canceled"})

    async def search_now(self, request: Request) -> Response:
        """A page of a search with the answer."""
        begun = self.sought(Sought.read(await body_or_none(request)))
        begun.checks, begun.begun = 1_000_000, float("-inf")
        return self.shown_search(begun)

    async def search(self, request: Request) -> Response:
        """A search to be checked later."""
        return self.shown_search(self.sought(Sought.read(await body_or_none(request))))

    async def check_search(self, run_id: str) -> Response:
        """How far a search is, and what it found."""
        begun = self.searches.get(run_id)
        if begun is None:
            raise problem(404, "not-found", f"There is no search {run_id}")
        begun.checks += 1
        return self.shown_search(begun)

    def sought(self, asked: Sought) -> Searched:
        """A search carried out and paid: a credit for a page with results."""
        rows, pages = found(asked, self.directory)
        pays = bool(rows) and not asked.is_sandbox
        broke = pays and self.settings.credits - self.billed.total() < 1
        if pays and not broke:
            self.billed[f"page {asked.offset // asked.limit + 1} of {asked.search.search_id}"] += 1
        begun = Searched(asked, rows, pages, broke)
        self.searches[begun.run_id] = begun
        return begun

    def shown_search(self, begun: Searched) -> Response:
        """A search as it stands."""
        wanted = self.settings.checks_until_completed, self.settings.seconds_until_completed
        status = progress(begun.checks, begun.begun, *wanted, "failed" if begun.out_of_credit else "completed")
        failure = "The balance does not cover this search."
        return answer(shown(begun.run_id, begun.sought, status, begun.rows, begun.pages, failure))

    def known(self, run_id: str) -> Run:
        """The run; raises Answered with 404 for one never made or deleted since."""
        run = self.runs.get(run_id)
        if run is None or self.now() - run.created_at > RUNS_KEPT:
            raise problem(404, "not-found", f"There is no run {run_id}")
        return run

    def status(self, run: Run) -> str:
        """How far the run is under the present settings."""
        return run.status(self.settings.checks_until_completed, self.settings.seconds_until_completed)

    def is_open(self, run: Run) -> bool:
        """The run still waits or works."""
        return self.status(run) in ("pending", "processing")


def told(run: Run, status: str, headers: dict[str, str] | None = None) -> Response:
    """A run as it stands."""
    return Response(run.text(status), 200, headers, media_type="application/json")
