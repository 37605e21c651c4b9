"""Whether the service is well: for everybody in one word, with a key in detail, and for Prometheus in figures."""

import asyncio
import shutil
import time
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Literal

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api import metrics
from api.errors import RETRY_AFTER_SECONDS, ApiError
from api.moments import as_text
from api.security import require
from api.threads import HEALTH
from database import health as checks
from database import inbox
from ringback.clock import now
from ringback.health import worst
from ringback.settings import settings
from scoring.log import waiting_bytes

router = APIRouter(tags=["service"])
LOOKED_AT_EVERY_SECONDS = 1.0
LEAST_FREE_BYTES = 200 * 2**20
PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "numpy", "numba")


class Health(BaseModel):
    """Whether requests can be answered; `components` only for who has a key with the role read."""

    status: Literal["ok", "degraded", "unavailable"] = Field(
        description="degraded: somebody answers, though not as it should be; unavailable (503): nobody can."
    )
    components: dict[str, Any] | None = None


@router.get("/health", response_model=Health, responses={503: {"model": Health, "description": "Something is wrong."}})
async def health(request: Request) -> Response:
    """Whether the service is well; with a key of the role read also how each part of it is."""
    components = await _fresh_enough(request.app)
    is_well = all(one.get("ok", True) for one in components.values())
    is_degraded = any(one.get("degraded", False) for one in components.values())
    told: dict[str, Any] = {"status": "unavailable" if not is_well else "degraded" if is_degraded else "ok"}
    key = request.scope["state"].get("key")
    if key is not None and "read" in key.may:
        told["components"] = components
    headers = {} if is_well else {"Retry-After": RETRY_AFTER_SECONDS}
    body = orjson.dumps(told, default=str, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
    return Response(body, 200 if is_well else 503, headers, "application/json")


@router.get("/metrics", response_class=Response, responses={
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}
}, dependencies=[Depends(require("read"))])  # fmt: skip
async def figures() -> Response:
    """Figures of all worker processes together, for Prometheus."""
    return Response(await to_thread.run_sync(_figures, limiter=HEALTH), headers={"Content-Type": metrics.CONTENT_TYPE})


async def _fresh_enough(app: FastAPI) -> dict[str, dict[str, Any]]:
    """How each part was at most a second ago: everybody may ask, and nobody can keep the database busy by asking.

    Whoever asks while somebody looks waits for the same look.
    """
    known: tuple[float, dict[str, dict[str, Any]]] | None = getattr(app.state, "health", None)
    if known is not None and time.monotonic() - known[0] <= LOOKED_AT_EVERY_SECONDS:
        return known[1]
    looking: asyncio.Task[dict[str, dict[str, Any]]] | None = getattr(app.state, "health_look", None)
    if looking is None or looking.done() or looking.get_loop() is not asyncio.get_running_loop():
        looking = app.state.health_look = asyncio.create_task(_look(app))
    return await asyncio.shield(looking)


async def _look(app: FastAPI) -> dict[str, dict[str, Any]]:
    found = await to_thread.run_sync(_components, limiter=HEALTH)
    app.state.health = (time.monotonic(), found)
    return found


def _figures() -> bytes:
    metrics.show_inbox(inbox.backlog())
    return metrics.written()


def _components() -> dict[str, dict[str, Any]]:
    return {
        "database": _database(), "models": _models(), "landing": _landing(), "disk": _disk(),
        "versions": _versions(), "checks": _checks(),
    }  # fmt: skip


@lru_cache(maxsize=1)
def _versions() -> dict[str, Any]:
    return {name: version(name) for name in PACKAGES}


def _database() -> dict[str, Any]:
    """One question to the database, and what waits in it."""
    began = time.perf_counter()
    try:
        states = inbox.backlog()
    except Exception as failure:  # whatever it is, the database cannot be used
        return {"ok": False, "because": type(failure).__name__}
    return {"ok": True, "ms": round((time.perf_counter() - began) * 1000, 2), "inbox": states}


def _models() -> dict[str, Any]:
    """Who answers, as the scoring part says it."""
    facts = getattr(import_module("api.serving"), "facts", None) if find_spec("api.serving") else None
    try:
        return dict(facts()) if facts else {}
    except ApiError as failure:  # it has not started
        return {"ok": False, "because": str(failure)}


def _landing() -> dict[str, Any]:
    """What of the answers that were given is in files still, and not yet in the database."""
    return {"waiting_bytes": waiting_bytes()}


def _checks() -> dict[str, Any]:
    """How the health checks of the whole installation stood when all was looked at last, and when that was.

    They do not decide whether this service can answer.
    """
    try:
        stands = checks.standings()
    except Exception as failure:  # whatever it is, the part about the database says so
        return {"because": type(failure).__name__}
    last = checks.of_last_look(stands, now())
    looked_at = as_text(last[0].measured_at) if last else None
    return {"status": worst([one.status for one in last]), "looked_at": looked_at, "standings": stands}


def _disk() -> dict[str, Any]:
    free = shutil.disk_usage(settings().home).free
    return {"ok": free >= LEAST_FREE_BYTES, "free_bytes": free}
