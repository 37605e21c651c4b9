"""Answers what pages ask of Prefect, and runs the real flow function of what they start, in this process."""

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import UUID, uuid4


def handler_for() -> type[BaseHTTPRequestHandler]:
    """A handler with runs of its own."""
    runs: dict[str, dict[str, Any]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = self.path.removeprefix("/api")
            if place.startswith("/deployments/name/"):
                name = place.rsplit("/", 1)[-1]
                return self._answer({"id": str(UUID(bytes=name.encode()[:16].ljust(16, b"_"))), "name": name})
            run_id = place.rsplit("/", 1)[-1]
            return self._answer(runs[run_id])

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            run_id = str(uuid4())
            runs[run_id] = {"id": run_id, "name": "promotion of progression", "state_name": "Running", "state": {}}
            threading.Thread(target=_run, args=(runs[run_id], asked["parameters"]), daemon=True).start()
            self._answer({"id": run_id})

        def _answer(self, told: object) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def _run(run: dict[str, Any], parameters: dict[str, Any]) -> None:
    from prefect.logging import disable_run_logger

    from flows.change_champion import change_champion

    try:
        with disable_run_logger():
            said = change_champion.fn(**parameters)
        run |= {"state_name": "Completed", "state": {"message": said}}
    except Exception as failure:
        run |= {"state_name": "Failed", "state": {"message": str(failure)}}
