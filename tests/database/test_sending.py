"""What came of a batch is noted with the commit that takes the next: both or neither, and each mail once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from database import outbox, sending
from database.outbox import Judgement, Message
from database.sending import Attempt, settle_and_take
from tests.campaigns.mailing import TUESDAY, enrol
from tests.database.test_outbox import a_draft, take_all, written


def accepted(taken: tuple[Message, ...], worker: str = "w") -> list[Attempt]:
    """The server took them all."""
    return [Attempt(one.message_id, one.attempts, TUESDAY, worker, "accepted") for one in taken]


def test_a_batch_is_settled_and_the_next_is_taken(home: Path) -> None:
    written("ana", "bob", "cyd")
    first = settle_and_take([], "w", TUESDAY, 2, take_all)
    second = settle_and_take(accepted(first.messages), "w", TUESDAY, 2, take_all)
    assert ([one.lead_id for one in second.messages], second.looked_at) == (["cyd@acme.com"], 1)
    assert outbox.counts() == {"sent": 2, "sending": 1}
    assert settle_and_take(accepted(second.messages), "w", TUESDAY, 2, take_all).looked_at == 0
    assert outbox.counts() == {"sent": 3}


def test_what_was_settled_counts_for_what_is_taken_with_it(home: Path) -> None:
    """A mail to the same person, judged in the same transaction, sees that the one before was sent."""
    enrol(["ana", "bob"])
    outbox.write([a_draft("ana"), a_draft("bob", recipient="ana@acme.com")], TUESDAY)
    seen: list[int] = []

    def judge(candidate: outbox.Candidate) -> Judgement:
        seen.append(len(candidate.earlier))
        return Judgement()

    first = settle_and_take([], "w", TUESDAY, 1, judge)
    settle_and_take(accepted(first.messages), "w", TUESDAY, 1, judge)
    assert seen == [0, 1]


def test_nothing_is_settled_where_the_next_cannot_be_taken(home: Path) -> None:
    written("ana", "bob")
    first = settle_and_take([], "w", TUESDAY, 1, take_all)
    with pytest.raises(ZeroDivisionError):
        settle_and_take(accepted(first.messages), "w", TUESDAY, 1, lambda _: Judgement(str(1 / 0)))  # type: ignore[arg-type]  # it fails before
    assert outbox.counts() == {"sending": 1, "waiting": 1}
    assert sending.attempts_of([first.messages[0].message_id]) == []


def test_many_workers_settle_and_take_each_mail_once(home: Path) -> None:
    ids = written(*(f"n{number:02}" for number in range(60)))

    def work(number: int) -> list[str]:
        worker, done = f"w{number}", list[str]()
        held = settle_and_take([], worker, TUESDAY, 5, take_all).messages
        while held:
            done += [one.message_id for one in held]
            held = settle_and_take(accepted(held, worker), worker, TUESDAY, 5, take_all).messages
        return done

    with ThreadPoolExecutor(4) as workers:
        taken = [one for some in workers.map(work, range(4)) for one in some]
    assert sorted(taken) == ids
    assert outbox.counts() == {"sent": 60}
    assert len(sending.attempts_of(ids)) == 60
