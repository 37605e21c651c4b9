"""Each enrolment gets its mails in order, each once, and goes on only when the one before came to an end."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns import deliver, nurture
from campaigns.nurture import Written, first_due, write_due
from campaigns.sequences import MailSequence
from database import enrolments, outbox
from database.campaign_models import Campaign
from database.engagement import keep_events
from database.outbox import Message
from database.people import publish_leads
from database.session import insert_new, writing
from database.suppressions import Suppressed, suppress
from ringback.errors import VendorRefused
from ringback.records import Lead
from tests.campaigns.events import an_event
from tests.campaigns.mailing import SEQUENCE, TUESDAY, Kept, a_post, a_sequence, an_office, enrol, states

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def sequence(home: Path) -> MailSequence:
    return a_sequence(home)


def sent(sequence: MailSequence, at: datetime, sender: Kept | None = None) -> deliver.Delivered:
    """Send what is due."""
    return deliver.deliver_all(a_post(sequence, sender or Kept()), at, "w")


def the(enrolment_id: str = "e-ana") -> enrolments.Enrolment | None:
    """An enrolment that is not ended."""
    return next((one for one in enrolments.running("", 100) if one.enrolment_id == enrolment_id), None)


def mails() -> list[Message]:
    return outbox.messages()


def test_a_name_of_several_lines_is_one_line_of_a_mail(sequence: MailSequence) -> None:
    enrol(["ana"])
    publish_leads([Lead("ana@acme.com", "crm", TUESDAY, first_name="Ana\r\nBcc:\tb@x.test")])
    assert write_due(an_office(sequence), TUESDAY).written == 1
    assert mails()[0].mail["to_name"] == "Ana Bcc: b@x.test Smith"
    assert sent(sequence, TUESDAY).accepted == 1


def test_a_due_step_is_written_once_however_often_it_is_asked_for(sequence: MailSequence) -> None:
    enrol(["ana"])
    assert [write_due(an_office(sequence), TUESDAY) for _ in range(2)] == [Written(written=1), Written()]
    (mail,) = mails()
    assert (mail.recipient, mail.state, mail.due_at, mail.not_after) == (
        "ana@acme.com", "waiting", TUESDAY, datetime(2026, 3, 17, 22)
    )  # fmt: skip
    assert mail.mail["subject"] == "A question about Acme"
    assert (mail.mail["to_name"], mail.mail["reply_to"]) == ("Ana Smith", "jo.miller@ours.example")
    assert [one.due_at for one in [the()] if one] == [None]


def test_two_that_write_the_same_write_it_once(sequence: MailSequence) -> None:
    found = enrol(["ana", "bob"])
    due = enrolments.due(TUESDAY, 10)
    for _ in range(2):
        nurture._handle(due, an_office(sequence), TUESDAY)
    assert len(mails()) == len(found)


def test_what_is_due_at_night_waits_for_the_morning(sequence: MailSequence) -> None:
    night = datetime(2026, 3, 17, 6)
    enrol(["ana"], night)
    write_due(an_office(sequence), night)
    assert [one.due_at for one in mails()] == [datetime(2026, 3, 17, 14)]


def test_the_next_step_comes_after_its_wait_from_when_the_mail_was_sent(sequence: MailSequence) -> None:
    enrol(["ana"])
    write_due(an_office(sequence), TUESDAY)
    assert write_due(an_office(sequence), TUESDAY + HOUR) == Written()
    sent(sequence, TUESDAY + 2 * HOUR)
    assert write_due(an_office(sequence), TUESDAY + 3 * HOUR) == Written(moved_on=1)
    one = the()
    assert one is not None
    assert one.step == 1
    assert one.due_at is not None
    assert timedelta(0) <= one.due_at - (TUESDAY + 2 * HOUR + 2 * DAY) < timedelta(seconds=5)


def test_a_sequence_ends_after_an_answer_was_waited_for(sequence: MailSequence) -> None:
    enrol(["ana"])
    at, seen = TUESDAY, []
    for _ in range(20):
        seen.append(write_due(an_office(sequence), at))
        sent(sequence, at)
        at += DAY + timedelta(minutes=1)
    assert sum(one.written for one in seen) == 2
    assert [number for number, one in enumerate(seen) if one.finished] == [9]  # mails on days 0 and 2, seven more days
    assert the() is None


def test_a_step_is_left_out_where_its_condition_says_so(sequence: MailSequence) -> None:
    enrol(["ana"])
    write_due(an_office(sequence), TUESDAY)
    sent(sequence, TUESDAY)
    (first,) = mails()
    keep_events([an_event("1", "clicked", TUESDAY + HOUR, first.message_id)])
    write_due(an_office(sequence), TUESDAY + DAY)
    assert write_due(an_office(sequence), TUESDAY + 3 * DAY) == Written(left_out=1, moved_on=1)
    assert {(one.step, one.state, one.because) for one in mails()} == {
        (0, "sent", None), (1, "skipped", "the lead has clicked"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "state"), [(None, "skipped"), ("opened", "waiting"), ("opened_by_machine", "skipped")]
)
def test_a_step_that_needs_an_open_asks_for_a_persons(kind: str | None, state: str, home: Path) -> None:
    sequence = a_sequence(home, SEQUENCE.replace("unless: [clicked]", "only_if: [opened]"))
    enrol(["ana"])
    write_due(an_office(sequence), TUESDAY)
    sent(sequence, TUESDAY)
    (first,) = mails()
    if kind:
        keep_events([an_event("1", kind, TUESDAY + HOUR, first.message_id)])
    write_due(an_office(sequence), TUESDAY + DAY)
    write_due(an_office(sequence), TUESDAY + 3 * DAY)
    assert states(mails()) == {"e-ana:0": "sent", "e-ana:1": state}


def test_a_mail_that_failed_lets_the_sequence_go_on(sequence: MailSequence) -> None:
    enrol(["ana"])
    write_due(an_office(sequence), TUESDAY)
    sent(sequence, TUESDAY, Kept(ana=VendorRefused("554 5.7.1 no", 554, "5.7.1 no")))
    assert write_due(an_office(sequence), TUESDAY + HOUR).moved_on == 1


def test_an_address_that_nothing_is_sent_to_ends_the_enrolment(sequence: MailSequence) -> None:
    enrol(["ana"])
    write_due(an_office(sequence), TUESDAY)
    suppress([Suppressed("ana@acme.com", "unsubscribed", TUESDAY, "ringback")])
    sender = Kept()
    sent(sequence, TUESDAY + HOUR, sender)
    assert write_due(an_office(sequence), TUESDAY + HOUR) == Written(stopped=1)
    assert (states(mails()), sender.mails, the()) == ({"e-ana:0": "suppressed"}, [], None)


def test_a_lead_without_an_address_is_stopped(sequence: MailSequence) -> None:
    enrol(["ana"])
    enrol(["bo"], lead_id="apollo:1")
    publish_leads([Lead("apollo:1", "apollo", TUESDAY, name="Bo")])
    assert write_due(an_office(sequence), TUESDAY) == Written(written=1, stopped=1)


def test_enrolments_of_a_sequence_that_is_gone_wait(sequence: MailSequence) -> None:
    enrol(["ana"], sequence="gone")
    enrol(["bob"])
    assert write_due(an_office(sequence), TUESDAY) == Written(written=1, without_sequence=1)


@pytest.mark.parametrize("state", ["paused", "archived"])
def test_a_campaign_that_is_not_active_writes_nothing(sequence: MailSequence, state: str) -> None:
    enrol(["ana"])
    with writing() as connection:
        insert_new(connection, Campaign, [{"campaign_id": "c1", "name": "C", "source": "csv", "plan": {},
                                           "state": state, "known_at": TUESDAY}])  # fmt: skip
    assert write_due(an_office(sequence), TUESDAY) == Written()


def test_no_more_are_written_than_asked_for(sequence: MailSequence) -> None:
    enrol([f"n{number}" for number in range(7)])
    assert [write_due(an_office(sequence), TUESDAY, at_most=3).written for _ in range(4)] == [3, 3, 1, 0]


def test_the_first_step_is_due_in_the_first_hours(sequence: MailSequence) -> None:
    assert first_due(sequence, datetime(2026, 12, 25, 15), "America/Chicago", "US") == datetime(2026, 12, 28, 15)
