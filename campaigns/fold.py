"""Fold: what people did with mails moves enrolments: they stop, go to a person, or are never written to again.

All events of an enrolment are looked at each time, in whatever order they came: looking again changes nothing, an event
that comes late is not missed, and a process can be killed at any moment. Those without events are passed over.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from campaigns.engagement import ENDINGS, SIGNALS, Engaged, belonging, corrected, engaged, our_id
from campaigns.sequences import File, MailSequence
from database import engagement, enrolments, outbox, tasks
from database.engagement import Engagement
from database.enrolments import EndedAs, Ending, Enrolment
from database.outbox import Message
from database.suppressions import Suppressed, reason_in
from database.tasks import NewTask, Task

AT_ONCE = 300
USUAL_DAYS = 2
LATE_FOR = timedelta(days=60)
"""An answer that was received longer ago is nobody's task any more."""
ANSWERED = "answered a mail"
TASKS: Mapping[EndedAs, tasks.Kind] = {"replied": "reply", "graduated": "graduation"}
"""What its owner is asked for by how an enrolment ends; of whoever wants to be left alone nothing."""
MOVING = (*sorted(SIGNALS), *ENDINGS)
"""Kinds of events that can move an enrolment: one of them, however long ago, and it is looked at until it is ended."""
NO_MORE: Mapping[str, EndedAs] = {
    "complained": "complained", "unsubscribed": "unsubscribed", "bounced": "bounced",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folded:
    """What a round did."""

    looked_at: int = 0
    corrected: int = 0
    """Events that turned out to be a machine's."""
    ended: Mapping[str, int] = field(default_factory=dict)
    """By how they ended."""
    answered_late: int = 0
    """Enrolments that had ended before they were answered; their owners are told."""


def fold(sequences: Mapping[str, MailSequence], at: datetime) -> Folded:
    """Look at the events of all enrolments that are not ended and had any, and do what follows from them."""
    looked_at, mended, last = 0, 0, ""
    ended: dict[str, int] = {}
    while page := enrolments.running(last, AT_ONCE, MOVING):
        last = page[-1].enrolment_id
        looked_at += len(page)
        mails, events = _known_of(page)
        kinds = {key: said for one in page for key, said in corrected(events[one.enrolment_id],
                                                                      mails[one.enrolment_id]).items()}  # fmt: skip
        engagement.correct(kinds)
        mended += len(kinds)
        came = {one.enrolment_id: engaged(_with(kinds, events[one.enrolment_id]), at) for one in page}
        endings = [ending for one in page if (ending := _ending(one, came[one.enrolment_id], sequences, mails, at))]
        enrolments.end(endings, at)
        for ending in endings:
            ended[ending.ended_as] = ended.get(ending.ended_as, 0) + 1
        enrolments.mark(_marks(page, came))
    return Folded(looked_at, mended, ended, _tell_of_late_answers(sequences, at))


def escalate(at: datetime, to: Callable[[str], str | None]) -> list[Task]:
    """Give tasks on which nobody acted in time to whom `to` names for their owner; gives those, each once."""
    return tasks.escalate(at, to)


def verdict(came: Engaged, file: File | None) -> tuple[EndedAs, str] | None:
    """How an enrolment ends by what came of its mails, and why in words; None where it goes on.

    What ends all mails is graver than an answer, and that than a click.
    """
    if came.ended_by is not None:
        return NO_MORE[came.ended_by], ENDED_WORDS[came.ended_by]
    if came.replies:
        return "replied", ANSWERED
    if came.meetings:
        return "graduated", "agreed on a meeting"
    if file is None:
        return None
    if "clicked" in file.graduate.when and came.clicks:
        link = f" to {came.clicked_link}" if came.clicked_link else ""
        return "graduated", f"followed a link{link}" + (f" ({came.clicks} clicks)" if came.clicks > 1 else "")
    if file.graduate.opens is not None and came.opens >= file.graduate.opens:
        return "graduated", f"opened mails {came.opens} times"
    if "opened" in file.graduate.when and came.opens:
        return "graduated", "opened a mail"
    return None


ENDED_WORDS = {
    "complained": "called a mail spam",
    "unsubscribed": "left the list",
    "bounced": "cannot be reached: the address does not exist any more",
}


def _known_of(page: Sequence[Enrolment]) -> tuple[dict[str, list[Message]], dict[str, list[Engagement]]]:
    """The mails and events of enrolments, by enrolment."""
    found = outbox.messages_of({one.enrolment_id for one in page})
    mails = {one.enrolment_id: found.get(one.enrolment_id, []) for one in page}
    by_address = engagement.events_of_all({mail.recipient for some in mails.values() for mail in some})
    events = {}
    for enrolment_id, mine in mails.items():
        of_address = [event for address in sorted({mail.recipient for mail in mine}) for event in by_address[address]]
        events[enrolment_id] = belonging(of_address, mine)
    return mails, events


def _tell_of_late_answers(sequences: Mapping[str, MailSequence], at: datetime) -> int:
    """Give owners a task for each sequence that had ended before it was answered; gives how many."""
    found = enrolments.answered_late(at - LATE_FOR)
    _, events = _known_of([one for one, _ in found])
    answered = [
        one for one, is_last in found
        if any(event.kind == "replied" and (is_last or our_id(event)) for event in events[one.enrolment_id])
        and engaged(events[one.enrolment_id], at).ended_by is None
    ]  # fmt: skip
    return tasks.make((_task(one, "reply", ANSWERED, sequences.get(one.sequence), at) for one in answered), at)


def _with(kinds: Mapping[str, tuple[str, str]], events: Iterable[Engagement]) -> list[Engagement]:
    return [replace(one, kind=kinds[one.event_id][0]) if one.event_id in kinds else one for one in events]


def _ending(
    one: Enrolment, came: Engaged, sequences: Mapping[str, MailSequence], mails: Mapping[str, list[Message]],
    at: datetime,
) -> Ending | None:  # fmt: skip
    sequence = sequences.get(one.sequence)
    said = verdict(came, sequence.file if sequence else None)
    if said is None:
        return None
    ended_as, why = said
    because = {"why": why, "opens": came.opens, "clicks": came.clicks, "replies": came.replies}
    return Ending(
        one, ended_as, because, _task(one, TASKS[ended_as], why, sequence, at) if ended_as in TASKS else None,
        _suppressed(one, came, mails[one.enrolment_id], at),
    )  # fmt: skip


def _task(one: Enrolment, kind: tasks.Kind, why: str, sequence: MailSequence | None, at: datetime) -> NewTask:
    """What the owner is to do."""
    days = sequence.file.escalate_after_days if sequence else USUAL_DAYS
    what = "answer" if kind == "reply" else "call or write"
    reason = f"The lead {why} in the sequence {one.sequence!r}: {what} within {days} days."
    return NewTask(
        kind, one.campaign_id, one.lead_id, one.enrolment_id, one.owner, reason, at + timedelta(days=days)
    )  # fmt: skip


def _suppressed(one: Enrolment, came: Engaged, mails: Sequence[Message], at: datetime) -> Suppressed | None:
    reason = reason_in(came.ended_by, came.said or {}) if came.ended_by else None
    if reason is None or not mails:
        return None
    return Suppressed(mails[-1].recipient, reason, came.looked_to or at, "fold", f"enrolment {one.enrolment_id}")


def _marks(
    page: Sequence[Enrolment], came: Mapping[str, Engaged]
) -> dict[str, tuple[datetime, datetime | None]]:  # fmt: skip
    """What is newer than an enrolment's mark."""
    marks = {}
    for one in page:
        seen = came[one.enrolment_id]
        if seen.looked_to is not None and (seen.looked_to > one.folded_to or seen.last_at != one.engaged_at):
            marks[one.enrolment_id] = (max(seen.looked_to, one.folded_to), seen.last_at)
    return marks
