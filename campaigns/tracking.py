"""Links of mails: tokens that name a message and nothing else, signed, so that nobody can make one up.

A token is the message, a kind (`o` the pixel, `c` a link, `u` leaving the list), the number of the link, and an HMAC
over all of them. Where a link leads stands in the message's row: a token can lead nowhere else.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from campaigns.engagement import BY_MACHINE
from campaigns.machines import made_by_machine
from database.engagement import Engagement
from database.outbox import Message
from ringback.secret_file import kept_secret
from ringback.settings import Settings

PROVIDER = "ringback"
"""Of events that our own pixel and links tell."""
LONGEST_AGENT = 300
Kind = Literal["o", "c", "u"]
OPEN, CLICK, UNSUBSCRIBE = get_args(Kind)
DIGEST_BYTES = 15
LONGEST_TOKEN = 400
SECRET_FILE = "tracking.secret"  # noqa: S105  (a file's name)


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a token names."""

    message_id: str
    kind: Kind
    number: int = 0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes tokens, and reads those that it made."""

    secret: bytes

    def make(self, tracked: Tracked) -> str:
        """The token of a link.

        >>> tokens = Tokens(b"a secret")
        >>> tokens.read(tokens.make(Tracked("7f3a@ours.example", "c", 2)))
        Tracked(message_id='7f3a@ours.example', kind='c', number=2)
        """
        signed = f"{tracked.kind}{tracked.number}.{tracked.message_id}".encode()
        return urlsafe_b64encode(self._digest(signed) + signed).decode().rstrip("=")

    def read(self, token: str) -> Tracked | None:
        """What a token names; None where it was not made here."""
        if not token.isascii() or len(token) > LONGEST_TOKEN:
            return None
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (NotBase64, ValueError):
            return None
        signed = raw[DIGEST_BYTES:]
        if not hmac.compare_digest(raw[:DIGEST_BYTES], self._digest(signed)):
            return None
        head, _, message_id = signed.decode().partition(".")
        return Tracked(message_id, _kind(head[:1]), int(head[1:]))

    def _digest(self, signed: bytes) -> bytes:
        return hmac.digest(self.secret, signed, "sha256")[:DIGEST_BYTES]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked for a pixel or a link, as the request says."""

    method: str
    user_agent: str
    ip: str


def opened(message: Message, asker: Asker, at: datetime) -> Engagement:
    """The event of a pixel that was fetched."""
    return _event("opened", message, asker, at, 0, {})


def clicked(message: Message, number: int, asker: Asker, at: datetime) -> Engagement:
    """The event of a link that was followed."""
    return _event("clicked", message, asker, at, number, {"url": message.links[number], "number": number})


def left(message: Message, at: datetime) -> Engagement:
    """The event of a list that was left; there is one for each mail."""
    name = f"{PROVIDER}:unsubscribed:{message.message_id}"
    return Engagement(name, PROVIDER, "unsubscribed", message.recipient, at, at, message.message_id)


def _event(
    kind: str, message: Message, asker: Asker, at: datetime, number: int, detail: dict[str, object]
) -> Engagement:
    """One event a minute from the same place: whoever asks again and again is not counted each time.

    Where a person asked from is not kept: it only tells one asker from another here.
    """
    sent_at = message.sent_at or message.taken_at
    why = made_by_machine(kind, at, sent_at, asker.method, asker.user_agent, asker.ip)
    whose = sha256(f"{asker.ip} {asker.user_agent} {asker.method}".encode(errors="replace")).hexdigest()[:8]
    return Engagement(
        f"{PROVIDER}:{kind}:{message.message_id}:{number}:{at:%Y%m%d%H%M}:{whose}", PROVIDER,
        kind + BY_MACHINE if why else kind, message.recipient, at, at, message.message_id,
        {**detail, "method": asker.method[:16], "user_agent": asker.user_agent[:LONGEST_AGENT],
         **({"because": why} if why else {})},
    )  # fmt: skip


def tokens(settings: Settings) -> Tokens:
    """By the secret in the settings, or by one that is made once and kept under home."""
    if settings.tracking_secret is not None:
        return Tokens(settings.tracking_secret.get_secret_value().encode())
    return Tokens(kept_secret(settings.home / SECRET_FILE))


def _kind(letter: str) -> Kind:
    for kind in get_args(Kind):
        if kind == letter:
            return kind  # type: ignore[no-any-return]  # get_args knows no types
    raise ValueError(f"{letter!r} is no kind of token")  # only what we signed comes here
