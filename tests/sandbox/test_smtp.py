"""The mail server's stand-in takes mails, logs each before it says so, and fails as it is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from ringback.errors import VendorRefused
from ringback.settings import CHECKOUT
from sandbox.smtp import MailServer, TakenMail, main, read_log
from tests.vendors.test_mail import MAIL, SENDER
from vendors.mail import Smtp


def send(port: int) -> None:
    """Send one mail."""
    Smtp("127.0.0.1", port, "none", SENDER, timeout_seconds=5.0).send(MAIL)


def test_a_mail_is_logged_and_counted(tmp_path: Path) -> None:
    with MailServer(tmp_path / "log.jsonl") as server:
        for _ in range(2):
            send(server.port)
    assert server.taken == {"c1-42@ringback.example": 2}
    first, second = read_log(tmp_path / "log.jsonl")
    assert isinstance(first, TakenMail)
    assert (first.message_id, first.recipient) == ("c1-42@ringback.example", "jo@acme.example")
    assert first.at < second.at


def test_it_can_be_steered_while_it_runs(tmp_path: Path) -> None:
    with MailServer(tmp_path / "log.jsonl") as server:
        server.steer(refuse_recipient=1.0)
        with pytest.raises(VendorRefused):
            send(server.port)
        with pytest.raises(ValueError, match="no such fault: refuse; there are defer_recipient"):
            server.steer(refuse=1.0)
    assert (server.refusals, server.taken) == ({"refuse_recipient": 1}, {})


def test_it_runs_as_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.smtp", "--port", "0", "--log", str(tmp_path / "log.jsonl"),
               "--delay-seconds", "0.01"]  # fmt: skip
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            send(int(server.stdout.readline()))
        finally:
            server.kill()
    assert len(list(read_log(tmp_path / "log.jsonl"))) == 1


def test_without_a_log_nothing_was_taken(tmp_path: Path) -> None:
    assert list(read_log(tmp_path / "none.jsonl")) == []


def test_it_says_what_it_takes_and_what_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert (ended.value.code, "--refuse-recipient" in capsys.readouterr().out) == (0, True)
    with pytest.raises(SystemExit) as ended:
        main(["--log", "mails.jsonl", "--refuse", "1"])
    assert (ended.value.code, "ambiguous option: --refuse" in capsys.readouterr().err) == (2, True)
