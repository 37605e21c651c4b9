"""A mail as a message: what its headers may hold, and how it goes over the line.

A mail names itself by its Message-ID, so whoever sends one again after a doubt can be found out: receivers drop or show
doubles by it. Addresses of the internet's mail are ASCII; names and texts may be in any script.
"""

import re
import unicodedata
from binascii import b2a_qp
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from ringback.errors import VendorRefused

LONGEST_LINE = 998
"""Letters of a header's line, RFC 5322 section 2.1.1."""
ONE_LINE = frozenset({"message-id", "list-unsubscribe", "list-unsubscribe-post"})
"""Folded over several lines, these have broken signatures (DKIM) in practice."""
NO_ADDRESS = "of a mail is not one mail address in ASCII"
BARE_ADDRESS = re.compile(r"[!-~]+@[A-Za-z0-9.\-]+")
STEERS_MAIL = set('()<>[],;:\\"')
MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
WEB_ADDRESS = re.compile(r"[!-;=?-~]+")
"""What can stand between < and >: printable ASCII, without both."""
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a mail."""

    name: str
    content: bytes
    kind: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Mail:
    """What one person is sent."""

    to: str
    """`jo@acme.example` or `Jo <jo@acme.example>`; a name that comes from data is safer in `to_name`."""
    subject: str
    text: str
    message_id: str
    """`<something@our.domain>`, told by the caller so that the same mail can be recognised."""
    written_at: datetime
    """UTC without zone."""
    html: str | None = None
    to_name: str = ""
    reply_to: str | None = None
    list_unsubscribe_url: str | None = None
    """HTTPS (plain on this machine only); must name recipient and list by itself, unforgeably: nothing else is sent."""
    list_unsubscribe_mailto: str | None = None
    """`mailto:…`"""
    attachments: tuple[Attachment, ...] = ()


class _Policy(EmailPolicy):
    """Mail as it goes over the line, with some headers never folded."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() in ONE_LINE:
            return f"{name}: {value}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in ONE_LINE:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n", cte_type="7bit")
"""Seven bits: a server on the way that knows no eight would change the text, and break its signature."""


def message_of(mail: Mail, sender: str) -> EmailMessage:
    """The mail as a message from `sender` (an address, or `Name <address>`).

    Raises VendorRefused that names the field where a value cannot stand in a header: it has a line break or another
    control character (which would forge headers), or is not of the form that the header needs.
    """
    message = EmailMessage(policy=POLICY)
    for name, value in headers_of(mail, sender):
        message[name] = value
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        kind, _, subtype = _clean("attachments.kind", attachment.kind).partition("/")
        message.add_attachment(
            attachment.content, maintype=kind, subtype=subtype, filename=_clean("attachments.name", attachment.name)
        )
    return message


def written(mail: Mail, sender: str) -> bytes:
    """What `message_of` makes of a mail, as bytes, many times as fast where its headers are ASCII.

    Raises VendorRefused as that does.
    """
    lines = [f"{name}: {_shown(value)}" for name, value in headers_of(mail, sender)]
    head = "\r\n".join(lines)
    if mail.attachments or mail.html is None or not head.isascii() or max(map(len, lines)) > LONGEST_LINE:
        return message_of(mail, sender).as_bytes()
    parts = [_part("plain", mail.text), _part("html", mail.html)]
    boundary = f"=_{sha256(mail.message_id.encode() + parts[0]).hexdigest()[:32]}"
    kind = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"'
    line = f"--{boundary}\r\n".encode()
    ending = f"--{boundary}--\r\n".encode()
    return b"".join([f"{head}\r\n{kind}\r\n\r\n".encode(), line, parts[0], line, parts[1], ending])


