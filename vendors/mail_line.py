"""Many mails over one connection: for campaigns, where logging in for each would take longer than sending it.

What is known of a mail after a failure is as exact as with a connection for each: refused, to be tried again, or in
doubt. A connection that the server closed between two mails is opened again before anything of the next is said.
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ringback.errors import VendorAway, VendorRefused, VendorUnavailable
from vendors.mail import Sender, SenderRefused, Smtp
from vendors.message import Mail, written


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
        """As `Smtp.send`; raises VendorAway where the server cannot be reached, or takes nothing from us."""
        text = written(mail, self._smtp.mail_from)
        server = self._begun(mail.to)
        try:
            self._smtp.hand_over(server, text)
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

    def _begun(self, to: str) -> smtplib.SMTP:
        """The connection, waiting for a text; a kept one that no longer works is replaced: no text is given yet."""
        if self._server is not None:
            try:
                return self._begin(self._server, to)
            except VendorUnavailable:
                if self._server is not None:
                    raise  # the server is well, and will not have this mail now
        try:
            self._server = self._smtp.open()
        except (VendorRefused, VendorUnavailable) as failure:
            raise VendorAway(str(failure)) from failure
        return self._begin(self._server, to)

    def _begin(self, server: smtplib.SMTP, to: str) -> smtplib.SMTP:
        try:
            self._smtp.begin(server, to)
        except SenderRefused as refusal:
            self._start_over()
            raise VendorAway(str(refusal)) from refusal
        except (VendorRefused, VendorUnavailable):
            self._start_over()
            raise
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
