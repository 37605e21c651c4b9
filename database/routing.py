"""Enrolling: a lead gets its sequence and owner, in one transaction with the counts by which the owner is chosen.

All processes that enrol take turns, so nobody chooses by counts that another is changing, and no lead is given twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, select

from database.campaign_models import Campaign, Enrolment, LeadCard, Suppression, Turn
from database.decisions import Decided, add
from database.models import Lead
from database.session import execute_many, in_parts, insert_or_replace, reading, take_turns, writing

TURN = "ringback.routing"
FOR_GOOD = frozenset({"unsubscribed", "bounced", "complained"})
"""Whoever left like this is written to by no campaign again."""
NextOwner = Callable[[Mapping[str, int], Mapping[str, int]], str]
"""Whose turn it is, by capacities and what each was given in the pool so far."""
PoolOf = Callable[[Mapping[str, int]], str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lead that is to be enrolled: in which sequence, and who may own it."""

    lead_id: str
    sequence: str
    sequence_hash: str
    zone: str
    capacities: Mapping[str, int]
    """By owner who fits; one of these with room becomes the owner."""
    due_at: datetime
    """When its first step is due."""
    because: Mapping[str, Any]
    """What the choice was made from, for the decision."""
    is_forced: bool = False
    """A person named the owner, who gets it also without room."""


@dataclass(frozen=True, slots=True)
class Routed:
    """What became of a lead."""

    lead_id: str
    owner: str | None
    why_not: str = ""


def unrouted(campaign_id: str) -> list[str]:
    """Qualified members that were never enrolled in this campaign, the highest score first."""
    known = exists().where(and_(Enrolment.campaign_id == LeadCard.campaign_id, Enrolment.lead_id == LeadCard.lead_id))
    asked = (
        select(LeadCard.lead_id)
        .where(LeadCard.campaign_id == campaign_id, LeadCard.outcome == "qualified", ~known)
        .order_by(func.coalesce(LeadCard.score, -1).desc(), LeadCard.lead_id)
    )
    with reading() as connection:
        return list(connection.scalars(asked))


def enrol(
    campaign_id: str,
    wanted: Sequence[Wanted],
    at: datetime,
    decided_by: str,
    rest: timedelta,
    next_owner: NextOwner,
    pool_of: PoolOf,
) -> list[Routed]:
    """Enrol those who can be, in their order, and note why the others cannot; all of it happens or nothing.

    A lead that is on its way in any campaign, left one less than `rest` ago or left for good, has no address or a
    suppressed one, or whose owners have no room, is not enrolled. A campaign that is not active enrols nobody.
    """
    with writing() as connection:
        take_turns(connection, TURN)
        if connection.scalar(select(Campaign.state).where(Campaign.campaign_id == campaign_id)) != "active":
            return [Routed(one.lead_id, None, "the campaign is not active") for one in wanted]
        kept_from = _kept_from(connection, [one.lead_id for one in wanted], at - rest)
        room, turns = _on_the_way(connection), _turns(connection)
        found, enrolled, decided = [], [], []
        for one in wanted:
            why_not = kept_from.get(one.lead_id, "")
            free = {
                owner: capacity for owner, capacity in one.capacities.items()
                if one.is_forced or room.get(owner, 0) < capacity
            }  # fmt: skip
            if not why_not and not free:
                why_not = "nobody who fits has room"
            if why_not:
                found.append(Routed(one.lead_id, None, why_not))
                decided.append(_decided(campaign_id, one, at, decided_by, "not routed", why_not))
                continue
            pool = turns.setdefault(pool_of(free), {})
            owner = next_owner(free, pool)
            pool[owner] = pool.get(owner, 0) + 1
            room[owner] = room.get(owner, 0) + 1
            found.append(Routed(one.lead_id, owner))
            enrolled.append(_row(campaign_id, one, owner, at))
            decided.append(_decided(campaign_id, one, at, decided_by, f"{one.sequence} / {owner}", "", owner))
        if enrolled:
            execute_many(connection, insert(Enrolment), enrolled)
            changed = {(pool, owner) for pool, given in turns.items() for owner in given}
            insert_or_replace(connection, Turn, [
                {"pool": pool, "owner": owner, "given": turns[pool][owner], "last_at": at} for pool, owner in changed
            ])  # fmt: skip
        add(connection, decided)
    return found


