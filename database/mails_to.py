"""Which mails went to an address: providers name mails by ids of their own, which say nothing to us."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from database.campaign_models import Message as Row
from database.outbox import WENT_OUT
from database.session import in_parts, reading


@dataclass(frozen=True, slots=True)
class Went:
    """A mail that was handed to the mail server, be its answer known or not."""

    message_id: str
    at: datetime
    """When it was taken up to be sent, which nothing that came of it is before."""


def mails_to(recipients: Collection[str]) -> dict[str, list[Went]]:
    """The mails to addresses, by address, the first first; with an empty list where there were none."""
    found: dict[str, list[Went]] = {one: [] for one in recipients}
    with reading() as connection:
        for some in in_parts(recipients):
            asked = select(Row.recipient, Row.message_id, Row.state, Row.taken_at).where(Row.recipient.in_(some))
            for recipient, message_id, state, at in connection.execute(asked):
                if state in WENT_OUT and at is not None:  # asked by recipient alone, as in database/outbox.py
                    found[recipient].append(Went(message_id, at))
    return {recipient: sorted(some, key=lambda one: one.at) for recipient, some in found.items()}
