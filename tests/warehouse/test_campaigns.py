"""What campaigns did is landed once, known from when it was landed, and a machine's click is taken back."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.measure import load_measures, measure_weeks
from tests.factories import NOON, a_call
from warehouse.campaigns import land_rows
from warehouse.connect import reading, rows, writing
from warehouse.landing import land_calls

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_a_home(home: Path) -> None:
    """Every test has stores of its own."""


def a_mail(message_id: str = "m1", sent_at: datetime = NOON, **known: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "message_id": message_id, "enrolment_id": "e1", "campaign_id": "spring", "lead_id": "one@acme.com",
        "sequence": "intro", "template": "opener", "step": 0, "variants": {"subject": "plain"}, "state": "sent",
        "sent_at": sent_at, "known_at": sent_at,
    }  # fmt: skip
    return facts | known


def an_event(kind: str, message_id: str = "m1", at: datetime = NOON + DAY) -> dict[str, Any]:
    return {"event_id": f"{message_id}:click", "kind": kind, "message_id": message_id, "recipient": "one@acme.com",
            "happened_at": at, "known_at": at}  # fmt: skip


def mails(at: datetime) -> list[Any]:
    with reading() as warehouse:
        return rows(warehouse, "SELECT * FROM mails_as_of($at)", {"at": at})


def land(table: str, *landed: dict[str, Any], at: datetime = NOON + DAY) -> int:
    with writing() as warehouse:
        return land_rows(warehouse, table, landed, at).new


def test_rows_are_landed_once_and_known_from_then_on() -> None:
    assert land("sent_mails", a_mail()) == 1
    assert land("sent_mails", a_mail(), at=NOON + 9 * DAY) == 0
    assert mails(NOON + DAY / 2) == []
    assert [one["message_id"] for one in mails(NOON + DAY)] == ["m1"]


def test_what_did_not_go_out_is_no_mail() -> None:
    land("sent_mails", a_mail(state="suppressed", sent_at=None, known_at=NOON))
    assert mails(NOON + 9 * DAY) == []


def test_a_click_that_turns_out_to_be_a_machine_s_counts_until_then() -> None:
    land("sent_mails", a_mail())
    land("mail_events", an_event("clicked"), at=NOON + DAY)
    land("mail_events", an_event("clicked_by_machine"), at=NOON + 2 * DAY)
    assert mails(NOON + DAY)[0]["clicked_at"] == NOON + DAY
    assert mails(NOON + 2 * DAY)[0]["clicked_at"] is None


def test_measures_of_mails_count_what_had_time_to_be_answered() -> None:
    sent = [a_mail(f"m{number}", lead_id=f"l{number}@acme.com") for number in range(4)]
    land("sent_mails", *sent)
    land("mail_events", an_event("clicked", "m0"), an_event("clicked", "m1", NOON + 6 * DAY))
    week = measured(NOON + 5 * DAY, "mail_clicked")
    assert (week.value, week.n) == (0.25, 4)


def test_a_mail_that_the_server_refused_for_its_address_came_back() -> None:
    land("sent_mails", a_mail("m0"), a_mail("m1"), a_mail("m2"))
    for name in ("m3", "m4"):
        land("sent_mails", a_mail(name, state="failed", sent_at=None, known_at=NOON))
    land("mail_events", an_event("bounced", "m0"), an_event("bounced", "m3", NOON))
    week = measured(NOON + 5 * DAY, "mail_bounced")
    assert (week.value, week.n) == (0.5, 4)


def test_leads_that_came_to_a_call_are_measured_three_weeks_after_their_first_mail() -> None:
    land("sent_mails", a_mail("m0"), a_mail("m1", lead_id="two@acme.com"))
    with writing() as warehouse:
        land_calls(warehouse, [a_call(at=NOON + 4 * DAY)])
    week = measured(NOON + 21 * DAY, "meetings_from_mails")
    assert (week.value, week.n) == (0.5, 2)


def measured(at: datetime, name: str) -> Any:
    assert name in {measure.name for measure in load_measures()}
    monday = datetime(at.year, at.month, at.day) - timedelta(days=at.weekday())
    with reading() as warehouse:
        found = measure_weeks(warehouse, monday, monday, at + DAY)
    return next(one for one in found if one.measure.name == name and not one.dimension)
