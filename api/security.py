"""What a route asks of the key that came with a request.

That a key is there and valid is settled before a request comes to its route (`api/shell.py`), for every address that is
not listed as open: a route that forgets to ask still answers nobody without a key.
"""

from functools import lru_cache

from starlette.requests import Request

from api.errors import ApiError
from database.keys import ROLES, Key

API_KEY_HEADER = "X-API-Key"


class Require:
    """A dependency that lets a request pass whose key has a role; gives the key."""

    def __init__(self, role: str) -> None:
        """`role` is one of score, read, write, admin."""
        if role not in ROLES:
            raise ValueError(f"there is no role {role!r}")
        self.role = role

    async def __call__(self, request: Request) -> Key:
        """Give the request's key; raises ApiError 401 without one, 403 where its roles do not include this one."""
        key: Key | None = request.scope["state"].get("key")
        if key is None:
            raise ApiError(401)
        if self.role not in key.may:
            raise ApiError(
                403, f"This needs a key with the role {self.role}; this one has {', '.join(key.roles)}.",
                code="role_missing",
            )  # fmt: skip
        return key


@lru_cache
def require(role: str) -> Require:
    """The dependency of a route that needs a key with this role: `Depends(require("score"))`."""
    return Require(role)
