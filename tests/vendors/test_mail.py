"""Mails are whole, forge nothing, and are known to be sent, not sent, or in doubt."""

import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from traceback import format_exception
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from ringback.errors import VendorError, VendorRefused, VendorUnavailable, WrongUsage
from ringback.settings import Settings
from vendors.mail import Attachment, Folder, Mail, Smtp, message_of, sender

PASSWORD = "pa55-that-nobody-may-read"
SENDER = "Ringback Söhne <hello@ringback.example>"
MAIL = Mail(
    to="jo@acme.example",
    to_name="Müller, Jo",
    subject="Grüße: your week",
    text="Hello\n.\n..two dots\nend",
    message_id="<c1-42@ringback.example>",
    written_at=datetime(2026, 3, 2, 12),
)
OFFER = replace(
    MAIL,
    list_unsubscribe_url=f"https://u.example.test/u/{'x' * 200}",
    list_unsubscribe_mailto="mailto:unsub@example.test?subject=OPAQUE",
)


def a_mail(**values: Any) -> Mail:
    """The offer, but for these values."""
    return replace(OFFER, **values)


@dataclass
class MailServer:
    """A mail server that does what it is told at each stage, and keeps what it took."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    envelopes: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)


@contextmanager
def a_mail_server(
    fails: Mapping[str, str] | None = None,
    offers: tuple[str, ...] = ("AUTH PLAIN",),
    context: ssl.SSLContext | None = None,
    is_tls: bool = False,
) -> Iterator[MailServer]:
    """At the stages in `fails` the reply is that line; `hangs up` closes the connection, `is silent` says nothing.

    The stages are the commands, `greeting`, and `text` after the mail was taken.
    """
    kept = MailServer()

    class Session(StreamRequestHandler):
        def setup(self) -> None:
            if is_tls and context:
                self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def says(self, stage: str, usual: str) -> str:
            line = (fails or {}).get(stage, usual)
            if line == "is silent":
                kept.is_over.wait(5)
            if line in ("is silent", "hangs up"):
                raise ConnectionResetError
            self.wfile.write(f"{line}\r\n".encode())
            return line[:3]

        def handle(self) -> None:
            if self.says("greeting", "220 ready") == "220":
                while line := self.rfile.readline().decode().strip():
                    self.answers(line)

        def answers(self, line: str) -> None:
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    is_open = not isinstance(self.request, ssl.SSLSocket)
                    listed = ["here", *offers, *(["STARTTLS"] if context and is_open else [])]
                    lines = [f"250{'-' if n < len(listed) - 1 else ' '}{one}" for n, one in enumerate(listed)]
                    self.says("EHLO", "\r\n".join(lines))
                case "STARTTLS" if context:
                    self.says("STARTTLS", "220 go")
                    self.request = context.wrap_socket(self.request, server_side=True)
                    super().setup()
                case "AUTH":
                    kept.users.append(rest)
                    self.says("AUTH", "235 welcome")
                case "DATA":
                    if self.says("DATA", "354 go on") == "354":
                        text = iter(self.rfile.readline, b".\r\n")
                        kept.mails.append(b"".join(one.removeprefix(b".") for one in text))
                        self.says("text", "250 taken")
                case "QUIT":
                    self.says("QUIT", "221 bye")
                case other:
                    kept.envelopes.append(line)
                    self.says(other, "250 ok")

    class Quiet(ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that goes away at once is what some tests are about."""

    server = Quiet(("127.0.0.1", 0), Session)
    kept.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def smtp(server: MailServer, **known: Any) -> Smtp:
    usual = {"host": "127.0.0.1", "security": "none", "mail_from": SENDER, "timeout_seconds": 5.0}
    return Smtp(port=server.port, **{**usual, **known})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `localhost`, signed by itself, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=localhost")
    day = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def secured(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_says_who_writes_to_whom_about_what_and_when() -> None:
    message = read(message_of(MAIL, SENDER).as_bytes())
    headers = {name: str(message[name]) for name in ("From", "To", "Subject", "Date", "Message-ID")}
    assert headers == {
        "From": "Ringback Söhne <hello@ringback.example>",
        "To": '"Müller, Jo" <jo@acme.example>',
        "Subject": "Grüße: your week",
        "Date": "Mon, 02 Mar 2026 12:00:00 +0000",
        "Message-ID": "<c1-42@ringback.example>",
    }
    assert message.get_content().replace("\r\n", "\n") == f"{MAIL.text}\n"


def test_a_mail_goes_over_the_line_in_seven_bits() -> None:
    raw = message_of(replace(OFFER, text="Grüße " * 500, html="<p>Grüße</p>"), SENDER).as_bytes()
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.splitlines())) <= 998


