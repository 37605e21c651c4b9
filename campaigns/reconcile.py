"""Reconcile: the outbox, what was noted of each try, the mail server's own log and events, held against each other.

Every difference is said in words, with what it means. Nothing is changed, and nothing is sent again because of it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from campaigns.engagement import our_id
from database import outbox, sending
from database.engagement import Engagement, events_of_all
from database.outbox import GONE, WENT_OUT, Message, State
from database.sending import Attempt
from ringback.clock import parse_time
from ringback.errors import WrongUsage

Kind = Literal[
    "sent_without_line", "line_though_not_sent", "doubt_was_sent", "doubt_was_not_sent", "twice", "unknown_line",
    "other_recipient", "no_accepting_try", "accepted_but_not_sent", "event_though_not_sent", "still_sending",
]  # fmt: skip
PAGE = 2_000
SHOWS_ARRIVAL = frozenset({"delivered", "opened", "clicked", "replied", "opened_by_machine", "clicked_by_machine"})


@dataclass(frozen=True, slots=True)
class Line:
    """A mail that the server's log says it took."""

    message_id: str
    """Without brackets."""
    recipient: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not fit, and what it means."""

    kind: Kind
    message_id: str
    said: str


@dataclass(frozen=True, slots=True)
class Account:
    """All that is known of one mail."""

    message: Message
    attempts: Sequence[Attempt] = ()
    lines: Sequence[Line] = ()
    events: Sequence[Engagement] = ()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a comparison found."""

    compared: int
    differences: tuple[Difference, ...]
    counts: Mapping[State, int] = field(default_factory=dict)
    """Mails by state."""


def reconciled(lines: Iterable[Line]) -> Reconciled:
    """Compare all of the outbox with a server's log."""
    by_id: dict[str, list[Line]] = {}
    for line in lines:
        by_id.setdefault(line.message_id, []).append(line)
    found: list[Difference] = []
    compared, last = 0, ""
    known: set[str] = set()
    while page := outbox.messages(at_most=PAGE, after=last):
        last, compared = page[-1].message_id, compared + len(page)
        known |= {one.message_id for one in page}
        found += (difference for account in _accounts(page, by_id) for difference in differences(account))
    found += unknown(by_id, known)
    return Reconciled(compared, tuple(found), outbox.counts())


def differences(account: Account) -> Iterator[Difference]:
    """What does not fit about one mail."""
    for check in CHECKS:
        said = check(account)
        if said is not None:
            yield Difference(said[0], account.message.message_id, said[1])


def unknown(lines: Mapping[str, Sequence[Line]], known: Iterable[str]) -> Iterator[Difference]:
    """Lines of mails from our senders that the outbox does not hold; lines of other senders are not ours to explain."""
    ours = set(known)
    domains = {message_id.rpartition("@")[2] for message_id in ours}
    for message_id in sorted(set(lines) - ours):
        if message_id.rpartition("@")[2] in domains:
            said = f"the server took it for {_to(lines[message_id])}, and the outbox does not hold it"
            yield Difference("unknown_line", message_id, f"{said}: it is of another home, or not of a campaign")


def read_lines(file: Path) -> Iterator[Line]:
    """A server's log: JSON lines with `message_id`, `recipient`, `at`; raises WrongUsage that names the line."""
    try:
        with file.open(encoding="utf-8") as rows:
            for number, row in enumerate(rows, start=1):
                if row.strip() and (line := _line(row, number, file)) is not None:
                    yield line
    except OSError as failure:
        raise WrongUsage(f"{file.name} cannot be read: {failure.strerror}") from None


def sent_without_line(account: Account) -> tuple[Kind, str] | None:
    """Sent, as far as we know, and not in the log."""
    if account.message.state != "sent" or account.lines:
        return None
    return "sent_without_line", (
        f"the server accepted it at {account.message.sent_at:%Y-%m-%d %H:%M:%S} and its log has no line of it: "
        "the log is not whole, or of another server"
    )


def of_a_doubt(account: Account) -> tuple[Kind, str] | None:
    """In doubt, which the log resolves one way or the other."""
    if account.message.state != "in_doubt":
        return None
    why = account.message.because or GONE
    if account.lines:
        return (
            "doubt_was_sent",
            f"it was in fact sent at {account.lines[0].at:%Y-%m-%d %H:%M:%S}; in doubt because: {why}",
        )
    return "doubt_was_not_sent", (
        f"the server's log has no line of it, so it was not sent; whoever wants it sent has to write by hand ({why})"
    )


