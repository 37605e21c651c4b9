"""Mail: what we write to people, put into a folder to be looked at, or handed to a mail server.

Without a mail server in the settings nothing leaves this machine: each mail becomes a file in the folder `outbox` under
home. A mail names itself by its Message-ID, so whoever sends one again after a doubt can be found out: the folder keeps
one file per Message-ID, and receivers drop or show doubles by it.

Addresses of the internet's mail are ASCII; names and texts may be in any script.
"""

import base64
import re
import smtplib
import ssl
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import getaddresses
from functools import lru_cache
from hashlib import sha256
from os import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from ringback.errors import VendorRefused, VendorUnavailable, WrongUsage
from ringback.settings import Settings

LONGEST_LINE = 998
"""Letters of a header's line, RFC 5322 section 2.1.1."""
ONE_LINE = frozenset({"message-id", "list-unsubscribe", "list-unsubscribe-post"})
"""Folded over several lines, these have broken signatures (DKIM) in practice."""
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


class Sender(Protocol):
    """Whatever takes mails."""

    def send(self, mail: Mail) -> None:
        """Take a mail.

        Raises VendorRefused where it cannot be sent as it is, with the server's status and words where it was asked;
        VendorUnavailable where trying later may help, `is_in_doubt` where the server may have taken it all the same.
        """


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes mails to files, one per Message-ID: for looking at what would be sent."""

    path: Path
    mail_from: str

    def send(self, mail: Mail) -> None:
        """Write the mail, whole or not at all; a mail of the same Message-ID is replaced."""
        content = message_of(mail, self.mail_from).as_bytes()
        self.path.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self.path, prefix=".writing-", delete=False) as file:
            try:
                file.write(content)
                file.close()
                replace(file.name, self.file_of(mail.message_id))
            finally:
                Path(file.name).unlink(missing_ok=True)

    def file_of(self, message_id: str) -> Path:
        """Where the mail of this Message-ID is."""
        readable = re.sub(r"[^A-Za-z0-9._@+-]+", "-", message_id.strip("<>")).strip(".-")[:80]
        return self.path / f"{readable}-{sha256(message_id.encode()).hexdigest()[:12]}.eml"


@dataclass(frozen=True, slots=True)
class Smtp:
    """Hands mails to a mail server, over a connection of its own for each; certificates are always checked."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    mail_from: str
    user: str | None = None
    password: SecretStr | None = None
    timeout_seconds: float = 30.0

    def send(self, mail: Mail) -> None:
        """Hand the mail over; in doubt only where the server fell silent after it was given the text."""
        text = message_of(mail, self.mail_from).as_bytes()
        server = self.open()
        try:
            self.begin(server)
            self.hand_over(server, mail.to, text)
            with suppress(OSError):  # the mail is taken: what becomes of the goodbye changes nothing
                server.quit()
        finally:
            server.close()

    def open(self) -> smtplib.SMTP:
        """A connection to the server, logged in."""
        with self._in_plain_words("the connection", is_in_doubt=False):
            server = self._connect()
        try:
            with self._in_plain_words("the login", is_in_doubt=False):
                self._log_in(server)
        except BaseException:
            server.close()
            raise
        return server

    def begin(self, server: smtplib.SMTP) -> None:
        """Say who a mail is from."""
        with self._in_plain_words("the sender", is_in_doubt=False):
            _check(server.docmd("mail", f"FROM:<{address_of('sender', self.mail_from).addr_spec}>"))

    def hand_over(self, server: smtplib.SMTP, to: str, text: bytes) -> None:
        """Say whom the mail is for, and what it is."""
        with self._in_plain_words("the recipient", is_in_doubt=False):
            _check(server.docmd("rcpt", f"TO:<{address_of('to', to).addr_spec}>"))
        with self._in_plain_words("the text", is_in_doubt=False):
            _check(server.docmd("DATA"), 354)
        with self._in_plain_words("the text", is_in_doubt=True):
            server.send(_dotted(text))
            _check(server.getreply())

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if self.user is not None and self.password is not None:
            server.login(self.user, self.password.get_secret_value())

    @contextmanager
    def _in_plain_words(self, what: str, is_in_doubt: bool) -> Iterator[None]:
        """Say what went wrong, in our errors; what the server said is told without our password."""
        try:
            yield
        except smtplib.SMTPResponseException as failure:
            said = self._without_secrets(failure.smtp_error)
            message = f"the mail server {self.host} refused {what}: {failure.smtp_code} {said}"
            if 500 <= failure.smtp_code < 600:
                raise VendorRefused(message, failure.smtp_code, said) from None
            has_refused = 400 <= failure.smtp_code < 500
            raise VendorUnavailable(f"{message}; try later", is_in_doubt and not has_refused) from None
        except smtplib.SMTPNotSupportedError as failure:
            raise VendorRefused(f"the mail server {self.host} refused {what}: {failure}") from failure
        except ssl.SSLCertVerificationError as failure:
            said = f"the mail server {self.host} has a certificate that is not trusted: {failure.verify_message}"
            raise VendorRefused(said) from failure
        except OSError as failure:
            raise VendorUnavailable(
                f"the mail server {self.host} failed at {what}: {type(failure).__name__}; try later", is_in_doubt
            ) from failure

    def _without_secrets(self, said: bytes | str) -> str:
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        if self.password:
            word = self.password.get_secret_value()
            for secret in (word, _in_base64(word), _in_base64(f"\0{self.user}\0{word}")):
                text = text.replace(secret, "(key)")
        return " ".join(text.split())[:200]


def sender(settings: Settings) -> Sender:
    """The configured mail server, or the folder `outbox` under home where none is set.

    Raises WrongUsage where user or password stands alone, or the password is not ASCII or would be sent readable.
    """
    if settings.smtp_host is None:
        return Folder(settings.home / "outbox", settings.mail_from)
    if (settings.smtp_user is None) != (settings.smtp_password is None):
        raise WrongUsage("set both RINGBACK_SMTP_USER and RINGBACK_SMTP_PASSWORD, or neither")
    if settings.smtp_password and not settings.smtp_password.get_secret_value().isascii():
        raise WrongUsage("RINGBACK_SMTP_PASSWORD has letters beyond ASCII, which mail servers do not take")
    if settings.smtp_security == "none" and settings.smtp_user and settings.smtp_host not in THIS_MACHINE:
        raise WrongUsage("RINGBACK_SMTP_SECURITY=none would send the password readable; set starttls or tls")
    return Smtp(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.mail_from, settings.smtp_user,
        settings.smtp_password, settings.vendor_timeout_seconds,
    )  # fmt: skip


def _check(reply: tuple[int, bytes], wanted: int = 250) -> None:
    code, said = reply
    if code != wanted and not (wanted == 250 and code == 251):  # 251: taken, and will be forwarded
        raise smtplib.SMTPResponseException(code, said)


def _dotted(text: bytes) -> bytes:
    """The text as it goes over the line: a dot alone ends it, so each dot at a line's start is doubled."""
    return re.sub(rb"(?m)^\.", b"..", text.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


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
        raise VendorRefused(f"{field} of a mail is not one mail address in ASCII")
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
