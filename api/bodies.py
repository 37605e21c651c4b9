"""Reading a body of JSON: as bytes, so that it is parsed and checked in one pass, and what is wrong names its field."""

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.errors import ApiError, listed, words_of_all

Model = TypeVar("Model", bound=BaseModel)
DEEPEST = 3
"""Parts of a place that are told: a list, a number in it, a field; below that pydantic speaks of its own types."""


async def body_of(request: Request) -> bytes:
    """The body; raises ApiError 415 where it does not say that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "The body must be JSON, and say so: Content-Type: application/json.", field="Content-Type")
    return await request.body()


def parsed(model: type[Model], raw: bytes) -> Model:
    """The body as a model; raises ApiError 400 where it is no JSON and 422 where a value is wrong, naming the field."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as failure:
        raise _refusal(failure, "leads" in model.model_fields) from None


def _refusal(failure: ValidationError, has_leads: bool) -> ApiError:
    found: dict[str, list[ErrorDetails]] = {}
    for one in failure.errors(include_url=False):
        if one["type"] == "json_invalid":
            return ApiError(400, f"The body is no JSON: {one['msg'].removeprefix('Invalid JSON: ')}.", field="body")
        place = one["loc"]
        inside = place[:DEEPEST] if has_leads else place[:1]
        found.setdefault(".".join(str(part)[:100] for part in inside) or "body", []).append(one)
    told = {place: words_of_all(those) for place, those in found.items()}
    return ApiError(422, listed(told), field=next(iter(told)))
