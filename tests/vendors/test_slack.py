"""Messages to Slack stand there once, whole and escaped, and nobody reads the webhook's address."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from traceback import format_exception

import httpx
import pytest

from ringback.errors import AddressRefused, VendorError, VendorRefused, VendorUnavailable, VendorUnreadable
from ringback.settings import Settings
from sandbox.server import SandboxServer
from sandbox.world import World
from tests.vendors.scripted import Answer, Server, a_server
from vendors import slack
from vendors.http import Client
from vendors.limits import Limit
from vendors.slack import Link, Section

KEY = "XsecretX24lettersXnobodyX"
OK = Answer(body="ok", kind="text/plain")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(World(seed=7, start=datetime(2026, 1, 5)), now=lambda: datetime(2026, 1, 6)) as running:
        httpx.post(f"{running.url}/_sandbox/settings?vendor=slack", json={"per_second": 1000}).raise_for_status()
        yield running


def of_server(server: Server, folder: Path) -> Client:
    client = slack.client_of(f"{server.url}/services/T1/B1/{KEY}")
    client.state_folder, client.first_wait_seconds, client.limits = folder, 0.001, ()
    return client


def a_word(status: int, word: str) -> Answer:
    return Answer(status, word, "text/plain")


def test_a_message_reaches_the_sandbox(sandbox: SandboxServer, tmp_path: Path) -> None:
    client = slack.connect(Settings(sandbox_port=int(sandbox.url.rsplit(":", 1)[1])))
    assert client is not None
    client.state_folder = tmp_path
    with client:
        slack.post(client, "R&D: <b>", [Section("*Week 3*\nup"), Link("Report | 3", "https://r.example/?a=1&b=|")])
    books = httpx.get(f"{sandbox.url}/_sandbox/state").json()["vendors"]["slack"]
    assert {
        "text": "R&amp;D: &lt;b&gt;",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Week 3*\nup"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "<https://r.example/?a=1&amp;b=%7C|Report | 3>"}},
        ],
    } in books["messages"]


def test_the_whole_address_is_posted_to(tmp_path: Path) -> None:
    with a_server(OK) as server, of_server(server, tmp_path) as client:
        slack.post(client, "hello")
    assert [(one.method, one.path, one.json) for one in server.received] == [
        ("POST", f"/services/T1/B1/{KEY}", {"text": "hello"})
    ]


@pytest.mark.parametrize(
    ("status", "word"),
    [(404, "no_service"), (410, "channel_is_archived"), (403, "action_prohibited"), (400, "invalid_payload"),
     (200, "team_disabled")],
)  # fmt: skip
def test_every_other_word_is_final_and_said(status: int, word: str, tmp_path: Path) -> None:
    with (
        a_server(a_word(status, word)) as server,
        of_server(server, tmp_path) as client,
        pytest.raises(VendorRefused, match=word) as raised,
    ):
        slack.post(client, "hello")
    assert raised.value.said == word
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_message_that_may_stand_there_is_not_posted_again(status: int, tmp_path: Path) -> None:
    with (
        a_server(a_word(status, "rollup_error"), OK) as server,
        of_server(server, tmp_path) as client,
        pytest.raises(VendorUnavailable, match="not repeated") as raised,
    ):
        slack.post(client, "hello")
    assert raised.value.is_in_doubt
    assert len(server.received) == 1


def test_a_message_that_was_told_to_wait_is_posted_again(tmp_path: Path) -> None:
    throttled = Answer(429, "rate_limited", "text/plain", {"Retry-After": "0"})
    with a_server(throttled, OK) as server, of_server(server, tmp_path) as client:
        slack.post(client, "hello")
    assert len(server.received) == 2


@pytest.mark.parametrize(
    "answer",
    [
        a_word(404, f"no_service {KEY}"), a_word(500, KEY), a_word(200, KEY), a_word(302, KEY),
        Answer(200, "<html></html>", "text/html"), Answer(200, "ok", headers={"content-length": "1000"}),
    ],
)  # fmt: skip
def test_the_address_never_reaches_a_message_or_a_log(
    answer: Answer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with a_server(answer) as server, of_server(server, tmp_path) as client:
        with pytest.raises(VendorError) as raised:
            slack.post(client, "hello")
        shown = f"{client!r} {raised.value!r} {''.join(format_exception(raised.value))} {caplog.text}"
    assert server.received[0].path.endswith(KEY)
    assert KEY not in shown
    assert "/services/T1/B1" in shown


def test_httpx_speaks_of_the_request_without_the_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "httpx")
    before = list(logging.getLogger("httpx").filters)
    with a_server(OK) as server, of_server(server, tmp_path) as client:
        slack.post(client, "hello")
    assert caplog.messages == [f'HTTP Request: POST {server.url}/services/T1/B1/(key) "HTTP/1.0 200 OK"']
    assert logging.getLogger("httpx").filters == before


def test_a_web_page_is_no_answer_of_slacks(tmp_path: Path) -> None:
    with (
        a_server(Answer(200, "<html>", "text/html")) as server,
        of_server(server, tmp_path) as client,
        pytest.raises(VendorUnreadable, match="web page"),
    ):
        slack.post(client, "hello")


@pytest.mark.parametrize(
    "url",
    [
        f"https://hooks.slack.com.evil.example/services/T1/B1/{KEY}", f"http://hooks.slack.com/services/T1/B1/{KEY}",
        f"https://evil.example/services/T1/B1/{KEY}", f"https://hooks.slack.com@evil.example/services/T1/B1/{KEY}",
        f"https://me@hooks.slack.com/services/T1/B1/{KEY}", f"https://hooks.slack.com:444/services/T1/B1/{KEY}",
        f"https://hooks.slack.com/triggers/T1/{KEY}", f"https://hooks.slack.com/services/T1/B1/{KEY}/",
        f"https://hooks.slack.com/services/T1/B1/{KEY}?x=1", f"https://10.0.0.1/services/T1/B1/{KEY}",
        f"ftp://127.0.0.1/services/T1/B1/{KEY}", f"https://[::1/services/T1/B1/{KEY}", KEY,
    ],
)  # fmt: skip
def test_another_address_than_slacks_is_refused_without_being_said(url: str) -> None:
    with pytest.raises(AddressRefused) as raised:
        slack.connect(Settings(slack_url=url))
    assert KEY not in "".join(format_exception(raised.value))


def test_one_message_a_second_over_all_processes() -> None:
    client = slack.connect(Settings(slack_url=f"https://hooks.slack.com/services/T1/B1/{KEY}"))
    assert client is not None
    with client:
        assert client.limits == (Limit(1.0, 1),)
        assert client.base_url == "https://hooks.slack.com/services/T1/B1"


def test_real_calls_without_a_webhook_are_told_to_nobody() -> None:
    assert slack.connect(Settings(fellow_key="real")) is None


def test_a_long_section_is_told_whole_in_several_blocks(tmp_path: Path) -> None:
    lines = [f"line {number} & more" for number in range(600)]
    with a_server(OK) as server, of_server(server, tmp_path) as client:
        slack.post(client, "long", [Section("\n".join(lines)), Section("end"), Section(" ")])
    told = [block["text"]["text"] for block in server.received[0].json["blocks"]]
    assert max(len(one) for one in told) <= 3000
    assert "\n".join(told).replace("&amp;", "&").split("\n") == [*lines, "end"]


@pytest.mark.parametrize("before", range(6))
def test_no_escaped_letter_is_cut_in_two(before: int) -> None:
    text = "x" * (20 - before) + "&amp;" + "y" * 30
    pieces = slack.parts(text, longest=20)
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 20
    assert sum("&amp;" in piece for piece in pieces) == 1


@pytest.mark.parametrize(
    ("text", "blocks", "says"),
    [
        ("too many", [Section("x")] * 51, "51 blocks"),
        ("too many parts", [Section("x" * 3000 * 51)], "51 blocks"),
        ("&" * 8001, [], "40005 letters"),
        ("too long", [Link("here", f"https://r.example/{'x' * 3000}")], "link of"),
    ],
)
def test_what_slack_would_cut_off_is_refused_before_it_is_sent(
    text: str, blocks: list[Section | Link], says: str, tmp_path: Path
) -> None:
    with a_server(OK) as server, of_server(server, tmp_path) as client, pytest.raises(VendorRefused, match=says):
        slack.post(client, text, blocks)
    assert server.received == []
