"""What people do with mails stops them, hands the lead to a person, or lets nobody write again: once, in any order."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaigns import deliver
from campaigns.engagement import Engaged
from campaigns.fold import escalate, fold, verdict
from campaigns.nurture import write_due
from campaigns.sequences import MailSequence
from database import enrolments, outbox, suppressions, tasks
from database.campaign_models import Decision
from database.campaign_models import Enrolment as Row
from database.engagement import Engagement, events_of, keep_events
from database.enrolments import Ending
from database.session import reading
from database.tasks import Task
from tests.campaigns.events import an_event
from tests.campaigns.mailing import SEQUENCE, TUESDAY, Kept, a_post, a_sequence, an_office, enrol

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OWNER = "jo.miller@ours.example"


@pytest.fixture
def sequence(home: Path) -> MailSequence:
    """Ana's first mail was sent on Tuesday."""
    made = a_sequence(home)
    enrol(["ana"])
    write_due(an_office(made), TUESDAY)
    deliver.deliver_all(a_post(made, Kept()), TUESDAY, "w")
    return made


def happened(*kinds: str, at: timedelta = HOUR, **detail: object) -> list[Engagement]:
    """These happened to Ana's mail, ten minutes apart."""
    (mail,) = outbox.messages(lead_id="ana@acme.com", at_most=1)
    return [
        an_event(f"{kind}{number}", kind, TUESDAY + at + number * timedelta(minutes=10), mail.message_id, **detail)
        for number, kind in enumerate(kinds)
    ]  # fmt: skip


def folded(sequence: MailSequence, at: timedelta = DAY) -> dict[str, int]:
    """Fold, and by how enrolments ended."""
    return dict(fold({sequence.sequence_id: sequence}, TUESDAY + at).ended)


def ended_as() -> str | None:
    with reading() as connection:
        return connection.scalar(select(Row.ended_as))


def decided() -> list[tuple[str, str]]:
    with reading() as connection:
        return [(row.kind, row.outcome) for row in connection.execute(select(Decision))]


def shown(task: Task) -> tuple[str, str, str]:
    return task.kind, task.owner, task.reason


@pytest.mark.parametrize(
    ("kinds", "detail", "becomes"),
    [
        (["opened"], {}, None), (["opened", "opened"], {}, None), (["opened"] * 3, {}, "graduated"),
        (["opened_by_machine"] * 5, {}, None), (["clicked_by_machine"], {}, None), (["delivered"], {}, None),
        (["clicked"], {"url": "https://ours.example/voice"}, "graduated"), (["meeting"], {}, "graduated"),
        (["replied"], {}, "replied"), (["clicked", "replied"], {"url": "x"}, "replied"),
        (["unsubscribed"], {}, "unsubscribed"), (["replied", "unsubscribed"], {}, "unsubscribed"),
        (["complained", "unsubscribed"], {}, "complained"), (["bounced"], {"type": "Permanent"}, "bounced"),
        (["bounced"], {"Type": "Transient"}, None),
    ],
)  # fmt: skip
def test_what_ends_an_enrolment(
    kinds: list[str], detail: dict[str, Any], becomes: str | None, sequence: MailSequence
) -> None:
    keep_events(happened(*kinds, **detail))
    assert folded(sequence) == ({becomes: 1} if becomes else {})
    assert ended_as() == becomes
    assert decided() == ([("graduation" if becomes == "graduated" else "stop", becomes)] if becomes else [])


def test_an_answer_to_a_sequence_that_had_ended_is_told_to_its_owner_once(sequence: MailSequence) -> None:
    (mine,) = enrolments.running("", 9)
    enrolments.end([Ending(mine, "finished")], TUESDAY + 9 * DAY)
    keep_events(happened("opened", at=10 * DAY))
    fold_at = partial(fold, {sequence.sequence_id: sequence})
    assert fold_at(TUESDAY + 11 * DAY).answered_late == 0
    keep_events(happened("replied", at=12 * DAY))
    assert [fold_at(TUESDAY + days * DAY).answered_late for days in (13, 14)] == [1, 0]
    assert [shown(task) for task in tasks.tasks()] == [
        ("reply", OWNER, "The lead answered a mail in the sequence 'test': answer within 2 days.")
    ]
    assert ended_as() == "finished"


