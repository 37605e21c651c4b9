"""Who has signed in: a cookie that names a key's id, signed by a secret of this installation; the key is not in it.

Guards against other sites (OWASP, "Cross-Site Request Forgery Prevention"): a request that changes something must come
from our own pages, by what the browser says of its origin, and carry the session's token, which only they know.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from secrets import token_urlsafe
from typing import Literal

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import cookie_parser
from starlette.responses import Response

from ringback.secret_file import kept_secret
from ringback.settings import settings

COOKIE = "ringback_session"
LASTS_SECONDS = 12 * 3600
WORDS, SAID_FOR_SECONDS = "words", 120
SECRET_FILE = "session.secret"  # noqa: S105  (a file's name)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LAX: Literal["lax"] = "lax"
"""Sent along when a person follows a link to us, and not with what other sites post."""
OURS = frozenset({b"same-origin", b"none"})
"""What browsers say of a request from our own pages, and of one that a person made by hand."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has signed in."""

    key_id: str
    token: str
    """What a form must carry."""

    def fits(self, token: str) -> bool:
        """Whether a form's token is this session's."""
        return hmac.compare_digest(token.encode(), self.token.encode())


def begin(response: Response, key_id: str, is_secure: bool) -> None:
    """Let the browser hold a session of a key for twelve hours."""
    text = _signer().dumps({"key": key_id, "token": token_urlsafe(18)})
    response.set_cookie(
        COOKIE, str(text), max_age=LASTS_SECONDS, path="/", secure=is_secure, httponly=True, samesite=LAX
    )  # fmt: skip


def end(response: Response) -> None:
    """Let the browser forget its session."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite=LAX)


def session_of(sent: Mapping[bytes, bytes]) -> Session | None:
    """The session that came with a request's headers; None without one, or where it is over or not ours."""
    cookies = cookie_parser(sent.get(b"cookie", b"").decode("latin-1"))
    try:
        told = _signer().loads(cookies[COOKIE], max_age=LASTS_SECONDS)
        return Session(str(told["key"]), str(told["token"]))
    except (BadData, KeyError, TypeError):
        return None


def is_from_us(sent: Mapping[bytes, bytes]) -> bool:
    """Whether a request comes from our own pages, as far as the browser says.

    >>> is_from_us({b"host": b"r.example", b"origin": b"https://evil.example"})
    False
    """
    said = sent.get(b"sec-fetch-site")
    if said is not None:
        return said in OURS
    origin = sent.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == sent.get(b"host")


def is_secure(scheme: str) -> bool:
    """Whether the browser reaches us over https, be it through a proxy that public_url names."""
    return scheme == "https" or settings().links.startswith("https://")


def signed(words: str) -> str:
    """Words of ours that a page is to say once, in its address; nobody else can put words into it."""
    return str(_signer(WORDS).dumps(words)) if words else ""


def unsigned(text: str) -> str:
    """The words again; none where they are not ours, or were said minutes ago."""
    try:
        return str(_signer(WORDS).loads(text, max_age=SAID_FOR_SECONDS)) if text else ""
    except BadData:
        return ""


def _signer(purpose: str = "session") -> URLSafeTimedSerializer:
    return _signer_with(kept_secret(settings().home / SECRET_FILE), purpose)


@lru_cache(maxsize=8)
def _signer_with(secret: bytes, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=purpose)
