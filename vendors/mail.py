"""Mail: what we write to people, put into a folder to be looked at, or handed to a mail server.

Without a mail server in the settings nothing leaves this machine: each mail becomes a file in the folder `outbox` under
home, one per Message-ID.
"""

import base64
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from os import replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, Protocol

from pydantic import SecretStr

from ringback.errors import VendorRefused, VendorUnavailable, WrongUsage
from ringback.settings import Settings
from vendors.message import THIS_MACHINE as THIS_MACHINE
from vendors.message import Attachment as Attachment
from vendors.message import Mail as Mail
from vendors.message import address_of as address_of
from vendors.message import message_of as message_of

SENDER = "the sender"


class SenderRefused(VendorRefused):
    """The server takes no mail from our address, whatever it is."""


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
            self.begin(server, mail.to)
            self.hand_over(server, text)
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

    def begin(self, server: smtplib.SMTP, to: str) -> None:
        """Say from whom to whom a mail is, up to where the server waits for the text.

        All at once where the server takes that (PIPELINING, RFC 2920): of a far one that saves two answers' time.
        """
        sent_from, sent_to = address_of("sender", self.mail_from).addr_spec, address_of("to", to).addr_spec
        said = [
            (SENDER, f"mail FROM:<{sent_from}>", 250), ("the recipient", f"rcpt TO:<{sent_to}>", 250),
            ("the text", "DATA", 354),
        ]  # fmt: skip
        if not server.has_extn("pipelining"):
            for what, command, wanted in said:
                with self._in_plain_words(what, is_in_doubt=False):
                    _check(server.docmd(command), wanted)
            return
        with self._in_plain_words(SENDER, is_in_doubt=False):
            server.send("".join(f"{command}\r\n" for _, command, _ in said))
            replies = [server.getreply() for _ in said]
            if replies[-1][0] == 354 and not all(200 <= code < 300 for code, _ in replies[:-1]):
                server.docmd(".")  # it waits for a text of a mail that it refused: there is none
        for (what, _, wanted), reply in zip(said, replies, strict=True):
            with self._in_plain_words(what, is_in_doubt=False):
                _check(reply, wanted)

    def hand_over(self, server: smtplib.SMTP, text: bytes) -> None:
        """Give the server the text that it waits for."""
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
                refused = SenderRefused if what == SENDER else VendorRefused
                raise refused(message, failure.smtp_code, said) from None
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