@pytest.mark.parametrize("names_its_mail", [True, False])
def test_an_answer_after_a_later_sequence_began_is_to_the_one_that_had_ended_if_it_says_so(
    names_its_mail: bool, sequence: MailSequence
) -> None:
    (mine,) = enrolments.running("", 9)
    enrolments.end([Ending(mine, "finished")], TUESDAY + DAY)
    (answer,) = happened("replied", at=40 * DAY)
    keep_events([answer if names_its_mail else replace(answer, message_id="the-provider-s-own")])
    enrol(["ana"], TUESDAY + 39 * DAY, campaign_id="autumn", enrolment_id="e-autumn")
    assert fold({sequence.sequence_id: sequence}, TUESDAY + 41 * DAY).answered_late == int(names_its_mail)


def test_one_answer_is_one_task_where_another_sequence_was_stopped_and_none_of_whoever_left(
    sequence: MailSequence,
) -> None:
    (mine,) = enrolments.running("", 9)
    enrolments.end([Ending(mine, "stopped")], TUESDAY + HOUR / 2)
    enrol(["ana"], TUESDAY - DAY, campaign_id="autumn", enrolment_id="e-autumn")
    (answer,) = happened("replied")
    keep_events([replace(answer, message_id="the-provider-s-own")])
    fold_at = partial(fold, {sequence.sequence_id: sequence})
    assert fold_at(TUESDAY + DAY).answered_late == 0
    enrolments.end([Ending(enrolments.running("", 9)[0], "finished")], TUESDAY + 2 * DAY)
    keep_events(happened("replied", "unsubscribed", at=3 * DAY))
    assert fold_at(TUESDAY + 4 * DAY).answered_late == 0
    assert tasks.tasks() == []


def test_folding_again_changes_nothing(sequence: MailSequence) -> None:
    keep_events(happened("clicked", url="https://ours.example/voice"))
    assert [folded(sequence), folded(sequence, 2 * DAY)] == [{"graduated": 1}, {}]
    assert [shown(one) for one in tasks.tasks()] == [
        ("graduation", OWNER,
         "The lead followed a link to https://ours.example/voice in the sequence 'test': call or write within 2 days."),
    ]  # fmt: skip


def test_a_reply_is_the_owners_to_answer(sequence: MailSequence) -> None:
    keep_events(happened("replied"))
    folded(sequence)
    (task,) = tasks.tasks(owner=OWNER, is_done=False)
    assert shown(task) == ("reply", OWNER, "The lead answered a mail in the sequence 'test': answer within 2 days.")
    assert task.due_at == TUESDAY + 3 * DAY


@pytest.mark.parametrize("order", list(permutations(["opened", "replied", "unsubscribed"])))
def test_the_order_in_which_events_become_known_does_not_matter(order: tuple[str, ...], sequence: MailSequence) -> None:
    by_kind = {one.kind: one for one in happened("opened", "replied", "unsubscribed")}
    keep_events(by_kind[kind] for kind in order)
    assert (folded(sequence), ended_as()) == ({"unsubscribed": 1}, "unsubscribed")


def test_who_complains_is_suppressed_at_once_and_gets_no_further_mail(sequence: MailSequence) -> None:
    keep_events(happened("complained"))
    assert [(one.address, one.reason) for one in suppressions.all_suppressed()] == [("ana@acme.com", "complained")]
    folded(sequence)
    write_due(an_office(sequence), TUESDAY + 5 * DAY)
    assert [one.step for one in outbox.messages()] == [0]
    assert tasks.tasks() == []


def test_an_event_that_is_told_again_suppresses_nobody_whom_a_person_freed(sequence: MailSequence) -> None:
    keep_events(happened("unsubscribed"))
    assert suppressions.lift("Ana@acme.com")
    keep_events(happened("unsubscribed"))
    assert suppressions.suppressed(["ana@acme.com"]) == {}


def test_a_provider_that_knows_our_mail_by_its_own_name_is_understood_by_the_address(sequence: MailSequence) -> None:
    event = Engagement("sendgrid:1", "sendgrid", "clicked", "ana@acme.com", TUESDAY + HOUR, TUESDAY + HOUR, "sg-1",
                       {"url": "https://ours.example/voice", "useragent": "Mozilla/5.0 Firefox/135"})  # fmt: skip
    keep_events([event])
    assert folded(sequence) == {"graduated": 1}


def test_an_event_that_came_late_is_not_missed(sequence: MailSequence) -> None:
    keep_events(happened("opened", at=2 * HOUR))
    folded(sequence, 3 * HOUR)
    keep_events(happened("clicked", url="x"))
    assert folded(sequence) == {"graduated": 1}


def test_a_fresh_click_is_judged_a_minute_later(sequence: MailSequence) -> None:
    keep_events(happened("clicked", url="x"))
    assert folded(sequence, HOUR + timedelta(seconds=30)) == {}
    assert folded(sequence, HOUR + timedelta(seconds=90)) == {"graduated": 1}


