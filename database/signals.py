"""What was bought about leads and companies, kept so that nothing paid for is bought twice.

A worker claims what it is about to buy; of any number of workers that ask at the same moment one gets the claim, and
only within the spending ceilings. Right before it asks the vendor it gives the order a name, and as soon as the vendor
has named the run it keeps that too. So after a crash there are three cases: a claim without order lapses, since nothing
was sent; an order with a run is taken over and its result fetched; an order without a run may or may not have been
billed: it counts as billed, is not sent again, and is shown as in doubt.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal_column, or_, select, tuple_, update

from database import spending
from database.models import Purchase, Signal
from database.session import in_parts, put, reading, take_turns, upsert, writing
from database.spending import Ceilings, Priced
from database.wanted import Bought, Claimed, Known, Unfinished, Wanted
from ringback.clock import LONG_AGO

CLAIM = timedelta(minutes=10)
CLAIMED, FOUND, MISSED = "claimed", "found", "missed"
IN_DOUBT = "in_doubt"
FETCHED_WITHIN = timedelta(days=1)
"""A run whose result could not be fetched for so long, because its source is switched off or refuses, is given up."""
DOUBTFUL = "the order was sent and no answer came: it may have been billed, and is not sent again"


def claim(
    worker: str,
    source: str,
    asked: Iterable[Priced],
    at: datetime,
    ceilings: Ceilings,
    lease: timedelta = CLAIM,
) -> Claimed:
    """Claim what nobody knows or buys, in the order asked for, as far as the money goes.

    What another source missed may be claimed for a source that was not asked since.
    """
    priced = {Wanted(one.entity_id, one.signal): one for one in asked}
    with writing() as connection:
        allowed, refused = spending.within(connection, source, list(priced.values()), at, ceilings)
        rows = [
            {
                "entity_id": one.entity_id,
                "signal": one.signal,
                "state": CLAIMED,
                "source": source,
                "cost": 0.0,
                "claimed_by": worker,
                "claimed_until": at + lease,
                "reserved": one.price,
                "campaign_id": one.campaign_id,
            }
            for one in sorted(allowed, key=lambda one: (one.entity_id, one.signal))
        ]
        kept = ("state", "source", "claimed_by", "claimed_until", "reserved", "campaign_id")
        given = upsert(connection, Signal, rows, replace=kept, where=_may_be_claimed(source, at))
    return Claimed(
        tuple(sorted(Wanted(*key) for key in given)),
        {Wanted(one.entity_id, one.signal): refusal for one, refusal in refused},
    )


def note_order(worker: str, order_id: str, wanted: Sequence[Wanted], at: datetime) -> list[Wanted]:
    """Name the order that is about to be sent; gives what the worker still holds and may send."""
    with writing() as connection:
        named = update(Signal).where(_held(worker, wanted)).values(order_id=order_id, ordered_at=at)
        return sorted(Wanted(*key) for key in connection.execute(named.returning(Signal.entity_id, Signal.signal)))


def note_run(order_id: str, run_id: str) -> None:
    """Keep the vendor's name of the order, as soon as it is known."""
    with writing() as connection:
        connection.execute(update(Signal).where(Signal.order_id == order_id).values(run_id=run_id))


def release(worker: str, wanted: Sequence[Wanted]) -> None:
    """Give claims back because the order was surely not taken; anybody may claim them at once."""
    if not wanted:
        return
    values = {"claimed_until": LONG_AGO, "order_id": None, "run_id": None, "reserved": 0.0}
    with writing() as connection:
        connection.execute(update(Signal).where(_held(worker, wanted)).values(values))


def leave(worker: str, wanted: Sequence[Wanted], until: datetime) -> None:
    """Let go of a purchase that is under way: whoever takes it over after that moment fetches its result."""
    values = {"claimed_by": None, "claimed_until": until}
    with writing() as connection:
        connection.execute(update(Signal).where(_held(worker, wanted)).values(values))


def extend(worker: str, at: datetime, lease: timedelta = CLAIM) -> None:
    """Hold all claims of a worker for longer, because it is still at work."""
    mine = and_(Signal.state == CLAIMED, Signal.claimed_by == worker, Signal.claimed_until > at)
    with writing() as connection:
        connection.execute(update(Signal).where(mine).values(claimed_until=at + lease))


