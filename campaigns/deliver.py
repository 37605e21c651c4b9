"""Deliver: hand mails of the outbox to the mail server, each at most once, whatever is killed or falls silent.

A batch is taken and committed before the server is asked for the first of it; what came of it is noted with the commit
that takes the next. A process that is killed in between leaves its batches `sending`, which nobody sends again: after
their lease they are in doubt.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import reduce
from multiprocessing import get_context
from threading import Event, local
from time import monotonic
from typing import Protocol

from campaigns.allowed import judge_at
from campaigns.letters import Letterhead
from campaigns.sequences import MailSequence
from campaigns.tracking import UNSUBSCRIBE
from database import engagement, outbox, sending
from database.engagement import Engagement
from database.outbox import LEASE, Judge, Message
from database.sending import Attempt, Outcome
from ringback.beside import beside, processors
from ringback.collecting import collecting_seldom
from ringback.errors import VendorAway, VendorRefused, VendorUnavailable, WrongUsage
from ringback.settings import Settings
from vendors.mail import THIS_MACHINE, Mail, Sender, sender
from vendors.mail_line import together
from vendors.message import NO_ADDRESS

log = logging.getLogger("ringback.deliver")
FEWEST, MOST = 10, 100
"""Mails that are taken at once over a connection: as many are in doubt when its process is killed."""
HANDED_OVER_WITHIN = 0.25
"""Seconds that those are meant to take, by how fast the server took the last."""
MANY, VERY_MANY = 200, 5_000
"""Mails from which on a second connection is opened, and those from which on by a process of its own.

A third saves 3 % more, and servers allow few of one client.
"""
GIVE_UP_AFTER = 3
"""So many doubts in a row, and the rest of the batch waits: each would be one more."""
NO_SUCH_ADDRESS = re.compile(rf"\b5\.1\.\d{{1,3}}\b|^to {NO_ADDRESS}")
"""Enhanced status codes of RFC 3463 for an address that is not there; or what we say of one that no mail can go to."""
SMTP = "smtp"
_second = local()
"""Of the thread, or of the process, that hands over beside another: what ends both."""


class Signal(Protocol):
    """An event of threads or of processes."""

    def is_set(self) -> bool:
        """Whether it was set."""

    def set(self) -> None:
        """Set it, for all who look."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time that goes on from a moment, the same for all processes of this machine."""

    at: datetime
    began: float = field(default_factory=monotonic)

    def __call__(self) -> datetime:
        """What time it is."""
        return self.at + timedelta(seconds=monotonic() - self.began)


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
    """Hand over all mails that are due, or at most so many; from `at` on, time goes on.

    Many go over two connections side by side, each a worker of its own that takes its own mails; a server that takes no
    second connection gets all of them over the first.
    """
    clock = Clock(at)
    done = _give_up(at, post.lease)
    if at_most is None and outbox.are_due(at, MANY):
        is_worth_it = processors() > 1 and outbox.are_due(at, VERY_MANY)
        return reduce(Delivered.and_also, _side_by_side(post, clock, worker, is_worth_it), done)
    return done.and_also(_over_one_line(post, clock, worker, Event(), at_most))


def _give_up(at: datetime, lease: timedelta) -> Delivered:
    """Call in doubt what processes held that died."""
    given_up = outbox.give_up(at, lease)
    if given_up:
        log.warning("%d mails are in doubt: %s", len(given_up), outbox.GONE)
    return Delivered(in_doubt=len(given_up), given_up=len(given_up))


def _side_by_side(post: Post, clock: Clock, worker: str, in_processes: bool) -> list[Delivered]:
    """Hand over all mails that are due over two connections; where one breaks or meets silence, both end."""
    with _second_line(in_processes) as (begin, is_over):
        try:
            second = begin(post, clock, f"{worker}/2")
            ended = [_over_one_line(post, clock, worker, is_over), second.result()]
            is_away = [one.away_because is not None for one in ended]
            if any(is_away) and not all(is_away) and not is_over.is_set():
                # a line that could not go on may have put mails back at the last; what keeps these counts
                kept = [replace(one, away_because=None) for one in ended]
                ended = [*kept, _over_one_line(post, clock, worker, is_over)]
            return ended
        except BaseException:
            is_over.set()
            raise


@contextmanager
def _second_line(in_processes: bool) -> Iterator[tuple[Callable[[Post, Clock, str], "Future[Delivered]"], Signal]]:
    """How to begin handing over beside this thread, and what ends both.

    Threads take turns at the database without sleeping, and need no start; two processes work at once.
    """
    is_over: Signal
    if in_processes:
        is_over = get_context("spawn").Event()
        with beside(1, _listen, is_over) as process:
            yield lambda *given: process.submit(_in_a_process, *given), is_over
    else:
        is_over = Event()
        with ThreadPoolExecutor(1, "deliver", _listen, (is_over,)) as thread:
            yield lambda *given: thread.submit(_over_the_second, *given), is_over


