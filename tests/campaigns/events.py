"""Mails of the outbox, events and enrolments as records: each call names only what matters."""

from datetime import datetime
from typing import Any

from database.engagement import Engagement
from database.outbox import Message
from tests.campaigns.mailing import TUESDAY

ANA = "ana@acme.com"


def a_message(message_id: str = "m1@ours.example", **known: Any) -> Message:
    """A mail to Ana that waits."""
    usual: dict[str, Any] = {
        "enrolment_id": "e-ana", "step": 0, "campaign_id": "c1", "lead_id": ANA, "sequence": "test",
        "template": "first", "variants": {}, "recipient": ANA, "mail": {"country": "US"}, "links": [],
        "state": "waiting", "written_at": TUESDAY, "due_at": TUESDAY, "not_after": None, "attempts": 0,
        "taken_by": None, "taken_at": None, "sent_at": None, "settled_at": None, "because": None,
    }  # fmt: skip
    return Message(message_id=message_id, **(usual | known))


def an_event(
    event_id: str, kind: str, at: datetime, message_id: str | None = "m1@ours.example", **detail: Any
) -> Engagement:
    """Something that happened to a mail to Ana."""
    return Engagement(event_id, "ringback", kind, ANA, at, at, message_id, detail)
