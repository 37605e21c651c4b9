"""The one HTTP client: keys, patience and plain words for what went wrong.

A request that fails in passing (no connection, a time-out, 408, 429, 5xx, a body cut short) is tried again with
exponential back-off and jitter, and not before the moment a Retry-After names. What will not get better by asking again
is an error at once. All processes together keep the vendor's limits (`limits.py`) and leave a vendor alone that is down
(`breaker.py`). Secrets are sent in headers, or in a path that says `(key)` in their place, and never reach a message.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ringback.clock import as_utc, now
from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import settings
from vendors.breaker import CircuitBreakerError, guarded
from vendors.limits import Limit, wait_for_turn

TRIES = 6
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
READ = "ringback.read"
PASSING_STATUSES = frozenset({408, 425, 429})
"""Besides every 5xx: also those that proxies invented, behind which the vendor may have taken the request."""
HTTPX_LOG = logging.getLogger("httpx")
KEY_SHOWN = "(key)"
"""What stands in paths and messages where a secret is."""


Params = Mapping[str, str | int | bool | Sequence[str]]
"""A query string's names and values; a list stands for the name once per value."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose status says something."""

    status: int
    body: Mapping[str, Any]


class _Passing(Exception):
    """A failure that asking again may mend."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _NotTaken(_Passing):
    """A failure that shows that the vendor did not take the request: asking again cannot do a thing twice."""


class _Throttled(_NotTaken):
    """The vendor is well and asks for patience."""


@dataclass(slots=True)
class Client:
    """Speaks to one vendor at one base URL; closes with its `with` block."""

    vendor: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    key_in_path: str = field(default="", repr=False)
    """A secret that is part of the address, where a path says `(key)`."""
    limits: Sequence[Limit] = ()
    """What all processes together must keep to; none for a vendor without a limit."""
    state_folder: Path = field(default_factory=lambda: settings().home / "vendors")
    first_wait_seconds: float = FIRST_WAIT_SECONDS
    timeout_seconds: float = field(default_factory=lambda: settings().vendor_timeout_seconds)
    requests_sent: int = 0
    _http: httpx.Client = field(init=False)
    _discretion: "_Discretion | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        timeout = _timeout(self.timeout_seconds)
        self._http = httpx.Client(base_url=self.base_url, headers=dict(self.headers), timeout=timeout)
        if self.key_in_path:
            self._discretion = _Discretion(self.key_in_path)
            HTTPX_LOG.addFilter(self._discretion)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        if self._discretion:
            HTTPX_LOG.removeFilter(self._discretion)

    def post_json(
        self, path: str, body: Mapping[str, Any], repeatable: bool = True, params: Params | None = None
    ) -> dict[str, Any]:
        """Post JSON and give the JSON object that comes back.

        One that is not `repeatable` (it orders something that costs) is only asked again where the vendor surely did
        not take it: no connection was made, or it asked for patience (429).
        Raises VendorRefused (the request or key is wrong), VendorUnreadable (no JSON object came, although
        the status was a success), VendorUnavailable (it failed more often than we try).
        """
        return _read(self._ask("POST", path, repeatable=repeatable, json=body, params=params))

    def post_for_reply(
        self,
        path: str,
        body: Mapping[str, Any],
        answers: Collection[int],
        repeatable: bool = True,
        timeout_seconds: float | None = None,
    ) -> Reply:
        """Post JSON and give the JSON object that comes back, with its status.

        A status named in `answers` is an answer and no failure, where a JSON object comes with it: for a vendor that
        says something we need even then. What this raises, and `repeatable`, are as for `post_json`.
        """
        patience: dict[str, Any] = {} if timeout_seconds is None else {"timeout": _timeout(timeout_seconds)}
        response = self._ask("POST", path, answers=answers, repeatable=repeatable, json=body, **patience)
        return Reply(response.status_code, _read(response))

    def delete(self, path: str) -> None:
        """Delete what stands at a path; raises as `post_json` does (VendorRefused with 404 where nothing is there)."""
        self._ask("DELETE", path, wants_object=False)

    def get_json(self, path: str, params: Params | None = None, repeatable: bool = True) -> dict[str, Any]:
        """Get the JSON object at a path; `repeatable` and what it raises are as for `post_json`."""
        return _read(self._ask("GET", path, repeatable=repeatable, params=params))

    def get_json_when_ready(self, path: str, params: Params | None = None) -> dict[str, Any] | None:
        """Get the JSON object at a path; None where the vendor accepted the question (202) and has no answer yet."""
        response = self._ask("GET", path, may_come_later=True, params=params)
        return None if response.status_code == httpx.codes.ACCEPTED else _read(response)

    def get_text(self, path: str) -> str:
        """Get a text, for instance a CSV file; raises as `post_json` does."""
        return self._text(self._ask("GET", path, wants_object=False), path)

    def post_for_text(self, path: str, body: Mapping[str, Any], repeatable: bool = True) -> str:
        """Post JSON and give the text that comes back; raises as `post_json` does."""
        return self._text(self._ask("POST", path, wants_object=False, repeatable=repeatable, json=body), path)

    def _text(self, response: httpx.Response, path: str) -> str:
        if "html" in response.headers.get("content-type", ""):
            raise VendorUnreadable(f"{self.vendor} answered {path} with a web page: is the address right?")
        return response.text

    def _ask(
        self,
        method: str,
        path: str,
        wants_object: bool = True,
        repeatable: bool = True,
        answers: Collection[int] = (),
        may_come_later: bool = False,
        **request: Any,
    ) -> httpx.Response:
        patience = Retrying(
            stop=stop_after_attempt(TRIES),
            retry=retry_if_exception_type(_Passing if repeatable else _NotTaken),
            wait=self._wait,
            reraise=True,
        )

        def ask() -> httpx.Response:
            response = self._try(method, path, answers, **request)
            is_later = may_come_later and response.status_code == httpx.codes.ACCEPTED
            if wants_object and not is_later and response.status_code not in answers:
                self._check_object(response, path)
            return response

        try:
            answer: httpx.Response = patience(guarded, self.vendor, self.state_folder, _is_failure, ask)
            return answer
        except CircuitBreakerError as failure:
            raise VendorUnavailable(
                f"{self.vendor} failed so often in a row that it is left alone for a minute; try later"
            ) from failure
        except _Passing as failure:
            tries = f"{TRIES} times" if repeatable or isinstance(failure, _NotTaken) else "once, which is not repeated,"
            raise VendorUnavailable(
                f"{self.vendor} failed {tries} at {path}: {failure}; try later",
                is_in_doubt=not isinstance(failure, _NotTaken),
            ) from failure

    def _try(self, method: str, path: str, answers: Collection[int], **request: Any) -> httpx.Response:
        wait_for_turn(self.vendor, self.limits, self.state_folder)
        self.requests_sent += 1
        address = path.replace(KEY_SHOWN, self.key_in_path) if self.key_in_path else path
        try:
            response = self._http.request(method, address, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as failure:
            raise _NotTaken(f"{type(failure).__name__}") from failure
        except httpx.RequestError as failure:
            raise _Passing(f"{type(failure).__name__}") from failure
        if response.status_code in answers and _is_object(response):
            return response
        if response.status_code in PASSING_STATUSES or response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            kind = _Throttled if response.status_code == httpx.codes.TOO_MANY_REQUESTS else _Passing
            raise kind(f"status {response.status_code}", _retry_after(response))
        if not response.is_success:
            said = self.without_secrets(response.text)
            raise VendorRefused(
                f"{self.vendor} refused {path}: {response.status_code} {said}", response.status_code, said
            )
        return response

    def _check_object(self, response: httpx.Response, path: str) -> None:
        if not response.content:
            raise _Passing("an empty body")
        if "html" in response.headers.get("content-type", ""):
            raise VendorUnreadable(
                f"{self.vendor} answered {path} with a web page: is the workspace name or base URL right?"
            )
        try:
            body = response.json()
        except ValueError as failure:
            raise _Passing("a body that is not JSON") from failure
        if not isinstance(body, dict):
            raise VendorUnreadable(f"{self.vendor} answered {path} with {type(body).__name__}, not an object")
        response.extensions[READ] = body

    def _wait(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Passing) and failure.retry_after is not None:
            return min(failure.retry_after, LONGEST_WAIT_SECONDS)
        return wait_random_exponential(self.first_wait_seconds, LONGEST_WAIT_SECONDS)(state)

    def without_secrets(self, said: str) -> str:
        """What the vendor said, on one line and in at most 200 letters, with `(key)` for our secrets."""
        secrets = {word for value in self.headers.values() for word in value.split() if len(word) > len("Bearer")}
        for secret in secrets | ({self.key_in_path} - {""}):
            said = said.replace(secret, KEY_SHOWN)
        return " ".join(said.split())[:200]


class _Discretion(logging.Filter):
    """Keeps a key that is part of the address out of httpx's own log, which names the address of each request."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, with `(key)` for the key."""
        said = record.getMessage()
        if self._key in said:
            record.msg, record.args = said.replace(self._key, KEY_SHOWN), ()
        return True


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))


def _is_object(response: httpx.Response) -> bool:
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False


def _read(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of a response, which was read when it was checked."""
    body: dict[str, Any] = response.extensions[READ] if READ in response.extensions else response.json()
    return body


def _is_failure(failure: Exception) -> bool:
    """Whether it counts against the vendor's circuit: its being down does, its asking for patience does not."""
    return isinstance(failure, _Passing) and not isinstance(failure, _Throttled)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds until the vendor is ready: of its Retry-After, or of a 429's `x-ratelimit-reset` (unix seconds)."""
    stated = response.headers.get("retry-after")
    if stated is None:
        return _until_reset(response) if response.status_code == httpx.codes.TOO_MANY_REQUESTS else None
    if stated.isdigit():
        return float(stated)
    try:
        return max(0.0, (as_utc(parsedate_to_datetime(stated)) - now()).total_seconds())
    except ValueError:
        return None


def _until_reset(response: httpx.Response) -> float | None:
    """None where no moment is named or it has passed: then our own patience counts, so that nothing is hammered."""
    stated = response.headers.get("x-ratelimit-reset", "")
    if not stated.isdecimal():
        return None
    left = int(stated) - now().replace(tzinfo=UTC).timestamp()
    return left if left > 0 else None