def twice(account: Account) -> tuple[Kind, str] | None:
    """More than once in the log."""
    if len(account.lines) < 2:
        return None
    moments = ", ".join(f"{line.at:%Y-%m-%d %H:%M:%S}" for line in account.lines)
    return "twice", f"the server took it {len(account.lines)} times: {moments}"


def line_though_not_sent(account: Account) -> tuple[Kind, str] | None:
    """In the log although it was never sent, as far as we know."""
    if not account.lines or account.message.state in WENT_OUT:
        return None
    said = f"the outbox says {account.message.state} ({account.message.because}), and the server took it"
    return "line_though_not_sent", f"{said} at {account.lines[0].at:%Y-%m-%d %H:%M:%S}"


def other_recipient(account: Account) -> tuple[Kind, str] | None:
    """To somebody else than it was meant for."""
    others = [line for line in account.lines if line.recipient.lower() != account.message.recipient]
    if not others:
        return None
    return "other_recipient", f"it was meant for {account.message.recipient}, and the server took it for {_to(others)}"


def of_its_tries(account: Account) -> tuple[Kind, str] | None:
    """The tries say otherwise than the state."""
    accepted = [one for one in account.attempts if one.outcome == "accepted"]
    if account.message.state == "sent" and not accepted:
        return "no_accepting_try", "the outbox says sent, and no try is noted that the server accepted"
    if accepted and account.message.state != "sent":
        said = (
            f"the server accepted it at {accepted[0].at:%Y-%m-%d %H:%M:%S}, and the outbox says {account.message.state}"
        )
        return "accepted_but_not_sent", said
    return None


def event_though_not_sent(account: Account) -> tuple[Kind, str] | None:
    """Something happened to a mail that was not sent."""
    told = [one for one in account.events if one.kind in SHOWS_ARRIVAL]
    if not told or account.message.state in ("sent", "sending"):
        return None
    if account.message.state == "in_doubt":
        return "doubt_was_sent", f"it was {told[0].kind} ({told[0].provider}), so it arrived"
    return "event_though_not_sent", (
        f"{told[0].provider} says it was {told[0].kind}, and the outbox says {account.message.state}"
    )


def still_sending(account: Account) -> tuple[Kind, str] | None:
    """Taken, and nothing noted yet."""
    if account.message.state != "sending":
        return None
    whose = f"{account.message.taken_by} took it at {account.message.taken_at:%Y-%m-%d %H:%M:%S}"
    return "still_sending", f"{whose}; until it says what came of it, or its lease is over, it is under way"


CHECKS: tuple[Callable[[Account], tuple[Kind, str] | None], ...] = (
    sent_without_line, of_a_doubt, twice, line_though_not_sent, other_recipient, of_its_tries, event_though_not_sent,
    still_sending,
)  # fmt: skip


def _accounts(page: Sequence[Message], lines: Mapping[str, Sequence[Line]]) -> Iterator[Account]:
    tries: dict[str, list[Attempt]] = {}
    for attempt in sending.attempts_of(one.message_id for one in page):
        tries.setdefault(attempt.message_id, []).append(attempt)
    told: dict[str, list[Engagement]] = {}
    for events in events_of_all({one.recipient for one in page}).values():
        for event in events:
            told.setdefault(our_id(event) or "", []).append(event)
    for one in page:
        mail_id = one.message_id
        yield Account(one, tries.get(mail_id, ()), lines.get(mail_id, ()), told.get(mail_id, ()))


def _line(row: str, number: int, file: Path) -> Line | None:
    """A line; None for a last one that was cut off while it was written."""
    try:
        stated = json.loads(row)
        return Line(str(stated["message_id"]).strip("<> "), str(stated["recipient"]), parse_time(str(stated["at"])))
    except (ValueError, KeyError, TypeError) as failure:
        if not row.endswith("\n"):
            return None
        raise WrongUsage(
            f"{file.name}:{number}: is no line with message_id, recipient and at ({type(failure).__name__})"
        ) from None


def _to(lines: Sequence[Line]) -> str:
    return ", ".join(sorted({line.recipient for line in lines}))
