"""What campaigns know of a lead that turned out to be another one: it moves in the transaction of the merge."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from database.campaign_models import Decision, Enrolment, LeadCard, Message, Override, Task
from database.decisions import Decided, add
from database.routing import TURN
from database.session import take_turns

TO_BE_MADE_ANEW = "merge"
"""As what a card was made by: more is known of a merged lead, whatever moment that bears."""
BECAUSE = "the lead turned out to be another one, which is on its way already"


def move_campaigns(connection: Connection, old: str, new: str, at: datetime) -> None:
    """Move cards, decisions, overrides, enrolments, mails and tasks.

    Where both are on their way the enrolment that began later is stopped, with its waiting mails. Nobody enrols a lead,
    takes a mail or makes their cards meanwhile.
    """
    for turn in (TURN, "outbox.take"):
        take_turns(connection, turn)
    _move_cards(connection, old, new)
    stopped = _on_the_way(connection, old, new)[1:]
    for enrolment in stopped:
        _stop(connection, enrolment, max(at, enrolment.enrolled_at))
    for model in (Decision, Override, Enrolment, Message, Task):
        connection.execute(update(model).where(model.lead_id == old).values(lead_id=new))
    add(connection, [_decided(one, new, max(at, one.enrolled_at)) for one in stopped])


def _move_cards(connection: Connection, old: str, new: str) -> None:
    """Of two cards in a campaign the newer stays until the next one is made."""
    card = LeadCard
    campaigns = select(card.campaign_id).distinct().where(card.lead_id.in_((old, new))).order_by(card.campaign_id)
    for campaign_id in connection.scalars(campaigns).all():
        take_turns(connection, f"cards {campaign_id}")
    asked = select(card.campaign_id, card.lead_id).where(card.lead_id.in_((old, new)))
    from_newest = asked.order_by(card.campaign_id, card.made_at.desc(), card.lead_id != new)
    seen: set[str] = set()
    for campaign_id, lead_id in connection.execute(from_newest).all():
        if campaign_id in seen:
            connection.execute(delete(card).where(card.campaign_id == campaign_id, card.lead_id == lead_id))
        seen.add(campaign_id)
    anew = update(card).where(card.lead_id.in_((old, new)))
    connection.execute(anew.values(lead_id=new, made_by=TO_BE_MADE_ANEW))


def _on_the_way(connection: Connection, old: str, new: str) -> Sequence[Any]:
    """Their enrolments that are not ended, in the order in which they began."""
    asked = select(Enrolment).where(Enrolment.lead_id.in_((old, new)), Enrolment.ended_at.is_(None))
    return connection.execute(asked.order_by(Enrolment.enrolled_at, Enrolment.enrolment_id)).all()


def _stop(connection: Connection, enrolment: Any, at: datetime) -> None:
    mine = update(Enrolment).where(Enrolment.enrolment_id == enrolment.enrolment_id)
    connection.execute(mine.values(ended_at=at, ended_as="stopped", due_at=None))
    waiting = update(Message).where(Message.enrolment_id == enrolment.enrolment_id, Message.state == "waiting")
    connection.execute(waiting.values(state="canceled", because=BECAUSE, settled_at=at))


def _decided(enrolment: Any, lead_id: str, at: datetime) -> Decided:
    because = {"enrolment_id": enrolment.enrolment_id, "sequence": enrolment.sequence, "because": BECAUSE}
    return Decided("stop", enrolment.campaign_id, lead_id, at, "stopped", because, "nurture")
