"""The sandbox as a real local server: the vendors' stand-ins, the CRM's exports, and a switchboard to steer them.

with SandboxServer(World(seed=7)) as sandbox:
    sandbox.set_now(datetime(2026, 3, 2))
    httpx.get(f"{sandbox.url}/crm/leads.csv", headers={"Authorization": f"Bearer {CRM_KEY}"})

The switchboard, all JSON, below `/_sandbox`:

    GET  state                         all that was asked, refused and billed, by vendor (`Vendor.state`)
    POST clock                         {"now": ISO moment or null}
    POST faults?vendor=                rates by kind (`Faults`); without a vendor Fellow's
    POST settings?vendor=              the vendor's settings (`Settings` and those below it)
    POST reset?vendor=                 behave as usual and remember nothing; without a vendor all of them
    POST fellow/deliver                a webhook of Fellow's (`Webhooks.deliver`)
    POST openfunnel/webhook            a webhook of OpenFunnel's (`openfunnel_webhook.tell`)
    POST rate                          {"requests_per_second": number or null}, Fellow's limit
"""

import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from ringback.clock import now as real_now
from sandbox.apollo import Apollo
from sandbox.aturiya import Aturiya
from sandbox.clearbit import Clearbit
from sandbox.crm import leads_csv, outcomes_csv
from sandbox.dropcontact import Dropcontact
from sandbox.faults import Faults, Trouble
from sandbox.fellow import Fellow
from sandbox.fellow_requests import Answered
from sandbox.openfunnel import OpenFunnel
from sandbox.pipe0 import Pipe0
from sandbox.slack import Slack
from sandbox.vendor import Control, Vendor
from sandbox.web import Web
from sandbox.world import World

if TYPE_CHECKING:
    from uvicorn import Server

CRM_KEY = "sandbox-crm-key"
READY_WITHIN_SECONDS = 20.0


class SimulatedClock:
    """Tells the moment the sandbox shows: the one it was set to, else that of another clock."""

    def __init__(self, otherwise: Callable[[], datetime] = real_now) -> None:
        """Run with the other clock until set."""
        self._otherwise = otherwise
        self._set_to: datetime | None = None

    def __call__(self) -> datetime:
        """The present moment, UTC without zone."""
        return self._set_to or self._otherwise()

    def set(self, moment: datetime | None) -> None:
        """Stand still at `moment` (UTC without zone), or run again when None."""
        self._set_to = moment


