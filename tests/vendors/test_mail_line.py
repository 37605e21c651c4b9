"""Many mails over one connection are as surely sent, not sent or in doubt as with a connection for each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringback.errors import VendorAway, VendorRefused, VendorUnavailable
from sandbox.smtp import MailFaults, MailServer, read_log
from tests.vendors.test_mail import a_mail_server
from vendors.mail import Attachment, Folder, Mail, Smtp, message_of
from vendors.mail_line import Line, together
from vendors.message import written

SENDER = "Ringback <hello@ours.example>"
MAIL = Mail(
    to="jo@acme.example", to_name="Jo Miller", subject="Your week", text="Hello\n.\n..two dots\nend", html="<p>Hi</p>",
    message_id="<m1@ours.example>", written_at=datetime(2026, 3, 2, 12), reply_to="sam@ours.example",
    list_unsubscribe_url=f"https://u.example.test/u/{'x' * 200}", list_unsubscribe_mailto="mailto:u@ours.example",
)  # fmt: skip


def numbered(number: int, to: str = "jo@acme.example") -> Mail:
    return replace(MAIL, message_id=f"<m{number}@ours.example>", to=to)


def smtp(port: int, timeout_seconds: float = 5.0) -> Smtp:
    return Smtp("127.0.0.1", port, "none", SENDER, timeout_seconds=timeout_seconds)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def content(message: EmailMessage) -> dict[str, object]:
    """All headers but those of the parts, and each part's text without the line ends after it."""
    headers = {name: str(value) for name, value in message.items() if not name.startswith("Content-")}
    parts = {part.get_content_type(): part.get_content().replace("\r\n", "\n").rstrip("\n") for part in message.walk()
             if not part.is_multipart()}  # fmt: skip
    return {**headers, **parts, "kind": message.get_content_type()}


BODIES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00"),
            max_size=300),
    st.sampled_from(["", ".", "\n.\n", "x" * 2_000, "Grüße " * 400, "From me\n>From", " \t\n", "=20",
                     "--=_boundary"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(BODIES, BODIES, st.sampled_from(["Your week", "Grüße", "x" * 500, "Re: a, b; c"]))
def test_the_quick_way_of_writing_says_the_same(text: str, html: str, subject: str) -> None:
    mail = replace(MAIL, text=text, html=html, subject=subject)
    raw = written(mail, SENDER)
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.splitlines())) <= 998
    assert content(read(raw)) == content(read(message_of(mail, SENDER).as_bytes()))


@pytest.mark.parametrize("name", ["", "Jo", "O'Hara, Jo", "Dr. Jo", 'Jo "J" M', "Jo (x)", "jo@acme", "J\\M", "Jo  M"])
@pytest.mark.parametrize("to", ["jo@acme.example", "Sam <jo.m+x@acme.example>", "j!o@acme.example"])
def test_an_address_is_written_the_same(to: str, name: str) -> None:
    mail = replace(MAIL, to=to, to_name=name)
    assert content(read(written(mail, SENDER))) == content(read(message_of(mail, SENDER).as_bytes()))


@pytest.mark.parametrize(
    ("name", "value"),
    [("subject", "a\r\nBcc: x@evil.example"), ("to", "a@b.example, c@d.example"), ("reply_to", "nobody"),
     ("to_name", "a\nb"), ("message_id", "<a>")],
)  # fmt: skip
def test_no_value_can_forge_a_header(name: str, value: str) -> None:
    with pytest.raises(VendorRefused, match=f"^{name} of a mail"):
        written(replace(MAIL, **{name: value}), SENDER)  # type: ignore[arg-type]  # each of these fields is a text


def test_attachments_are_written_too() -> None:
    mail = replace(MAIL, attachments=(Attachment("a.pdf", b"%PDF", "application/pdf"),))
    assert [one.get_filename() for one in read(written(mail, SENDER)).iter_attachments()] == ["a.pdf"]


def test_many_mails_take_one_connection() -> None:
    with a_mail_server() as server, together(smtp(server.port)) as line:
        for number in range(5):
            line.send(numbered(number))
    assert len(server.mails) == 5
    assert sorted(server.envelopes) == sorted(["mail FROM:<hello@ours.example>", "rcpt TO:<jo@acme.example>"] * 5)


def test_a_folder_takes_mails_one_by_one(tmp_path: Path) -> None:
    with together(Folder(tmp_path, SENDER)) as line:
        line.send(MAIL)
    assert len(list(tmp_path.iterdir())) == 1


def test_after_a_refusal_the_next_mail_goes(tmp_path: Path) -> None:
    with MailServer(tmp_path / "log.jsonl") as server, together(smtp(server.port)) as line:
        with pytest.raises(VendorRefused, match=r"the recipient: 550 5\.1\.1"):
            line.send(numbered(1, "bounce@acme.example"))
        with pytest.raises(VendorUnavailable, match="try later") as raised:
            line.send(numbered(2, "defer@acme.example"))
        line.send(numbered(3))
    assert not raised.value.is_in_doubt
    assert [one.message_id for one in read_log(tmp_path / "log.jsonl")] == ["m3@ours.example"]


