"""What goes wrong, as the client reads it: `{"error": {"code", "message", "field"?, "request_id"}}`, whatever it was.

What is wrong inside (5xx) is said in general words; the trace is in the log, under the request's id.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.types import Scope

from api.addresses import SIGN_IN, is_nowhere, is_page
from api.mail_pages import MAIL_LINKS, nowhere_page
from database.away import is_away
from ringback.errors import (
    BadSettingFile,
    NoModel,
    NotEnoughData,
    RingbackError,
    StoreError,
    UnknownModel,
    VendorError,
    WrongUsage,
)
from scoring.lead import ADDRESS, PEOPLE, SAYS_SOMETHING

log = logging.getLogger("ringback.api")
CODES = {
    400: "bad_request", 401: "no_valid_key", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    409: "not_enough_data", 413: "too_large", 415: "unsupported_media_type", 422: "invalid",
    429: "too_many_requests", 500: "internal", 502: "vendor_failed", 503: "unavailable",
}  # fmt: skip
WORDS = {
    400: "The request cannot be read.",
    401: "A valid API key is needed, as X-API-Key or as a bearer token.",
    404: "There is nothing at this address.",
    405: "This address does not take that method; the header Allow names those it takes.",
    413: "The body is larger than is taken.",
    500: "Something is wrong on our side; the log has the details under this request id.",
    502: "An outside system that is needed did not answer as it should; try later.",
    503: "The service cannot answer just now; try again in a moment.",
}
STATUS_OF: Sequence[tuple[type[RingbackError], int]] = (
    (UnknownModel, 404), (WrongUsage, 400), (NotEnoughData, 409), (NoModel, 503),
    (StoreError, 503), (VendorError, 502),
)  # fmt: skip
"""The first that fits counts."""
OUR_FILE = "A file of settings that this needs cannot be followed; 'ringback doctor' says which, and what is wrong."
RETRY_AFTER_SECONDS = "2"
TRIED_AS = re.compile(
    r"(constrained|function|literal|union|tagged|chain)\b.*|float|int|str|bool|none|(tuple|list|dict)\[.*"
)
"""What pydantic adds to a place where several types are taken."""
FORMS: Mapping[str, str] = {
    ADDRESS: "must be an e-mail address, such as ana@acme.com",
    PEOPLE: "must be a number of people or a range of such, as in 50-100",
    SAYS_SOMETHING: "must say something",
}
"""How the patterns of scoring are told; pydantic's own, they are the quickest to check."""
KINDS: Mapping[str, str] = {
    "string_type": "a text", "float_type": "a number", "float_parsing": "a number", "int_type": "a whole number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "bool_type": "true or false",
    "bool_parsing": "true or false", "model_type": "an object", "model_attributes_type": "an object",
    "dict_type": "an object", "list_type": "a list", "tuple_type": "a list", "none_required": "null",
}  # fmt: skip
"""What a value had to be, by pydantic's type of the error."""
MOST_PROBLEMS = 5
"""A body can be wrong in many places; so many are told at once."""