def create_app(
    world: World, now: Callable[[], datetime] = real_now, requests_per_second: float | None = 3.0
) -> FastAPI:
    """The sandbox's application; `now` may be a SimulatedClock to share with it."""
    clock = now if isinstance(now, SimulatedClock) else SimulatedClock(now)
    fellow = Fellow(world, clock, requests_per_second)
    app = FastAPI(title="ringback sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    vendors: dict[str, Vendor[Any]] = {vendor.name: vendor for vendor in (fellow, *data_vendors(world, clock))}
    for vendor in vendors.values():
        app.include_router(vendor.router())
        for path, control in vendor.controls():
            app.add_api_route(f"/_sandbox/{vendor.name}{path}", switch(control), methods=["POST"], response_model=None)

    @app.exception_handler(ClientDisconnect)
    async def left(_request: Request, _gone: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it: the client was killed, or gave up

    @app.exception_handler(Answered)
    async def answered(_request: Request, early: Answered) -> Response:
        return early.response

    @app.get("/crm/{name}", response_model=None)
    async def export(name: str, request: Request) -> Response:
        fellow.requests[f"GET /crm/{name}"] += 1
        if request.headers.get("Authorization") != f"Bearer {CRM_KEY}":
            return JSONResponse({"status": "error", "category": "INVALID_AUTHENTICATION"}, 401)
        if name not in EXPORTS:
            return JSONResponse({"status": "error", "category": "OBJECT_NOT_FOUND"}, 404)
        return Response(EXPORTS[name](world, clock()), media_type="text/csv; charset=utf-8")

    @app.get("/_sandbox/state", response_model=None)
    async def state() -> Response:
        return JSONResponse(
            {
                "now": clock().isoformat() + "Z",
                "meetings": world.started(clock()),
                "requests": dict(fellow.requests),
                "refusals": dict(fellow.refusals),
                "requests_per_second": fellow.settings.requests_per_second or None,
                "faults": asdict(fellow.trouble.faults),
                "vendors": {vendor.name: vendor.state() for vendor in vendors.values()},
            }
        )

    @app.post("/_sandbox/clock", response_model=None)
    async def set_clock(request: Request) -> Response:
        return steered(await request.body(), lambda body: clock.set(moment_of(body.get("now"))))

    @app.post("/_sandbox/faults", response_model=None)
    async def set_faults(request: Request, vendor: str = "fellow") -> Response:
        def set_trouble(body: dict[str, object]) -> None:
            chosen(vendors, vendor).trouble = Trouble(Faults.read(body))

        return steered(await request.body(), set_trouble)

    @app.post("/_sandbox/settings", response_model=None)
    async def change_settings(request: Request, vendor: str) -> Response:
        return steered(await request.body(), lambda body: chosen(vendors, vendor).set(body))

    @app.post("/_sandbox/reset", response_model=None)
    async def reset(request: Request, vendor: str = "") -> Response:
        def forget(_body: dict[str, object]) -> None:
            for one in [chosen(vendors, vendor)] if vendor else vendors.values():
                one.reset()

        return steered(await request.body(), forget)

    @app.post("/_sandbox/rate", response_model=None)
    async def set_rate(request: Request) -> Response:
        def set_limit(body: dict[str, object]) -> None:
            fellow.set({"requests_per_second": rate_of(body.get("requests_per_second")) or 0.0})

        return steered(await request.body(), set_limit)

    return app


def data_vendors(world: World, now: Callable[[], datetime]) -> tuple[Vendor[Any], ...]:
    """The stand-ins that share the world with Fellow's."""
    return (
        Pipe0(world, now),
        Apollo(world, now),
        Aturiya(world, now),
        Dropcontact(world, now),
        Slack(world, now),
        Clearbit(world, now),
        OpenFunnel(world, now),
        Web(world, now),
    )


def chosen(vendors: dict[str, Vendor[Any]], name: str) -> Vendor[Any]:
    """The vendor of this name; raises ValueError when there is none."""
    if name not in vendors:
        raise ValueError(f"no such vendor: {name}; there are {', '.join(vendors)}")
    return vendors[name]


EXPORTS: dict[str, Callable[[World, datetime], str]] = {"leads.csv": leads_csv, "outcomes.csv": outcomes_csv}


def steered(raw: bytes, steer: Callable[[dict[str, object]], None]) -> Response:
    """Turn a knob; 400 says what was wrong with the request."""
    try:
        body = json.loads(raw or b"{}")
        if not isinstance(body, dict):
            raise ValueError("a JSON object is needed")
        steer(body)
    except ValueError as wrong:
        return JSONResponse({"detail": str(wrong)}, 400)
    return JSONResponse({"ok": True})


def switch(control: Control) -> Callable[[Request], Awaitable[Response]]:
    """A vendor's own switch as a route; 400 says what was wrong with the request."""

    async def turn(request: Request) -> Response:
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("a JSON object is needed")
            return JSONResponse(await control(body))
        except ValueError as wrong:
            return JSONResponse({"detail": str(wrong)}, 400)

    return turn


def moment_of(value: object) -> datetime | None:
    """An ISO moment as UTC without zone; null stays None."""
    if value is None:
        return None
    read = datetime.fromisoformat(str(value))
    return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read


def rate_of(value: object) -> float | None:
    """Requests a second; null stays None, which is no limit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError("requests_per_second must be a number above 0, or null for no limit")
    return float(value)


class SandboxServer:
    """The sandbox in a background thread, answering when the `with` block begins.

    The rate limit is per instance; `requests_per_second=None` lifts it. Raises RuntimeError when the server does not
    come up, and OSError when the port is taken.
    """

    def __init__(
        self,
        world: World | None = None,
        now: Callable[[], datetime] = real_now,
        requests_per_second: float | None = 3.0,
        port: int = 0,
    ) -> None:
        """Prepare a server of `world` on 127.0.0.1; port 0 takes a free one."""
        self.world = world or World()
        self.clock = now if isinstance(now, SimulatedClock) else SimulatedClock(now)
        self.url = ""
        self._app = create_app(self.world, self.clock, requests_per_second)
        self._port = port
        self._server: Server | None = None
        self._thread: Thread | None = None

    def __enter__(self) -> "SandboxServer":
        """Start, and return when requests are answered."""
        from uvicorn import Config, Server

        ready = Event()

        class Announcing(Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                ready.set()

        listening = socket.create_server(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = Config(self._app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self._server = Announcing(config)
        self._thread = Thread(target=self._server.run, args=([listening],), name="sandbox", daemon=True)
        self._thread.start()
        if not ready.wait(READY_WITHIN_SECONDS):
            self.stop()
            raise RuntimeError(f"the sandbox did not answer at {self.url} within {READY_WITHIN_SECONDS:.0f} seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def set_now(self, moment: datetime | None) -> None:
        """Show the world as of `moment` (UTC without zone); None runs with the clock again."""
        self.clock.set(moment)

    def stop(self) -> None:
        """End the server and free its port; a second call does nothing."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(READY_WITHIN_SECONDS)
            self._server = self._thread = None


def serve(
    host: str = "127.0.0.1",
    port: int = 8765,
    world: World | None = None,
    now: Callable[[], datetime] = real_now,
    requests_per_second: float | None = 3.0,
) -> None:
    """Serve until interrupted: what `ringback sandbox` does."""
    import uvicorn

    app = create_app(world or World(), now, requests_per_second)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