def test_a_connection_that_was_closed_between_two_mails_is_opened_again(tmp_path: Path) -> None:
    with MailServer(tmp_path / "log.jsonl") as first:
        line = Line(smtp(first.port))
        line.send(numbered(1))
    with MailServer(tmp_path / "log.jsonl", port=first.port):
        line.send(numbered(2))
        line.close()
    assert [one.message_id for one in read_log(tmp_path / "log.jsonl")] == ["m1@ours.example", "m2@ours.example"]


@pytest.mark.parametrize(("fault", "is_taken"), [("drop_before", False), ("drop_after", True), ("hang_before", False),
                                                 ("hang_after", True)])  # fmt: skip
def test_silence_after_the_text_is_a_doubt_and_the_next_mail_goes(fault: str, is_taken: bool, tmp_path: Path) -> None:
    with MailServer(tmp_path / "log.jsonl") as server, together(smtp(server.port, 0.3)) as line:
        server.steer(**{fault: 1.0, "hang_seconds": 1.0})
        with pytest.raises(VendorUnavailable) as raised:
            line.send(numbered(1))
        server.steer()
        line.send(numbered(2))
    assert raised.value.is_in_doubt
    taken = [one.message_id for one in read_log(tmp_path / "log.jsonl")]
    assert taken == ["m1@ours.example"] * is_taken + ["m2@ours.example"]


@pytest.mark.parametrize(("fault", "error"), [("refuse_text", VendorRefused), ("defer_text", VendorUnavailable)])
def test_a_text_that_is_refused_was_not_taken(fault: str, error: type[Exception], tmp_path: Path) -> None:
    with MailServer(tmp_path / "log.jsonl", MailFaults(**{fault: 1.0})) as server:  # type: ignore[arg-type]
        with pytest.raises(error) as raised, together(smtp(server.port)) as line:
            line.send(MAIL)
        assert server.taken == {}
    assert not getattr(raised.value, "is_in_doubt", False)


def test_a_server_that_is_not_there_is_away() -> None:
    with pytest.raises(VendorAway, match="the connection"):
        Line(smtp(1)).send(MAIL)


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "MAIL"])
def test_a_server_that_takes_nothing_from_us_is_away(stage: str) -> None:
    fails = {stage: "554 5.7.1 not you", **({"HELO": "554 5.7.1 not you"} if stage == "EHLO" else {})}
    with a_mail_server(fails) as server, pytest.raises(VendorAway, match="not you"):
        Line(smtp(server.port)).send(MAIL)


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)])
@pytest.mark.parametrize(("stage", "reply", "error"), [
    ("RCPT", "550 5.1.1 who?", VendorRefused), ("RCPT", "451 4.2.1 later", VendorUnavailable),
    ("DATA", "554 5.5.1 no", VendorRefused), ("MAIL", "451 4.3.0 later", VendorUnavailable),
])  # fmt: skip
def test_a_mail_that_is_refused_before_its_text_is_not_sent(
    stage: str, reply: str, error: type[Exception], offers: tuple[str, ...]
) -> None:
    """With PIPELINING a server may wait for the text of a mail whose recipient it refused: it is given none."""
    with a_mail_server({stage: reply}, offers) as server:
        line = Line(smtp(server.port))
        with pytest.raises(error, match=reply) as raised:
            line.send(MAIL)
        line.close()
    assert not getattr(raised.value, "is_in_doubt", False)
    assert [mail for mail in server.mails if mail] == []


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_connection_that_breaks_before_the_text_is_no_doubt(stage: str) -> None:
    with a_mail_server({stage: "hangs up", **({"HELO": "hangs up"} if stage == "EHLO" else {})}) as server:
        line = Line(smtp(server.port))
        with pytest.raises(VendorUnavailable) as raised:
            line.send(MAIL)
    assert not raised.value.is_in_doubt
    assert server.mails == []


def test_a_reply_that_interrupts_closes_the_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a mail: what follows must not be read as the answer to it."""
    with MailServer(tmp_path / "log.jsonl") as server:
        line, given = Line(smtp(server.port)), smtp(server.port)
        interrupted: Callable[..., None] = raises_interrupt
        monkeypatch.setattr(type(given), "hand_over", interrupted)
        with pytest.raises(KeyboardInterrupt):
            line.send(numbered(1))
        monkeypatch.undo()
        line.send(numbered(2))
        line.close()
    assert [one.message_id for one in read_log(tmp_path / "log.jsonl")] == ["m2@ours.example"]


def raises_interrupt(*_: object) -> None:
    """Somebody pressed Ctrl-C."""
    raise KeyboardInterrupt
