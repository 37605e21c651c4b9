"""Addresses as they were sent: a slash that belongs to an id is not one that divides the address."""

from urllib.parse import quote, unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class AsSent(APIRoute):
    """A route whose last words count only where they were sent as parts of the address.

    Ids of leads may have slashes, which are sent as %2F. So `/leads/crm%2Fchanges` is the lead `crm/changes`, and
    `/leads/crm/changes` are the changes of the lead `crm`, though both are the same once they are decoded.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether an address is this route's."""
        match, child = super().matches(scope)
        ending = self.path.rpartition("}")[2]
        return (match, child) if match is Match.NONE or ends_with(scope, ending) else (Match.NONE, {})


def ends_with(scope: Scope, ending: str) -> bool:
    """Whether the last parts of an address are these.

    >>> sent = {"path": "/leads/crm/changes", "raw_path": b"/leads/crm%2Fchanges"}
    >>> ends_with(sent, "/changes"), ends_with(sent | {"raw_path": b"/leads/crm/changes"}, "/changes")
    (False, True)
    """
    if not ending:
        return True
    wanted = ending.split("/")[1:]
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()  # a server may leave it out
    return [unquote(part) for part in raw.decode("latin-1").split("/")[-len(wanted) :]] == wanted


def in_address(text: object) -> str:
    """A text as one part of an address, or as a value behind the question mark.

    >>> in_address("crm/77?a=b")
    'crm%2F77%3Fa%3Db'
    """
    return quote(str(text), safe="")