def test_html_and_attachments_come_with_the_text() -> None:
    report = Attachment("Bericht Müller.pdf", b"%PDF-\r\n\x00", "application/pdf")
    message = read(message_of(replace(MAIL, html="<p>Grüße</p>", attachments=(report,)), SENDER).as_bytes())
    html = message.get_body(("html",))
    assert html is not None
    assert html.get_content() == "<p>Grüße</p>\r\n"
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type(), attached.get_content()) == (
        "Bericht Müller.pdf", "application/pdf", b"%PDF-\r\n\x00",
    )  # fmt: skip


def test_leaving_the_list_takes_one_click_and_stands_on_one_line() -> None:
    lines = message_of(OFFER, SENDER).as_bytes().split(b"\r\n")
    ways = f"<https://u.example.test/u/{'x' * 200}>, <mailto:unsub@example.test?subject=OPAQUE>"
    assert f"List-Unsubscribe: {ways}".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


def test_one_click_is_only_promised_where_a_web_address_takes_it() -> None:
    by_mail = message_of(replace(OFFER, list_unsubscribe_url=None), SENDER)
    assert str(by_mail["List-Unsubscribe"]) == "<mailto:unsub@example.test?subject=OPAQUE>"
    assert "List-Unsubscribe-Post" not in by_mail
    assert "List-Unsubscribe" not in message_of(MAIL, SENDER)


def test_a_long_message_id_stands_on_one_line() -> None:
    message_id = f"<{'a' * 200}@ringback.example>"
    lines = message_of(replace(MAIL, message_id=message_id), SENDER).as_bytes().split(b"\r\n")
    assert f"Message-ID: {message_id}".encode() in lines


@pytest.mark.parametrize("ending", ["\r\nBcc: all@evil.example", "\nX: y", "\r", "\x00", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize(
    "name",
    ["to", "to_name", "subject", "message_id", "list_unsubscribe_url", "list_unsubscribe_mailto", "sender",
     "attachments.name", "attachments.kind"],
)  # fmt: skip
def test_no_value_can_forge_a_header(name: str, ending: str) -> None:
    forged = {
        "attachments.name": {"attachments": (Attachment(f"a{ending}", b""),)},
        "attachments.kind": {"attachments": (Attachment("a", b"", f"text/plain{ending}"),)},
        "sender": {},
    }
    values: dict[str, Any] = forged[name] if name in forged else {name: f"{getattr(OFFER, name)}{ending}"}
    with pytest.raises(VendorRefused, match=f"^{name} of a mail has a line break or another control character"):
        message_of(a_mail(**values), SENDER + ending if name == "sender" else SENDER)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("to", ""), ("to", "nobody"), ("to", "a@acme.example, b@acme.example"), ("to", "jö@acme.example"),
        ("to", "a@b@acme.example"), ("to", "<>"), ("to", "a b@acme.example"),
        ("message_id", "c1-42@ringback.example"), ("message_id", "<c1-42>"), ("message_id", "<a@b> <c@d>"),
        ("list_unsubscribe_url", "http://u.example.test/u"), ("list_unsubscribe_url", "javascript:alert(1)"),
        ("list_unsubscribe_url", "https://u.example.test/>, <https://evil.example"), ("list_unsubscribe_url", ""),
        ("list_unsubscribe_url", "https://ü.example.test/u"), ("list_unsubscribe_url", "https://[u/"),
        ("list_unsubscribe_url", f"https://u.example.test/{'x' * 1000}"),
        ("list_unsubscribe_mailto", "unsub@example.test"), ("list_unsubscribe_mailto", "mailto:nobody"),
    ],
)  # fmt: skip
def test_a_value_that_its_header_cannot_hold_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(VendorRefused, match=f"^{name} of a mail"):
        message_of(a_mail(**{name: value}), SENDER)


