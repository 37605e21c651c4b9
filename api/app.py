"""The REST API: `create_app()` puts the routes behind the shell and describes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter, FastAPI

from api.errors import add_handlers
from api.gate import KeyRing, Limiter
from api.inbox_worker import InboxWorker
from api.openapi import TAGS, described
from api.shell import Shell
from ringback.settings import settings

VERSION = "1.0"
ROUTERS = (
    "api.routers.score", "api.routers.models", "api.routers.history", "api.routers.health", "api.routers.lead_export",
    "api.routers.lead_import", "api.routers.leads", "api.routers.campaigns", "api.routers.members",
    "api.routers.tickets", "api.routers.webhooks", "api.routers.docs", "api.routers.logs", "api.routers.statistics",
    "api.routers.tracking", "api.routers.signing", "api.routers.pages", "api.routers.campaign_pages",
    "api.routers.lead_pages",
)  # fmt: skip
"""Modules whose `router` is part of the API, in the order of looking; one that is not there yet is skipped."""


def create_app() -> FastAPI:
    """The application of this process; nothing is opened or started before its lifespan begins."""
    app = FastAPI(
        title="ringback", version=VERSION, openapi_tags=TAGS, lifespan=_lifespan,
        docs_url=None, redoc_url=None, openapi_url="/openapi.json",
        description="Scores leads from how sales calls really ended, and says why.",
    )  # fmt: skip
    app.add_middleware(
        Shell, keys=KeyRing(), limiter=Limiter(), most_body_bytes=settings().api_max_body_bytes
    )  # fmt: skip
    add_handlers(app)
    for router in _routers():
        # The routes themselves, not the router around them: FastAPI would look through each router at every request.
        app.router.routes.extend(router.routes)
    app.openapi = partial(described, app)  # type: ignore[method-assign]  # FastAPI's own way to extend the schema
    return app


def _routers() -> list[APIRouter]:
    return [import_module(name).router for name in ROUTERS if find_spec(name)]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start what works beside the requests, and stop it at the end."""
    serving = import_module("api.serving") if find_spec("api.serving") else None
    start, stop = getattr(serving, "start", None), getattr(serving, "stop", None)
    if start is not None:
        await start(app)
    worker = InboxWorker(score_lead=getattr(serving, "score_lead", None))
    app.state.inbox_worker = worker
    worker.start()
    try:
        yield
    finally:
        await worker.stop()
        if stop is not None:
            await stop(app)
