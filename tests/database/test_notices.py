"""A change of an incident and what is to be told of it come together; a notice is sent by one process, and once."""

from typing import Any

import pytest

from database import incidents, notices
from database.notices import Telling
from tests.factories import DAY, HOUR, NOON

pytestmark = pytest.mark.usefixtures("home")
SLACK = Telling("slack", NOON)
MAIL = Telling("mail", NOON + 8 * HOUR, "ops@customer.example")


def an_incident(**known: Any) -> bool:
    facts: dict[str, Any] = {"kind": "health", "subject": "machine: disk", "words": "full", "at": NOON, "tell": [SLACK]}
    return incidents.open_incident(**(facts | known))


def test_an_incident_opens_escalates_and_recovers_once_each_and_each_is_to_be_told() -> None:
    assert (an_incident(tell=[SLACK, MAIL]), an_incident(at=NOON + HOUR)) == (True, False)
    escalate = ("health", "machine: disk", "fuller", NOON + HOUR, [SLACK])
    assert [incidents.escalate_incident(*escalate) for _ in range(2)] == [True, False]
    close = ("health", "machine: disk", NOON + 2 * HOUR, "20 GiB are free", [SLACK, MAIL])
    assert [incidents.close_incident(*close) for _ in range(2)] == [True, False]
    assert [(one.step, one.channel) for one in notices.due(NOON + HOUR)] == [
        ("opened", "slack"), ("escalated", "slack"), ("recovered", "slack"),
    ]  # fmt: skip
    assert len(notices.due(NOON + 8 * HOUR)) == 5


def test_an_open_incident_says_what_is_wrong_now_and_is_told_of_once() -> None:
    assert (an_incident(), an_incident(words="fuller", at=NOON + HOUR)) == (True, False)
    incidents.escalate_incident("health", "machine: disk", "no room", NOON + HOUR)
    assert not an_incident(words="less full", at=NOON + 2 * HOUR)
    assert [(one.words, one.opened_at) for one in incidents.open_incidents()] == [("no room", NOON)]
    assert len(notices.due(NOON + HOUR)) == 1


def test_two_senders_do_not_both_take_a_notice() -> None:
    an_incident()
    (one,) = notices.due(NOON)
    assert [notices.take(one, NOON) for _ in range(2)] == [True, False]
    assert notices.due(NOON) == []


def test_a_notice_whose_sender_died_is_in_doubt_and_not_sent_again() -> None:
    an_incident()
    notices.take(notices.due(NOON)[0], NOON)
    assert (notices.give_up(NOON + notices.LEASE / 2), notices.give_up(NOON + notices.LEASE)) == (0, 1)
    assert notices.due(NOON + DAY) == []
    assert incidents.timeline()[0].notices == {"in_doubt": 1}


def test_a_notice_that_surely_did_not_go_out_is_tried_again_until_it_is_given_up() -> None:
    an_incident()
    for _ in range(notices.MOST_ATTEMPTS):
        (one,) = notices.due(NOON)
        notices.take(one, NOON)
        notices.put_back(one, NOON, "Slack is down")
    assert notices.due(NOON) == []
    assert incidents.timeline()[0].notices == {"failed": 1}


def test_incidents_of_others_are_found_untold_once_and_so_is_their_end() -> None:
    incidents.open_incident("drift", "progression: industry", "moved", NOON)
    an_incident()
    (other,) = incidents.untold()
    assert (other.kind, other.severity) == ("drift", "needs_attention")
    incidents.note_later(other.incident_id, "opened", other.words, NOON, [SLACK])
    assert (incidents.untold(), incidents.ended_untold()) == ([], [])
    incidents.close_incident("drift", "progression: industry", NOON + HOUR)
    ((ended, at),) = incidents.ended_untold()
    assert (ended.kind, at, notices.told_at(ended.incident_id)) == ("drift", NOON + HOUR, [("slack", "")])
    incidents.note_later(ended.incident_id, "recovered", "over", NOON + HOUR, [SLACK])
    assert incidents.ended_untold() == []


def test_the_timeline_has_what_is_open_first_then_the_latest() -> None:
    for number, subject in enumerate(("machine: disk", "vendor Fellow: answers", "machine: clock")):
        an_incident(subject=subject, at=NOON + number * HOUR)
    incidents.close_incident("health", "machine: clock", NOON + 5 * HOUR, "steady")
    incidents.escalate_incident("health", "machine: disk", "fuller", NOON + 4 * HOUR)
    told = incidents.timeline(limit=3)
    assert [(one.subject, one.severity, one.escalated_at, one.recovered_at, one.recovered_words) for one in told] == [
        ("vendor Fellow: answers", "needs_attention", None, None, None),
        ("machine: disk", "critical", NOON + 4 * HOUR, None, None),
        ("machine: clock", "needs_attention", None, NOON + 5 * HOUR, "steady"),
    ]
    assert len(incidents.timeline(limit=2)) == 2


def test_closed_incidents_are_forgotten_with_their_notices() -> None:
    an_incident()
    incidents.close_incident("health", "machine: disk", NOON + HOUR, "well", [SLACK])
    an_incident(at=NOON + 2 * HOUR)
    assert (incidents.forget_closed(NOON + DAY), len(incidents.timeline()), len(notices.due(NOON + DAY))) == (1, 1, 1)