def take_over(worker: str, source: str, at: datetime, lease: timedelta = CLAIM) -> list[Unfinished]:
    """Take over the purchases from a source whose worker died after the vendor had named them."""
    left = and_(_is_abandoned(at), Signal.source == source, Signal.run_id.is_not(None))
    take = update(Signal).where(left).values(claimed_by=worker, claimed_until=at + lease)
    with writing() as connection:
        taken = connection.execute(
            take.returning(Signal.run_id, Signal.entity_id, Signal.signal, Signal.campaign_id)
        ).all()
    runs: dict[str, list[Any]] = {}
    for row in taken:
        runs.setdefault(str(row.run_id), []).append(row)
    return [
        Unfinished(run, rows[0].campaign_id, tuple(sorted(Wanted(r.entity_id, r.signal) for r in rows)))
        for run, rows in sorted(runs.items())
    ]


def settle_doubtful(at: datetime, expires_at: datetime) -> int:
    """Close purchases whose worker died between sending the order and hearing of it; gives how many things that were.

    They count as billed and missed, and are in doubt in the ledger; so are runs that nobody could fetch for a day. What
    was free is simply claimable again.
    """
    nobody_fetches = or_(Signal.run_id.is_(None), Signal.ordered_at <= at - FETCHED_WITHIN)
    doubtful = and_(_is_abandoned(at), Signal.order_id.is_not(None), nobody_fetches)
    with writing() as connection:
        rows = connection.execute(select(Signal).where(doubtful).with_for_update(skip_locked=True)).all()
        if not rows:
            return 0
        costs: dict[str, float] = {}
        for row in rows:
            costs[row.order_id] = costs.get(row.order_id, 0.0) + row.reserved
        lost = [
            Bought(Wanted(r.entity_id, r.signal), None, None, r.reserved, DOUBTFUL, expires_at, is_in_doubt=True)
            for r in rows
            if costs[r.order_id]
        ]
        free = [order_id for order_id, cost in costs.items() if not cost]
        for some in in_parts(free):
            mine = and_(Signal.order_id.in_(some), Signal.state == CLAIMED)
            connection.execute(update(Signal).where(mine).values(order_id=None, run_id=None))
        return _keep(connection, None, lost, at)


def keep(worker: str, bought: Sequence[Bought], at: datetime) -> int:
    """Keep what purchases gave, found or not, and write the ledger; gives how many the worker still held."""
    with writing() as connection:
        return _keep(connection, worker, bought, at)


def keep_free(missed: Iterable[Bought], at: datetime) -> None:
    """Keep that things cannot be asked for at all (a profile without its address), for free."""
    rows = [
        {
            "entity_id": one.wanted.entity_id,
            "signal": one.wanted.signal,
            "state": MISSED,
            "source": "none",
            "value": None,
            "confidence": None,
            "cost": 0.0,
            "reserved": 0.0,
            "reason": one.reason,
            "fetched_at": at,
            "expires_at": one.expires_at,
            "claimed_by": None,
            "claimed_until": None,
        }
        for one in missed
    ]
    kept = ("entity_id", "signal", "cost")
    if not rows:
        return
    names = [name for name in rows[0] if name not in kept]
    over = and_(Signal.state != CLAIMED, Signal.expires_at <= at)
    with writing() as connection:
        put(connection, Signal, rows, replace=names, where=or_(over, _is_lapsed(at)))


def known(entity_ids: Sequence[str], at: datetime) -> list[Known]:
    """What is known of these and has not expired, found or missed."""
    found: list[Known] = []
    with reading() as connection:
        for some in in_parts(entity_ids):
            asked = select(*_KNOWN).where(
                Signal.entity_id.in_(some),
                Signal.state.in_((FOUND, MISSED)),
                Signal.expires_at > at,
            )
            found += [_known(*row) for row in connection.execute(asked)]
    return sorted(found, key=lambda one: one.wanted)


def expired(entity_ids: Sequence[str], at: datetime) -> list[Known]:
    """What was found of these and is too old to count; the next purchase takes its place."""
    found: list[Known] = []
    with reading() as connection:
        for some in in_parts(entity_ids):
            asked = select(*_KNOWN).where(
                Signal.entity_id.in_(some), Signal.state == FOUND, Signal.expires_at <= at
            )  # fmt: skip
            found += [_known(*row) for row in connection.execute(asked)]
    return sorted(found, key=lambda one: one.wanted)


def found_since(moment: datetime, until: datetime) -> list[Known]:
    """What was found in a span of time, first and last moment included."""
    asked = select(*_KNOWN).where(Signal.state == FOUND, Signal.fetched_at >= moment, Signal.fetched_at <= until)
    with reading() as connection:
        return sorted((_known(*row) for row in connection.execute(asked)), key=lambda one: one.wanted)


