"""Many mails go over two connections at once: each once, and what one line meets is told."""

import smtplib
from collections import Counter
from multiprocessing import parent_process
from pathlib import Path
from threading import Barrier, Event, current_thread, local, main_thread

import pytest

from campaigns import deliver
from campaigns.deliver import Delivered, deliver_all
from campaigns.nurture import write_due
from campaigns.sequences import MailSequence
from database import outbox, sending, suppressions
from ringback.errors import VendorAway, VendorRefused, VendorUnavailable
from sandbox.smtp import MailFaults, MailServer
from tests.campaigns.mailing import TUESDAY, Kept, a_post, a_sequence, an_office, enrol
from tests.campaigns.test_deliver import SECOND
from vendors.mail import Mail, Smtp

NAMES = [f"n{number}" for number in range(12)]


@pytest.fixture
def sequence(home: Path, monkeypatch: pytest.MonkeyPatch) -> MailSequence:
    """A dozen mails that are due, which is many; each line takes two at once."""
    monkeypatch.setattr(deliver, "MANY", len(NAMES))
    monkeypatch.setattr(deliver, "FEWEST", 2)
    monkeypatch.setattr(deliver, "MOST", 2)
    sequence = a_sequence(home)
    enrol(NAMES)
    write_due(an_office(sequence), TUESDAY)
    return sequence


class Meeting(Kept):
    """A sender that waits with the first mail of each line until the other has one too."""

    def __init__(self, second: Exception | None = None, **failures: Exception) -> None:
        super().__init__(**failures)
        self.second = second
        """What the second line meets."""
        self._met, self._own = Barrier(2, timeout=20), local()

    def send(self, mail: Mail) -> None:
        """Take a mail, or fail."""
        if not hasattr(self._own, "is_met"):
            self._own.is_met = True
            self._met.wait()
        if self.second is not None and current_thread() is not main_thread():
            raise self.second
        super().send(mail)


def test_two_lines_deliver_each_mail_once_and_together_all(sequence: MailSequence) -> None:
    sender = Meeting(n3=VendorRefused("550 5.1.1 no such mailbox", 550), n7=VendorUnavailable("451 later"))
    assert deliver_all(a_post(sequence, sender), TUESDAY, "w") == Delivered(12, accepted=10, refused=1, later=1)
    assert max(Counter(mail.message_id for mail in sender.mails).values()) == 1
    assert outbox.counts() == {"sent": 10, "failed": 1, "waiting": 1}
    tries = sending.attempts_of([one.message_id for one in outbox.messages()])
    assert (len(tries), {one.by for one in tries}) == (12, {"w", "w/2"})
    assert all(TUESDAY <= one.at < TUESDAY + 60 * SECOND for one in tries)
    assert [one.address for one in suppressions.all_suppressed()] == ["n3@acme.com"]


def test_a_real_server_is_given_each_mail_once(sequence: MailSequence, home: Path) -> None:
    with MailServer(home / "log.jsonl") as server:
        smtp = Smtp("127.0.0.1", server.port, "none", "Ringback <hello@ours.example>")
        assert deliver_all(a_post(sequence, smtp), TUESDAY, "w") == Delivered(12, accepted=12)
        assert server.taken == dict.fromkeys((one.message_id for one in outbox.messages("sent")), 1)


