"""Events of e-mail providers as one record each (docs: Resend, SendGrid and Postmark, event webhooks).

One item that cannot be read does not lose the others: it is kept as it came, with the reason.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from database.engagement import UNREADABLE, Engagement
from database.suppressions import is_for_now
from ringback.clock import as_utc, parse_time

RESEND, SENDGRID, POSTMARK = "resend", "sendgrid", "postmark"
CLOCKS_DIFFER_BY = timedelta(minutes=5)
LONGEST_DETAIL = 2_000
"""Characters of one text in an event's detail: a bounce can quote a whole mail."""
SAID_TIME = "said_to_happen_at"
"""In the detail of an event that was dated after it was told."""
RESEND_KINDS = {
    "email.sent": "sent", "email.delivered": "delivered", "email.delivery_delayed": "deferred",
    "email.bounced": "bounced", "email.complained": "complained", "email.opened": "opened", "email.clicked": "clicked",
    "email.failed": "dropped", "email.suppressed": "dropped", "email.scheduled": "scheduled",
}  # fmt: skip
SENDGRID_KINDS = {
    "processed": "sent", "dropped": "dropped", "delivered": "delivered", "deferred": "deferred", "bounce": "bounced",
    "open": "opened", "click": "clicked", "spamreport": "complained", "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed", "group_resubscribe": "resubscribed",
}  # fmt: skip
POSTMARK_KINDS = {
    "Delivery": ("delivered", "DeliveredAt"), "Bounce": ("bounced", "BouncedAt"), "Open": ("opened", "ReceivedAt"),
    "Click": ("clicked", "ReceivedAt"), "SpamComplaint": ("complained", "BouncedAt"),
    "SubscriptionChange": ("unsubscribed", "ChangedAt"),
}  # fmt: skip
Reader = Callable[[Mapping[str, Any], str], tuple[str, str, str, str | None, datetime, list[str]]]
"""An item and its delivery's id to: name of the event, kind, recipient, message, moment, what else of it is kept."""


