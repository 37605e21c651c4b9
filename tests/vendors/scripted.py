"""A vendor that answers what a script says, on a real local server."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from ringback.settings import settings
from vendors.http import Client

KEY = "k3y-that-nobody-may-read"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the script."""

    status: int = 200
    body: str = '{"ok": true}'
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came over the line; the headers' names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return loads(self.body)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the script is played, and what was asked there."""

    url: str
    received: list[Received]


@contextmanager
def a_server(*script: Answer) -> Iterator[Server]:
    """A server that gives these answers one after the other, the last again and again."""
    left = list(script)
    received: list[Received] = []

    class Scripted(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.append(Received(self.command, self.path, headers, sent))
            answer = left.pop(0) if len(left) > 1 else left[0]
            sleep(answer.after_seconds)
            body = answer.body.replace("{key}", self.headers.get("X-API-KEY", "")).encode()
            self.send_response(answer.status)
            for name, value in {
                "content-type": answer.kind,
                "content-length": str(len(body)),
                **answer.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def do_DELETE(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}", received)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def a_vendor(*script: Answer, received: list[Received] | None = None) -> Iterator[Client]:
    """A client of a vendor that gives these answers; what it was sent is added to `received` at the end."""
    with a_server(*script) as server, a_client(server.url) as client:
        try:
            yield client
        finally:
            if received is not None:
                received += server.received


def a_client(url: str, first_wait_seconds: float = 0.001) -> Client:
    """A client in a hurry."""
    folder = Path(tempfile.mkdtemp(dir=settings().home))
    return Client("Acme", url, {"X-API-KEY": KEY}, state_folder=folder, first_wait_seconds=first_wait_seconds)


def pages(*answers: str) -> Sequence[Answer]:
    """Answers with these bodies."""
    return [Answer(body=body) for body in answers]
