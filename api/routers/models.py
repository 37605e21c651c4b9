"""Who answers, and since when; and letting another version answer."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.compiling import engine_of_version
from api.errors import ApiError, Failure
from api.security import require
from api.serving import serving
from database.promotions import Promotion, champion_as_of
from database.serving import pin, pinned
from ringback.clock import now
from ringback.errors import NoModel, UnknownModel
from ringback.forms import Form
from ringback.records import TARGETS, Target
from scoring.engine import Engine

router = APIRouter(tags=["models"])
CHAMPION = "champion"


class ModelInfo(BaseModel):
    """The version that answers for a target."""

    target: Target
    version: str | None = Field(description="None where no model answers.")
    candidate: str | None = None
    features: list[str] = Field(default_factory=list, description="What it learned from.")
    horizon_days: float | None = None
    confidence_learned_from: int | None = Field(None, description="Answers with outcomes; None where it was not.")
    pinned: bool = Field(False, description="Chosen by hand for the service.")
    challenger: str | None = Field(None, description="The version that answers beside it.")
    decided_at: datetime | None = Field(None, description="When it was made champion, or pinned.")
    because: str | None = Field(None, description="The evidence, by the ledger; of a pinned one who did it.")


class ModelsInfo(BaseModel):
    """Who answers."""

    models: list[ModelInfo]
    challenger_share: float
    policy: str = Field(description="Fingerprint of the policy in force.")
    loaded_at: datetime | None
    cannot_be_loaded: dict[str, str]


class Reloaded(BaseModel):
    """Who answers now in this process; the others follow within about a second."""

    target: Target
    version: str | None
    pinned: bool
    followed_within_seconds: float


@router.get("/models/info", response_model=ModelsInfo, dependencies=[Depends(require("read"))])
async def info() -> Response:
    """Who answers, on what evidence, and what stands beside."""
    here = serving()
    facts = await to_thread.run_sync(here.facts)
    told = [await to_thread.run_sync(_info, target) for target in TARGETS]
    body = {name: facts[name] for name in ("challenger_share", "policy", "loaded_at", "cannot_be_loaded")}
    return Response(
        orjson.dumps({"models": told, **body}, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z),
        media_type="application/json",
    )


@router.post(
    "/models/reload/{version}", response_model=Reloaded, dependencies=[Depends(require("admin"))],
    responses={409: {"model": Failure, "description": "The version cannot be loaded; who answered still answers."}},
)  # fmt: skip
async def reload(
    request: Request,
    version: Annotated[str, Path(), Form(r"^([0-9]{1,9}|champion)$", "the number of a version, or champion", "3")],
    target: Annotated[Target, Query()] = "progression",
) -> Reloaded:
    """Let a version answer, in all processes, until another is asked for; `champion` gives it back to the ledger.

    Requests under way end with the models they began with. A version that cannot be loaded changes nothing.
    """
    wants = None if version == CHAMPION else version
    if wants is not None:
        try:
            await to_thread.run_sync(engine_of_version, target, wants)
        except UnknownModel as failure:
            raise ApiError(404, str(failure), field="version") from None
        except NoModel as failure:
            raise ApiError(409, str(failure), field="version", code="cannot_be_loaded") from None
    key = request.scope["state"]["key"]
    await to_thread.run_sync(pin, target, wants, now(), f"key {key.key_id}")
    here = serving()
    await here.follow()
    engine = _engine_of(target)
    return Reloaded(
        target=target,
        version=engine.version if engine else None,
        pinned=target in here.service.pinned,
        followed_within_seconds=2.0,
    )


def _info(target: Target) -> dict[str, Any]:
    service = serving().service
    engine, challenger = _engine_of(target), _challenger_of(target)
    told: dict[str, Any] = {"target": target, "version": engine.version if engine else None, "features": []}
    told |= {"pinned": target in service.pinned, "challenger": challenger.version if challenger else None}
    if engine is None:
        return told
    told |= {
        "candidate": engine.candidate, "features": list(engine.features), "horizon_days": engine.horizon_days,
        "confidence_learned_from": engine.confidence.n if engine.confidence else None,
    }  # fmt: skip
    decided: Promotion | None = champion_as_of(target, now())
    by_hand = pinned(target)
    if by_hand and by_hand[0] == engine.version:
        told |= {"decided_at": by_hand[1], "because": f"pinned by {by_hand[2]}"}
    elif decided and decided.version == engine.version:
        told |= {"decided_at": decided.decided_at, "because": decided.reason}
    return told


def _engine_of(target: Target) -> Engine | None:
    champions = serving().service.champions
    return champions.progression if target == "progression" else champions.voice_ai


def _challenger_of(target: Target) -> Engine | None:
    challengers = serving().service.challengers
    return challengers.progression if target == "progression" else challengers.voice_ai
