"""A call's snapshot counts the mails that were sent before it, with what people were known to have done by then."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from features.snapshots import snapshots_as_of
from ringback.clock import LONG_AGO
from tests.factories import DAY, HOUR, NOON, a_call, an_outcome
from tests.warehouse.test_campaigns import a_mail
from warehouse.campaigns import land_rows
from warehouse.connect import writing
from warehouse.landing import land_calls, land_outcomes

pytestmark = pytest.mark.usefixtures("home")
LATER = NOON + 100 * DAY
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def one(home: object) -> None:
    """A call with one@acme.com at noon, judged two days later."""
    with writing() as warehouse:
        land_calls(warehouse, [a_call()])


def land(table: str, *landed: dict[str, Any]) -> None:
    with writing() as warehouse:
        land_rows(warehouse, table, landed, LONG_AGO)


def an_event(kind: str, at: datetime, message_id: str = "m1", **known: Any) -> dict[str, Any]:
    event = {"event_id": f"{message_id}:{kind}", "kind": kind, "message_id": message_id, "recipient": "one@acme.com"}
    return event | {"happened_at": at, "known_at": at} | known


def counted(as_of: datetime = LATER) -> tuple[int, int, int, float | None]:
    """Mails sent, clicked and replied to, and days since the last reaction."""
    (s,) = snapshots_as_of(as_of)
    return s.mails_sent, s.mails_clicked, s.mails_replied, s.days_since_mail_reaction


def test_mails_of_ninety_days_before_the_call_count_once_each_with_what_came_of_them() -> None:
    ages = {"m1": 10 * DAY, "m2": 3 * DAY, "m3": 90 * DAY, "old": 90 * DAY + SECOND, "after": -HOUR, "at once": 0 * DAY}
    land("sent_mails", *(a_mail(name, NOON - age) for name, age in ages.items()))
    land("sent_mails", a_mail("hers", NOON - DAY, lead_id="two@acme.com"))
    land(
        "mail_events", an_event("opened", NOON - 9 * DAY), an_event("clicked", NOON - 8 * DAY),
        an_event("clicked", NOON - 7 * DAY, event_id="again"), an_event("replied", NOON - 2 * DAY, "m2"),
        an_event("clicked", NOON - DAY, "hers"), an_event("replied", NOON - 80 * DAY, "old"),
    )  # fmt: skip
    assert counted() == (3, 1, 1, 2.0)


def test_a_call_with_a_lead_that_was_sent_no_mail_has_none() -> None:
    land("mail_events", an_event("opened", NOON - DAY), an_event("replied", NOON - DAY, message_id="m9"))
    assert counted() == (0, 0, 0, None)


def test_a_mail_that_did_not_go_out_is_no_mail() -> None:
    land("sent_mails", a_mail("m1", NOON - DAY, state="in_doubt"), a_mail("m2", NOON - DAY, state="failed"))
    assert counted() == (0, 0, 0, None)


def test_what_a_machine_did_is_no_reaction() -> None:
    land("sent_mails", a_mail(sent_at=NOON - DAY))
    land("mail_events", *(an_event(f"{kind}_by_machine", NOON - HOUR) for kind in ("opened", "clicked")))
    land("mail_events", an_event("delivered", NOON - HOUR), an_event("bounced", NOON - HOUR))
    assert counted() == (1, 0, 0, None)


@pytest.mark.parametrize(("found_out_after", "clicked"), [(2 * DAY, 0), (2 * DAY + SECOND, 1)])
def test_a_click_counts_as_what_it_was_taken_for_when_the_call_is_judged(
    found_out_after: timedelta, clicked: int
) -> None:
    land("sent_mails", a_mail(sent_at=NOON - DAY))
    land("mail_events", an_event("clicked", NOON - HOUR))
    land("mail_events", an_event("clicked_by_machine", NOON - HOUR, event_id="m1:clicked",
                                 known_at=NOON + found_out_after))  # fmt: skip
    assert counted()[:2] == (1, clicked)
    assert counted(NOON + HOUR)[:2] == (1, 1)


@pytest.mark.parametrize(("known_after", "replied"), [(2 * DAY, (1, 1.0)), (2 * DAY + SECOND, (0, None))])
def test_a_reply_counts_where_it_is_known_when_the_call_is_judged(
    known_after: timedelta, replied: tuple[int, float | None]
) -> None:
    land("sent_mails", a_mail(sent_at=NOON - 2 * DAY))
    land("mail_events", an_event("replied", NOON - DAY, known_at=NOON + known_after))
    assert counted() == (1, 0, *replied)


def test_a_reply_between_the_call_and_its_judging_is_as_fresh_as_can_be() -> None:
    land("sent_mails", a_mail(sent_at=NOON - 2 * DAY))
    land("mail_events", an_event("replied", NOON + HOUR))
    assert counted() == (1, 0, 1, 0.0)


def test_nothing_counts_that_came_after_the_outcome() -> None:
    with writing() as warehouse:
        land_outcomes(warehouse, [an_outcome(known_at=NOON + HOUR)])
    land("sent_mails", a_mail(sent_at=NOON - DAY), a_mail("late", NOON - DAY, known_at=NOON + HOUR + SECOND))
    land("mail_events", an_event("replied", NOON + HOUR + SECOND))
    assert counted() == (1, 0, 0, None)
