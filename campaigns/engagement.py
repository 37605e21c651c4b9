"""What people did with the mails of an enrolment: which events are of it, and which of them a machine made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from campaigns.machines import all_at_once, made_by_machine
from database.engagement import Engagement
from database.mails_to import Went
from database.outbox import Message
from database.suppressions import reason_in

BY_MACHINE = "_by_machine"
SIGNALS = frozenset({"opened", "clicked", "replied", "meeting"})
RIPE_AFTER = timedelta(seconds=60)
"""Only then is a click judged: a machine's next one, which gives it away, comes within seconds."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""Providers tell whole seconds, by clocks of their own."""
PROVIDERS_ID = "provider_message_id"
"""In the detail of an event: what its provider calls the mail."""
ENDINGS = ("complained", "unsubscribed", "bounced")
"""What ends all mails to an address, the gravest first."""


@dataclass(frozen=True, slots=True)
class Engaged:
    """What came of an enrolment's mails so far."""

    opens: int = 0
    clicks: int = 0
    replies: int = 0
    meetings: int = 0
    ended_by: str | None = None
    """complained, unsubscribed or bounced (for good)."""
    said: Mapping[str, Any] | None = None
    """Details of what ended it."""
    last_at: datetime | None = None
    """When a person last did something."""
    looked_to: datetime | None = None
    """When the last of these events was received."""
    clicked_link: str | None = None

    def happened(self, signal: str) -> bool:
        """Whether a person did this at least once."""
        return {"opened": self.opens + self.clicks, "clicked": self.clicks, "replied": self.replies,
                "meeting": self.meetings}[signal] > 0  # fmt: skip


def belonging(events: Iterable[Engagement], messages: Sequence[Message]) -> list[Engagement]:
    """Those of the events to an address that are of these mails.

    By our message id where the event has it (as its id or as `smtp-id`); a provider's own id says nothing to us, so
    then by the address and the time: after the first of these mails.
    """
    ids = {one.message_id for one in messages}
    sent = [one.sent_at or one.taken_at for one in messages if one.sent_at or one.taken_at]
    first = min((moment for moment in sent if moment), default=None)
    return [
        one for one in events
        if (named in ids if (named := our_id(one)) is not None else first is not None and one.happened_at >= first)
    ]  # fmt: skip


def under_our_names(events: Iterable[Engagement], went: Mapping[str, Sequence[Went]]) -> list[Engagement]:
    """The same events, each with our id of the mail that it is of, where that can be told.

    What is counted by mail knows no other id: funnels, templates and the measures of mails. Told by the event itself,
    else it is the last mail that had gone to the address by then. The provider's id stays in the detail.
    """
    return [_named(one, went.get(one.recipient, ())) for one in events]


def _named(event: Engagement, went: Sequence[Went]) -> Engagement:
    told = our_id(event)
    until = event.happened_at + CLOCKS_DIFFER
    ours = [one.message_id for one in went if (one.at <= until if told is None else one.message_id == told)]
    if not ours or ours[-1] == event.message_id:
        return event
    kept = {PROVIDERS_ID: event.message_id} if event.message_id else {}
    return replace(event, message_id=ours[-1], detail={**event.detail, **kept})


def our_id(event: Engagement) -> str | None:
    """The message id that we gave, where an event tells it."""
    stated = event.detail.get("smtp-id") or (event.message_id if event.message_id and "@" in event.message_id else None)
    return str(stated).strip("<> ") if stated else None


def corrected(events: Sequence[Engagement], messages: Sequence[Message]) -> dict[str, tuple[str, str]]:
    """Events that must have another kind because a machine made them: by event id the kind and why."""
    by_id = {one.message_id: one for one in messages}
    found = {}
    for one in events:
        if one.kind in ("opened", "clicked"):
            mail = by_id.get(our_id(one) or "")
            why = made_by_machine(
                one.kind, one.happened_at, mail.sent_at if mail else None, str(one.detail.get("method") or "GET"),
                _stated(one.detail, "user_agent", "useragent", "UserAgent") or None, _stated(one.detail, "ip", "IP"),
            )  # fmt: skip
            if why is not None:
                found[one.event_id] = (one.kind + BY_MACHINE, why)
    clicks = [one for one in events if one.kind in ("clicked", "clicked" + BY_MACHINE)]
    for event_id, why in all_at_once((c.event_id, our_id(c) or c.recipient, link_of(c), c.happened_at) for c in clicks):
        found.setdefault(event_id, ("clicked" + BY_MACHINE, why))
    return {key: said for key, said in found.items() if not _is_known(key, events)}


def engaged(events: Iterable[Engagement], at: datetime) -> Engaged:
    """What events say by a moment, in whatever order they come; clicks that are too fresh are left for later."""
    ripe = sorted(
        (one for one in events if not (one.kind in ("opened", "clicked") and one.happened_at > at - RIPE_AFTER)),
        key=lambda one: (one.happened_at, one.event_id),
    )
    by_person = [one for one in ripe if one.kind in SIGNALS]
    count = {signal: sum(one.kind == signal for one in by_person) for signal in SIGNALS}
    final = [one for one in ripe if reason_in(one.kind, one.detail) is not None]
    ended = next((one for kind in ENDINGS for one in final if one.kind == kind), None)
    clicked = [one for one in by_person if one.kind == "clicked"]
    return Engaged(
        opens=count["opened"], clicks=count["clicked"], replies=count["replied"], meetings=count["meeting"],
        ended_by=ended.kind if ended else None, said=ended.detail if ended else None,
        last_at=max((one.happened_at for one in by_person), default=None),
        looked_to=max((one.received_at for one in ripe), default=None),
        clicked_link=link_of(clicked[-1]) if clicked else None,
    )  # fmt: skip


def link_of(event: Engagement) -> str:
    """The address of a click, as our own link or a provider tells it."""
    data = event.detail.get("data")
    click = data.get("click") if isinstance(data, Mapping) else None
    stated = click.get("link") if isinstance(click, Mapping) else _stated(event.detail, "url", "OriginalLink")
    return str(stated or "")


def _is_known(event_id: str, events: Sequence[Engagement]) -> bool:
    return any(one.event_id == event_id and one.kind.endswith(BY_MACHINE) for one in events)


def _stated(detail: Mapping[str, Any], *names: str) -> str:
    return next((str(detail[name]) for name in names if detail.get(name)), "")
