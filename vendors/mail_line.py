"""Many mails over one connection: for campaigns, where logging in for each would take longer than sending it.

What is known of a mail after a failure is as exact as with a connection for each: refused, to be tried again, or in
doubt. A connection that the server closed between two mails is opened again before anything of the next is said.
"""

import smtplib
from binascii import b2a_qp
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from ringback.errors import VendorRefused, VendorUnavailable
from vendors.mail import LONGEST_LINE, Mail, Sender, Smtp, headers_of, message_of


@contextmanager
def together(sender: Sender) -> Iterator[Sender]:
    """The sender for many mails, one after the other: of a mail server one connection, opened with the first mail."""
    if not isinstance(sender, Smtp):
        yield sender
        return
    line = Line(sender)
    try:
        yield line
    finally:
        line.close()


class Line:
    """A connection to a mail server that is kept from mail to mail."""

    def __init__(self, smtp: Smtp) -> None:
        """Nothing is opened yet."""
        self._smtp = smtp
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """As `Smtp.send`."""
        text = written(mail, self._smtp.mail_from)
        server = self._begun()
        try:
            self._smtp.hand_over(server, mail.to, text)
        except VendorRefused:
            self._start_over()
            raise
        except VendorUnavailable as failure:
            if failure.is_in_doubt:
                self._drop()
            else:
                self._start_over()
            raise
        except BaseException:
            self._drop()
            raise

    def close(self) -> None:
        """Say goodbye."""
        if self._server is not None:
            with suppress(OSError):
                self._server.quit()
            self._drop()

    def _begun(self) -> smtplib.SMTP:
        """The connection after it was said who the mail is from; a kept one that no longer works is replaced once."""
        if self._server is not None:
            try:
                self._smtp.begin(self._server)
            except VendorUnavailable:
                self._drop()
            except BaseException:
                self._drop()
                raise
            else:
                return self._server
        self._server = server = self._smtp.open()
        try:
            self._smtp.begin(server)
        except BaseException:
            self._drop()
            raise
        return server

    def _start_over(self) -> None:
        """Let the server forget the mail that it refused."""
        try:
            if self._server is None or self._server.rset()[0] != 250:
                self._drop()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


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


def _shown(value: object) -> str:
    return format_datetime(value) if isinstance(value, datetime) else str(value)


def _part(kind: str, text: str) -> bytes:
    lines = text.encode(errors="replace").splitlines()
    is_plain = all(len(one) < LONGEST_LINE and one.isascii() for one in lines) and b"\x00" not in text.encode()
    how = "7bit" if is_plain else "quoted-printable"
    body = b"\r\n".join(lines) if is_plain else b2a_qp(b"\n".join(lines), istext=True).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n\r\n'
    return head.encode() + body + b"\r\n"