def _listen(is_over: Signal) -> None:
    _second.is_over = is_over


def _over_the_second(post: Post, clock: Clock, worker: str) -> Delivered:
    return _over_one_line(post, clock, worker, _second.is_over)


def _in_a_process(post: Post, clock: Clock, worker: str) -> Delivered:
    with collecting_seldom():
        return _over_the_second(post, clock, worker)


def _over_one_line(
    post: Post, clock: Clock, worker: str, is_over: Signal, at_most: int | None = None
) -> Delivered:  # fmt: skip
    """Hand over mails that are due over one connection, until there are none or `is_over`."""
    done, at_once = Delivered(), FEWEST
    with together(post.sender) as line, _accounted(worker, is_over) as held:
        while not is_over.is_set() and (at_most is None or done.looked_at < at_most):
            at, began = clock(), monotonic()
            wanted = at_once if at_most is None else min(at_once, at_most - done.looked_at)
            looked_at = held.exchange(at, wanted, judge_at(at, post.sequences, post.own_holidays))
            away = _hand_over(post.letterhead, line, held, clock, is_over)
            done = done.and_also(_counted(looked_at, held.attempts, away))
            if not looked_at or away:
                break
            at_once = as_many_as(looked_at, monotonic() - began)
    return done


def as_many_as(handed_over: int, seconds: float) -> int:
    """How many mails to take next: a slow server's are few, so that few are in doubt where the process is killed.

    >>> as_many_as(10, 2.0), as_many_as(10, 0.05), as_many_as(50, 0.05)
    (10, 50, 100)
    """
    return max(FEWEST, min(MOST, round(handed_over / max(seconds, 1e-3) * HANDED_OVER_WITHIN)))


@dataclass(slots=True)
class Held:
    """Mails that a worker has taken, and what came of them so far, which is not noted yet."""

    worker: str
    messages: tuple[Message, ...] = ()
    attempts: list[Attempt] = field(default_factory=list)

    def exchange(self, at: datetime, at_most: int, judge: Judge) -> int:
        """Note what came of these and take the next, in one transaction; gives how many were looked at.

        Addresses that are not there are suppressed before: one of the next may be for them.
        """
        self._keep_bounces()
        taken = sending.settle_and_take(self.attempts, self.worker, at, at_most, judge)
        self.messages, self.attempts = taken.messages, []
        return taken.looked_at

    def let_go(self) -> None:
        """Note what is known of each mail; what was never handed over waits again."""
        handed = {one.message_id for one in self.attempts}
        left = [one.message_id for one in self.messages if one.message_id not in handed]
        with ExitStack() as whatever_fails:  # the last one first
            if left:
                whatever_fails.callback(sending.put_back, self.worker, left)
            if self.attempts:
                whatever_fails.callback(sending.settle, self.attempts)
            self._keep_bounces()  # before: of a mail that is settled nobody asks again

    def _keep_bounces(self) -> None:
        if bounces := _bounces(self.messages, self.attempts):
            engagement.keep_events(bounces)


@contextmanager
def _accounted(worker: str, is_over: Signal) -> Iterator[Held]:
    """Mails that a worker holds, which it lets go at the end, however that comes; where it breaks, all is over."""
    held = Held(worker)
    try:
        yield held
    except BaseException:
        is_over.set()
        raise
    finally:
        held.let_go()


def _hand_over(letterhead: Letterhead, line: Sender, held: Held, clock: Clock, is_over: Signal) -> str | None:
    """Hand mails over one by one and note what is said; gives why the rest waits, where it does."""
    silent = 0
    for one in held.messages:
        if is_over.is_set():
            break
        outcome: Outcome | None = "in_doubt"
        said: str | None = "something broke while it was handed over"
        try:
            outcome, said = _handed_over(line, mail_of(one, letterhead, one.taken_at or clock()))
        finally:
            if outcome is not None:
                held.attempts.append(Attempt(one.message_id, one.attempts, clock(), held.worker, outcome, said))
        silent = silent + 1 if outcome == "in_doubt" else 0
        if silent >= GIVE_UP_AFTER:
            is_over.set()
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


def _counted(looked_at: int, attempts: Sequence[Attempt], away: str | None) -> Delivered:
    """What came of a batch."""
    count = {outcome: sum(one.outcome == outcome for one in attempts) for outcome in sending.STATE_AFTER}
    return Delivered(
        looked_at, count["accepted"], count["refused"], count["later"], count["in_doubt"], away_because=away
    )


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
