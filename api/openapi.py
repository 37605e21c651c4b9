"""The description of the API: FastAPI's own, with what holds for every route added."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.errors import Failure
from api.routers.logs import LogEntry
from api.score_shapes import ScoreBatch
from api.security import API_KEY_HEADER, Require
from scoring.arrivals import Arrival
from scoring.lead import LeadRequest

TAGS = [
    {"name": "scores", "description": "What a lead is worth a call, and why."},
    {"name": "models", "description": "Who answers, and since when."},
    {"name": "leads", "description": "Leads with what is known of them."},
    {"name": "campaigns", "description": "Where leads are looked for."},
    {"name": "logs", "description": "What other systems decided."},
    {"name": "webhooks", "description": "What other systems tell us; signed by them instead of an API key."},
    {"name": "service", "description": "Whether the service is well."},
]
SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER, "description": "`ringback keys create`"},
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The same key as a bearer token."},
}
FOR_ALL = {
    "400": "The request cannot be read.", "413": "The body is too large.",
    "422": "A value is wrong; `field` says which.", "500": "Something is wrong on our side.",
    "503": "The service cannot answer just now.",
}  # fmt: skip
FOR_KEYS = {
    "401": "No valid key came with the request.", "403": "The key's roles do not include the one that is needed.",
    "429": "The key's requests of this minute are used up; `Retry-After` says for how long.",
}  # fmt: skip
NAMED = (Failure, Arrival, LeadRequest, LogEntry, ScoreBatch)
"""Models that descriptions speak of by name."""
METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in NAMED:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    roles = {(route.path_format, method.lower()): role for route, role in _roles(app) for method in route.methods or ()}
    for path, operations in document["paths"].items():
        for method in METHODS & operations.keys():
            _complete(operations[method], roles.get((path, method)), has_name="{" in path)
    app.openapi_schema = document
    return document


def _complete(operation: dict[str, Any], role: str | None, has_name: bool) -> None:
    """Add to an operation what every one of its kind can answer, and which key it needs."""
    told = dict(FOR_ALL)
    if role:
        operation["security"] = [{name: []} for name in SCHEMES]
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds a key with the role `{role}`.".strip()
        told |= FOR_KEYS
    if has_name:
        told["404"] = "There is no such thing."
    responses = operation["responses"]
    responses.pop("422", None)
    schema = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    for status, words in told.items():
        responses.setdefault(status, {"description": words}).setdefault("content", schema)
    for status, response in responses.items():
        if status >= "400":
            response.setdefault("content", schema)
        response.setdefault("headers", {})["X-Request-ID"] = {"schema": {"type": "string"}}


def _roles(app: FastAPI) -> Iterator[tuple[APIRoute, str | None]]:
    """Each route with the role that it asks for."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route, next(_required([route.dependant]), None)


def _required(dependants: Iterable[Dependant]) -> Iterator[str]:
    for one in dependants:
        if isinstance(one.call, Require):
            yield one.call.role
        yield from _required(one.dependencies)
