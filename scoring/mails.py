"""What there was of mails before a call, as training counts it (warehouse/views/judged_calls_as_of.sql)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from database.lead_mails import SentMail

COUNTED_FOR = timedelta(days=90)
"""Before the call; what was sent earlier says nothing."""


@dataclass(frozen=True, slots=True)
class MailsBefore:
    """Mails that were sent before a call, and in how many of them people did what."""

    sent: int = 0
    clicked: int = 0
    replied: int = 0
    reacted_at: datetime | None = None
    """When a person last opened, clicked or replied."""


def mails_before(mails: Iterable[SentMail], called_at: datetime, judged_at: datetime) -> MailsBefore:
    """Count the mails that were sent before a call, by what was known of them when it is judged."""
    counted = [
        {(done.kind, done.happened_at) for done in mail.done if done.known_at <= judged_at}
        for mail in mails
        if called_at - COUNTED_FOR <= mail.sent_at < called_at and mail.known_at <= judged_at
    ]
    return MailsBefore(
        len(counted),
        sum(any(kind == "clicked" for kind, _ in done) for done in counted),
        sum(any(kind == "replied" for kind, _ in done) for done in counted),
        max((at for done in counted for _, at in done), default=None),
    )