def test_both_ways_of_leaving_must_fit_on_one_line() -> None:
    long = {
        "list_unsubscribe_url": f"https://u.example.test/{'x' * 600}",
        "list_unsubscribe_mailto": f"mailto:u@x.test?{'x' * 600}",
    }
    with pytest.raises(VendorRefused, match="too long for one line"):
        message_of(a_mail(**long), SENDER)


def test_an_address_of_this_machine_may_be_plain() -> None:
    message = message_of(replace(MAIL, list_unsubscribe_url="http://127.0.0.1:8000/u/x"), SENDER)
    assert str(message["List-Unsubscribe"]) == "<http://127.0.0.1:8000/u/x>"


def test_without_a_mail_server_a_mail_becomes_a_file(tmp_path: Path) -> None:
    sender(Settings(home=tmp_path, mail_from=SENDER)).send(MAIL)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.suffix == ".eml"
    assert file.read_bytes() == message_of(MAIL, SENDER).as_bytes()


def test_one_message_id_is_one_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "outbox", SENDER)
    for mail in (MAIL, replace(MAIL, subject="again"), replace(MAIL, message_id="<c1/42@ringback.example>")):
        folder.send(mail)
    assert len(list(folder.path.iterdir())) == 2
    assert read(folder.file_of(MAIL.message_id).read_bytes())["Subject"] == "again"


@pytest.mark.parametrize("message_id", ["<../../etc/x@y>", f"<{'x' * 500}@y>", "<.@y>", "<-@y>"])
def test_a_message_id_leads_nowhere_out_of_the_folder(message_id: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "outbox", SENDER)
    folder.send(replace(MAIL, message_id=message_id))
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [folder.file_of(message_id)]
    assert folder.file_of(message_id).parent == folder.path


def test_a_mail_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = Folder(tmp_path, SENDER)
    folder.file_of(MAIL.message_id).mkdir()
    with pytest.raises(OSError, match=r"\.eml"):
        folder.send(MAIL)
    assert list(tmp_path.iterdir()) == [folder.file_of(MAIL.message_id)]


