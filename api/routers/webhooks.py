"""What other systems tell us: signed, kept, acknowledged, and only then acted on (`api/inbox_worker.py`).

A delivery that was told before is acknowledged again and nothing more.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NoReturn

import orjson
from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, Field, SecretStr, ValidationError

from api.email_events import POSTMARK, RESEND, SENDGRID
from api.errors import ApiError, Failure, by_place, listed
from api.inbox_worker import FELLOW
from api.threads import WRITES
from database import inbox
from database.inbox import Name
from ringback.clock import now
from ringback.errors import VendorRefused
from ringback.settings import settings
from scoring.arrivals import LEADS, arrivals_in
from vendors import svix, webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
MOST_LEADS = 500
LONGEST_CHALLENGE = 512


class Taken(BaseModel):
    """What became of a delivery."""

    state: Literal["kept", "known"] = Field(description="kept: it will be acted on; known: it was told before.")
    delivery_id: str


ANSWERS: dict[int | str, dict[str, object]] = {
    200: {"model": Taken, "description": "This delivery was told before."},
    401: {"model": Failure, "description": "The signature is missing, wrong or too old."},
    403: {"model": Failure, "description": "This webhook is not set up; the message says how that is done."},
}
Sent = Mapping[str, str]
Verify = Callable[[Sent, bytes], str]
"""Headers in small letters and raw bytes to the delivery's id; raises VendorRefused."""


@router.post("/leads", status_code=202, response_model=Taken, responses=ANSWERS, openapi_extra={
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [
        {"$ref": "#/components/schemas/Arrival"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Arrival"}, "maxItems": MOST_LEADS, "minItems": 1},
    ]}}}},
})  # fmt: skip
async def leads_arrive(request: Request) -> Response:
    """Leads from a form or another system, to be kept and scored.

    One lead, a list of at most 500, or `{"leads": [...]}`; signed as Svix does (`svix-id`, `svix-timestamp`,
    `svix-signature`) with the secret in `RINGBACK_LEADS_WEBHOOK_SECRET`.
    """
    raw = await request.body()
    delivery_id = _verified(_svix("leads", settings().leads_webhook_secret), request, raw)
    text = _text(raw)
    try:
        arrived = arrivals_in(text)
    except ValidationError as failure:
        wrong = by_place(failure.errors())
        raise ApiError(422, listed(wrong), field=next(iter(wrong))) from None
    if not 1 <= len(arrived) <= MOST_LEADS:
        raise ApiError(422, f"{len(arrived):,} leads in one delivery; 1 to {MOST_LEADS} are taken")
    return await _keep(request, Name(LEADS, delivery_id), text)


@router.post("/fellow", status_code=202, response_model=Taken, responses=ANSWERS | {
    200: {
        "description": "This delivery was told before; or Fellow's question on registering, answered by its own word.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Taken"}}, "text/plain": {}},
    },
}, openapi_extra={
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
})  # fmt: skip
async def fellow_tells(request: Request) -> Response:
    """Fellow has new notes of a meeting: the ingest is told.

    When the address is registered Fellow asks it to repeat a word, unsigned; that is answered as it should be.
    """
    raw = await request.body()
    if (word := _challenge(raw)) is not None:
        return PlainTextResponse(word)
    delivery_id = _verified(_svix("fellow", settings().fellow_webhook_secret), request, raw)
    return await _keep(request, Name(FELLOW, delivery_id), _text(raw))


@router.post("/email", status_code=202, response_model=Taken, responses=ANSWERS, openapi_extra={
    "requestBody": {"required": True, "content": {"application/json": {
        "schema": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
    }}},
})  # fmt: skip
async def email_tells(request: Request) -> Response:
    """What happened to our mails, from Resend, SendGrid or Postmark; the headers say which of them it is."""
    raw = await request.body()
    provider, verify = _provider(_sent(request))
    delivery_id = _verified(verify, request, raw)
    return await _keep(request, Name(provider, delivery_id), _text(raw))


def _provider(sent: Sent) -> tuple[str, Verify]:
    """Who sends this, and how it is verified."""
    if svix.SIGNATURE_HEADER in sent:
        return RESEND, _svix("resend", settings().resend_webhook_secret)
    if webhooks.SENDGRID_SIGNATURE in sent:
        key = settings().sendgrid_webhook_key or _not_set_up("sendgrid", "RINGBACK_SENDGRID_WEBHOOK_KEY")
        return SENDGRID, lambda headers, raw: webhooks.verify_sendgrid(headers, raw, key, now())
    user, password = settings().postmark_webhook_user, settings().postmark_webhook_password
    if sent.get("authorization", "").lower().startswith(webhooks.BASIC):
        if not user or password is None:
            _not_set_up("postmark", "RINGBACK_POSTMARK_WEBHOOK_USER and RINGBACK_POSTMARK_WEBHOOK_PASSWORD")
        else:
            return POSTMARK, lambda headers, raw: webhooks.verify_basic(headers, raw, user, password)
    raise ApiError(
        401, "The delivery has no signature of Resend or SendGrid, and no password of Postmark.", code="not_signed"
    )


def _svix(whose: str, secret: SecretStr | None) -> Verify:
    if secret is None:
        _not_set_up(whose, f"RINGBACK_{whose.upper()}_WEBHOOK_SECRET")
    return lambda headers, raw: svix.verify(headers, raw, secret, now())


def _not_set_up(whose: str, setting: str) -> NoReturn:
    raise ApiError(
        403, f"Webhooks of {whose} are not set up: set {setting}, then start the API again.", code="not_set_up"
    )


def _verified(verify: Verify, request: Request, raw: bytes) -> str:
    try:
        return verify(_sent(request), raw)
    except VendorRefused as refusal:
        raise ApiError(401, f"{refusal}", code="not_signed") from None


def _sent(request: Request) -> Sent:
    return {name.lower(): value for name, value in request.headers.items()}


def _text(raw: bytes) -> str:
    try:
        orjson.loads(raw)
        return raw.decode()
    except ValueError:
        raise ApiError(422, "The body is no JSON.") from None


def _challenge(raw: bytes) -> str | None:
    """The word that an address is asked to repeat when it is registered; a word, nothing that a browser would run."""
    try:
        content = orjson.loads(raw)
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("type") != "url_verification":
        return None
    word = content.get("challenge")
    return word if isinstance(word, str) and len(word) <= LONGEST_CHALLENGE and word.isprintable() else None


async def _keep(request: Request, name: Name, body: str) -> Response:
    """Commit the delivery, then acknowledge it."""
    is_new = await to_thread.run_sync(inbox.keep, name, body, {}, now(), limiter=WRITES)
    if is_new and (worker := getattr(request.app.state, "inbox_worker", None)):
        worker.call()
    taken = {"state": "kept" if is_new else "known", "delivery_id": name.delivery_id}
    return Response(orjson.dumps(taken), 202 if is_new else 200, media_type="application/json")
