"""A route without what FastAPI puts between a request and its endpoint: of a score that is a fifth of its time.

It is described like any other route. Its dependencies are asked with the request alone, its parameters are switches in
the query, and its endpoint reads the body and makes the response by itself.
"""

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from api.errors import ApiError

SWITCH = TypeAdapter(bool)


class DirectRoute(APIRoute):
    """A route whose endpoint takes the request and switches, and gives a response."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the dependencies, then the endpoint."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        for one in self.dependant.dependencies:
            assert one.call is not None  # noqa: S101  (every dependency is a callable)
            await one.call(request)
        response = await self.endpoint(request, **self._switches(request))
        await response(scope, receive, send)

    def _switches(self, request: Request) -> dict[str, bool]:
        """The switches that the query sets; raises ApiError 422 naming one that is neither on nor off."""
        if not request.scope["query_string"]:
            return {}
        said: dict[str, bool] = {}
        for one in self.dependant.query_params:
            words = request.query_params.get(one.alias)
            if words is None:
                continue
            try:
                said[one.name] = SWITCH.validate_python(words)
            except ValidationError:
                raise ApiError(422, f"{one.alias} is neither true nor false", field=f"query.{one.alias}") from None
        return said