def headers_of(mail: Mail, sender: str) -> list[tuple[str, Address | datetime | str]]:
    """The headers that say what a mail is, in order; raises VendorRefused as `message_of`."""
    headers: list[tuple[str, Address | datetime | str]] = [
        ("From", address_of("sender", sender)), ("To", address_of("to", mail.to, mail.to_name)),
        ("Subject", _clean("subject", mail.subject)), ("Date", mail.written_at.replace(tzinfo=UTC)),
        ("Message-ID", _formed("message_id", mail.message_id, lambda text: bool(MESSAGE_ID.fullmatch(text)))),
    ]  # fmt: skip
    if mail.reply_to is not None:
        headers.append(("Reply-To", address_of("reply_to", mail.reply_to)))
    return headers + _unsubscribing(mail)


@lru_cache(maxsize=256)
def address_of(field: str, text: str, name: str = "") -> Address:
    """One address with the name beside it; raises VendorRefused that names the field where it is none, or several.

    >>> str(address_of("to", "jo@acme.example", "Müller, Jo"))
    '"Müller, Jo" <jo@acme.example>'
    """
    read = [("", text)] if BARE_ADDRESS.fullmatch(text) else getaddresses([_clean(field, text)])
    stated, address = read[0] if len(read) == 1 else ("", "")
    if not BARE_ADDRESS.fullmatch(address) or STEERS_MAIL & set(address) or address.count("@") != 1:
        raise VendorRefused(f"{field} {NO_ADDRESS}")
    user, _, domain = address.partition("@")
    return Address(_clean(f"{field}_name", name) or stated, user, domain)


def _unsubscribing(mail: Mail) -> list[tuple[str, Address | datetime | str]]:
    """RFC 2369, and RFC 8058 for the one click; the mail server must sign both headers (DKIM)."""
    ways = []
    if mail.list_unsubscribe_url is not None:
        ways.append(f"<{_formed('list_unsubscribe_url', mail.list_unsubscribe_url, _can_be_posted_to)}>")
    if mail.list_unsubscribe_mailto is not None:
        ways.append(f"<{_formed('list_unsubscribe_mailto', mail.list_unsubscribe_mailto, _is_mailto)}>")
    if not ways:
        return []
    if len(f"List-Unsubscribe: {', '.join(ways)}") > LONGEST_LINE:
        raise VendorRefused(f"list_unsubscribe_url of a mail is too long for one line of {LONGEST_LINE} letters")
    one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return [("List-Unsubscribe", ", ".join(ways)), *([one_click] if mail.list_unsubscribe_url is not None else [])]


def _can_be_posted_to(url: str) -> bool:
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    is_allowed = address.scheme == "https" or (address.scheme == "http" and address.hostname in THIS_MACHINE)
    return is_allowed and bool(address.hostname) and bool(WEB_ADDRESS.fullmatch(url))


def _is_mailto(url: str) -> bool:
    return url.startswith("mailto:") and "@" in url and bool(WEB_ADDRESS.fullmatch(url))


def _formed(field: str, text: str, is_formed: Callable[[str], bool]) -> str:
    if not is_formed(_clean(field, text)) or len(text) > LONGEST_LINE - len("List-Unsubscribe: <>"):
        raise VendorRefused(f"{field} of a mail is not of the form that its header needs")
    return text


def _clean(field: str, text: str) -> str:
    """The text, where it has nothing that ends a line."""
    is_usual = text.isascii() and text.isprintable()
    if not is_usual and any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise VendorRefused(f"{field} of a mail has a line break or another control character")
    return text


def _shown(value: object) -> str:
    return format_datetime(value) if isinstance(value, datetime) else str(value)


def _part(kind: str, text: str) -> bytes:
    content = text.encode(errors="replace")
    lines = content.splitlines()
    is_plain = content.isascii() and b"\x00" not in content and max(map(len, lines), default=0) < LONGEST_LINE
    how = "7bit" if is_plain else "quoted-printable"
    body = b"\r\n".join(lines) if is_plain else b2a_qp(b"\n".join(lines), istext=True).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n\r\n'
    return head.encode() + body + b"\r\n"
