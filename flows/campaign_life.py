"""The life of a campaign on a simulated clock: mails go out, people answer, account executives call who is ready.

The flows are the real ones; only the people are simulated (`sandbox/audience.py`), and what they do reaches ringback as
events of a mail provider do.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from database import engagement, outbox, tasks
from database.engagement import Engagement
from database.outbox import Message
from ringback.clock import WEEK
from sandbox.audience import Audience, Reaction, Received
from sandbox.records import Person
from sandbox.world import World

PROVIDER = "sandbox"
RUN_AFTER = (timedelta(hours=15), timedelta(days=2, hours=15), timedelta(days=4, hours=15))
"""Monday, Wednesday and Friday at nine in Chicago, from the Monday of a week."""
AE = "account executive (simulated)"
AT_ONCE, MOST_TASKS = 500, 10_000
ANSWERED_WITHIN = timedelta(days=4)
"""All that people do with a mail they do within less (`sandbox/audience.py`)."""


def moments_of(monday: datetime) -> list[datetime]:
    """When campaigns run in a simulated week."""
    return [monday + after for after in RUN_AFTER]


def live_until(world: World, moment: datetime) -> int:
    """Let people have answered by a moment the mails that were sent before it, and executives have done their tasks.

    Gives how many answers are new. The same again finds all of it done.
    """
    people = {person.email.lower(): person for person in world.people(moment + WEEK)}
    audience = Audience(world.seed, people)
    mails = [mail for page in _pages() for mail in page if mail.sent_at is not None and mail.sent_at < moment]
    moments: dict[str, list[datetime]] = {}
    for mail in mails:
        moments.setdefault(mail.recipient, []).append(mail.sent_at or moment)
    reactions = [
        reaction for mail in mails if mail.sent_at is not None and mail.sent_at > moment - ANSWERED_WITHIN
        for reaction in audience.reactions(_received(mail, mail.sent_at), moments[mail.recipient])
    ]  # fmt: skip
    new = engagement.keep_events(_event(one) for one in reactions if one.at <= moment)
    call_whom_is_ready(world, people, moment)
    return new


def call_whom_is_ready(world: World, people: dict[str, Person], moment: datetime) -> int:
    """Do the open tasks: a call is booked with everybody who answered or showed interest; gives how many.

    Calls of tasks that an earlier play did are booked again: the world does not outlive a play.
    """
    known = [one for one in tasks.tasks(at_most=MOST_TASKS) if one.created_at <= moment]
    waiting = [one for one in known if one.done_at is None]
    for task in known:
        person, asked_at = people.get(task.lead_id), task.done_at or moment
        outcome = "nobody of that address answers the phone"
        if person is not None and asked_at <= moment:
            outcome = f"call booked for {world.book(person, asked_at).started_at:%Y-%m-%d %H:%M} UTC"
        if task.done_at is None:
            tasks.finish(task.task_id, AE, outcome, moment)
    return len(waiting)


def _pages() -> Iterator[Sequence[Message]]:
    """All mails that were sent, some at a time."""
    after = ""
    while page := outbox.messages("sent", at_most=AT_ONCE, after=after):
        yield page
        after = page[-1].message_id


def _received(mail: Message, sent_at: datetime) -> Received:
    return Received(
        mail.message_id, mail.recipient, sent_at, mail.sequence, mail.template, mail.step, mail.variants, mail.links
    )


def _event(one: Reaction) -> Engagement:
    kind = f"{one.did}_by_machine" if one.by_machine else one.did
    link = "" if one.link is None else f":{one.link}"
    detail: dict[str, Any] = {"link": one.link} if one.link is not None else {}
    if one.did == "bounced":
        detail = {"type": "permanent"}
    return Engagement(
        f"{PROVIDER}:{one.message_id}:{kind}{link}",
        PROVIDER,
        kind,
        one.recipient,
        one.at,
        one.at,
        one.message_id,
        detail,
    )
