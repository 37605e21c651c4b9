"""Cards: what a campaign makes of its members, kept together with the decisions that they led to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, func, literal_column, or_, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from database.campaign_models import LeadCard
from database.decisions import Decided, Ready, add_ready, ready
from database.ready_json import ReadyJson, json_text
from database.session import in_parts, put, reading, take_turns, writing

Order = Literal["lead", "score"]


@dataclass(frozen=True, slots=True)
class KeptCard:
    """What a campaign makes of a member."""

    campaign_id: str
    lead_id: str
    made_at: datetime
    made_by: str
    """A hash of rules, thresholds and code by which it was made."""
    prediction_id: str | None
    score: int | None
    groups: Mapping[str, int | None]
    dimensions: Mapping[str, Sequence[Any]]
    """By dimension points, value and why; those of which nothing is known are left out."""
    outcome: str
    rule: str | None
    """Which rule decided; `override` where a person did, `thresholds` where a group has too few points."""


FIELDS = tuple(one.name for one in fields(KeptCard))


def keep(judged: Iterable[tuple[KeptCard, Decided]]) -> list[Ready]:
    """Keep cards, and of their decisions those that are new; gives these. All of it happens or nothing.

    Of a member that has a later card already neither is kept.
    """
    made = [(_row(card), ready(decided)) for card, decided in judged]
    with writing() as connection:
        for campaign_id in sorted({row["campaign_id"] for row, _ in made}):
            take_turns(connection, f"cards {campaign_id}")
        later = _later(connection, [row for row, _ in made])
        mine = [(row, decided) for row, decided in made if (row["campaign_id"], row["lead_id"]) not in later]
        is_newer = LeadCard.made_at <= literal_column("excluded.made_at")
        put(connection, _Written, [row for row, _ in mine], replace=FIELDS[2:], where=is_newer)
        return add_ready(connection, [decided for _, decided in mine])


def card_of_member(campaign_id: str, lead_id: str) -> KeptCard | None:
    """What a campaign makes of a lead; None where it has not looked at it."""
    asked = select(LeadCard).where(LeadCard.campaign_id == campaign_id, LeadCard.lead_id == lead_id)
    with reading() as connection:
        row = connection.execute(asked).first()
    return _card(row) if row else None


def cards_in(
    campaign_id: str, at_most: int, outcome: str | None = None, order: Order = "score", after: KeptCard | None = None
) -> list[KeptCard]:
    """At most so many cards of a campaign: the highest score first, those without one last, or by lead.

    After the last one given the page goes on.
    """
    score = func.coalesce(LeadCard.score, -1)
    asked = select(LeadCard).where(LeadCard.campaign_id == campaign_id)
    if outcome is not None:
        asked = asked.where(LeadCard.outcome == outcome)
    if order == "lead":
        asked = asked.order_by(LeadCard.lead_id)
        asked = asked.where(LeadCard.lead_id > after.lead_id) if after else asked
    else:
        asked = asked.order_by(score.desc(), LeadCard.lead_id)
        if after is not None:
            last = -1 if after.score is None else after.score
            asked = asked.where(or_(score < last, and_(score == last, LeadCard.lead_id > after.lead_id)))
    with reading() as connection:
        return [_card(row) for row in connection.execute(asked.limit(at_most))]


def outcomes_in(campaign_id: str) -> Counter[str]:
    """How many members of a campaign have come to each outcome."""
    asked = select(LeadCard.outcome, func.count()).where(LeadCard.campaign_id == campaign_id)
    with reading() as connection:
        return Counter(dict(connection.execute(asked.group_by(LeadCard.outcome)).tuples().all()))


def outcomes_of(campaign_id: str, lead_ids: Sequence[str]) -> dict[str, str]:
    """The outcomes of members; of those that were not looked at none.

    Asked by lead alone: given the campaign too, a database may walk through all of its cards instead.
    """
    found: dict[str, str] = {}
    with reading() as connection:
        for some in in_parts(lead_ids):
            asked = select(LeadCard.campaign_id, LeadCard.lead_id, LeadCard.outcome)
            rows = connection.execute(asked.where(LeadCard.lead_id.in_(some)))
            found |= {lead_id: outcome for campaign, lead_id, outcome in rows if campaign == campaign_id}
    return found


def _later(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Members that have a later card than these."""
    made = {(row["campaign_id"], row["lead_id"]): row["made_at"] for row in rows}
    found: set[tuple[str, str]] = set()
    for some in in_parts(lead_id for _, lead_id in made):
        asked = select(LeadCard.campaign_id, LeadCard.lead_id, LeadCard.made_at).where(LeadCard.lead_id.in_(some))
        for campaign_id, lead_id, made_at in connection.execute(asked):
            if made_at > made.get((campaign_id, lead_id), made_at):
                found.add((campaign_id, lead_id))
    return found


def _row(card: KeptCard) -> dict[str, Any]:
    row = {name: getattr(card, name) for name in FIELDS}
    return row | {"groups": json_text(card.groups), "dimensions": json_text(card.dimensions)}


def _card(row: Any) -> KeptCard:
    return KeptCard(**{name: getattr(row, name) for name in FIELDS})


class _Base(DeclarativeBase):
    """The table a second time, for writing in bulk; `database/campaign_models.py` says what it is."""


class _Written(_Base):
    __tablename__ = "lead_cards"

    campaign_id: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    prediction_id: Mapped[str | None]
    score: Mapped[int | None]
    groups: Mapped[str] = mapped_column(ReadyJson)
    dimensions: Mapped[str] = mapped_column(ReadyJson)
    outcome: Mapped[str]
    rule: Mapped[str | None]
