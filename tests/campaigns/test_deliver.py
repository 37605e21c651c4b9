"""Mails go out at most once, to nobody who left the list, never more than the cap allows, and in their hours."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from campaigns import deliver
from campaigns.allowed import USUAL_CAP, USUAL_WINDOW, judged
from campaigns.deliver import Delivered, campaign_sender, deliver_all
from campaigns.nurture import write_due
from campaigns.sequences import Cap, MailSequence
from database import enrolments, outbox, sending, suppressions
from database.enrolments import Ending
from database.outbox import LEASE, Candidate, Judgement, Message
from ringback.errors import VendorAway, VendorRefused, VendorUnavailable, WrongUsage
from ringback.settings import Settings
from sandbox.smtp import MailServer, read_log
from tests.campaigns.events import ANA, a_message
from tests.campaigns.mailing import TUESDAY, Kept, a_post, a_sequence, an_office, enrol, states
from tests.dying import die
from vendors.mail import Folder, Mail, Smtp

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
LATER, DOUBT = VendorUnavailable("451 later"), VendorUnavailable("silence", is_in_doubt=True)


@pytest.fixture
def sequence(home: Path) -> MailSequence:
    return a_sequence(home)


def waiting(sequence: MailSequence, *names: str) -> None:
    """Mails to these, in the outbox."""
    enrol(names)
    write_due(an_office(sequence), TUESDAY)


def test_a_mail_is_sent_once_with_what_it_needs(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    sender = Kept()
    done = [deliver_all(a_post(sequence, sender), at, "w") for at in (TUESDAY, TUESDAY + HOUR)]
    assert [one.accepted for one in done] == [1, 0]
    (mail,) = sender.mails
    assert (mail.to, mail.to_name, mail.subject, mail.reply_to, mail.written_at) == (
        "ana@acme.com", "Ana Smith", "A question about Acme", "jo.miller@ours.example", TUESDAY,
    )  # fmt: skip
    assert mail.list_unsubscribe_url is not None
    assert mail.list_unsubscribe_url.startswith("https://t.example/t/u/")
    assert str(mail.list_unsubscribe_mailto).startswith("mailto:hello@ours.example?subject=unsubscribe%20")
    (kept,) = outbox.messages()
    assert (kept.state, f"<{kept.message_id}>", kept.attempts) == ("sent", mail.message_id, 1)
    assert [(one.outcome, one.by) for one in sending.attempts_of([kept.message_id])] == [("accepted", "w")]


def test_a_dead_address_is_suppressed_before_its_mail_is_settled(
    sequence: MailSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(sequence, "ana", "bob")
    monkeypatch.setattr(sending, "settle", die)
    sender = Kept(ana=VendorRefused("550 5.1.1 no such user", 550, "5.1.1 no such user"), bob=VendorAway("gone"))
    with pytest.raises(KeyboardInterrupt):
        deliver_all(a_post(sequence, sender), TUESDAY, "w")
    assert [one.address for one in suppressions.all_suppressed()] == ["ana@acme.com"]


def test_what_is_refused_has_failed_what_is_put_off_waits_and_what_is_in_doubt_stays_so(sequence: MailSequence) -> None:
    waiting(sequence, "ana", "bob", "cyd", "dan")
    sender = Kept(bob=VendorRefused("554 5.7.1 no", 554, "5.7.1 no"), cyd=LATER, dan=DOUBT)
    done = deliver_all(a_post(sequence, sender), TUESDAY, "w")
    assert (done.accepted, done.refused, done.later, done.in_doubt) == (1, 1, 1, 1)
    assert states(outbox.messages()) == {
        "e-ana:0": "sent", "e-bob:0": "failed", "e-cyd:0": "waiting", "e-dan:0": "in_doubt"
    }  # fmt: skip
    assert deliver_all(a_post(sequence, Kept()), TUESDAY + HOUR, "w").accepted == 1
    assert outbox.counts() == {"sent": 2, "failed": 1, "in_doubt": 1}


def test_a_mail_that_is_put_off_each_time_has_failed_in_the_end(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    at, waits = TUESDAY, []
    while (mail := outbox.messages()[0]).state == "waiting":
        waits.append(mail.due_at - at)
        at = mail.due_at
        deliver_all(a_post(sequence, Kept(ana=LATER)), at, "w")
    assert (mail.state, mail.attempts, mail.because) == ("failed", 8, "given up after 8 tries: 451 later")
    assert [round(one / timedelta(minutes=1)) for one in waits[1:5]] == [1, 4, 16, 64]


def test_an_address_that_is_not_there_is_written_to_no_more(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    deliver_all(a_post(sequence, Kept(ana=VendorRefused("550 5.1.1 no such mailbox", 550))), TUESDAY, "w")
    assert [(one.address, one.reason) for one in suppressions.all_suppressed()] == [("ana@acme.com", "bounced")]


def test_an_address_that_no_mail_can_go_to_is_written_to_no_more(sequence: MailSequence, home: Path) -> None:
    draft = outbox.Draft("m@ours.example", "e-jo", 0, "c1", "jo@acme.com", "test", "first", "jörg@acme.com", TUESDAY,
                         mail={"subject": "s", "text": "t", "html": "<p>t</p>"})  # fmt: skip
    enrol(["jo"])
    outbox.write([draft], TUESDAY)
    post = a_post(sequence, Smtp("127.0.0.1", 9, "none", "Ringback <hello@ours.example>"))
    assert deliver_all(post, TUESDAY, "w") == Delivered(1, refused=1)
    assert [(one.address, one.reason) for one in suppressions.all_suppressed()] == [("jörg@acme.com", "bounced")]


def test_a_server_that_is_away_is_asked_once_and_no_mail_counts_a_try(sequence: MailSequence) -> None:
    names = [f"n{number}" for number in range(10)]
    waiting(sequence, *names)
    away = Kept(**dict.fromkeys(names, VendorAway("refused the login: 535")))
    assert deliver_all(a_post(sequence, away), TUESDAY, "w") == Delivered(10, away_because="refused the login: 535")
    assert outbox.counts() == {"waiting": 10}
    assert {one.attempts for one in outbox.messages()} == {0}


def test_a_server_that_falls_silent_is_not_given_all_of_them(sequence: MailSequence) -> None:
    names = [f"n{number}" for number in range(10)]
    waiting(sequence, *names)
    done = deliver_all(a_post(sequence, Kept(**dict.fromkeys(names, DOUBT))), TUESDAY, "w")
    assert (done.in_doubt, done.away_because) == (3, "silence")
    assert outbox.counts() == {"waiting": 7, "in_doubt": 3}


def test_people_who_cannot_take_a_mail_now_keep_no_others_from_theirs(sequence: MailSequence) -> None:
    names = [f"n{number}" for number in range(10)]
    waiting(sequence, *names, "ana")
    assert deliver_all(a_post(sequence, Kept(**dict.fromkeys(names, LATER))), TUESDAY, "w") == Delivered(
        11, 1, later=10
    )


def test_what_breaks_halfway_leaves_that_mail_in_doubt_and_the_rest_waiting(sequence: MailSequence) -> None:
    waiting(sequence, "ana", "bob", "cyd")
    order = [one.enrolment_id for one in sorted(outbox.messages(), key=lambda one: one.message_id)]
    broken = order[1].removeprefix("e-")
    with pytest.raises(ZeroDivisionError):
        deliver_all(a_post(sequence, Kept(**{broken: ZeroDivisionError()})), TUESDAY, "w")
    assert states(outbox.messages()) == {
        f"{order[0]}:0": "sent", f"{order[1]}:0": "in_doubt", f"{order[2]}:0": "waiting"
    }  # fmt: skip


def test_what_a_dead_process_held_is_in_doubt_and_never_sent_again(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    assert len(outbox.take("dead", TUESDAY, 50, lambda _: Judgement()).messages) == 1
    sender = Kept()
    post = a_post(sequence, sender)
    assert deliver_all(post, TUESDAY + LEASE - SECOND, "w") == Delivered()
    assert deliver_all(post, TUESDAY + LEASE, "w") == Delivered(in_doubt=1, given_up=1)
    assert deliver_all(post, TUESDAY + 30 * DAY, "w") == Delivered()
    (mail,) = outbox.messages("in_doubt")
    assert (mail.because, sender.mails) == (outbox.GONE, [])


def test_a_slow_process_knows_better_what_came_of_its_mails(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    (mail,) = outbox.take("slow", TUESDAY, 50, lambda _: Judgement()).messages
    outbox.give_up(TUESDAY + LEASE)
    attempt = sending.Attempt(mail.message_id, 1, TUESDAY + LEASE + SECOND, "slow", "accepted")
    assert [sending.settle([attempt]) for _ in range(2)] == [1, 0]
    assert outbox.counts() == {"sent": 1}


def test_nobody_settles_what_another_holds(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    (mail,) = outbox.take("one", TUESDAY, 50, lambda _: Judgement()).messages
    assert sending.settle([sending.Attempt(mail.message_id, 1, TUESDAY, "two", "later")]) == 0
    assert outbox.counts() == {"sending": 1}


def test_the_cap_counts_all_campaigns_and_what_is_in_doubt(sequence: MailSequence) -> None:
    """One person as six leads: three mails go at once, the others when a week is over."""
    for number in range(6):
        (enrolment,) = enrol([f"n{number}"], campaign_id=f"c{number}")
        outbox.write([outbox.Draft(f"m{number}@ours.example", enrolment, 0, f"c{number}", f"n{number}@acme.com", "test",
                                   "first", "ana@acme.com", TUESDAY, mail={"subject": "s", "text": "t", "html": "h"})],
                     TUESDAY)  # fmt: skip
    first, week_later = Kept(), Kept()
    outbox.take("dead", TUESDAY, 1, lambda _: Judgement())
    deliver_all(a_post(sequence, first), TUESDAY + LEASE, "w")
    put_off = outbox.messages("waiting")
    deliver_all(a_post(sequence, Kept(ana=ZeroDivisionError())), TUESDAY + 6 * DAY, "w")
    deliver_all(a_post(sequence, week_later), TUESDAY + 7 * DAY + HOUR, "w")
    assert (len(first.mails), len(week_later.mails)) == (2, 3)
    assert {one.because for one in put_off} == {"this person had 3 mails within 7 days"}
    assert {one.due_at - TUESDAY for one in put_off} == {7 * DAY}


def test_a_mail_of_an_ended_enrolment_is_canceled(sequence: MailSequence) -> None:
    waiting(sequence, "ana")
    enrolments.end([Ending(one, "stopped") for one in enrolments.running("", 10)], TUESDAY)
    assert deliver_all(a_post(sequence, Kept()), TUESDAY, "w").accepted == 0
    assert [(one.state, one.because) for one in outbox.messages()] == [("canceled", "the enrolment ended: stopped")]


def a_candidate(message: Message | None = None, **known: object) -> Candidate:
    usual = {"zone": "America/Chicago", "suppressed_as": None, "ended_as": None, "campaign": "active", "earlier": ()}
    return Candidate(message or a_message(), **(usual | known))  # type: ignore[arg-type]  # as the fields are


@pytest.mark.parametrize(
    ("known", "at", "becomes"),
    [
        ({}, TUESDAY, Judgement()),
        ({"suppressed_as": "bounced", "ended_as": "bounced"}, TUESDAY,
         Judgement("suppressed", "nothing is sent to this address: bounced")),
        ({"campaign": "archived"}, TUESDAY, Judgement("canceled", "the campaign is archived")),
        ({"campaign": "paused"}, TUESDAY, Judgement("waiting", "the campaign is paused", TUESDAY + HOUR)),
        ({}, TUESDAY + 10 * HOUR, Judgement("waiting", "its hours were over", datetime(2026, 3, 18, 14),
                                            datetime(2026, 3, 18, 22, 30))),
        ({}, TUESDAY + 46 * DAY, Judgement("skipped", "it waited for more than 46 days")),
        ({"earlier": (TUESDAY - 8 * DAY, TUESDAY - DAY, TUESDAY - HOUR)}, TUESDAY, Judgement()),
        ({"earlier": (TUESDAY - 2 * DAY, TUESDAY - DAY, TUESDAY - HOUR)}, TUESDAY,
         Judgement("waiting", "this person had 3 mails within 7 days", datetime(2026, 3, 23, 14),
                   datetime(2026, 3, 23, 22, 30))),  # free again on a Sunday, so on Monday
    ],
)  # fmt: skip
def test_what_becomes_of_a_mail_that_is_due(known: dict[str, Any], at: datetime, becomes: Judgement) -> None:
    said = judged(a_candidate(**known), at, USUAL_CAP, USUAL_WINDOW)
    assert said == becomes


def test_a_lower_cap_lets_through_when_enough_are_long_ago() -> None:
    earlier = (TUESDAY - 3 * DAY, TUESDAY - 2 * DAY, TUESDAY - HOUR)
    said = judged(a_candidate(earlier=earlier), TUESDAY, Cap(mails=2, per_days=7), USUAL_WINDOW)
    assert said.due_at == datetime(2026, 3, 23, 14)  # Sunday is when the second one is a week old


def test_campaigns_need_a_postal_address_and_a_public_address_of_links() -> None:
    with pytest.raises(WrongUsage, match="only with RINGBACK_POSTAL_ADDRESS and RINGBACK_PUBLIC_URL set"):
        campaign_sender(Settings(smtp_host="mail.example"))
    known = Settings(smtp_host="mail.example", postal_address="1 Road", public_url="https://go.example")
    assert isinstance(campaign_sender(known), Smtp)
    assert isinstance(campaign_sender(Settings()), Folder)
    assert isinstance(
        campaign_sender(Settings(smtp_host="127.0.0.1", smtp_password=SecretStr("x"), smtp_user="u")), Smtp
    )


def test_mails_go_through_a_real_server_over_one_connection(sequence: MailSequence, home: Path) -> None:
    waiting(sequence, "ana", "bounce1", "defer1", "bob")
    with MailServer(home / "log.jsonl") as server:
        smtp = Smtp("127.0.0.1", server.port, "none", "Ringback <hello@ours.example>")
        done = deliver_all(a_post(sequence, smtp), TUESDAY, "w")
    assert (done.accepted, done.refused, done.later) == (2, 1, 1)
    sent = {one.message_id for one in outbox.messages("sent")}
    assert {line.message_id for line in read_log(home / "log.jsonl")} == sent
    assert len(sent) == 2


def test_a_mail_is_made_of_its_row() -> None:
    kept = {"subject": "S", "text": "T", "html": "<p>H</p>", "to_name": "", "reply_to": None}
    from tests.campaigns.mailing import LETTERHEAD

    mail: Mail = deliver.mail_of(a_message(mail=kept), LETTERHEAD, TUESDAY)
    assert (mail.to, mail.subject, mail.text, mail.html, mail.message_id) == (
        ANA,
        "S",
        "T",
        "<p>H</p>",
        "<m1@ours.example>",
    )
