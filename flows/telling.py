"""Telling people of incidents: a notice is taken, which is committed, then sent, then what came of it is kept."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from logging import getLogger
from pathlib import Path

from database import notices
from database.incidents import HEALTH
from database.notices import Notice
from ringback.clock import now, shown_in
from ringback.errors import RingbackError, VendorUnavailable
from ringback.settings import settings
from vendors import mail, prefect_events, slack

log = getLogger("ringback.health")
SAID = {"opened": "Something is wrong", "escalated": "Still wrong, and now critical", "recovered": "Well again"}


@dataclass(slots=True)
class Told:
    """What became of the notices that were due."""

    sent: int = 0
    tried_again_later: int = 0
    in_doubt: int = 0
    skipped: int = 0


def tell_due(at: datetime, prefect: str | None) -> Told:
    """Send what is due at a moment, in the order in which it happened; `prefect` is its server's URL, None without.

    A channel that fails keeps nothing from the others, and is not asked again in the same run.
    """
    told, down = Told(), set[str]()
    told.in_doubt += notices.give_up(at)
    for notice in notices.due(at):
        if notice.channel in down or not notices.take(notice, at):
            continue
        try:
            is_told = send(notice, prefect)
        except VendorUnavailable as failure:
            log.warning("an incident could not be told: %s", failure)
            down.add(notice.channel)
            if failure.is_in_doubt:
                notices.settle(notice, "in_doubt", at, str(failure))
                told.in_doubt += 1
            else:
                notices.put_back(notice, at, str(failure))
                told.tried_again_later += 1
        except (RingbackError, OSError) as failure:
            log.warning("an incident could not be told: %s", failure)
            notices.put_back(notice, at, str(failure))
            told.tried_again_later += 1
        else:
            notices.settle(notice, "sent" if is_told else "skipped", at, None if is_told else "nobody is there")
            told.sent += is_told
            told.skipped += not is_told
    return told


def send(notice: Notice, prefect: str | None, state_folder: Path | None = None) -> bool:
    """Send one notice; False where nobody is at its channel. Raises what the channel raises.

    Requests are counted in the `state_folder`, where one is said: for a home that takes nothing just now.
    """
    channels: Mapping[str, Callable[[Notice], bool]] = {
        "slack": partial(_post, state_folder), "mail": _mail, "event": partial(_emit, prefect),
    }  # fmt: skip
    return channels[notice.channel](notice)


def component_of(kind: str, subject: str) -> str:
    """The component an incident is about, as it stands in a resource's id.

    >>> component_of("health", "vendor Fellow: answers"), component_of("out_of_credit", "pipe0")
    ('vendor-fellow', 'out-of-credit')
    """
    component = subject.partition(": ")[0] if kind == HEALTH else kind
    return re.sub(r"[^a-z0-9]+", "-", component.lower()).strip("-")


def _post(state_folder: Path | None, notice: Notice) -> bool:
    client = slack.connect(settings())
    if client is None:
        return False
    client.state_folder = state_folder or client.state_folder
    with client:
        slack.post(client, f"*{SAID[notice.step]}* ({_about(notice)}): {notice.words}")
    return True


def _mail(notice: Notice) -> bool:
    """The same notice to the same person has the same Message-ID, by which receivers drop doubles."""
    domain = mail.address_of("RINGBACK_MAIL_FROM", settings().mail_from).domain
    name = sha256(f"{notice.incident_id} {notice.step} {notice.recipient.lower()}".encode()).hexdigest()[:32]
    text = (
        f"{SAID[notice.step]}: {_about(notice)}\n\n{notice.words}\n\n"
        f"Since {shown_in(notice.noted_at, settings().zone):%A, %-d %B, %H:%M}. "
        f"'ringback health' says how everything stands.\n"
    )
    subject = f"ringback: {SAID[notice.step].lower()}: {notice.subject}"
    mail.sender(settings()).send(
        mail.Mail(notice.recipient, " ".join(subject.split())[:200], text, f"<incident.{name}@{domain}>", now())
    )
    return True


def _emit(prefect: str | None, notice: Notice) -> bool:
    if prefect is None:
        return False
    payload = {
        "kind": notice.kind, "subject": notice.subject, "severity": notice.severity, "words": notice.words,
        "incident_id": notice.incident_id,
    }  # fmt: skip
    resource = f"ringback.health.{component_of(notice.kind, notice.subject)}"
    once = f"{notice.incident_id} {notice.step}"
    prefect_events.emit(prefect, f"incident.{notice.step}", resource, payload, notice.noted_at, once)
    return True


def _about(notice: Notice) -> str:
    about = notice.subject if notice.kind == HEALTH else f"{notice.kind}, {notice.subject}"
    return f"{about}, {notice.severity.replace('_', ' ')}"
