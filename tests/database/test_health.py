"""How things stand is kept by key, how often in a row is counted once a look, and history ends after thirty days."""

from pathlib import Path

import pytest
from sqlalchemy import update

from database import inbox
from database.health import Standing, all_history, found_at, history, keep_findings, standings
from database.inbox import Name
from database.models import Call
from database.people import publish_calls
from database.queue import Waiting, enqueue, fail, take
from database.session import writing
from database.vital_signs import backlog, newest
from ringback.health import Finding, Status
from tests.factories import DAY, HOUR, NOON, a_call

pytestmark = pytest.mark.usefixtures("home")


def disk(status: Status, words: str = "2 GiB are free") -> Finding:
    return Finding("machine", "disk", status, words, 2.0, "GiB")


def test_looks_in_a_row_that_went_wrong_are_counted_and_since_when_it_is_so() -> None:
    for hours, status in enumerate(["good", "good", "needs_attention", "needs_attention", "critical"]):
        keep_findings([disk(status)], NOON + hours * HOUR)  # type: ignore[arg-type]  # statuses, as the list says
    (stands,) = standings()
    assert stands == Standing(
        "machine", "disk", "critical", "2 GiB are free", 2.0, "GiB",
        measured_at=NOON + 4 * HOUR, since=NOON + 4 * HOUR, consecutive=3,
    )  # fmt: skip
    (well,) = keep_findings([disk("excellent")], NOON + 5 * HOUR)
    assert (well.consecutive, well.since) == (1, NOON + 5 * HOUR)


def test_the_same_look_kept_twice_counts_once() -> None:
    for moment in (NOON, NOON + HOUR, NOON + HOUR):
        keep_findings([disk("critical")], moment)
    assert standings()[0].consecutive == 2
    assert len(all_history(NOON)) == 2


def test_what_was_not_looked_at_this_time_stands_as_it_was() -> None:
    keep_findings([disk("good"), Finding("flow train", "last runs", "critical", "failed")], NOON)
    keep_findings([disk("good")], NOON + HOUR)
    assert [(one.subject, one.measured_at) for one in standings()] == [
        ("flow train: last runs", NOON), ("machine: disk", NOON + HOUR),
    ]  # fmt: skip


def test_history_is_of_one_check_and_ends_after_thirty_days() -> None:
    for days in range(40):
        keep_findings([disk("good"), Finding("database", "answers", "excellent", "answers")], NOON + days * DAY)
    kept = history("disk", NOON)
    assert (len(kept), kept[0].measured_at, kept[-1].measured_at) == (31, NOON + 9 * DAY, NOON + 39 * DAY)
    assert history("disk", NOON, component="database") == []
    assert [one.subject for one in found_at(NOON + 20 * DAY + HOUR)] == ["database: answers", "machine: disk"]
    assert found_at(NOON) == []


def test_a_clock_that_was_set_back_does_not_keep_a_look_from_being_kept(home: Path) -> None:
    keep_findings([disk("good")], NOON + 365 * DAY)
    keep_findings([disk("critical")], NOON)
    assert standings()[0].status == "critical"


def test_only_calls_of_the_last_two_weeks_that_have_not_progressed_wait_for_a_score() -> None:
    publish_calls(
        [a_call("old", NOON - 20 * DAY, known_at=NOON), a_call("open", NOON - 3 * DAY), a_call("won", NOON - DAY)]
    )
    with writing() as connection:
        connection.execute(update(Call).where(Call.call_id == "fellow:won").values(progressed_at=NOON))
    found = newest(NOON)
    assert (found.call, found.open_call, found.score) == (NOON, NOON - 3 * DAY, None)


def test_what_waits_was_given_up_or_failed_is_counted() -> None:
    enqueue([Waiting("acme.com", 50, "new"), Waiting("globex.com", 40, "new")], NOON - DAY)
    take("me", 1, NOON)
    fail("me", "acme.com", "the source is down", NOON)
    inbox.keep(Name("leads", "1"), "{}", {}, NOON - HOUR)
    found = backlog(NOON)
    assert (found.enrichment_waiting, found.enrichment_oldest) == (2, NOON - DAY)
    assert (found.inbox_waiting, found.inbox_oldest) == (1, NOON - HOUR)
    assert (found.dead_letters, found.mails_in_doubt, found.questions, found.questions_failed) == (0, 0, 1, 1)
