"""Why a lead's score changed: each answer about it with its change since the one before, split so that it adds up."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path as FilePath
from time import monotonic
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, BeforeValidator, Field

from api.as_sent import AsSent
from api.compiling import engine_of_version
from api.errors import ApiError
from api.moments import Moment
from api.security import require
from database.history import answers_about, ids_of_lead
from ringback.clock import LONG_AGO, as_utc
from ringback.errors import NoModel, UnknownModel
from ringback.records import AnsweredBy, AskedBy, Target
from ringback.settings import settings
from scoring.engine import Engine
from scoring.history import Kind, history, plain
from scoring.policy import policy

router = APIRouter(tags=["leads"], route_class=AsSent)
END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59)
ENGINES_KEPT = 16
TRY_AGAIN_AFTER_SECONDS = 60.0
"""A version that cannot be loaded is told so for so long before it is tried again: to try takes seconds."""
AT_ONCE = CapacityLimiter(2)
"""Histories worked on together: compiling old versions must not take the threads that scoring needs."""
LeadId = Annotated[str, Path(max_length=500, pattern=r"^[^\x00]+$", description="The lead's id; a merged one's too.")]
PredictionId = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[^\x00]*$", description="With `before`: also answers of that moment, below this."),
]


class FeatureChange(BaseModel):
    """What one feature did to the change."""

    feature: str | None = Field(description="None for several together.")
    kind: Kind = Field(
        description="`correction`: restated of the same call; `learned`: not known before of it; `changed`: of another "
        "call or request; `unchanged`: all that stayed the same but counts otherwise beside what changed; `rest`."
    )
    before: str | float | None = Field(description="Long texts are shortened.")
    after: str | float | None
    points: float
    reason_before: str
    reason: str


class Parts(BaseModel):
    """A change in points, split: `features`, `model`, `correction` and `code` add up to it."""

    features: float = Field(description="Of what is new.")
    model: float = Field(description="Of other versions, or another weight of Voice-AI fit.")
    correction: float = Field(description="Of what was restated of the same call.")
    code: float = Field(description="Of code that answers otherwise than then.")
    reproduced: bool = Field(description="Whether both answers come out today as they were kept.")
    by_feature: list[FeatureChange] | None = Field(
        description="The strongest first; they add up to `features` and `correction` together."
    )


class Change(BaseModel):
    """The change since an earlier answer."""

    since: str = Field(description="The earlier answer's prediction_id.")
    score: int
    points: float | None = Field(description="Before rounding; None where they were not kept.")
    models_changed: list[str] = Field(description="In words; empty where the same models answered by the same weight.")
    parts: Parts | None = Field(description="None where the change cannot be worked out again.")
    because: str | None = Field(description="Why it is not split, or not by feature, where it is not.")


class Answered(BaseModel):
    """An answer about a lead."""

    prediction_id: str
    predicted_at: Moment
    call_id: str | None = Field(description="None where a request named no call.")
    source: AskedBy
    answered_by: AnsweredBy
    models: dict[Literal["progression", "voice_ai"], str] = Field(
        description="Version by target; `rules` or `none` where no model answered."
    )
    qualification_score: int
    points: float | None = Field(description="The score before it is rounded.")
    reasons: list[str]
    change: Change | None = Field(description="Since the answer before; None for the first.")


class Further(BaseModel):
    """Where the next page begins."""

    before: Moment
    before_id: str


class ScoreHistory(BaseModel):
    """Answers about a lead, the newest first."""

    lead_id: str = Field(description="The id under which the lead is kept.")
    answers: list[Answered]
    further: Further | None = Field(description="Parameters of the next page; None where this is the last.")


def _no_number(said: object) -> object:
    """A number would be taken for seconds since 1970, which nobody means."""
    try:
        float(str(said))
    except ValueError:
        return said
    raise ValueError("must be a moment as ISO 8601 writes it, 2026-03-18T09:30:00Z")


@router.get(
    "/api/leads/{lead_id:path}/score-history", response_model=ScoreHistory, dependencies=[Depends(require("read"))]
)
async def score_history(
    lead_id: LeadId,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[
        datetime | None,
        BeforeValidator(_no_number),
        Query(description="Only answers given before this moment; UTC where it says no zone."),
    ] = None,
    before_id: PredictionId = None,
) -> Response:
    """Every answer about a lead, and why each differs from the one before.

    An answer appears here within about a second after it was given.
    """
    moment = None if before is None else _within_the_calendar(before)
    body = await to_thread.run_sync(_told, lead_id, limit, moment, before_id, limiter=AT_ONCE)
    return Response(body, media_type="application/json")


def told(lead_id: str, at_most: int) -> list[Answered]:
    """The last so many answers about a lead, each with why it differs from the one before; none without any."""
    answers = answers_about(lead_id, at_most + 1)
    return [Answered.model_validate(plain(*one)) for one in history(answers, at_most, engine, policy())]


def _told(lead_id: str, limit: int, before: datetime | None, before_id: str | None) -> str:
    answers = answers_about(lead_id, limit + 1, before, before_id)
    if not answers and (before is None or not answers_about(lead_id, 1)):
        raise ApiError(404, "There is no answer about such a lead.")
    told = [Answered.model_validate(plain(*one)) for one in history(answers, limit, engine, policy())]
    further = None
    if len(answers) > limit:
        further = Further(before=told[-1].predicted_at, before_id=told[-1].prediction_id)
    page = ScoreHistory(lead_id=ids_of_lead(lead_id)[0], answers=told, further=further)
    return page.model_dump_json()


def engine(target: Target, version: str) -> Engine:
    """The engine of a version, from those at hand; raises NoModel and UnknownModel."""
    found = _engine(settings().home, target, version)
    if isinstance(found, Engine):
        return found
    if monotonic() - found[1] > TRY_AGAIN_AFTER_SECONDS:
        _engine.cache_clear()
    raise found[0]


@lru_cache(maxsize=ENGINES_KEPT)
def _engine(_home: FilePath, target: Target, version: str) -> Engine | tuple[NoModel | UnknownModel, float]:
    """A version's engine, or why there is none and since when."""
    try:
        return engine_of_version(target, version)
    except (NoModel, UnknownModel) as failure:
        return failure, monotonic()


def _within_the_calendar(moment: datetime) -> datetime:
    """A moment in UTC; one that its zone carries beyond the calendar's ends is that end."""
    try:
        return as_utc(moment)
    except OverflowError:
        return END_OF_TIME if moment.year == END_OF_TIME.year else LONG_AGO
