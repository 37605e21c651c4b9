"""One guarded request to a stranger's web server: checked address, bounded size, bounded time, text only.

This does not go through `vendors/http.py`: there we speak to a vendor we chose, with keys and patience; here to
anybody, with neither. The connection is opened by hand to an address that was just checked, the clock runs over the
look-up, the handshake and every byte, and compressed bodies are unpacked no further than the limit. Redirects are not
followed: the caller looks at `Answer.leads_to` and asks again, so each step passes the guard.
"""

import re
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

from ringback.errors import AddressRefused, VendorUnavailable, VendorUnreadable
from vendors.website_guard import Place, Resolve, look_up, place, public_addresses, said

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

USER_AGENT = "ringback/0.1"
MOST_BODY_BYTES = 1024 * 1024
MOST_SECONDS = 10.0
BLOCK_BYTES = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})
KINDS = frozenset({"text/html", "text/plain"})
CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{3,20})", re.IGNORECASE)
DECODED = re.compile(
    r"utf-?8|us-ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d|shift_jis|euc-(jp|kr)|gbk|gb2312|gb18030|big5|koi8-[ru]"
)
"""Character sets of the web; others that Python knows (punycode) can be made to take very long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a web server answered: a text where the status is 2xx, or where it leads to."""

    url: str
    status: int
    text: str = ""
    leads_to: str | None = None


Fetch = Callable[[str, float], Answer]
"""Gets one URL within so many seconds; raises a VendorError."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """Gets pages of the public web; ports and addresses beyond it only where a test names them."""

    resolve: Resolve = look_up
    further_ports: frozenset[int] = frozenset()
    exempt_addresses: frozenset[str] = frozenset()
    most_body_bytes: int = MOST_BODY_BYTES

    def get(self, url: str, seconds: float = MOST_SECONDS) -> Answer:
        """Ask once for a URL.

        Raises AddressRefused (it leads where we must not go), VendorUnavailable (no answer in time),
        VendorUnreadable (no text, too much of it, or no sense).
        """
        there = place(url, self.further_ports)
        clock = _Clock(seconds)
        addresses = self._addresses(there, clock)
        try:
            with _connect(there, addresses, clock) as connected:
                return self._ask(there, _Line(connected, clock))
        except TimeoutError as failure:
            raise VendorUnavailable(f"{there} took longer than {seconds:.2g} s") from failure
        except OSError as failure:
            raise VendorUnavailable(f"{there} cannot be reached: {type(failure).__name__}") from failure
        except (HTTPException, ValueError, zlib.error) as failure:
            raise VendorUnreadable(f"{there} answered without sense: {type(failure).__name__}") from failure

    def _addresses(self, there: Place, clock: "_Clock") -> tuple[str, ...]:
        """The host's checked addresses, within the time: a resolver knows no time-out, so it runs beside us."""
        answers: SimpleQueue[tuple[str, ...] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(public_addresses(there.host, self.resolve, self.exempt_addresses))
            except Exception as failure:
                answers.put(failure)

        Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=clock.left())
        except (Empty, TimeoutError) as failure:
            raise VendorUnavailable(f"{there.host} was not found in {clock.seconds:.2g} s") from failure
        if isinstance(answer, OSError | UnicodeError):
            raise VendorUnavailable(f"{there.host} has no address: {type(answer).__name__}") from answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ask(self, there: Place, line: "_Line") -> Answer:
        connection = HTTPConnection(there.host, there.port)
        connection.sock = cast(socket.socket, line)  # the four methods that http.client calls
        connection.request(
            "GET",
            there.target,
            headers={
                "Host": there.authority,
                "User-Agent": USER_AGENT,
                "Accept": "text/html, text/plain;q=0.8",
                "Accept-Encoding": "gzip",
                "Connection": "close",
            },
        )
        response = connection.getresponse()
        if response.status in REDIRECTS:
            return Answer(there.url, response.status, leads_to=_where(there, response))
        if not 200 <= response.status < 300:
            return Answer(there.url, response.status)
        kind = (response.getheader("content-type") or "none").partition(";")[0].strip().lower()
        if kind not in KINDS:
            raise VendorUnreadable(f"{there} has content type {said(kind)}: only text/html and text/plain are read")
        return Answer(there.url, response.status, _decoded(response, self._body(there, response)))

    def _body(self, there: Place, response: HTTPResponse) -> bytes:
        encoding = (response.getheader("content-encoding") or "identity").strip().lower()
        if encoding not in {"identity", "gzip", "x-gzip"}:
            raise VendorUnreadable(f"{there} is encoded as {said(encoding)}: only gzip is unpacked")
        blocks = _blocks(response, there, self.most_body_bytes)
        if encoding == "identity":
            return b"".join(blocks)
        return _unpacked(blocks, there, self.most_body_bytes)


