"""Signing in and out, and the files that pages load."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from api import sessions
from api.addresses import SIGN_IN
from api.errors import ApiError
from api.pages.forms import fields_of, sent_by_us
from api.pages.rendering import ASSETS, back_to, show
from api.security import require
from database import keys
from database.keys import keys as all_keys
from ringback.clock import now
from ringback.forms import Form

router = APIRouter(include_in_schema=False)
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
LONGEST_NEXT = 2_000
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""The address of an asset changes with its content."""
ASSET = Form(r"^[A-Za-z0-9.]+\.(js|css)$", "the name of a script or a style sheet", "app.js")


@router.get(SIGN_IN)
async def sign_in_page(
    request: Request, next: Annotated[str, Query(description="Where to go afterwards.")] = "/"
) -> HTMLResponse:
    """Ask for a key."""
    return show(request, "sign_in.html", next=inside(next), wrong=None)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """Begin a session, where the key is valid and may read."""
    fields = await fields_of(request)
    next_, text = inside(fields.get("next", "/")), fields.get("key", "").strip()
    key = await to_thread.run_sync(_key_of, text)
    if key is None or not key.is_valid_at(now()):
        wrong = "This key is not valid: it may be revoked or mistyped. 'ringback keys list' shows which there are."
        return show(request, "sign_in.html", 401, next=next_, wrong=wrong)
    if "read" not in key.may:
        wrong = "This key may score, but not read. Pages need one with the role read, write or admin."
        return show(request, "sign_in.html", 403, next=next_, wrong=wrong)
    answer = back_to(next_)
    sessions.begin(answer, key.key_id, sessions.is_secure(request.scope["scheme"]))
    return answer


@router.post("/sign-out", dependencies=[Depends(require("read")), Depends(sent_by_us)])
async def sign_out() -> Response:
    """End the session."""
    answer = back_to(SIGN_IN)
    sessions.end(answer)
    return answer


@router.get("/assets/{name}")
async def asset(name: Annotated[str, Path(), ASSET]) -> FileResponse:
    """A file that pages load."""
    path = ASSETS / name
    if not path.is_file():
        raise ApiError(404)
    return FileResponse(path, media_type=TYPES[path.suffix], headers=FOR_EVER)


def inside(address: str) -> str:
    """An address of ours to go to; the first page, where it is anything else.

    >>> inside("/leads?page=2"), inside("//evil.example"), inside("https://evil.example"), inside("/\\\\evil.example")
    ('/leads?page=2', '/', '/', '/')
    """
    is_ours = len(address) <= LONGEST_NEXT and address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_ours and address.isprintable() else "/"


def _key_of(text: str) -> keys.Key | None:
    key_id, secret = keys.parts_of(text) or ("", text)
    key = {one.key_id: one for one in all_keys()}.get(key_id)
    return key if keys.fits(secret, key) else None
