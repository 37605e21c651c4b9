"""Slack's stand-in: one incoming webhook (vendors.md, section 8); it keeps what was posted for tests to read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from sandbox.fellow_records import JsonObject
from sandbox.vendor import RATE_LIMIT, FixedWindow, Handler, Settings, Vendor, body_or_none
from sandbox.world import World

WEBHOOK = "/services/T000/B000/sandbox"
MOST_BLOCKS, LONGEST_SECTION, LONGEST_TEXT = 50, 3_000, 40_000
REFUSALS = {
    "no_service": 404, "no_active_hooks": 404, "channel_not_found": 404, "channel_is_archived": 410,
    "action_prohibited": 403, "invalid_token": 403, "posting_to_general_channel_denied": 403, "rollup_error": 500,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SlackSettings(Settings):
    """How the webhook behaves."""

    refusal: str = ""
    """One of REFUSALS with which every message is answered, such as `channel_is_archived`."""
    per_second: float = 1


class Slack(Vendor[SlackSettings]):
    """The stand-in's state: the messages, and how many came this second."""

    name = "slack"

    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        """Take messages about `world`, of which Slack knows nothing."""
        super().__init__(world, now, SlackSettings())

    def begin(self) -> None:
        """No messages."""
        self.messages: list[JsonObject] = []
        self.second = FixedWindow(1)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The webhook."""
        return [("POST", WEBHOOK, self.post)]

    def authenticate(self, request: Request) -> None:
        """The address is the secret; any other is a 404."""

    def not_found(self) -> Response:
        """What Slack says of an address it never gave out."""
        return plain("no_service", 404)

    def server_error(self) -> Response:
        """500."""
        return plain("rollup_error", 500)

    def too_many(self, request: Request) -> Response:
        """429 with the seconds to wait."""
        return Response("rate_limited", 429, {"Retry-After": "1"}, media_type="text/plain")

    def books(self) -> JsonObject:
        """The messages posted, oldest first."""
        return {"messages": self.messages}

    async def post(self, request: Request) -> Response:
        """Take a message, or say in one word why not."""
        if not self.second.admits(self.settings.per_second):
            raise self.refused(RATE_LIMIT, self.too_many(request))
        if self.settings.refusal:
            return plain(self.settings.refusal, REFUSALS.get(self.settings.refusal, 400))
        body = await body_or_none(request)
        objection = "invalid_payload" if body is None else objection_to(body)
        if body is None or objection:
            return plain(objection, 400)
        text = body.get("text")
        self.messages.append({**body, "text": text[:LONGEST_TEXT]} if isinstance(text, str) else body)
        return plain("ok")


def objection_to(message: JsonObject) -> str:
    """Why Slack does not take the message; empty when it does."""
    blocks = message.get("blocks")
    if not message.get("text") and not blocks:
        return "no_text"
    if blocks is None:
        return ""
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return "invalid_blocks"
    return "" if all(isinstance(block, dict) and is_short(block) for block in blocks) else "invalid_blocks"


def is_short(block: JsonObject) -> bool:
    """The block's text is no longer than Slack allows."""
    text = block.get("text")
    return not isinstance(text, dict) or len(str(text.get("text", ""))) <= LONGEST_SECTION


def plain(word: str, status: int = 200) -> Response:
    """Slack's answers are bare words."""
    return Response(word, status, media_type="text/plain")
