"""Whatever does not fit between outbox, tries, the server's log and events is said in words."""

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns import deliver
from campaigns.nurture import write_due
from campaigns.reconcile import Account, Line, differences, read_lines, reconciled
from database.sending import Attempt
from ringback.errors import WrongUsage
from tests.campaigns.events import ANA, a_message, an_event
from tests.campaigns.mailing import TUESDAY, Kept, a_post, a_sequence, an_office, enrol
from vendors.mail import Mail

LINE = Line("m1@ours.example", ANA, TUESDAY)
ACCEPTED = Attempt("m1@ours.example", 1, TUESDAY, "w", "accepted")
SENT = a_message(state="sent", sent_at=TUESDAY)
DOUBT = a_message(state="in_doubt", because="silence")
CASES = [
    (Account(SENT, [ACCEPTED], [LINE]), {}),
    (Account(a_message()), {}),
    (Account(SENT, [ACCEPTED]), {
        "sent_without_line": "the server accepted it at 2026-03-17 15:00:00 and its log has no line of it: the log is "
                             "not whole, or of another server"}),
    (Account(DOUBT, lines=[LINE]), {
        "doubt_was_sent": "it was in fact sent at 2026-03-17 15:00:00; in doubt because: silence"}),
    (Account(DOUBT), {
        "doubt_was_not_sent": "the server's log has no line of it, so it was not sent; whoever wants it sent has to "
                              "write by hand (silence)"}),
    (Account(SENT, [ACCEPTED], [LINE, LINE]), {
        "twice": "the server took it 2 times: 2026-03-17 15:00:00, 2026-03-17 15:00:00"}),
    (Account(a_message(state="failed", because="554"), lines=[LINE]), {
        "line_though_not_sent": "the outbox says failed (554), and the server took it at 2026-03-17 15:00:00"}),
    (Account(SENT, [ACCEPTED], [Line("m1@ours.example", "bob@acme.com", TUESDAY)]), {
        "other_recipient": "it was meant for ana@acme.com, and the server took it for bob@acme.com"}),
    (Account(SENT, [], [LINE]), {
        "no_accepting_try": "the outbox says sent, and no try is noted that the server accepted"}),
    (Account(a_message(state="failed"), [ACCEPTED]), {
        "accepted_but_not_sent": "the server accepted it at 2026-03-17 15:00:00, and the outbox says failed"}),
    (Account(a_message(state="canceled"), events=[an_event("1", "opened", TUESDAY)]), {
        "event_though_not_sent": "ringback says it was opened, and the outbox says canceled"}),
    (Account(a_message(state="sending", taken_by="w", taken_at=TUESDAY)), {
        "still_sending": "w took it at 2026-03-17 15:00:00; until it says what came of it, or its lease is over, it is "
                         "under way"}),
    (Account(a_message(state="failed"), events=[an_event("1", "bounced", TUESDAY)]), {}),
]  # fmt: skip


@pytest.mark.parametrize(("account", "told"), CASES)
def test_a_difference_is_told_with_what_it_means(account: Account, told: dict[str, str]) -> None:
    assert {one.kind: one.said for one in differences(account)} == told


def test_an_event_tells_that_a_mail_in_doubt_arrived() -> None:
    told = [one.said for one in differences(Account(DOUBT, events=[an_event("1", "opened", TUESDAY)]))]
    assert "it was opened (ringback), so it arrived" in told


def test_the_outbox_is_compared_with_a_log(home: Path) -> None:
    sequence = a_sequence(home)
    enrol(["ana", "bob", "cyd"])
    write_due(an_office(sequence), TUESDAY)
    sender = Kept()
    deliver.deliver_all(a_post(sequence, sender), TUESDAY, "w")
    first, second, third = sorted(sender.mails, key=lambda one: one.to)

    def line(mail: Mail) -> Line:
        return Line(mail.message_id.strip("<>"), mail.to, TUESDAY + timedelta(seconds=1))

    found = reconciled([line(first), line(second), line(second), Line("x@ours.example", "x@x.example", TUESDAY),
                        Line("x@others.example", "y@x.example", TUESDAY)])  # fmt: skip
    assert (found.compared, found.counts) == (3, {"sent": 3})
    assert sorted((one.kind, one.message_id) for one in found.differences) == [
        ("sent_without_line", third.message_id.strip("<>")), ("twice", second.message_id.strip("<>")),
        ("unknown_line", "x@ours.example"),
    ]  # fmt: skip


def test_a_log_is_read_to_where_it_was_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    good = (
        '{"message_id": "<m1@ours.example>", "recipient": "ana@acme.com", "at": "2026-03-17T15:00:00Z", "bytes": 7}\n'
    )
    file.write_text(good + '{"message_id": "m2')
    assert list(read_lines(file)) == [LINE]


@pytest.mark.parametrize(
    ("row", "told"), [("no json\n", "JSONDecodeError"), ("{}\n", "KeyError"), ("[]\n", "TypeError")]
)
def test_a_line_that_is_none_is_told_with_its_number(row: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(f"\n{row}")
    with pytest.raises(WrongUsage, match=rf"log.jsonl:2: is no line with message_id, recipient and at \({told}\)"):
        list(read_lines(file))
