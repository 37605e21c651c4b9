"""Mails that campaigns sent to leads, and what people did with them: of any number of leads in a few questions.

They are those of `judged_calls_as_of` in the warehouse, so that a request is told of a lead's mails as a call is that a
model learned from. Here it is known a little sooner, as soon as an event comes and not when it is landed; of an event
that was found out to be a machine's nothing is left; and a lead that was merged has the mails of both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from database.campaign_models import Message
from database.models import EngagementEvent
from database.session import in_parts, reading

BY_PEOPLE = ("opened", "clicked", "replied")
"""Kinds of events that a person caused; what a machine did has a kind of its own."""


@dataclass(frozen=True, slots=True)
class Done:
    """Something that a person did with a mail."""

    kind: str
    """One of BY_PEOPLE."""
    happened_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that went out to a lead."""

    sent_at: datetime
    known_at: datetime
    """When it was known to have gone out."""
    done: tuple[Done, ...] = ()


def mails_to(lead_ids: Iterable[str]) -> dict[str, tuple[SentMail, ...]]:
    """Mails sent to leads, by lead, the first first; leads that were sent none are left out.

    The state of a mail is looked at here: a database that is asked for it looks through all mails that were sent.
    """
    m, e = Message, EngagementEvent
    asked = (
        select(m.lead_id, m.message_id, m.state, m.sent_at, m.settled_at, e.kind, e.happened_at, e.received_at)
        .outerjoin(e, and_(e.message_id == m.message_id, e.kind.in_(BY_PEOPLE)))
        .order_by(m.lead_id, m.sent_at, m.message_id, e.received_at, e.event_id)
    )
    sent: dict[tuple[str, str], tuple[datetime, datetime, list[Done]]] = {}
    with reading() as connection:
        for some in in_parts(lead_ids):
            of_some = asked.where(m.lead_id.in_(some), m.sent_at.is_not(None))
            for lead_id, message_id, state, sent_at, settled_at, *done in connection.execute(of_some):
                if state == "sent":
                    _, _, of_mail = sent.setdefault((lead_id, message_id), (sent_at, settled_at, []))
                    of_mail.extend([Done(*done)] if done[0] is not None else [])
    found: dict[str, tuple[SentMail, ...]] = {}
    for (lead_id, _), (sent_at, settled_at, done) in sent.items():
        found[lead_id] = (*found.get(lead_id, ()), SentMail(sent_at, settled_at, tuple(done)))
    return found
