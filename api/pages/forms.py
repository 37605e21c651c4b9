"""What people send from pages: fields of a form, with the session's token, which no other site knows."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from api.errors import ApiError

MOST_FIELDS = 50
LONGEST_FIELD = 10_000
TOKEN, TOKEN_HEADER = "csrf", "x-csrf-token"
FORM = "application/x-www-form-urlencoded"


async def fields_of(request: Request) -> Mapping[str, str]:
    """The fields of a form, the last of each name; raises ApiError 415, 422 where it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != FORM:
        raise ApiError(415, f"A form is sent as {FORM}.")
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError as failure:  # also what is no UTF-8
        raise ApiError(422, "The form cannot be read.") from failure
    for name, text in fields.items():
        if len(text) > LONGEST_FIELD or "\x00" in text:
            raise ApiError(422, f"{name} is longer than {LONGEST_FIELD:,} characters, or no text.", field=name[:100])
    return fields


async def sent_by_us(request: Request) -> Mapping[str, str]:
    """A form that came from our page in this session; raises ApiError 403 for one that did not."""
    fields = await fields_of(request)
    session = request.scope["state"].get("session")
    if session is None:
        raise ApiError(403, "Sign in on the page itself, and do it there.", code="no_session")
    if not session.fits(request.headers.get(TOKEN_HEADER) or fields.get(TOKEN, "")):
        raise ApiError(403, "This form is of another session; load the page again, then send it.", code="stale_form")
    return fields


def text_of(fields: Mapping[str, str], name: str, at_most: int = 2_000) -> str:
    """A field that must say something; raises ApiError 422 where it does not."""
    text = fields.get(name, "").strip()
    if not text:
        raise ApiError(422, f"Fill in {name.replace('_', ' ')}.", field=name)
    if len(text) > at_most:
        raise ApiError(422, f"{name.replace('_', ' ')} is longer than {at_most:,} characters.", field=name)
    return text


def wants_part(request: Request) -> bool:
    """Whether only a part of the page is to be changed: htmx asks."""
    return request.headers.get("hx-request") == "true"
