"""Addresses that nothing is sent to any more, each with the reason; who asked to be left alone is never asked again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, select

from database.campaign_models import Suppression as Row
from database.session import in_parts, insert_new, reading, writing

Reason = Literal["unsubscribed", "bounced", "complained", "by_hand"]
ALWAYS_MEANT: Mapping[str, Reason] = {"unsubscribed": "unsubscribed", "complained": "complained"}
LASTING = frozenset({"permanent", "hardbounce", "bounce"})
"""What Resend, Postmark and SendGrid call a bounce that will be the same tomorrow."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address that nothing is sent to."""

    address: str
    """In small letters."""
    reason: Reason
    since: datetime
    source: str
    """Who said so: a provider, `ringback` for our own link, or a person."""
    detail: str | None = None


def reason_in(kind: str, detail: Mapping[str, Any]) -> Reason | None:
    """Why what happened to a mail ends all mails to its address; None where it does not.

    A bounce does where it is lasting: a full mailbox is not.

    >>> reason_in("bounced", {"Type": "HardBounce"}), reason_in("bounced", {"Type": "Transient"})
    ('bounced', None)
    """
    if kind == "bounced":
        return "bounced" if _bounce_in(detail) in LASTING else None
    return ALWAYS_MEANT.get(kind)


def is_for_now(detail: Mapping[str, Any]) -> bool:
    """Whether a bounce is said to be one that the next mail to the address need not meet.

    >>> is_for_now({"Type": "Transient"}), is_for_now({"Type": "HardBounce"}), is_for_now({})
    (True, False, False)
    """
    return _bounce_in(detail) not in LASTING | {""}


def _bounce_in(detail: Mapping[str, Any]) -> str:
    """The provider's kind of bounce, in small letters; empty where none is stated."""
    bounce = detail.get("data", {}).get("bounce", {}) if isinstance(detail.get("data"), Mapping) else {}
    stated = detail.get("type") or detail.get("Type") or (bounce.get("type") if isinstance(bounce, Mapping) else "")
    return str(stated or "").lower()


def suppress(addresses: Iterable[Suppressed]) -> int:
    """Send nothing to these any more; gives how many are new. The first reason stays."""
    with writing() as connection:
        return suppress_within(connection, addresses)


def suppress_within(connection: Connection, addresses: Iterable[Suppressed]) -> int:
    """The same, in the transaction of whoever calls."""
    rows = [asdict(one) | {"address": one.address.strip().lower()} for one in addresses]
    return insert_new(connection, Row, [row for row in rows if row["address"]])


def lift(address: str) -> bool:
    """Let an address be written to again, which only a person may decide; False where it was not suppressed."""
    with writing() as connection:
        return connection.execute(delete(Row).where(Row.address == address.strip().lower())).rowcount > 0


def suppressed(addresses: Collection[str]) -> dict[str, Suppressed]:
    """Those of these addresses that nothing is sent to."""
    with reading() as connection:
        return suppressed_within(connection, addresses)


def suppressed_within(connection: Connection, addresses: Collection[str]) -> dict[str, Suppressed]:
    """The same, in the transaction of whoever calls."""
    return {
        row.address: Suppressed(row.address, row.reason, row.since, row.source, row.detail)
        for some in in_parts(one.strip().lower() for one in addresses)
        for row in connection.execute(select(Row).where(Row.address.in_(some)))
    }


def all_suppressed(at_most: int = 1_000, after: str = "") -> list[Suppressed]:
    """Addresses in order, from the one after `after` on."""
    asked = select(Row).where(Row.address > after).order_by(Row.address).limit(at_most)
    with reading() as connection:
        return [
            Suppressed(row.address, row.reason, row.since, row.source, row.detail) for row in connection.execute(asked)
        ]
