"""Money: what was spent on whom, the ceilings nobody may pass, and the switch that stops it.

What a purchase under way may cost is reserved when it is claimed, in the transaction that looks at the ceilings, so
that any number of processes together stay below them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, case, delete, func, select, union_all

from database.models import Campaign, Lead, Purchase, Signal, SpendingStop
from database.session import in_parts, insert_or_replace, reading, take_turns, writing
from ringback.clock import LONG_AGO

EVERYTHING = "*"
CEILING = "the spending ceiling"
"""How the reason begins why something waits that would cost more than is allowed."""
STOPPED = "spending is stopped"
LEAD_WINDOW = timedelta(days=30)
ROUNDING = 1e-9
"""Ceilings are compared in US dollars; sums of floats may pass them by so much."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """US dollars that are never passed: for a lead and its company in 30 days, a campaign, and a day (UTC) in all."""

    per_lead: float
    per_campaign: float
    per_day: float


@dataclass(frozen=True, slots=True)
class Priced:
    """A signal of a lead or company that may be bought, and what that may cost at most in US dollars."""

    entity_id: str
    signal: str
    price: float
    company_id: str | None = None
    """The company of a lead: what was spent on it counts against the lead's ceiling."""
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be bought; `kind` says whether it is for good, for today, or until somebody resumes."""

    kind: Literal["lead", "campaign", "day", "stop"]
    words: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What a signal from a source cost so far, and what it found for that."""

    signal: str
    source: str
    found: int
    missed: int
    cost: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing is bought from a source (`*`: from any) since then."""

    source: str
    stopped_at: datetime
    because: str


def stop(source: str, because: str, at: datetime) -> None:
    """Buy nothing more from a source, or from any with `*`; what is under way is still fetched."""
    with writing() as connection:
        insert_or_replace(connection, SpendingStop, [{"source": source, "stopped_at": at, "because": because}])


def resume(source: str) -> bool:
    """Buy again; False where nothing was stopped."""
    with writing() as connection:
        return connection.execute(delete(SpendingStop).where(SpendingStop.source == source)).rowcount > 0


def stops() -> list[Stop]:
    """What is stopped now."""
    with reading() as connection:
        return [Stop(r.source, r.stopped_at, r.because) for r in connection.execute(select(SpendingStop))]


def spent(campaign_id: str | None = None, since: datetime | None = None, until: datetime | None = None) -> list[Spent]:
    """What each signal cost by source, and what it found for that; in doubt counts as missed."""
    asked = select(
        Purchase.signal,
        Purchase.source,
        func.count(case((Purchase.outcome == "found", 1))),
        func.count(),
        func.sum(Purchase.cost),
    )
    if campaign_id is not None:
        asked = asked.where(Purchase.campaign_id == campaign_id)
    if since is not None:
        asked = asked.where(Purchase.bought_at >= since)
    if until is not None:
        asked = asked.where(Purchase.bought_at <= until)
    with reading() as connection:
        return [
            Spent(signal, source, found, asked_for - found, cost)
            for signal, source, found, asked_for, cost in connection.execute(
                asked.group_by(Purchase.signal, Purchase.source).order_by(Purchase.signal, Purchase.source)
            )
        ]


def spent_on(entity_ids: Sequence[str]) -> dict[str, float]:
    """US dollars spent on each of these so far."""
    with reading() as connection:
        return _sums(connection, list(entity_ids), LONG_AGO)


def within(
    connection: Connection, source: str, asked: Sequence[Priced], at: datetime, ceilings: Ceilings
) -> tuple[list[Priced], list[tuple[Priced, Refusal]]]:
    """What of this may be bought now, in the order asked; runs inside the transaction that claims it."""
    take_turns(connection, "spending")
    if (stopped := _stopped(connection, source)) is not None:
        return [one for one in asked if not one.price], [(one, stopped) for one in asked if one.price]
    budget = _Budget.read(connection, asked, at, ceilings)
    allowed: list[Priced] = []
    refused: list[tuple[Priced, Refusal]] = []
    for one in asked:
        refusal = budget.refuses(one) if one.price else None
        if refusal:
            refused.append((one, refusal))
        else:
            budget.count(one)
            allowed.append(one)
    return allowed, refused


def left_today(at: datetime, ceilings: Ceilings) -> float:
    """US dollars that may still be spent on the day of a moment, beside what is reserved; never below nought."""
    with reading() as connection:
        return max(0.0, ceilings.per_day - _today(connection, at))


def _today(connection: Connection, at: datetime) -> float:
    """What was spent on a day, and what is reserved."""
    midnight = datetime(at.year, at.month, at.day)
    paid, reserved = func.coalesce(func.sum(Purchase.cost), 0.0), func.coalesce(func.sum(Signal.reserved), 0.0)
    return _number(connection, select(paid).where(Purchase.bought_at >= midnight)) + _number(
        connection, select(reserved).where(Signal.state == "claimed")
    )


@dataclass(slots=True)
class _Budget:
    """What is spent and reserved so far, as the claims of this transaction are added."""

    ceilings: Ceilings
    today: float
    by_campaign: dict[str, float]
    ceiling_of_campaign: dict[str, float]
    by_entity: dict[str, float]
    most_on_a_lead: dict[str, float]
    """By company: the most that was spent on one of its leads."""

    @classmethod
    def read(cls, connection: Connection, asked: Sequence[Priced], at: datetime, ceilings: Ceilings) -> "_Budget":
        campaigns = sorted({one.campaign_id for one in asked if one.campaign_id})
        entities = sorted({one.entity_id for one in asked} | {one.company_id for one in asked if one.company_id})
        reserved = func.coalesce(func.sum(Signal.reserved), 0.0)
        paid = func.coalesce(func.sum(Purchase.cost), 0.0)
        own = select(Campaign.campaign_id, Campaign.ceiling_usd).where(
            Campaign.campaign_id.in_(campaigns), Campaign.ceiling_usd.is_not(None)
        )
        return cls(
            ceilings=ceilings,
            today=_today(connection, at),
            by_campaign={
                campaign: _number(connection, select(paid).where(Purchase.campaign_id == campaign))
                + _number(connection, select(reserved).where(Signal.state == "claimed", Signal.campaign_id == campaign))
                for campaign in campaigns
            },
            ceiling_of_campaign={campaign: float(usd or 0) for campaign, usd in connection.execute(own)},
            by_entity=_sums(connection, entities, at - LEAD_WINDOW),
            most_on_a_lead=_most_on_a_lead_of(connection, [e for e in entities if "@" not in e], at - LEAD_WINDOW),
        )

    def refuses(self, one: Priced) -> Refusal | None:
        """The ceiling that this purchase would pass; None where it may be made."""
        about = self.by_entity.get(one.entity_id, 0.0) + one.price
        about += self.by_entity.get(one.company_id, 0.0) if one.company_id else 0.0
        about += self.most_on_a_lead.get(one.entity_id, 0.0)
        if about > self.ceilings.per_lead + ROUNDING:
            return Refusal("lead", f"{CEILING} of ${self.ceilings.per_lead:,.2f} for one lead is reached")
        if one.campaign_id:
            ceiling = self.ceiling_of_campaign.get(one.campaign_id, self.ceilings.per_campaign)
            if self.by_campaign.get(one.campaign_id, 0.0) + one.price > ceiling + ROUNDING:
                return Refusal("campaign", f"{CEILING} of ${ceiling:,.2f} for the campaign is reached")
        if self.today + one.price > self.ceilings.per_day + ROUNDING:
            return Refusal("day", f"{CEILING} of ${self.ceilings.per_day:,.2f} for one day is reached")
        return None

    def count(self, one: Priced) -> None:
        """Add a purchase."""
        self.today += one.price
        self.by_entity[one.entity_id] = self.by_entity.get(one.entity_id, 0.0) + one.price
        if one.campaign_id:
            self.by_campaign[one.campaign_id] = self.by_campaign.get(one.campaign_id, 0.0) + one.price


def _stopped(connection: Connection, source: str) -> Refusal | None:
    row = connection.execute(select(SpendingStop).where(SpendingStop.source.in_((source, EVERYTHING))).limit(1)).first()
    return Refusal("stop", f"{STOPPED}: {row.because}") if row else None


def _sums(connection: Connection, entity_ids: Sequence[str], since: datetime) -> dict[str, float]:
    sums: dict[str, float] = {}
    for some in in_parts(entity_ids):
        paid = select(Purchase.entity_id.label("entity_id"), Purchase.cost.label("usd")).where(
            Purchase.entity_id.in_(some), Purchase.bought_at >= since
        )
        reserved = select(Signal.entity_id, Signal.reserved).where(
            Signal.entity_id.in_(some), Signal.state == "claimed"
        )
        both = union_all(paid, reserved).subquery()
        asked = select(both.c.entity_id, func.sum(both.c.usd)).group_by(both.c.entity_id)
        sums |= dict(connection.execute(asked).tuples().all())
    return sums


def _most_on_a_lead_of(connection: Connection, company_ids: Sequence[str], since: datetime) -> dict[str, float]:
    most: dict[str, float] = {}
    for some in in_parts(company_ids):
        paid = (
            select(Lead.company_id, Lead.lead_id, Purchase.cost.label("usd"))
            .join(Purchase, Purchase.entity_id == Lead.lead_id)
            .where(Lead.company_id.in_(some), Purchase.bought_at >= since)
        )
        reserved = (
            select(Lead.company_id, Lead.lead_id, Signal.reserved)
            .join(Signal, Signal.entity_id == Lead.lead_id)
            .where(Lead.company_id.in_(some), Signal.state == "claimed")
        )
        both = union_all(paid, reserved).subquery()
        by_lead = (
            select(both.c.company_id, func.sum(both.c.usd).label("usd"))
            .group_by(both.c.company_id, both.c.lead_id)
            .subquery()
        )
        asked = select(by_lead.c.company_id, func.max(by_lead.c.usd)).group_by(by_lead.c.company_id)
        most |= dict(connection.execute(asked).tuples().all())
    return most


def _number(connection: Connection, asked: Any) -> float:
    return float(connection.scalar(asked) or 0.0)
