"""What surrounds every request: its id, its key and budget, the size of its body, its line in the log, safe headers.

One ASGI class does all of it, because each further layer costs every request. Nothing of a body, no key and no name of
a person reaches the log.
"""

import binascii
import logging
import re
from base64 import b64decode
from os import urandom
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics
from api.addresses import is_nowhere, is_open, is_page
from api.errors import ApiError, TooLarge, failure_of, told
from api.gate import KeyRing, Limiter, Standing
from api.sessions import SAFE_METHODS, is_from_us, session_of
from database.keys import Key
from ringback.clock import now

log = logging.getLogger("ringback.api")
SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of every answer that does not set them itself."""
BEARER = 'Bearer realm="ringback"'
BASIC = 'Basic realm="ringback: the password is an API key", charset="UTF-8"'
Headers = tuple[tuple[bytes, bytes], ...]


class Shell:
    """The one middleware."""

    def __init__(self, app: ASGIApp, keys: KeyRing, limiter: Limiter, most_body_bytes: int) -> None:
        """Stands around `app`; bodies of more than `most_body_bytes` are refused."""
        self._app, self._keys, self._limiter, self._most = app, keys, limiter, most_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through to its route, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send).run()

    async def admit(self, scope: Scope, sent: dict[bytes, bytes]) -> tuple[Key | None, Standing | None]:
        """The key of a request and where it stands; raises ApiError 401 or 429. Open addresses need none."""
        path, at = scope["path"], now()
        on_page = is_page(path)
        if on_page and scope["method"] not in SAFE_METHODS and not is_from_us(sent):
            raise ApiError(403, "This was sent by another site; open the page itself and do it there.", code="not_ours")
        text = _key_text(sent, on_page)
        if is_open(path):
            is_asked_for = path == "/health" and text is not None
            return (await self._keys.key_of(text or "", at) if is_asked_for else None), None
        if (on_page or is_nowhere(path)) and text is None:
            session = session_of(sent)
            key = await self._keys.key_with_id(session.key_id, at) if session else None
            if key is not None:
                scope["state"]["session"] = session
                return key, None
        key = await self._keys.key_of(text, at) if text is not None else None
        if key is None:
            # a part of a page that is asked for by script must not make the browser ask for a password
            asked = BASIC if on_page and b"hx-request" not in sent else BEARER
            raise ApiError(401, headers={"WWW-Authenticate": asked})
        return key, await self._limiter.admit(key, at)

    async def charge(self, key: Key, cost: int) -> Standing:
        """Count more of a request than its one; none of it is counted where not all of it fits."""
        return await self._limiter.admit(key, now(), cost)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is behind the shell."""
        await self._app(scope, receive, send)

    @property
    def most_body_bytes(self) -> int:
        """How large a body may be."""
        return self._most


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_extra", "_read", "_receive", "_scope", "_send", "_shell", "key", "request_id", "status")

    def __init__(self, shell: Shell, scope: Scope, receive: Receive, send: Send) -> None:
        self._shell, self._scope, self._receive, self._send = shell, scope, receive, send
        self._read = 0
        self._extra: Headers = ()
        self.status = 0
        self.key: Key | None = None
        self.request_id = ""

    async def run(self) -> None:
        began = perf_counter()
        sent = dict(self._scope["headers"])
        asked = sent.get(b"x-request-id", b"")
        self.request_id = asked.decode() if SANE_ID.fullmatch(asked) else urandom(12).hex()
        self._extra = ((b"x-request-id", self.request_id.encode()),)
        state = self._scope.setdefault("state", {})
        state["request_id"] = self.request_id
        try:
            await self._answer(sent, state)
        except Exception as error:
            await self._fail(error)
        finally:
            self._note(perf_counter() - began)

    async def _answer(self, sent: dict[bytes, bytes], state: dict[str, object]) -> None:
        shell = self._shell
        try:
            self.key, standing = await shell.admit(self._scope, sent)
            state["key"], state["charge"] = self.key, self._charge
            if standing is not None:
                self._show(standing)
                self._refuse_beyond(standing, f"This key may ask {standing.limit:,} times a minute")
            stated = sent.get(b"content-length", b"0")
            if not stated.isdigit() or int(stated) > shell.most_body_bytes:
                raise failure_of(TooLarge(shell.most_body_bytes))
        except ApiError as refusal:
            await told(refusal, self._scope)(self._scope, self._receive, self._send_on)
            return
        await shell.inside(self._scope, self._receive_within, self._send_on)

    async def _charge(self, more: int) -> None:
        """Count `more` than the one that every request is; raises ApiError 429 where they do not all fit."""
        if more > 0 and self.key is not None:
            standing = await self._shell.charge(self.key, more)
            self._show(standing)
            limit = f"of the {standing.limit:,} a minute that this key may ask {standing.remaining:,} are left"
            self._refuse_beyond(standing, f"A request that counts {more + 1:,} times does not fit: {limit}")

    def _show(self, standing: Standing) -> None:
        """Say in headers what is left of the budget."""
        self._extra = (
            (b"x-request-id", self.request_id.encode()),
            (b"x-ratelimit-limit", str(standing.limit).encode()),
            (b"x-ratelimit-remaining", str(standing.remaining).encode()),
            (b"x-ratelimit-reset", str(standing.seconds_left).encode()),
        )

    def _refuse_beyond(self, standing: Standing, because: str) -> None:
        if standing.is_admitted:
            return
        metrics.count_limited()
        seconds = str(standing.seconds_left)
        self._extra = (*self._extra, (b"retry-after", seconds.encode()))
        raise ApiError(429, f"{because}; the next minute begins in {seconds} s.")

    async def _receive_within(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._shell.most_body_bytes:
                raise TooLarge(self._shell.most_body_bytes)
        return message

    async def _send_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = {name for name, _ in message["headers"]}
            always = [pair for pair in ALWAYS if pair[0] not in own]
            message["headers"] = [*message["headers"], *always, *self._extra]
        await self._send(message)

    async def _fail(self, error: Exception) -> None:
        """Tell the client that something is wrong inside, unless it has begun to read an answer."""
        log.error("a request failed", exc_info=error, extra={"facts": {"request_id": self.request_id}})
        if self.status:
            raise error
        await told(failure_of(error), self._scope)(self._scope, self._receive, self._send_on)

    def _note(self, seconds: float) -> None:
        scope = self._scope
        route = getattr(scope.get("route"), "path", None) or "unmatched"
        metrics.observe_request(route, self.status, seconds)
        if log.isEnabledFor(logging.INFO):
            facts = {
                "request_id": self.request_id, "method": scope["method"][:16], "route": route, "status": self.status,
                "ms": round(seconds * 1000, 3), "key_id": self.key.key_id if self.key else None,
            }  # fmt: skip
            log.info("request", extra={"facts": facts})


def _key_text(sent: dict[bytes, bytes], is_page: bool) -> str | None:
    """The key that came with a request, in either header; of a page also as the password of HTTP Basic."""
    if (key := sent.get(b"x-api-key")) is not None:
        return key.decode("latin-1")
    kind, _, token = sent.get(b"authorization", b"").partition(b" ")
    if kind.lower() == b"bearer":
        return token.strip().decode("latin-1")
    return _password(token) if is_page and kind.lower() == b"basic" else None


def _password(token: bytes) -> str | None:
    """The password of HTTP Basic (RFC 7617); None where there is none to be read."""
    try:
        return b64decode(token.strip(), validate=True).partition(b":")[2].decode("latin-1")
    except binascii.Error:
        return None