def test_all_links_within_seconds_are_a_machines_and_are_put_right(sequence: MailSequence) -> None:
    (first, _) = happened("clicked", "clicked")
    second = an_event("other", "clicked", first.happened_at + timedelta(seconds=3), first.message_id, url="b")
    keep_events([an_event("one", "clicked", first.happened_at, first.message_id, url="a"), second])
    result = fold({"test": sequence}, TUESDAY + DAY)
    assert (result.corrected, dict(result.ended)) == (2, {})
    assert {(one.kind, one.detail["because"]) for one in events_of("ana@acme.com")} == {
        ("clicked_by_machine", "2 links of the mail were followed within 10 seconds")
    }  # fmt: skip
    assert fold({"test": sequence}, TUESDAY + 2 * DAY).corrected == 0


def test_the_mark_says_up_to_which_event_was_looked(sequence: MailSequence) -> None:
    keep_events(happened("opened", "delivered"))
    folded(sequence)
    (one,) = enrolments.running("", 10)
    assert (one.folded_to, one.engaged_at) == (TUESDAY + HOUR + timedelta(minutes=10), TUESDAY + HOUR)


def test_only_enrolments_to_whom_something_happened_are_looked_at(sequence: MailSequence) -> None:
    enrol(["ben", "cem"])
    write_due(an_office(sequence), TUESDAY)
    deliver.deliver_all(a_post(sequence, Kept()), TUESDAY, "w")
    assert fold({"test": sequence}, TUESDAY + DAY).looked_at == 0
    keep_events(happened("opened"))
    assert [fold({"test": sequence}, TUESDAY + days * DAY).looked_at for days in (1, 2)] == [1, 1]


def test_what_cannot_move_an_enrolment_is_looked_at_once(sequence: MailSequence) -> None:
    keep_events(happened("delivered"))
    assert [fold({"test": sequence}, TUESDAY + days * DAY).looked_at for days in (1, 2)] == [1, 0]


def test_an_event_that_lay_in_the_inbox_for_days_still_moves_its_enrolment(sequence: MailSequence) -> None:
    keep_events(happened("delivered", at=3 * DAY))
    assert folded(sequence, 4 * DAY) == {}
    keep_events(happened("replied"))
    assert folded(sequence, 5 * DAY) == {"replied": 1}


def test_a_click_that_was_too_fresh_is_judged_the_next_time(sequence: MailSequence) -> None:
    keep_events(happened("clicked", "delivered", url="https://ours.example/voice"))
    assert folded(sequence, HOUR + timedelta(seconds=30)) == {}
    assert folded(sequence, HOUR + timedelta(minutes=2)) == {"graduated": 1}


def test_without_its_sequence_an_enrolment_still_stops_for_a_reply(sequence: MailSequence) -> None:
    keep_events(happened("replied"))
    assert dict(fold({}, TUESDAY + DAY).ended) == {"replied": 1}


def test_a_task_on_which_nobody_acts_goes_to_somebody_above_once(sequence: MailSequence) -> None:
    keep_events(happened("clicked", url="x"))
    folded(sequence)
    above = {OWNER: "boss@ours.example"}.get
    assert escalate(TUESDAY + 2 * DAY, above) == []
    assert [(one.owner, one.escalated_to) for one in escalate(TUESDAY + 3 * DAY, above)] == [
        (OWNER, "boss@ours.example")
    ]
    assert escalate(TUESDAY + 4 * DAY, above) == []
    assert len(tasks.tasks(owner="boss@ours.example")) == 1


def test_a_task_that_is_done_goes_to_nobody(sequence: MailSequence) -> None:
    keep_events(happened("clicked", url="x"))
    folded(sequence)
    (task,) = tasks.tasks()
    assert [tasks.finish(task.task_id, OWNER, "called", TUESDAY + 2 * DAY) for _ in range(2)] == [True, False]
    assert escalate(TUESDAY + 9 * DAY, lambda _: "boss@ours.example") == []
    assert [one.outcome for one in tasks.tasks(is_done=True)] == ["called"]


def test_a_sequence_may_graduate_on_other_things(tmp_path: Path) -> None:
    said = SEQUENCE.replace("{when: [clicked, replied], opens: 3}", "{when: [opened]}")
    file = a_sequence(tmp_path, said).file
    assert verdict(Engaged(opens=1), file) == ("graduated", "opened a mail")
    assert verdict(Engaged(clicks=2, clicked_link="x"), file) is None
