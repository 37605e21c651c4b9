"""The outbox holds each mail once, and gives it to one worker only."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from database import outbox, sending, suppressions
from database.outbox import Candidate, Draft, Judgement
from database.sending import Attempt
from database.suppressions import Suppressed, reason_in
from tests.campaigns.mailing import TUESDAY, enrol

MINUTE = timedelta(minutes=1)


def take_all(_: Candidate) -> Judgement:
    """Whatever is due may go."""
    return Judgement()


def a_draft(name: str, **known: object) -> Draft:
    """A mail to NAME that is due."""
    usual = {
        "message_id": f"{name}@ours.example", "enrolment_id": f"e-{name}", "step": 0, "campaign_id": "c1",
        "lead_id": f"{name}@acme.com", "sequence": "test", "template": "first", "recipient": f"{name}@acme.com",
        "due_at": TUESDAY,
    }  # fmt: skip
    return Draft(**(usual | known))  # type: ignore[arg-type]  # as the fields are


def written(*names: str) -> list[str]:
    """Enrolled, with a mail each; gives the mails' ids."""
    enrol(names)
    outbox.write([a_draft(name) for name in names], TUESDAY)
    return [f"{name}@ours.example" for name in names]


def test_a_step_is_one_mail_whatever_it_is_called(home: Path) -> None:
    enrol(["ana"])
    drafts = [a_draft("ana"), a_draft("ana"), a_draft("ana", message_id="other@ours.example")]
    assert [outbox.write([draft], TUESDAY) for draft in drafts] == [1, 0, 0]
    assert [one.message_id for one in outbox.messages()] == ["ana@ours.example"]


def test_many_workers_at_once_take_each_mail_once(home: Path) -> None:
    ids = written(*(f"n{number:03}" for number in range(120)))

    def work(number: int) -> list[str]:
        taken: list[str] = []
        while batch := outbox.take(f"w{number}", TUESDAY, 7, take_all).messages:
            taken += [one.message_id for one in batch]
        return taken

    with ThreadPoolExecutor(6) as workers:
        taken = [one for some in workers.map(work, range(6)) for one in some]
    assert sorted(taken) == ids


def test_the_longest_due_go_first_and_what_is_not_due_stays(home: Path) -> None:
    enrol(["ana", "bob", "cyd"])
    outbox.write([a_draft("ana", due_at=TUESDAY + MINUTE), a_draft("bob"), a_draft("cyd", due_at=TUESDAY - MINUTE)],
                 TUESDAY)  # fmt: skip
    assert [one.lead_id for one in outbox.take("w", TUESDAY, 10, take_all).messages] == ["cyd@acme.com", "bob@acme.com"]


def test_what_may_not_go_is_put_aside_in_the_same_breath(home: Path) -> None:
    written("ana", "bob", "cyd")
    said = {
        "ana@acme.com": Judgement(), "bob@acme.com": Judgement("suppressed", "left"),
        "cyd@acme.com": Judgement("waiting", "too many", TUESDAY + MINUTE),
    }  # fmt: skip
    taken = outbox.take("w", TUESDAY, 10, lambda one: said[one.message.recipient])
    assert ([one.lead_id for one in taken.messages], taken.looked_at) == (["ana@acme.com"], 3)
    assert {(one.lead_id, one.state, one.because, one.due_at) for one in outbox.messages()} == {
        ("ana@acme.com", "sending", None, TUESDAY), ("bob@acme.com", "suppressed", "left", TUESDAY),
        ("cyd@acme.com", "waiting", "too many", TUESDAY + MINUTE),
    }  # fmt: skip


def test_nothing_is_taken_where_the_judge_fails(home: Path) -> None:
    written("ana")
    with pytest.raises(ZeroDivisionError):
        outbox.take("w", TUESDAY, 10, lambda _: Judgement(str(1 / 0)))  # type: ignore[arg-type]  # it fails before
    assert outbox.counts() == {"waiting": 1}


def test_what_was_not_handed_over_waits_again_without_a_try(home: Path) -> None:
    ids = written("ana", "bob")
    outbox.take("w", TUESDAY, 10, take_all)
    assert [sending.put_back(worker, ids[:1]) for worker in ("other", "w")] == [0, 1]
    assert [(one.state, one.attempts) for one in outbox.messages()] == [("waiting", 0), ("sending", 1)]


def test_tries_are_only_ever_added(home: Path) -> None:
    (mail,) = written("ana")
    at = TUESDAY
    for outcome in ("later", "accepted"):
        (taken,) = outbox.take("w", at, 10, take_all).messages
        sending.settle([Attempt(mail, taken.attempts, at, "w", outcome, "said\x00")])
        at += MINUTE
    assert [(one.attempt, one.outcome, one.said) for one in sending.attempts_of([mail])] == [
        (1, "later", "said"), (2, "accepted", "said")
    ]  # fmt: skip


def test_mails_are_listed_by_what_they_are(home: Path) -> None:
    written("ana", "bob")
    outbox.take("w", TUESDAY, 1, take_all)
    assert [one.lead_id for one in outbox.messages("waiting")] == ["bob@acme.com"]
    assert [one.lead_id for one in outbox.messages(lead_id="ana@acme.com", campaign_id="c1")] == ["ana@acme.com"]
    assert outbox.messages(campaign_id="c2") == []
    assert (outbox.counts("c1"), outbox.counts("c2")) == ({"waiting": 1, "sending": 1}, {})
    assert outbox.message("nobody@ours.example") is None


@pytest.mark.parametrize(
    ("kind", "detail", "reason"),
    [
        ("unsubscribed", {}, "unsubscribed"), ("complained", {}, "complained"), ("opened", {}, None),
        ("bounced", {"type": "bounce"}, "bounced"), ("bounced", {"type": "blocked"}, None),
        ("bounced", {"Type": "HardBounce"}, "bounced"), ("bounced", {"Type": "Transient"}, None),
        ("bounced", {"data": {"bounce": {"type": "Permanent"}}}, "bounced"),
        ("bounced", {"data": {"bounce": {"type": "Undetermined"}}}, None), ("bounced", {"data": "cut off …"}, None),
        ("bounced", {}, None),
    ],
)  # fmt: skip
def test_what_ends_all_mails_to_an_address(kind: str, detail: dict[str, object], reason: str | None) -> None:
    assert reason_in(kind, detail) == reason


def test_an_address_is_suppressed_once_in_any_letters_and_the_first_reason_stays(home: Path) -> None:
    one = Suppressed(" Ana@ACME.com", "unsubscribed", TUESDAY, "ringback")
    again = Suppressed("ana@acme.com", "bounced", TUESDAY, "smtp")
    assert [suppressions.suppress([each]) for each in (one, again)] == [1, 0]
    assert [(key, said.reason) for key, said in suppressions.suppressed(["ANA@acme.com", "bob@acme.com"]).items()] == [
        ("ana@acme.com", "unsubscribed")
    ]  # fmt: skip
    assert [suppressions.lift("ANA@acme.com") for _ in range(2)] == [True, False]
