"""A vendor that answers what a script says, on a real local server."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from vendors.http import Client

KEY = "k3y-that-nobody-may-read"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the script."""

    status: int = 200
    body: str = '{"ok": true}'
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def a_vendor(*script: Answer) -> Iterator[Client]:
    """A client of a vendor that gives these answers one after the other, the last again and again."""
    left = list(script)

    class Scripted(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = left.pop(0) if len(left) > 1 else left[0]
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

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        with a_client(f"http://127.0.0.1:{server.server_address[1]}") as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def a_client(url: str, first_wait_seconds: float = 0.001) -> Client:
    """A client in a hurry."""
    folder = Path(tempfile.mkdtemp(prefix="ringback-vendor-"))
    return Client("Acme", url, {"X-API-KEY": KEY}, state_folder=folder, first_wait_seconds=first_wait_seconds)


def pages(*answers: str) -> Sequence[Answer]:
    """Answers with these bodies."""
    return [Answer(body=body) for body in answers]
