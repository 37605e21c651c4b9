"""What happened with one lead, whoever did it: calls, scores, decisions, mails and what came of them, tasks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import or_, select

from database.campaign_models import CampaignLead, Decision, Message, Task
from database.history import ids_of_lead
from database.models import Call, EngagementEvent, Lead, MergedLead, Prediction, Purchase
from database.session import reading

What = Literal[
    "known", "merged", "joined", "call", "score", "decision", "mail", "reaction", "task", "task done", "bought"
]
MOST_OF_A_KIND = 100


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened; `facts` by name what a page says of it."""

    at: datetime
    what: What
    by: str
    """A person's name, or the part of ours that did it."""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_of_a_person(self) -> bool:
        """Whether somebody, and not a rule or a model, did it."""
        return self.what in ("call", "reaction", "task done") or self.facts.get("kind") == "override"


def timeline(lead_id: str, at_most: int = 100) -> list[Happening]:
    """The last so many things, the latest first; those of ids that were merged into this one among them."""
    ids = ids_of_lead(lead_id)
    found = [one for part in PARTS for one in part(ids)]
    found.sort(key=lambda one: (one.at, one.what), reverse=True)
    return found[:at_most]


def _known(ids: list[str]) -> Iterator[Happening]:
    with reading() as connection:
        for row in connection.execute(select(Lead.known_at, Lead.source).where(Lead.lead_id.in_(ids))):
            yield Happening(row.known_at, "known", row.source)
        for merged in connection.execute(select(MergedLead).where(MergedLead.lead_id.in_(ids))):
            facts = {"from": merged.lead_id, "because": merged.because}
            yield Happening(merged.merged_at, "merged", "identities", facts)
        for joined in connection.execute(select(CampaignLead).where(CampaignLead.lead_id.in_(ids))):
            yield Happening(joined.joined_at, "joined", "harvest", {"campaign": joined.campaign_id})


def _calls(ids: list[str]) -> Iterator[Happening]:
    asked = select(Call).where(Call.lead_id.in_(ids)).order_by(Call.called_at.desc()).limit(MOST_OF_A_KIND)
    with reading() as connection:
        for row in connection.execute(asked):
            facts = {"title": row.title, "minutes": row.minutes, "sentiment": row.sentiment,
                     "progressed_at": row.progressed_at}  # fmt: skip
            yield Happening(row.called_at, "call", "account executive", facts)


def _scores(ids: list[str]) -> Iterator[Happening]:
    p = Prediction
    asked = select(
        p.predicted_at, p.qualification_score, p.recommendation, p.priority, p.progression_version, p.source,
        p.answered_by,
    ).where(p.lead_id.in_(ids)).order_by(p.predicted_at.desc()).limit(MOST_OF_A_KIND)  # fmt: skip
    with reading() as connection:
        for row in connection.execute(asked):
            facts = {"score": row.qualification_score, "recommendation": row.recommendation, "priority": row.priority,
                     "version": row.progression_version, "source": row.source}  # fmt: skip
            yield Happening(row.predicted_at, "score", row.answered_by, facts)


def _decisions(ids: list[str]) -> Iterator[Happening]:
    asked = select(Decision).where(Decision.lead_id.in_(ids)).order_by(Decision.decided_at.desc()).limit(MOST_OF_A_KIND)
    with reading() as connection:
        for row in connection.execute(asked):
            facts = {"kind": row.kind, "outcome": row.outcome, "campaign": row.campaign_id, "because": row.because}
            yield Happening(row.decided_at, "decision", row.decided_by, facts)


def _mails(ids: list[str]) -> Iterator[Happening]:
    asked = select(Message).where(Message.lead_id.in_(ids)).order_by(Message.written_at.desc()).limit(MOST_OF_A_KIND)
    with reading() as connection:
        sent = list(connection.execute(asked))
        for row in sent:
            facts = {"state": row.state, "subject": row.mail.get("subject"), "sequence": row.sequence,
                     "template": row.template, "because": row.because}  # fmt: skip
            yield Happening(row.sent_at or row.written_at, "mail", "nurture", facts)
        e = EngagementEvent
        mine = [e.message_id.in_([row.message_id for row in sent])]
        mine += [e.recipient.in_({row.recipient for row in sent})]
        reacted = select(e).where(or_(*mine)).order_by(e.happened_at.desc()).limit(MOST_OF_A_KIND)
        for event in connection.execute(reacted) if sent else ():
            facts = {"kind": event.kind, "url": (event.detail or {}).get("url")}
            yield Happening(event.happened_at, "reaction", event.recipient, facts)


def _tasks(ids: list[str]) -> Iterator[Happening]:
    asked = select(Task).where(Task.lead_id.in_(ids)).order_by(Task.created_at.desc()).limit(MOST_OF_A_KIND)
    with reading() as connection:
        for row in connection.execute(asked):
            facts = {"kind": row.kind, "owner": row.owner, "reason": row.reason, "outcome": row.outcome}
            yield Happening(row.created_at, "task", "nurture", facts)
            if row.done_at:
                yield Happening(row.done_at, "task done", row.done_by or "", facts)


def _bought(ids: list[str]) -> Iterator[Happening]:
    p = Purchase
    asked = select(p).where(p.entity_id.in_(ids)).order_by(p.bought_at.desc()).limit(MOST_OF_A_KIND)
    with reading() as connection:
        for row in connection.execute(asked):
            facts = {"signal": row.signal, "outcome": row.outcome, "cost": row.cost, "reason": row.reason}
            yield Happening(row.bought_at, "bought", row.source, facts)


PARTS = (_known, _calls, _scores, _decisions, _mails, _tasks, _bought)