@pytest.fixture
def _in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are are very many, and there are two processors."""
    monkeypatch.setattr(deliver, "VERY_MANY", len(NAMES))
    monkeypatch.setattr(deliver, "processors", lambda: 2)


@pytest.mark.usefixtures("_in_processes")
def test_a_second_process_hands_over_very_many(sequence: MailSequence, home: Path) -> None:
    slow = MailFaults(delay_seconds=0.5)
    with MailServer(home / "log.jsonl", slow) as server:
        smtp = Smtp("127.0.0.1", server.port, "none", "Ringback <hello@ours.example>")
        assert deliver_all(a_post(sequence, smtp), TUESDAY, "w") == Delivered(12, accepted=12)
        assert server.taken == dict.fromkeys((one.message_id for one in outbox.messages("sent")), 1)
    tries = sending.attempts_of([one.message_id for one in outbox.messages()])
    assert {one.by for one in tries} == {"w", "w/2"}
    assert all(TUESDAY <= one.at < TUESDAY + 60 * SECOND for one in tries)


class BreaksHere(Smtp):
    """Breaks in this process, not in the one beside."""

    def hand_over(self, server: smtplib.SMTP, text: bytes) -> None:
        """Hand over, or break."""
        if parent_process() is None:
            raise ZeroDivisionError
        super().hand_over(server, text)


@pytest.mark.usefixtures("_in_processes")
def test_what_breaks_here_ends_the_process_beside(sequence: MailSequence, home: Path) -> None:
    with MailServer(home / "log.jsonl", MailFaults(delay_seconds=0.2)) as server:
        post = a_post(sequence, BreaksHere("127.0.0.1", server.port, "none", "hello@ours.example"))
        with pytest.raises(ZeroDivisionError):
            deliver_all(post, TUESDAY, "w")
        counts = outbox.counts()
    assert (counts["in_doubt"], counts.get("sending", 0)) == (1, 0)
    assert counts.get("sent", 0) == len(server.taken) <= 2


def test_fewer_than_many_or_a_stated_number_go_over_one_line(sequence: MailSequence) -> None:
    assert deliver_all(a_post(sequence, Kept()), TUESDAY, "w", at_most=5) == Delivered(5, accepted=5)
    assert deliver_all(a_post(sequence, Kept()), TUESDAY, "v") == Delivered(7, accepted=7)
    tries = sending.attempts_of([one.message_id for one in outbox.messages()])
    assert Counter(one.by for one in tries) == {"w": 5, "v": 7}


def test_a_server_that_takes_no_second_connection_gets_all_over_the_first(sequence: MailSequence) -> None:
    done = deliver_all(a_post(sequence, Meeting(VendorAway("421 too many connections"))), TUESDAY, "w")
    assert (done.accepted, done.in_doubt, done.away_because) == (12, 0, None)
    assert outbox.counts() == {"sent": 12}
    assert {one.attempts for one in outbox.messages()} == {1}


def test_a_server_that_is_away_keeps_all_waiting(sequence: MailSequence) -> None:
    away = Meeting(VendorAway("away"), **dict.fromkeys(NAMES, VendorAway("away")))
    done = deliver_all(a_post(sequence, away), TUESDAY, "w")
    assert (done.accepted, done.away_because, outbox.counts()) == (0, "away", {"waiting": 12})


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set when a line that ended has noted what came of its mails."""
    is_noted, settle = Event(), sending.settle

    def settling(attempts: list[sending.Attempt]) -> int:
        held = settle(attempts)
        is_noted.set()
        return held

    monkeypatch.setattr(sending, "settle", settling)
    return is_noted


class Slow(Meeting):
    """A sender whose first line gets no further than its second mail until the other has ended."""

    def __init__(self, second: Exception, until: Event) -> None:
        super().__init__(second)
        self.until = until

    def send(self, mail: Mail) -> None:
        """Take a mail, or fail."""
        if self.mails:
            self.until.wait(20)
        super().send(mail)


def test_what_breaks_one_line_ends_both_and_leaves_none_unaccounted(sequence: MailSequence, noted: Event) -> None:
    slow = Slow(ZeroDivisionError(), noted)
    with pytest.raises(ZeroDivisionError):
        deliver_all(a_post(sequence, slow), TUESDAY, "w")
    assert len(slow.mails) <= 2
    assert outbox.counts() == {"in_doubt": 1, "sent": len(slow.mails), "waiting": 11 - len(slow.mails)}


def test_silence_on_one_line_ends_both(sequence: MailSequence, noted: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "GIVE_UP_AFTER", 1)
    slow = Slow(VendorUnavailable("silence", is_in_doubt=True), noted)
    done = deliver_all(a_post(sequence, slow), TUESDAY, "w")
    assert (done.in_doubt, done.away_because) == (1, "silence")
    assert len(slow.mails) <= 2
    assert outbox.counts() == {"in_doubt": 1, "sent": len(slow.mails), "waiting": 11 - len(slow.mails)}


def test_what_came_of_a_batch_is_noted_where_the_next_cannot_be_taken(
    sequence: MailSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sending, "take_within", fails)
    monkeypatch.setattr(deliver, "MANY", 1_000)
    with pytest.raises(ZeroDivisionError):
        deliver_all(a_post(sequence, Kept()), TUESDAY, "w")
    assert outbox.counts() == {"sent": 2, "waiting": 10}
    assert len(sending.attempts_of([one.message_id for one in outbox.messages("sent")])) == 2


def test_an_address_that_is_not_there_is_suppressed_before_the_next_are_taken(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two mails to one address the second is not sent where the first is refused."""
    monkeypatch.setattr(deliver, "FEWEST", 1)
    enrol(["ana", "bob"])
    for name in ("ana", "bob"):
        draft = outbox.Draft(f"{name}@ours.example", f"e-{name}", 0, "c1", f"{name}@acme.com", "test", "first",
                             "ana@acme.com", TUESDAY, mail={"subject": "s", "text": "t", "html": "h"})  # fmt: skip
        outbox.write([draft], TUESDAY)
    sender = Kept(ana=VendorRefused("550 5.1.1 no such mailbox", 550))
    done = deliver_all(a_post(a_sequence(home), sender), TUESDAY, "w")
    assert (done.refused, outbox.counts()) == (1, {"failed": 1, "suppressed": 1})
