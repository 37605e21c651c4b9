"""The one HTTP client: keys, patience and plain words for what went wrong.

A request that fails in passing (no connection, a time-out, 408, 429, 5xx, a body cut short) is tried again with
exponential back-off and jitter, and not before the moment a Retry-After names. What will not get better by asking again
is an error at once. Secrets are sent in headers only and never reach a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock
from time import monotonic, sleep
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ringback.clock import as_utc, now
from ringback.errors import VendorRefused, VendorUnavailable, VendorUnreadable

TRIES = 6
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Passing(Exception):
    """A failure that asking again may mend."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(slots=True)
class Client:
    """Speaks to one vendor at one base URL; closes with its `with` block."""

    vendor: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    requests_per_second: float
    first_wait_seconds: float = FIRST_WAIT_SECONDS
    requests_sent: int = 0
    _http: httpx.Client = field(init=False)
    _pace: Lock = field(default_factory=Lock, init=False)
    _next_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.base_url, headers=dict(self.headers), timeout=TIMEOUT)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post_json(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post JSON and give the JSON object that comes back.

        Raises VendorRefused (the request or key is wrong), VendorUnreadable (no JSON object came, although
        the status was a success), VendorUnavailable (it failed more often than we try).
        """
        return self._ask("POST", path, json=body).json()  # type: ignore[no-any-return]  # _ask checks that it is an object

    def get_text(self, path: str) -> str:
        """Get a text, for instance a CSV file; raises as `post_json` does."""
        response = self._ask("GET", path, wants_object=False)
        if "html" in response.headers.get("content-type", ""):
            raise VendorUnreadable(f"{self.vendor} answered {path} with a web page: is the address right?")
        return response.text

    def _ask(self, method: str, path: str, wants_object: bool = True, **request: Any) -> httpx.Response:
        patience = Retrying(
            stop=stop_after_attempt(TRIES), retry=retry_if_exception_type(_Passing), wait=self._wait, reraise=True
        )
        try:
            return patience(self._try, method, path, wants_object, **request)
        except _Passing as failure:
            raise VendorUnavailable(f"{self.vendor} failed {TRIES} times at {path}: {failure}; try later") from failure

    def _try(self, method: str, path: str, wants_object: bool, **request: Any) -> httpx.Response:
        self._keep_pace()
        self.requests_sent += 1
        try:
            response = self._http.request(method, path, **request)
        except httpx.TransportError as failure:
            raise _Passing(f"{type(failure).__name__}") from failure
        if response.status_code in PASSING_STATUSES:
            raise _Passing(f"status {response.status_code}", _retry_after(response))
        if not response.is_success:
            raise VendorRefused(f"{self.vendor} refused {path}: {response.status_code} {self._said(response)}")
        if wants_object:
            self._check_object(response, path)
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

    def _keep_pace(self) -> None:
        with self._pace:
            wait = self._next_at - monotonic()
            self._next_at = max(self._next_at, monotonic()) + 1 / self.requests_per_second
        if wait > 0:
            sleep(wait)

    def _wait(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Passing) and failure.retry_after is not None:
            return min(failure.retry_after, LONGEST_WAIT_SECONDS)
        return wait_random_exponential(self.first_wait_seconds, LONGEST_WAIT_SECONDS)(state)

    def _said(self, response: httpx.Response) -> str:
        said = response.text
        for secret in {word for value in self.headers.values() for word in value.split() if len(word) > len("Bearer")}:
            said = said.replace(secret, "(key)")
        return " ".join(said.split())[:200]


def _retry_after(response: httpx.Response) -> float | None:
    stated = response.headers.get("retry-after")
    if stated is None:
        return None
    if stated.isdigit():
        return float(stated)
    try:
        return max(0.0, (as_utc(parsedate_to_datetime(stated)) - now()).total_seconds())
    except ValueError:
        return None
