"""Whether a vendor answers: any answer counts, but not a failing server, a closed port, or silence."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from ringback.settings import Settings
from vendors.reach import Address, addresses, reach, reach_all


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def a_closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_vendor_that_answers_anything_is_there(url: str, status: int) -> None:
    found = reach(Address("Fellow", f"{url}/{status}"))
    assert (found.vendor, found.failure) == ("Fellow", None)
    assert found.seconds is not None
    assert found.seconds < 5


def test_a_failing_server_a_closed_port_and_no_address_at_all_say_why(url: str) -> None:
    urls = [f"{url}/503", f"http://127.0.0.1:{a_closed_port()}", "no address", f"smtp://127.0.0.1:{a_closed_port()}"]
    listed = [Address(str(number), url) for number, url in enumerate(urls)]
    found = reach_all(listed, 2.0)
    assert [one.seconds for one in found] == [None] * 4
    assert found[0].failure == "it answers with status 503"
    assert all("it is not reached: " in (one.failure or "") for one in found[1:])


def test_who_is_silent_is_waited_for_only_so_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        found = reach(Address("a", f"http://127.0.0.1:{silent.getsockname()[1]}"), 0.05)
    assert found.failure == "it is not reached: timed out"


def test_only_vendors_that_are_used_are_asked() -> None:
    in_sandbox = {one.vendor for one in addresses(Settings())}
    assert in_sandbox == {"Fellow", "Aturiya", "Apollo", "Dropcontact", "OpenFunnel", "pipe0", "Slack"}
    real = Settings(fellow_key="k", apollo_key="k", smtp_host="mail.example", crm_leads_url="https://crm.example/x?y=z")
    assert [(one.vendor, one.url) for one in addresses(real)] == [
        ("Fellow", "https://sandbox.fellow.app/api/v1"), ("Apollo", "https://api.apollo.io/api/v1"),
        ("CRM", "https://crm.example"), ("mail server", "smtp://mail.example:587"),
    ]  # fmt: skip