def events_in(provider: str, body: str, delivery_id: str, received_at: datetime) -> list[Engagement]:
    """What a delivery of a provider (resend, sendgrid, postmark) tells; never raises for what it holds.

    What is said to happen after it was told, by more than clocks differ, happened when it was told; the detail keeps
    what was said.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return [_unreadable(provider, body, "is no JSON", received_at)]
    items = content if isinstance(content, list) else [content]
    return list(_read(provider, items, delivery_id, received_at))


def _read(provider: str, items: list[Any], delivery_id: str, received_at: datetime) -> Iterator[Engagement]:
    for item in items:
        try:
            name, kind, recipient, message_id, happened_at, kept = READERS[provider](item, delivery_id)
            detail = {name: _short(item[name]) for name in kept if item.get(name) is not None}
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as failure:
            because = f"lacks {failure}" if isinstance(failure, KeyError) else f"cannot be read: {failure}"
            yield _unreadable(provider, item, because, received_at)
            continue
        if kind == "bounced" and is_for_now(detail):
            kind = "deferred"  # for now: a full mailbox may take the next one
        if happened_at > received_at + CLOCKS_DIFFER_BY:
            happened_at, detail = received_at, detail | {SAID_TIME: happened_at.isoformat()}
        yield Engagement(
            f"{provider}:{_line(name)}", provider, _line(kind), _address(recipient), happened_at, received_at,
            _line(message_id) if message_id else None, detail,
        )  # fmt: skip


def _resend(item: Mapping[str, Any], delivery_id: str) -> tuple[str, str, str, str | None, datetime, list[str]]:
    data, told = item["data"], str(item["type"])
    to = data["to"]
    recipient = to[0] if isinstance(to, list) else to
    return (
        delivery_id,
        RESEND_KINDS.get(told, told),
        recipient,
        data.get("email_id"),
        _time(item["created_at"]),
        ["data"],
    )


def _sendgrid(item: Mapping[str, Any], _: str) -> tuple[str, str, str, str | None, datetime, list[str]]:
    told = str(item["event"])
    kind = SENDGRID_KINDS.get(told, told)
    if kind == "opened" and item.get("sg_machine_open"):
        kind = "opened_by_machine"
    message_id = str(item.get("sg_message_id") or "").split(".")[0] or None
    kept = [name for name in item if name not in ("event", "sg_event_id", "email", "timestamp")]
    return str(item["sg_event_id"]), kind, item["email"], message_id, _unix(item["timestamp"]), kept


def _postmark(item: Mapping[str, Any], _: str) -> tuple[str, str, str, str | None, datetime, list[str]]:
    if "FromFull" in item and "RecordType" not in item:
        return _answer_by_postmark(item)
    record = str(item["RecordType"])
    kind, moment = POSTMARK_KINDS[record]
    if record == "SubscriptionChange" and not item.get("SuppressSending"):
        kind = "resubscribed"
    recipient = item.get("Recipient") or item["Email"]
    at = item[moment]
    name = str(item["ID"]) if item.get("ID") else f"{record}:{item.get('MessageID')}:{recipient}:{at}"
    kept = [name for name in item if name not in ("RecordType", "MessageID", "Recipient", "Email", moment)]
    return name, kind, recipient, item.get("MessageID"), _time(at), kept


def _answer_by_postmark(item: Mapping[str, Any]) -> tuple[str, str, str, str | None, datetime, list[str]]:
    """A mail that came to our inbound address: an answer of whom it is from, or of a machine in the absence of that.

    Which mail it answers is not told: the provider may have given ours another id, so address and time decide.
    """
    headers = {str(one["Name"]).lower(): str(one["Value"]).lower() for one in item.get("Headers") or ()}
    kind = "replied_by_machine" if _is_automatic(headers) else "replied"
    at = as_utc(parsedate_to_datetime(item["Date"]))
    return f"Inbound:{item['MessageID']}", kind, item["FromFull"]["Email"], None, at, ["Subject"]


def _is_automatic(headers: Mapping[str, str]) -> bool:
    """Whether a machine says that it wrote a mail (RFC 3834, and how programs said so before)."""
    return (
        headers.get("auto-submitted", "no") != "no"
        or headers.get("precedence") in ("bulk", "junk", "list", "auto_reply")
        or any(name in headers for name in ("x-autoreply", "x-autorespond"))
    )


READERS: Mapping[str, Reader] = {RESEND: _resend, SENDGRID: _sendgrid, POSTMARK: _postmark}


def _unreadable(provider: str, item: Any, because: str, received_at: datetime) -> Engagement:
    text = item if isinstance(item, str) else json.dumps(item)  # also what JSON knows no number for: Infinity
    name = f"{provider}:{UNREADABLE}:{sha256(text.encode('utf-8', errors='replace')).hexdigest()[:32]}"
    detail = {"because": _short(because), "item": _short(text if "Infinity" in text or "NaN" in text else item)}
    return Engagement(name, provider, UNREADABLE, "", received_at, received_at, None, detail)


def _address(text: Any) -> str:
    """`ana@acme.com` for `Ana <ANA@acme.com>`."""
    if not isinstance(text, str):
        return ""
    return _line(text.rpartition("<")[2].strip("> \t").lower())


def _line(text: object) -> str:
    """A text as a column of either database takes it."""
    return str(text).replace("\x00", "").encode("utf-8", errors="replace").decode()[:320]


def _time(text: Any) -> datetime:
    return parse_time(str(text).replace(" UTC", ""))


def _unix(seconds: Any) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC).replace(tzinfo=None)


def _short(value: Any) -> Any:
    """A value as JSON keeps it, without texts that are longer than anybody reads."""
    text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    if len(text) <= LONGEST_DETAIL:
        return value if not isinstance(value, str) else value.replace("\x00", "")
    return text[:LONGEST_DETAIL] + " …"