def tried(entity_ids: Sequence[str], at: datetime) -> dict[Wanted, set[str]]:
    """Which sources were asked for what, and need not be asked again yet."""
    asked_of: dict[Wanted, set[str]] = {}
    with reading() as connection:
        for some in in_parts(entity_ids):
            asked = select(Purchase.entity_id, Purchase.signal, Purchase.source).where(
                Purchase.entity_id.in_(some), Purchase.expires_at > at
            )
            for entity_id, signal, source in connection.execute(asked):
                asked_of.setdefault(Wanted(entity_id, signal), set()).add(source)
    return asked_of


def claims() -> int:
    """How many purchases are under way, or were when their worker died."""
    with reading() as connection:
        return connection.scalar(
            select(func.count()).select_from(Signal).where(
                Signal.state == CLAIMED, Signal.claimed_until > LONG_AGO
            )
        ) or 0  # fmt: skip


def _keep(connection: Connection, worker: str | None, bought: Sequence[Bought], at: datetime) -> int:
    take_turns(connection, "spending")
    held = {
        Wanted(row.entity_id, row.signal): row
        for some in in_parts(one.wanted for one in bought)
        for row in connection.execute(select(*_HELD).where(_held(worker, some)))
    }
    mine = [one for one in bought if one.wanted in held]
    put(connection, Purchase, [_ledger_row(one, held[one.wanted], at) for one in mine])
    rows = [
        {
            "entity_id": one.wanted.entity_id,
            "signal": one.wanted.signal,
            "state": MISSED if one.value is None else FOUND,
            "source": held[one.wanted].source,
            "value": dict(one.value) if one.value is not None else None,
            "confidence": one.confidence,
            "cost": held[one.wanted].cost + one.cost,
            "reserved": 0.0,
            "reason": one.reason,
            "fetched_at": at,
            "expires_at": one.expires_at,
            "claimed_by": None,
            "claimed_until": None,
            "order_id": None,
            "run_id": None,
        }
        for one in mine
    ]
    names = [name for name in rows[0] if name not in ("entity_id", "signal")] if rows else []
    put(connection, Signal, rows, replace=names, where=Signal.state == CLAIMED)
    return len(mine)


def _ledger_row(one: Bought, claim: Any, at: datetime) -> dict[str, Any]:
    return {
        "entity_id": one.wanted.entity_id,
        "signal": one.wanted.signal,
        "order_id": claim.order_id or f"{claim.claimed_by} {at.isoformat()}",
        "source": claim.source,
        "campaign_id": claim.campaign_id,
        "bought_at": at,
        "cost": one.cost,
        "outcome": IN_DOUBT if one.is_in_doubt else FOUND if one.value is not None else MISSED,
        "reason": one.reason,
        "expires_at": one.expires_at,
    }


_HELD = (
    Signal.entity_id, Signal.signal, Signal.source, Signal.cost, Signal.order_id, Signal.campaign_id, Signal.claimed_by,
)  # fmt: skip
_KNOWN = (
    Signal.entity_id, Signal.signal, Signal.value, Signal.confidence, Signal.source, Signal.reason, Signal.fetched_at,
    Signal.cost,
)  # fmt: skip


def _known(
    entity_id: str, signal: str, value: Any, confidence: float | None, source: str, reason: str | None,
    fetched_at: datetime, cost: float,
) -> Known:  # fmt: skip
    return Known(Wanted(entity_id, signal), value, confidence, source, reason, fetched_at, cost)


def _may_be_claimed(source: str, at: datetime) -> ColumnElement[bool]:
    expired = and_(Signal.state != CLAIMED, Signal.expires_at <= at)
    asked_since = exists().where(
        Purchase.entity_id == literal_column("signals.entity_id"),
        Purchase.signal == literal_column("signals.signal"),
        Purchase.source == source,
        Purchase.expires_at > at,
    )
    another_source_is_left = and_(Signal.state == MISSED, ~asked_since)
    return or_(expired, _is_lapsed(at), another_source_is_left)


def _is_abandoned(at: datetime) -> ColumnElement[bool]:
    return and_(Signal.state == CLAIMED, Signal.claimed_until <= at)


def _is_lapsed(at: datetime) -> ColumnElement[bool]:
    return and_(_is_abandoned(at), Signal.order_id.is_(None))


def _held(worker: str | None, wanted: Sequence[Wanted]) -> ColumnElement[bool]:
    pairs = [(one.entity_id, one.signal) for one in wanted]
    held = and_(tuple_(Signal.entity_id, Signal.signal).in_(pairs), Signal.state == CLAIMED)
    return held if worker is None else and_(held, Signal.claimed_by == worker)