def enrolment_id_of(campaign_id: str, lead_id: str, sequence: str) -> str:
    """The id of a lead's way through a sequence of a campaign: the same whoever enrols it."""
    return blake2b("\0".join((campaign_id, lead_id, sequence)).encode(), digest_size=12).hexdigest()


def note_unroutable(campaign_id: str, whys: Iterable[tuple[str, Mapping[str, Any]]], at: datetime, by: str) -> None:
    """Note for leads that no sequence or owner fits why that is; the same reason is noted once."""
    with writing() as connection:
        add(connection, [
            Decided("routing", campaign_id, lead_id, at, "not routed", dict(because), by) for lead_id, because in whys
        ])  # fmt: skip


def _kept_from(connection: Connection, lead_ids: Sequence[str], rested_since: datetime) -> dict[str, str]:
    """By lead what keeps it from being enrolled."""
    found: dict[str, str] = {}
    for some in in_parts(lead_ids):
        asked = select(Lead.lead_id, Lead.email, Suppression.reason).outerjoin(
            Suppression, Suppression.address == func.lower(Lead.email)
        )
        for lead_id, email, reason in connection.execute(asked.where(Lead.lead_id.in_(some))):
            if not email:
                found[lead_id] = "no e-mail address is known"
            elif reason:
                found[lead_id] = f"its address is suppressed: {reason}"
        before = select(
            Enrolment.lead_id, Enrolment.campaign_id, Enrolment.ended_at, Enrolment.ended_as
        ).where(Enrolment.lead_id.in_(some))  # fmt: skip
        for lead_id, campaign_id, ended_at, ended_as in connection.execute(before.order_by(Enrolment.enrolled_at)):
            if ended_at is None:
                found[lead_id] = f"is on its way in campaign {campaign_id}"
            elif ended_as in FOR_GOOD:
                found.setdefault(lead_id, f"left campaign {campaign_id} for good: {ended_as}")
            elif ended_at > rested_since:
                found.setdefault(lead_id, f"rests after campaign {campaign_id}")
    return found


def _on_the_way(connection: Connection) -> dict[str, int]:
    asked = select(Enrolment.owner, func.count()).where(Enrolment.ended_at.is_(None)).group_by(Enrolment.owner)
    return {owner: int(count) for owner, count in connection.execute(asked)}


def _turns(connection: Connection) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for pool, owner, given in connection.execute(select(Turn.pool, Turn.owner, Turn.given)):
        found.setdefault(pool, {})[owner] = given
    return found


def _row(campaign_id: str, one: Wanted, owner: str, at: datetime) -> dict[str, Any]:
    return {
        "enrolment_id": enrolment_id_of(campaign_id, one.lead_id, one.sequence), "campaign_id": campaign_id,
        "lead_id": one.lead_id, "sequence": one.sequence, "sequence_hash": one.sequence_hash, "owner": owner,
        "zone": one.zone, "enrolled_at": at, "step": 0, "due_at": one.due_at, "engaged_at": None, "folded_to": at,
        "ended_at": None, "ended_as": None,
    }  # fmt: skip


def _decided(
    campaign_id: str, one: Wanted, at: datetime, by: str, outcome: str, why_not: str, owner: str = ""
) -> Decided:
    because = dict(one.because) | ({"why_not": why_not} if why_not else {"owner": owner, "of": sorted(one.capacities)})
    return Decided("routing", campaign_id, one.lead_id, at, outcome, because, by)
