"""Scores: one lead or up to a hundred, with reasons; logged before they are answered."""

from functools import partial
from typing import Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api import metrics
from api.bodies import body_of, parsed
from api.direct import DirectRoute
from api.errors import ApiError, Failure
from api.score_shapes import ScoreBatch, ScoreReply, Scores, request_body
from api.security import require
from api.serving import Serving, serving
from intake.cells import Unreadable
from ringback.clock import now
from ringback.laps import Laps
from scoring.lead import LeadRequest
from scoring.log import line_of
from scoring.service import Service
from scoring.stored import stored_about

router = APIRouter(tags=["scores"], route_class=DirectRoute)
MAY_SCORE = Depends(require("score"))
NOT_JSON: dict[int | str, dict[str, Any]] = {
    415: {"model": Failure, "description": "The body does not say that it is JSON."}
}
LONG_BODY = 20_000
"""Bytes from which reading the words takes so long (1 ms for 1,000) that others should not wait for it."""
AS_TIMES = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


@router.post(
    "/score", response_model=ScoreReply, responses=NOT_JSON, openapi_extra=request_body(LeadRequest),
    dependencies=[MAY_SCORE],
)  # fmt: skip
async def score(request: Request, explain: bool = True) -> Response:
    """Score a lead; only `company_name` is required.

    Without `explain` no reasons are given, and the answer comes a little sooner.
    """
    laps = Laps()
    here = serving()
    service = here.service
    raw = await body_of(request)
    laps.lap("parse")
    asked = (raw, explain)
    reply = here.replies.get(asked, service, here.known)
    metrics.count_cache(reply is not None)
    if reply is not None:
        return _response(reply, laps)
    lead = parsed(LeadRequest, raw)
    not_among = None if here.known.has(lead) else here.known
    laps.lap("validate")
    stored = await here.stored_about(lead)
    laps.lap("stored")
    answer = partial(service.score, lead, stored, now(), explain=explain, laps=laps)
    try:
        scored = answer() if len(raw) <= LONG_BODY else await to_thread.run_sync(answer)
    except Unreadable as failure:
        raise ApiError(422, f"{failure.column}: {failure.reason}", field=failure.column) from None
    laps.lap("tell")
    here.written.append(line_of(scored, _circumstances(request)))
    laps.lap("log")
    metrics.observe_prediction(scored.prediction)
    reply = orjson.dumps(service.told(scored, explain) | {"cached": False}, option=AS_TIMES)
    here.replies.keep(asked, service, reply, not_among)
    return _response(reply, laps)


@router.post(
    "/score/batch", response_model=Scores, responses=NOT_JSON, openapi_extra=request_body(ScoreBatch),
    dependencies=[MAY_SCORE],
)  # fmt: skip
async def score_batch(request: Request, explain: bool = True) -> Response:
    """Score up to a hundred leads; either all are answered or, where one is wrong, none.

    Each lead counts as a request of the key's budget; where not all of them fit into its minute none is scored.
    """
    laps = Laps()
    here = serving()
    batch = parsed(ScoreBatch, await body_of(request))
    laps.lap("validate")
    await request.scope["state"]["charge"](len(batch.leads) - 1)
    told = await to_thread.run_sync(_score_all, here, here.service, batch.leads, _circumstances(request), explain)
    laps.lap("score")
    return _response(orjson.dumps({"results": told}, option=AS_TIMES), laps)


def _score_all(
    here: Serving, service: Service, leads: list[LeadRequest], circumstances: dict[str, str | None], explain: bool
) -> list[dict[str, Any]]:
    at = now()
    scored = []
    for number, lead in enumerate(leads):
        stored = stored_about(lead, here.rates) if here.known.has(lead) else here.rates
        try:
            scored.append(service.score(lead, stored, at, explain=explain))
        except Unreadable as failure:
            place = f"leads.{number}.{failure.column}"
            raise ApiError(422, f"{place}: {failure.reason}", field=place) from None
    here.written.append(b"".join(line_of(one, circumstances) for one in scored))
    for one in scored:
        metrics.observe_prediction(one.prediction)
    return [service.told(one, explain) | {"cached": False} for one in scored]


def _circumstances(request: Request) -> dict[str, str | None]:
    state = request.scope["state"]
    return {"request_id": state["request_id"], "key_id": state["key"].key_id}


def _response(body: bytes, laps: Laps) -> Response:
    laps.lap("reply")
    for part, seconds in laps.seconds.items():
        metrics.observe_phase(part, seconds)
    timing = ", ".join(f"{part};dur={1000 * seconds:.3f}" for part, seconds in laps.seconds.items())
    return Response(body, headers={"Server-Timing": timing}, media_type="application/json")