def test_a_mail_server_is_given_the_mail_as_it_is() -> None:
    with a_mail_server() as server:
        smtp(server, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert server.envelopes == ["mail FROM:<hello@ringback.example>", "rcpt TO:<jo@acme.example>"]
    assert [b64decode(one.removeprefix("PLAIN ")).decode() for one in server.users] == [f"\0me\0{PASSWORD}"]
    assert server.mails == [message_of(MAIL, SENDER).as_bytes()]


@pytest.mark.parametrize(
    ("stage", "what"),
    [("greeting", "the connection"), ("EHLO", "the login"), ("AUTH", "the login"), ("MAIL", "the sender"),
     ("RCPT", "the recipient"), ("DATA", "the text"), ("text", "the text")],
)  # fmt: skip
def test_what_the_server_will_not_have_is_refused_with_its_words(stage: str, what: str) -> None:
    fails = {stage: "554 5.7.1 not you", **({"HELO": "554 5.7.1 not you"} if stage == "EHLO" else {})}
    with a_mail_server(fails) as server, pytest.raises(VendorRefused) as raised:
        smtp(server, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert str(raised.value) == f"the mail server 127.0.0.1 refused {what}: 554 5.7.1 not you"
    assert (raised.value.status, raised.value.said) == (554, "5.7.1 not you")


@pytest.mark.parametrize("stage", ["greeting", "AUTH", "MAIL", "RCPT", "DATA", "text"])
def test_what_the_server_puts_off_was_surely_not_taken(stage: str) -> None:
    with a_mail_server({stage: "451 busy"}) as server, pytest.raises(VendorUnavailable, match="451 busy") as raised:
        smtp(server, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert not raised.value.is_in_doubt


@pytest.mark.parametrize("trouble", ["hangs up", "is silent"])
@pytest.mark.parametrize("stage", ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "text"])
def test_silence_leaves_a_doubt_only_after_the_text(stage: str, trouble: str) -> None:
    with a_mail_server({stage: trouble}) as server, pytest.raises(VendorUnavailable, match="try later") as raised:
        smtp(server, user="me", password=SecretStr(PASSWORD), timeout_seconds=0.1).send(MAIL)
    assert raised.value.is_in_doubt == (stage == "text")


def test_a_reply_to_the_text_that_nobody_understands_leaves_a_doubt() -> None:
    with a_mail_server({"text": "what?"}) as server, pytest.raises(VendorUnavailable) as raised:
        smtp(server).send(MAIL)
    assert raised.value.is_in_doubt


@pytest.mark.parametrize("goodbye", ["500 no", "hangs up", "is silent"])
def test_a_bad_goodbye_does_not_unsend_a_mail(goodbye: str) -> None:
    with a_mail_server({"QUIT": goodbye}) as server:
        smtp(server, timeout_seconds=0.1).send(MAIL)
    assert len(server.mails) == 1


def test_a_recipient_that_is_forwarded_is_taken() -> None:
    with a_mail_server({"RCPT": "251 will forward"}) as server:
        smtp(server).send(MAIL)
    assert len(server.mails) == 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with a_mail_server() as server:
        gone = smtp(server)
    with pytest.raises(VendorUnavailable, match="failed at the connection: ConnectionRefusedError") as raised:
        gone.send(MAIL)
    assert not raised.value.is_in_doubt


def test_a_server_that_takes_no_login_is_refused() -> None:
    with a_mail_server(offers=()) as server, pytest.raises(VendorRefused, match="refused the login"):
        smtp(server, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert server.envelopes == []


@pytest.mark.parametrize("echoed", [PASSWORD, b64encode(f"\0me\0{PASSWORD}".encode()).decode()])
@pytest.mark.parametrize("code", [535, 454])
def test_the_password_never_reaches_a_message(code: int, echoed: str) -> None:
    with a_mail_server({"AUTH": f"{code} wrong: {echoed}"}) as server, pytest.raises(VendorError) as raised:
        smtp(server, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    shown = "".join(format_exception(raised.value)) + repr(smtp(server, password=SecretStr(PASSWORD)))
    assert "wrong: (key)" in shown
    assert echoed not in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_line_with_a_trusted_certificate_is_used(
    security: str, secured: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with a_mail_server(context=secured, is_tls=security == "tls") as server:
        smtp(server, host="localhost", security=security, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert (len(server.mails), len(server.users)) == (1, 1)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(security: str, secured: ssl.SSLContext) -> None:
    with (
        a_mail_server(context=secured, is_tls=security == "tls") as server,
        pytest.raises(VendorRefused, match="a certificate that is not trusted: self-signed"),
    ):
        smtp(server, host="localhost", security=security, user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert (server.mails, server.users) == ([], [])


def test_a_certificate_of_another_name_is_refused(
    secured: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        a_mail_server(context=secured) as server,
        pytest.raises(VendorRefused, match="not trusted: IP address mismatch"),
    ):
        smtp(server, security="starttls").send(MAIL)
    assert server.mails == []


def test_a_server_that_cannot_secure_the_line_is_given_nothing() -> None:
    with a_mail_server() as server, pytest.raises(VendorRefused, match="STARTTLS"):
        smtp(server, security="starttls", user="me", password=SecretStr(PASSWORD)).send(MAIL)
    assert (server.mails, server.users) == ([], [])


def test_the_configured_server_is_used() -> None:
    known = {"smtp_host": "mail.example", "smtp_user": "me", "smtp_password": PASSWORD, "mail_from": SENDER}
    assert sender(Settings(**known)) == Smtp(  # type: ignore[arg-type]
        "mail.example", 587, "starttls", SENDER, "me", SecretStr(PASSWORD), 30.0
    )


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"smtp_user": "me"}, "both RINGBACK_SMTP_USER"), ({"smtp_password": PASSWORD}, "both RINGBACK_SMTP_USER"),
        ({"smtp_user": "me", "smtp_password": PASSWORD, "smtp_security": "none"}, "password readable"),
        ({"smtp_user": "me", "smtp_password": "pä55"}, "ASCII"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_told(known: dict[str, str], says: str) -> None:
    with pytest.raises(WrongUsage, match=says) as raised:
        sender(Settings(smtp_host="mail.example", **known))  # type: ignore[arg-type]
    assert PASSWORD not in str(raised.value)