@dataclass(slots=True)
class _Clock:
    """One allowance of time for everything that a request does."""

    seconds: float
    ends_at: float = 0.0

    def __post_init__(self) -> None:
        self.ends_at = monotonic() + self.seconds

    def left(self) -> float:
        left = self.ends_at - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Incoming(RawIOBase):
    """Reads from a socket, each time for no longer than the clock has left."""

    def __init__(self, connected: socket.socket, clock: _Clock) -> None:
        self._connected = connected
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._connected.settimeout(self._clock.left())
        return self._connected.recv_into(buffer)


@dataclass(frozen=True, slots=True)
class _Line:
    """A socket as http.client uses one, under the clock."""

    connected: socket.socket
    clock: _Clock

    def sendall(self, data: bytes) -> None:
        self.connected.settimeout(self.clock.left())
        self.connected.sendall(data)

    def makefile(self, mode: str) -> BufferedReader:
        return BufferedReader(_Incoming(self.connected, self.clock))

    def close(self) -> None:
        """The `with` block of the socket closes it."""


def _connect(there: Place, addresses: tuple[str, ...], clock: _Clock) -> socket.socket:
    """A connection to the first checked address that answers; the name serves for the certificate alone."""
    *others, last = addresses
    for address in others:
        try:
            return _secured(there, socket.create_connection((address, there.port), clock.left() / 2), clock)
        except OSError:
            continue
    return _secured(there, socket.create_connection((last, there.port), clock.left()), clock)


def _secured(there: Place, connected: socket.socket, clock: _Clock) -> socket.socket:
    if there.scheme == "http":
        return connected
    try:
        connected.settimeout(clock.left())
        return ssl.create_default_context().wrap_socket(connected, server_hostname=there.host)
    except BaseException:
        connected.close()
        raise


def _where(there: Place, response: HTTPResponse) -> str:
    location = response.getheader("location")
    if not location:
        raise VendorUnreadable(f"{there} leads elsewhere without saying where")
    try:
        return urljoin(there.url, location.strip())
    except ValueError as failure:
        raise AddressRefused(f"{there} leads to {said(location)}, which is not a URL") from failure


def _blocks(response: HTTPResponse, there: Place, most: int) -> Iterator[bytes]:
    """The body as it comes, no more than allowed of it."""
    got = 0
    while block := response.read1(BLOCK_BYTES):
        got += len(block)
        if got > most:
            raise VendorUnreadable(f"{there} is larger than {most} bytes")
        yield block
    if response.length:
        raise VendorUnreadable(f"{there} broke off {response.length} bytes before its end")


def _unpacked(blocks: Iterator[bytes], there: Place, most: int) -> bytes:
    """A gzip body, unpacked no further than allowed: a bomb costs one byte too many."""
    unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    body = bytearray()
    for block in blocks:
        body += unpack.decompress(block, most + 1 - len(body))
        if len(body) > most:
            raise VendorUnreadable(f"{there} unpacks to more than {most} bytes")
    if not unpack.eof:
        raise VendorUnreadable(f"{there} broke off within its compressed body")
    return bytes(body)


def _decoded(response: HTTPResponse, body: bytes) -> str:
    stated = CHARSET.search((response.getheader("content-type") or "").encode()) or CHARSET.search(body[:1024])
    charset = stated[1].decode().lower() if stated else "utf-8"
    if not DECODED.fullmatch(charset):
        charset = "utf-8"
    try:
        return body.decode(charset, errors="replace").removeprefix("\ufeff")
    except LookupError:
        return body.decode(errors="replace")
