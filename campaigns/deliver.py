"""Deliver: hand mails of the outbox to the mail server, each at most once, whatever is killed or falls silent.

A batch is taken and committed before the server is asked for the first of it; what came of it is noted together. A
process that is killed in between leaves the batch `sending`, which nobody sends again: after its lease it is in doubt.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from time import monotonic

from campaigns.allowed import judge_at
from campaigns.letters import Letterhead
from campaigns.sequences import MailSequence
from campaigns.tracking import UNSUBSCRIBE
from database import engagement, outbox, sending
from database.engagement import Engagement
from database.outbox import LEASE, Message
from database.sending import Attempt, Outcome
from ringback.errors import VendorAway, VendorRefused, VendorUnavailable, WrongUsage
from ringback.settings import Settings
from vendors.mail import THIS_MACHINE, Mail, Sender, sender
from vendors.mail_line import together

log = logging.getLogger("ringback.deliver")
AT_ONCE = 50
"""Mails of a batch: as many are in doubt when a process is killed."""
GIVE_UP_AFTER = 3
"""So many doubts in a row, and the rest of the batch waits: each would be one more."""
NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.\d{1,3}\b")
"""Enhanced status codes of RFC 3463 for an address that is not there."""
SMTP = "smtp"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a batch."""

    looked_at: int = 0
    """0 where nothing was due."""
    accepted: int = 0
    refused: int = 0
    later: int = 0
    in_doubt: int = 0
    given_up: int = 0
    """Those in doubt that were taken by a process that died."""
    away_because: str | None = None
    """Why the rest waits: the server is not reached, takes nothing from us, or falls silent again and again."""

    def and_also(self, other: "Delivered") -> "Delivered":
        """Both together."""
        counted = (getattr(self, name) + getattr(other, name) for name in self.__slots__[:-1])
        return replace(Delivered(*counted), away_because=self.away_because or other.away_because)


@dataclass(frozen=True, slots=True)
class Post:
    """What mails are sent with."""

    sender: Sender
    sequences: Mapping[str, MailSequence]
    letterhead: Letterhead
    own_holidays: frozenset[date] = frozenset()
    lease: timedelta = LEASE


def campaign_sender(settings: Settings) -> Sender:
    """The configured sender; raises WrongUsage where mails to strangers would lack what laws and links need."""
    if settings.smtp_host is not None and settings.smtp_host not in THIS_MACHINE:
        missing = [name for name in ("postal_address", "public_url") if getattr(settings, name) is None]
        if missing:
            names = " and ".join(f"RINGBACK_{name.upper()}" for name in missing)
            raise WrongUsage(f"campaigns are sent through {settings.smtp_host} only with {names} set")
    return sender(settings)


def deliver_all(post: Post, at: datetime, worker: str, at_most: int | None = None) -> Delivered:
    """Hand over all mails that are due, or at most so many, over one connection; from `at` on, time goes on."""
    began, done = monotonic(), _give_up(at, post.lease)
    with together(post.sender) as line:
        while at_most is None or done.looked_at < at_most:
            wanted = AT_ONCE if at_most is None else min(AT_ONCE, at_most - done.looked_at)
            batch = _deliver(post, line, at + timedelta(seconds=monotonic() - began), worker, wanted)
            done = done.and_also(batch)
            if not batch.looked_at or batch.away_because:
                break
    return done


def deliver(post: Post, at: datetime, worker: str, at_most: int = AT_ONCE) -> Delivered:
    """Hand over one batch of mails that are due."""
    done = _give_up(at, post.lease)
    with together(post.sender) as line:
        return done.and_also(_deliver(post, line, at, worker, at_most))


def _give_up(at: datetime, lease: timedelta) -> Delivered:
    """Call in doubt what processes held that died."""
    given_up = outbox.give_up(at, lease)
    if given_up:
        log.warning("%d mails are in doubt: %s", len(given_up), outbox.GONE)
    return Delivered(in_doubt=len(given_up), given_up=len(given_up))