class Error(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs: stays the same.")
    message: str = Field(description="For people: the situation and the way out.")
    field: str | None = Field(None, description="What of the request is wrong, where it is one thing.")
    request_id: str = Field(description="As in the header X-Request-ID; the log speaks of it.")


class Failure(BaseModel):
    """The body of every answer that is no success."""

    error: Error


class ApiError(Exception):
    """Ends a request with a status and a message for the client."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        field: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or WORDS.get(status, ""))
        self.status, self.field, self.headers = status, field, dict(headers or {})
        self.code = code or CODES.get(status, "failed")


class TooLarge(HTTPException):
    """The body grew larger than is taken; FastAPI lets this kind through while it reads a body."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(413, f"The body is larger than the {most_bytes:,} bytes that are taken.")


def answer(failure: ApiError, request_id: str) -> Response:
    """The response that tells of a failure."""
    error: dict[str, Any] = {"code": failure.code, "message": str(failure), "request_id": request_id}
    if failure.field:
        error["field"] = failure.field
    if failure.status in (413, 500):
        failure.headers.setdefault("Connection", "close")
    if failure.status == 503:
        failure.headers.setdefault("Retry-After", RETRY_AFTER_SECONDS)
    return Response(orjson.dumps({"error": error}), failure.status, failure.headers, "application/json")


def failure_of(error: Exception) -> ApiError:
    """What a client is told of an error of ours; of what it could not have done better it is told nothing."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        said = str(error.detail) if isinstance(error, TooLarge) else None
        return ApiError(error.status_code, said, headers=error.headers)
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, BadSettingFile):
        return ApiError(503, OUR_FILE)
    for kind, status in STATUS_OF:
        if isinstance(error, kind):
            return ApiError(status, str(error) if status < 500 else None)
    return ApiError(503 if is_away(error) else 500)


def add_handlers(app: FastAPI) -> None:
    """Let every failure that a route or the router raises be told in one form."""
    for kind in (ApiError, HTTPException, RequestValidationError, RingbackError):
        app.add_exception_handler(kind, _told)


async def _told(request: Request, error: Exception) -> Response:
    failure = failure_of(error)
    if failure.status == 405:
        failure.headers["Allow"] = ", ".join(methods_at(request)) or failure.headers.get("Allow", "")
    request_id = request.scope["state"]["request_id"]
    if failure.status >= 500:
        log.error("a request failed", exc_info=error, extra={"facts": {"request_id": request_id}})
    return told(failure, request.scope)


def told(failure: ApiError, scope: Scope) -> Response:
    """A failure as JSON; to somebody who looks at a page, as a page, and where a key is missing the way to sign in.

    Whoever followed a link of a mail that leads nowhere is told so, and nothing of what else is here.
    """
    request_id, sent = scope["state"]["request_id"], dict(scope["headers"])
    is_of_mail = scope["path"].startswith(MAIL_LINKS) and failure.status == 404
    is_for_people = is_page(scope["path"]) or is_nowhere(scope["path"]) or is_of_mail
    if not is_for_people or b"text/html" not in sent.get(b"accept", b""):
        return answer(failure, request_id)
    if failure.status == 401 and b"authorization" not in sent:
        return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': came_for(scope)})}", 303)
    from api.pages.rendering import failure_page

    plain = answer(failure, request_id)
    headers = {name: value for name, value in plain.headers.items() if name not in ("content-length", "content-type")}
    if is_of_mail:
        return nowhere_page(headers)
    return failure_page(scope, failure.status, str(failure), headers)


def came_for(scope: Scope) -> str:
    """The address that a request asked for, to come back to; of one that changes something, the first page."""
    asked = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    return (path + (f"?{asked}" if asked else "")) if scope["method"] == "GET" else "/"


def methods_at(request: Request) -> list[str]:
    """The methods that any route takes at the request's address."""
    scope = dict(request.scope)
    return sorted(
        {
            method for route in request.app.routes if route.matches(scope)[0] is not Match.NONE
            for method in getattr(route, "methods", None) or ()
        }
    )  # fmt: skip


def words_of(problem: Mapping[str, Any]) -> str:
    """What is wrong with a value, never as a regular expression: most forms say in words what they are (`Form`).

    >>> wrong = {"type": "string_pattern_mismatch", "msg": "...", "ctx": {"pattern": ADDRESS}}
    >>> words_of(wrong | {"input": " "}), words_of(wrong | {"input": "ana"})
    ('must say something', 'must be an e-mail address, such as ana@acme.com')
    """
    given = problem.get("input")
    if kind := KINDS.get(problem["type"]):
        return f"must be {kind}"
    if problem["type"] != "string_pattern_mismatch":
        return str(problem["msg"]).removeprefix("Value error, ")
    if "\x00" in str(given):
        return "must not have NUL characters"
    said = FORMS.get(problem.get("ctx", {}).get("pattern", ""), "has another form than /docs says")
    return said if str(given).strip() else "must say something"


def _invalid(error: RequestValidationError) -> ApiError:
    problems = by_place(error.errors())
    return ApiError(422, listed(problems), field=next(iter(problems), None))


def listed(problems: Mapping[str, str]) -> str:
    """The first five problems and how many more there are."""
    told = "; ".join(f"{place}: {said}" for place, said in islice(problems.items(), MOST_PROBLEMS))
    further = len(problems) - MOST_PROBLEMS
    return f"{told}; and {further:,} more" if further > 0 else told


def by_place(problems: Sequence[Mapping[str, Any]], within: tuple[str | int, ...] = ()) -> dict[str, str]:
    """What is wrong at each place of a request, once, however many types a value was tried as.

    >>> types = [{"type": "float_type", "loc": ("fit", "float")}, {"type": "string_type", "loc": ("fit", "str")}]
    >>> by_place(types)
    {'fit': 'must be a number or a text'}
    >>> by_place([{"type": "greater_than", "loc": ("fit", "float"), "msg": "must be more than 0"}, *types[1:]])
    {'fit': 'must be more than 0'}
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in problems:
        found.setdefault(place_of((*within, *one["loc"])) or "body", []).append(one)
    return {place: words_of_all(those) for place, those in found.items()}


def words_of_all(problems: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with one value: where it is of a type that is taken, what that type finds wrong with it."""
    nearest = next((one for one in problems if one["type"] not in KINDS), None)
    if nearest is not None:
        return words_of(nearest)
    return f"must be {' or '.join(dict.fromkeys(KINDS[one['type']] for one in problems))}"


def place_of(location: Sequence[str | int]) -> str:
    """Where in a request something is wrong, without which of several types it was tried as.

    >>> place_of(("body", "leads", 2, "employees", "constrained-float")), place_of(("query", "limit"))
    ('leads.2.employees', 'query.limit')
    """
    inside = location[1:] if location and location[0] == "body" else location
    parts = [str(part)[:100] for number, part in enumerate(inside) if not (number and TRIED_AS.fullmatch(str(part)))]
    return ".".join(parts)
