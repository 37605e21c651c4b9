"""Slack's stand-in takes messages and refuses them in one word, over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from sandbox.server import SandboxServer
from sandbox.slack import WEBHOOK
from tests.sandbox.vendor_controls import books, configure, reset


@pytest.fixture
def slack(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    reset(sandbox, "slack")
    configure(sandbox, "slack", per_second=100)
    with httpx.Client(verify=False, base_url=f"{sandbox.url}/slack") as client:
        yield client
    reset(sandbox, "slack")


def test_a_message_is_taken_with_a_bare_ok_and_kept(sandbox: SandboxServer, slack: httpx.Client) -> None:
    reply = slack.post(WEBHOOK, json={"text": "Week 3"})
    assert (reply.status_code, reply.text, reply.headers["content-type"].split(";")[0]) == (200, "ok", "text/plain")
    assert books(sandbox, "slack")["messages"] == [{"text": "Week 3"}]


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"{", "invalid_payload"),
        (b"{}", "no_text"),
        (httpx.Request("POST", "http://x", json={"blocks": [SECTION] * 51}).content, "invalid_blocks"),
        (
            httpx.Request("POST", "http://x", json={"blocks": [{"text": {"text": "x" * 3001}}]}).content,
            "invalid_blocks",
        ),
    ],
)
def test_what_cannot_be_posted_is_400_in_one_word(slack: httpx.Client, content: bytes, word: str) -> None:
    reply = slack.post(WEBHOOK, content=content)
    assert (reply.status_code, reply.text) == (400, word)


def test_a_webhook_can_be_revoked_and_a_channel_archived(sandbox: SandboxServer, slack: httpx.Client) -> None:
    configure(sandbox, "slack", refusal="channel_is_archived")
    archived = slack.post(WEBHOOK, json={"text": "hello"})
    unknown = slack.post("/services/T000/B000/guessed", json={"text": "hello"})
    assert (archived.status_code, archived.text, unknown.status_code, unknown.text) == (
        410, "channel_is_archived", 404, "no_service")  # fmt: skip


def test_a_second_message_in_a_second_must_wait(sandbox: SandboxServer, slack: httpx.Client) -> None:
    reset(sandbox, "slack")
    replies = [slack.post(WEBHOOK, json={"text": "hello"}) for _ in range(2)]
    assert [(reply.status_code, reply.headers.get("Retry-After")) for reply in replies] == [(200, None), (429, "1")]