def _deliver(post: Post, line: Sender, at: datetime, worker: str, at_most: int) -> Delivered:
    taken = outbox.take(worker, at, at_most, judge_at(at, post.sequences, post.own_holidays))
    attempts: list[Attempt] = []
    with _accounted(worker, taken.messages, attempts):
        away = _hand_over(post.letterhead, line, taken.messages, attempts, worker, at)
    count = {outcome: sum(one.outcome == outcome for one in attempts) for outcome in sending.STATE_AFTER}
    return Delivered(
        taken.looked_at, count["accepted"], count["refused"], count["later"], count["in_doubt"], away_because=away
    )


@contextmanager
def _accounted(worker: str, taken: tuple[Message, ...], attempts: list[Attempt]) -> Iterator[None]:
    """At the end, however it comes, note what is known of each mail; what was never handed over waits again."""
    try:
        yield
    finally:
        handed = {one.message_id for one in attempts}
        if attempts:
            sending.settle(attempts)
        if bounces := _bounces(taken, attempts):
            engagement.keep_events(bounces)
        if left := [one.message_id for one in taken if one.message_id not in handed]:
            sending.put_back(worker, left)


def _hand_over(
    letterhead: Letterhead, line: Sender, taken: tuple[Message, ...], attempts: list[Attempt], worker: str, at: datetime
) -> str | None:
    """Hand mails over one by one and note what is said; gives why the rest waits, where it does."""
    began, silent = monotonic(), 0
    for one in taken:
        outcome: Outcome | None = "in_doubt"
        said: str | None = "something broke while it was handed over"
        try:
            outcome, said = _handed_over(line, mail_of(one, letterhead, at))
        finally:
            if outcome is not None:
                moment = at + timedelta(seconds=monotonic() - began)
                attempts.append(Attempt(one.message_id, one.attempts, moment, worker, outcome, said))
        silent = silent + 1 if outcome == "in_doubt" else 0
        if outcome is None or silent >= GIVE_UP_AFTER:
            log.warning("the rest of the mails waits: %s", said)
            return said
    return None


def _handed_over(line: Sender, mail: Mail) -> tuple[Outcome | None, str | None]:
    """What the server said to one mail; no outcome where it was not even asked."""
    try:
        line.send(mail)
    except VendorAway as failure:
        return None, str(failure)
    except VendorRefused as refusal:
        return "refused", str(refusal)
    except VendorUnavailable as failure:
        return ("in_doubt" if failure.is_in_doubt else "later"), str(failure)
    return "accepted", None


def mail_of(message: Message, letterhead: Letterhead, at: datetime) -> Mail:
    """A mail of the outbox as it is handed over."""
    kept = message.mail
    return Mail(
        to=message.recipient, to_name=kept.get("to_name") or "", subject=kept["subject"], text=kept["text"],
        html=kept["html"], message_id=f"<{message.message_id}>", written_at=at.replace(microsecond=0),
        reply_to=kept.get("reply_to"), list_unsubscribe_url=letterhead.url(UNSUBSCRIBE, message.message_id),
        list_unsubscribe_mailto=letterhead.leave_by_mail(message.message_id),
    )  # fmt: skip


def _bounces(taken: tuple[Message, ...], attempts: list[Attempt]) -> list[Engagement]:
    """Refusals that say the address is not there, as the bounces that they are."""
    by_id = {one.message_id: one for one in taken}
    return [
        Engagement(
            f"{SMTP}:{one.message_id}:bounced", SMTP, "bounced", by_id[one.message_id].recipient, one.at, one.at,
            one.message_id, {"type": "permanent", "said": (one.said or "")[: sending.LONGEST_SAID]},
        )
        for one in attempts if one.outcome == "refused" and NO_SUCH_ADDRESS.search(one.said or "")
    ]  # fmt: skip
