"""Events of three providers are one record each; what cannot be read is kept beside them with its reason."""

from datetime import datetime, timedelta
from json import dumps
from typing import Any

import pytest

from api.email_events import events_in
from database.engagement import Engagement, events_of, keep_events
from tests.factories import NOON

CLICKED = datetime(2026, 3, 17, 23, 47, 56, 678_000)


def read(provider: str, content: Any, delivery_id: str = "msg_1") -> list[Engagement]:
    return events_in(provider, dumps(content), delivery_id, NOON)


def test_a_click_told_by_resend() -> None:
    event = {
        "type": "email.clicked", "created_at": "2026-03-17T23:47:56.678Z",
        "data": {"email_id": "m1", "to": ["Bo <BO@y.test>"], "click": {"link": "https://x.test"}},
    }  # fmt: skip
    assert read("resend", event) == [
        Engagement("resend:msg_1", "resend", "clicked", "bo@y.test", CLICKED, NOON, "m1", {"data": event["data"]})
    ]


def test_a_batch_of_sendgrid_with_one_item_that_cannot_be_read_keeps_the_others_and_that_one_with_its_reason() -> None:
    opened = {
        "email": "a@x.test",
        "event": "open",
        "timestamp": 1600112492,
        "sg_event_id": "e1",
        "sg_message_id": "m.f.0",
    }
    by_machine = opened | {"sg_event_id": "e2", "sg_machine_open": True}
    broken = {"email": "b@x.test", "event": "click"}
    events = read("sendgrid", [opened, broken, "noise", by_machine, opened | {"event": "bounce", "sg_event_id": "e3"}])
    assert [(one.kind, one.event_id.split(":")[1], one.message_id) for one in events] == [
        ("opened", "e1", "m"), ("unreadable", "unreadable", None), ("unreadable", "unreadable", None),
        ("opened_by_machine", "e2", "m"), ("bounced", "e3", "m"),
    ]  # fmt: skip
    assert events[0].happened_at == datetime(2020, 9, 14, 19, 41, 32)
    assert events[1].detail == {"because": "lacks 'sg_event_id'", "item": broken}


def test_events_of_postmark_are_named_by_what_they_are_of_since_it_names_few() -> None:
    bounce = {
        "RecordType": "Bounce",
        "ID": 42,
        "Type": "HardBounce",
        "Email": "C@x.test",
        "BouncedAt": "2026-03-18T12:00:00Z",
    }
    opened = {
        "RecordType": "Open", "MessageID": "m", "Recipient": "c@x.test", "ReceivedAt": "2026-03-18T12:00:00Z",
        "UserAgent": "x" * 3_000,
    }  # fmt: skip
    change = {"RecordType": "SubscriptionChange", "Recipient": "c@x.test", "ChangedAt": "2026-03-18T12:00:00Z"}
    events = [
        read("postmark", one)[0]
        for one in (bounce, opened, change | {"SuppressSending": True}, change | {"SuppressSending": False})
    ]
    assert [(one.event_id, one.kind) for one in events] == [
        ("postmark:42", "bounced"),
        ("postmark:Open:m:c@x.test:2026-03-18T12:00:00Z", "opened"),
        ("postmark:SubscriptionChange:None:c@x.test:2026-03-18T12:00:00Z", "unsubscribed"),
        ("postmark:SubscriptionChange:None:c@x.test:2026-03-18T12:00:00Z", "resubscribed"),
    ]
    assert events[0].recipient == "c@x.test"
    assert len(events[1].detail["UserAgent"]) == 2_002


ANSWER = {
    "From": "C@x.test", "FromFull": {"Email": "C@x.test", "Name": "Cem"}, "To": "in@ours.example", "MessageID": "in-1",
    "Subject": "Re: A guide", "Date": "Wed, 18 Mar 2026 08:59:01 -0300", "TextBody": "Call me", "Headers": [],
}  # fmt: skip


def test_a_full_mailbox_is_no_mail_that_came_back() -> None:
    by_postmark = {"RecordType": "Bounce", "ID": 43, "Type": "SoftBounce", "Email": "c@x.test",
                   "BouncedAt": "2026-03-18T12:00:00Z"}  # fmt: skip
    by_resend = {"type": "email.bounced", "created_at": "2026-03-17T23:47:56Z",
                 "data": {"email_id": "m1", "to": ["c@x.test"], "bounce": {"type": "Transient"}}}  # fmt: skip
    told = [
        *read("postmark", by_postmark),
        *read("resend", by_resend),
        *read("postmark", by_postmark | {"Type": "HardBounce"}),
    ]
    assert [one.kind for one in told] == ["deferred", "deferred", "bounced"]


def test_an_answer_that_came_to_postmark_is_told_of_whom_it_is_from_without_its_words() -> None:
    assert read("postmark", ANSWER) == [
        Engagement(
            "postmark:Inbound:in-1", "postmark", "replied", "c@x.test", datetime(2026, 3, 18, 11, 59, 1), NOON, None,
            {"Subject": "Re: A guide"},
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("Auto-Submitted", "auto-replied", "replied_by_machine"), ("Precedence", "bulk", "replied_by_machine"),
        ("X-Autoreply", "yes", "replied_by_machine"), ("Auto-Submitted", "no", "replied"),
        ("In-Reply-To", "<a@b>", "replied"),
    ],
)  # fmt: skip
def test_a_note_of_absence_is_no_answer(name: str, value: str, kind: str) -> None:
    (event,) = read("postmark", ANSWER | {"Headers": [{"Name": name, "Value": value}]})
    assert event.kind == kind


@pytest.mark.parametrize(
    ("said", "happened_at", "detail"),
    [
        ("2036-03-18T12:00:00Z", NOON, {"said_to_happen_at": "2036-03-18T12:00:00"}),
        ("2026-03-18T12:04:00Z", NOON + timedelta(minutes=4), {}),
    ],
)
def test_what_is_dated_after_it_was_told_happened_when_it_was_told(
    said: str, happened_at: datetime, detail: dict[str, str]
) -> None:
    (event,) = read("postmark", {"RecordType": "Open", "Recipient": "c@x.test", "ReceivedAt": said})
    assert (event.happened_at, event.detail) == (happened_at, detail)


def test_whatever_a_provider_sends_is_never_lost() -> None:
    for body in ("[1e400]", "null", "7", '"text"', "[[]]", '{"type": []}', "[" * 100_000, '{"timestamp": 1e400}'):
        for provider in ("resend", "sendgrid", "postmark"):
            assert [one.kind for one in events_in(provider, body, "msg", NOON)] == ["unreadable"]


def test_what_no_database_takes_is_left_out_of_an_event(home: object) -> None:
    event = {"email": "a\0@x.test", "event": "op\0en", "timestamp": 1600112492, "sg_event_id": "e\0", "x": "\ud800"}
    assert keep_events(read("sendgrid", [event, event | {"x": float("inf")}])) == 2
    assert [(one.event_id, one.kind) for one in events_of("a@x.test")] == [("sendgrid:e", "open")]


def test_an_event_is_kept_once_however_often_it_is_told(home: object) -> None:
    event = {"email": "a@x.test", "event": "delivered", "timestamp": 1600112492, "sg_event_id": "e1"}
    assert [keep_events(read("sendgrid", [event, event])) for _ in range(2)] == [1, 0]
    assert [one.kind for one in events_of("A@x.test")] == ["delivered"]
