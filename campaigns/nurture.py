"""Nurture: each enrolment whose step is due gets its mail into the outbox, once, and goes on when that mail is settled.

Nothing is sent here. Everything can be done again, by several processes at once, and killed between any two lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from campaigns.engagement import Engaged, belonging, engaged
from campaigns.letters import Letterhead, message_id_of, name_of, write
from campaigns.sequences import MailSequence
from campaigns.timing import due, holidays_of, opening
from database import enrolments, outbox
from database.engagement import events_of_all
from database.enrolments import Addressee, EndedAs, Ending, Enrolment, Move, Settled
from database.outbox import Draft
from database.suppressions import suppressed

AT_ONCE = 2_500
ENDED_BY_SUPPRESSION: Mapping[str, EndedAs] = {
    "unsubscribed": "unsubscribed", "bounced": "bounced", "complained": "complained",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    """What mails are written from."""

    sequences: Mapping[str, MailSequence]
    letterhead: Letterhead
    owner_names: Mapping[str, str] = field(default_factory=dict)
    """By address."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """By lead, why we write to them."""
    own_holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """What a round did."""

    written: int = 0
    left_out: int = 0
    """Steps whose conditions did not hold."""
    moved_on: int = 0
    finished: int = 0
    stopped: int = 0
    """Enrolments that could not go on: no address, or a lead that is not kept any more."""
    without_sequence: int = 0
    """Enrolments in a sequence that the playbook has no more: they wait until it is back or somebody ends them."""

    def and_also(self, other: "Written") -> "Written":
        """Both together."""
        return Written(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def write_due(
    office: Office, at: datetime, at_most: int | None = None, after: str = "", until: str | None = None
) -> Written:
    """Let enrolments go on whose mails are settled, and write the mails that are due; at most so many, or all.

    With `after` and `until` only of enrolments whose ids are behind the one and no further than the other.
    """
    done = move_on(office, at)
    handled = 0
    skipped: set[str] = set()
    while at_most is None or handled < at_most:
        wanted = AT_ONCE if at_most is None else min(AT_ONCE, at_most - handled)
        found = [
            one for one in enrolments.due(at, wanted + len(skipped), after, until) if one.enrolment_id not in skipped
        ]
        if not found:
            break
        known = [one for one in found if one.sequence in office.sequences]
        skipped |= {one.enrolment_id for one in found if one.sequence not in office.sequences}
        done = done.and_also(_handle(known, office, at))
        handled += len(known)
    return done.and_also(Written(without_sequence=len(skipped)))


def move_on(office: Office, at: datetime) -> Written:
    """Let enrolments go on to their next step, whose mail came to an end, be it sent or not."""
    done = Written()
    while found := [one for one in enrolments.settled(AT_ONCE) if one.enrolment.sequence in office.sequences]:
        over = _ended_by_suppression(found)
        stopped = {ending.enrolment.enrolment_id for ending in over}
        on = [_next(one, office) for one in found if one.enrolment.enrolment_id not in stopped]
        ended, moved = enrolments.end(over, at), enrolments.move(on)
        done = done.and_also(Written(moved_on=moved, stopped=ended))
        if not ended + moved:
            break  # others did it
    return done


def first_due(sequence: MailSequence, at: datetime, zone: str, country: str | None = None) -> datetime:
    """When the first step of a sequence is due for who is enrolled at a moment."""
    return due(at, sequence.steps[0].wait, sequence.window, zone, holidays_of(country))


def _ended_by_suppression(found: Sequence[Settled]) -> list[Ending]:
    """Endings of those whose mail was suppressed: all their others would be too."""
    left = [one for one in found if one.state == "suppressed"]
    reasons = suppressed({one.recipient for one in left})
    return [
        Ending(
            one.enrolment,
            ENDED_BY_SUPPRESSION.get(reasons[one.recipient].reason if one.recipient in reasons else "", "stopped"),
            {"why": "nothing is sent to this address any more"},
        )
        for one in left
    ]


def _next(settled: Settled, office: Office) -> Move:
    one = settled.enrolment
    return _move(one, office.sequences[one.sequence], settled.settled_at, settled.country, office.own_holidays)


def _move(
    one: Enrolment, sequence: MailSequence, after: datetime, country: str | None, own: frozenset[date]
) -> Move:  # fmt: skip
    """To the step behind this one; behind the last one an answer is still waited for."""
    step = one.step + 1
    wait = sequence.steps[step].wait if step < len(sequence.steps) else sequence.file.linger
    return Move(
        one.enrolment_id, one.step, step, due(after, wait, sequence.window, one.zone, holidays_of(country, own))
    )


def _handle(found: Sequence[Enrolment], office: Office, at: datetime) -> Written:
    """Write the mails of these, leave steps out, or end what is over."""
    over = [one for one in found if one.step >= len(office.sequences[one.sequence].steps)]
    to_write = [one for one in found if one.step < len(office.sequences[one.sequence].steps)]
    people = enrolments.addressees({one.lead_id for one in to_write})
    nobody = [one for one in to_write if not (people.get(one.lead_id) and people[one.lead_id].email)]
    endings = [Ending(one, "finished") for one in over]
    endings += [Ending(one, "stopped", {"why": "the lead has no address"}) for one in nobody]
    enrolments.end(endings, at)
    gone = {one.enrolment_id for one in nobody}
    open_ones = [one for one in to_write if one.enrolment_id not in gone]
    came_of = engagement_of(open_ones, at)
    drafts = [_draft(one, people[one.lead_id], came_of[one.enrolment_id], office, at) for one in open_ones]
    new = outbox.write(drafts, at)
    left_out = sum(one.state == "skipped" for one in drafts)
    done = Written(written=new - left_out, left_out=left_out, finished=len(over), stopped=len(nobody))
    return done.and_also(move_on(office, at)) if left_out else done


def engagement_of(found: Sequence[Enrolment], at: datetime) -> dict[str, Engaged]:
    """What came of the mails of enrolments so far, by enrolment."""
    mails = outbox.messages_of({one.enrolment_id for one in found})
    events = events_of_all({mail.recipient for some in mails.values() for mail in some})
    came = {}
    for one in found:
        mine = mails.get(one.enrolment_id, [])
        of_address = [event for recipient in sorted({mail.recipient for mail in mine}) for event in events[recipient]]
        came[one.enrolment_id] = engaged(belonging(of_address, mine), at)
    return came


def _draft(one: Enrolment, person: Addressee, came: Engaged, office: Office, at: datetime) -> Draft:
    """A step's mail, or the step as left out with the reason."""
    sequence = office.sequences[one.sequence]
    step = sequence.steps[one.step]
    recipient = (person.email or "").strip().lower()
    message_id = message_id_of(one.enrolment_id, one.step, office.letterhead)
    why_not = _left_out_because(step.unless, step.only_if, came)
    if why_not is not None:
        return Draft(message_id, one.enrolment_id, one.step, one.campaign_id, one.lead_id, one.sequence, step.mail,
                     recipient, at, mail={"country": person.country}, state="skipped", because=why_not)  # fmt: skip
    fields = {
        **person.fields, "owner_email": one.owner, "owner_name": name_of(one.owner, office.owner_names),
        "reason": office.reasons.get(one.lead_id),
    }  # fmt: skip
    letter = write(sequence, step.mail, one.lead_id, message_id, fields, office.letterhead)
    is_holiday = holidays_of(person.country, office.own_holidays)
    opens, closes = opening(at, sequence.window, one.zone, is_holiday)
    names = " ".join(part for name in ("first_name", "last_name") if (part := person.fields.get(name)))
    to_name = " ".join(names.split())  # a header has no line breaks
    return Draft(
        message_id, one.enrolment_id, one.step, one.campaign_id, one.lead_id, one.sequence, step.mail, recipient, opens,
        closes, letter.variants, letter.kept(to_name, one.owner, person.country), letter.links,
    )  # fmt: skip


def _left_out_because(unless: Sequence[str], only_if: Sequence[str], came: Engaged) -> str | None:
    happened = next((signal for signal in unless if came.happened(signal)), None)
    if happened is not None:
        return f"the lead has {happened}" if happened != "meeting" else "a meeting is agreed"
    if only_if and not any(came.happened(signal) for signal in only_if):
        return f"the lead has not {' or '.join(only_if)}"
    return None
