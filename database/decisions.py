"""Decisions about leads in campaigns, each with its grounds; rows are only ever added.

A decision is new where it differs from the last one of its kind about the lead. Its id is a hash of what it says and of
the one before it: whoever comes to the same again, in another process or after a crash, writes the same row.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from orjson import loads
from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from database.campaign_models import Decision
from database.ready_json import ReadyJson, json_text
from database.session import in_parts, put, reading, take_turns, writing

GROUNDS = "grounds"
"""Under this key `because` has the hash of what a decision rests on."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Something that was decided about a lead in a campaign."""

    kind: str
    """qualification, routing, override, graduation, escalation or stop."""
    campaign_id: str
    lead_id: str
    decided_at: datetime
    outcome: str
    because: dict[str, Any]
    """Rules with their values, alternatives with why not, or who said so; as JSON."""
    decided_by: str
    """`rules:HASH`, `routing:HASH`, `nurture`, or a person."""
    grounds: str = ""
    """A hash of what makes it differ from another; empty for all of outcome and because."""
    decision_id: str = ""
    """Empty before it is kept."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A decision with what it rests on as text: many of them wait for their transaction."""

    about: tuple[str, str, str]
    """Kind, campaign and lead."""
    decided_at: datetime
    outcome: str
    because: str
    """JSON."""
    decided_by: str
    grounds: str
    decision_id: str = ""

    def told(self) -> Decided:
        """The decision."""
        because = {name: value for name, value in loads(self.because).items() if name != GROUNDS}
        return Decided(
            *self.about, self.decided_at, self.outcome, because, self.decided_by, self.grounds, self.decision_id
        )


def ready(decided: Decided) -> Ready:
    """A decision as it is to be kept."""
    grounds = decided.grounds or _hash(decided.outcome, json_text(decided.because))
    return Ready(
        (decided.kind, decided.campaign_id, decided.lead_id), decided.decided_at, decided.outcome,
        json_text({**decided.because, GROUNDS: grounds}), decided.decided_by, grounds,
    )  # fmt: skip


def add(connection: Connection, decided: Iterable[Decided]) -> list[Ready]:
    """Keep decisions that differ from the last of their kind about their lead; gives those.

    It is called in the transaction that does what was decided.
    """
    return add_ready(connection, [ready(one) for one in decided])


def add_ready(connection: Connection, decided: Sequence[Ready]) -> list[Ready]:
    """The same of decisions that were made ready before the transaction."""
    for kind, campaign_id in sorted({one.about[:2] for one in decided}):
        take_turns(connection, f"decisions {kind} {campaign_id}")
    last = _last(connection, {one.about for one in decided})
    new: list[Ready] = []
    for one in decided:
        before, grounds = last.get(one.about, ("", ""))
        if grounds != one.grounds:
            new.append(replace(one, decision_id=_hash(*one.about, before, one.grounds)))
            last[one.about] = (new[-1].decision_id, one.grounds)
    put(connection, _Written, [_row(one) for one in new])
    return new


def keep(decided: Iterable[Decided]) -> list[Decided]:
    """The same in a transaction of its own."""
    with writing() as connection:
        return [one.told() for one in add(connection, decided)]


def decisions_about(
    lead_id: str, at_most: int = 50, campaign_id: str | None = None, before: Decided | None = None
) -> list[Decided]:
    """At most so many decisions about a lead, the last first; after the last one given the page goes on."""
    asked = select(Decision).where(Decision.lead_id == lead_id)
    if campaign_id is not None:
        asked = asked.where(Decision.campaign_id == campaign_id)
    return _page(asked, at_most, before)


def decisions_in(
    campaign_id: str, at_most: int = 50, kind: str | None = None, before: Decided | None = None
) -> list[Decided]:
    """At most so many decisions in a campaign, the last first; after the last one given the page goes on."""
    asked = select(Decision).where(Decision.campaign_id == campaign_id)
    if kind is not None:
        asked = asked.where(Decision.kind == kind)
    return _page(asked, at_most, before)


def last_about(campaign_id: str, lead_ids: Iterable[str], kind: str = "qualification") -> dict[str, Decided]:
    """The last decision of a kind about each lead; who was never decided about is left out."""
    found: dict[str, Decided] = {}
    with reading() as connection:
        for some in in_parts(lead_ids):
            about = select(Decision).where(Decision.lead_id.in_(some))
            for row in connection.execute(about.order_by(Decision.lead_id, Decision.decided_at, Decision.decision_id)):
                if (row.campaign_id, row.kind) == (campaign_id, kind):
                    found[row.lead_id] = _decided(row)
    return found


def decisions_with(decision_ids: Iterable[str]) -> list[Decided]:
    """Decisions by id."""
    found: list[Decided] = []
    with reading() as connection:
        for some in in_parts(decision_ids):
            asked = select(Decision).where(Decision.decision_id.in_(some)).order_by(Decision.decision_id)
            found += [_decided(row) for row in connection.execute(asked)]
    return found


def _page(asked: Any, at_most: int, before: Decided | None) -> list[Decided]:
    if before is not None:
        same = and_(Decision.decided_at == before.decided_at, Decision.decision_id < before.decision_id)
        asked = asked.where(or_(Decision.decided_at < before.decided_at, same))
    asked = asked.order_by(Decision.decided_at.desc(), Decision.decision_id.desc()).limit(at_most)
    with reading() as connection:
        return [_decided(row) for row in connection.execute(asked)]


def _last(connection: Connection, about: Set[tuple[str, str, str]]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """By kind, campaign and lead the id and grounds of the last decision; of the same moment the greater id.

    Asked by lead alone: given more, a database may walk through all decisions of the campaign instead.
    """
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    d = Decision
    for some in in_parts(lead_id for _, _, lead_id in about):
        asked = select(d.kind, d.campaign_id, d.lead_id, d.decision_id, d.because[GROUNDS].as_string())
        asked = asked.where(d.lead_id.in_(some)).order_by(d.lead_id, d.decided_at, d.decision_id)
        for kind, campaign_id, lead_id, decision_id, grounds in connection.execute(asked):
            if (kind, campaign_id, lead_id) in about:
                found[kind, campaign_id, lead_id] = (decision_id, grounds or "")
    return found


def _row(decided: Ready) -> dict[str, Any]:
    kind, campaign_id, lead_id = decided.about
    return {
        "decision_id": decided.decision_id, "kind": kind, "campaign_id": campaign_id, "lead_id": lead_id,
        "decided_at": decided.decided_at, "outcome": decided.outcome, "because": decided.because,
        "decided_by": decided.decided_by,
    }  # fmt: skip


def _decided(row: Any) -> Decided:
    because = {name: value for name, value in row.because.items() if name != GROUNDS}
    return Decided(
        row.kind, row.campaign_id, row.lead_id, row.decided_at, row.outcome, because, row.decided_by,
        row.because.get(GROUNDS, ""), row.decision_id,
    )  # fmt: skip


def _hash(*said: str) -> str:
    return blake2b("\0".join(said).encode(), digest_size=12).hexdigest()


class _Base(DeclarativeBase):
    """Tables a second time, for writing in bulk; `database/campaign_models.py` says what they are."""


class _Written(_Base):
    __tablename__ = "decisions"

    decision_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    campaign_id: Mapped[str]
    lead_id: Mapped[str]
    decided_at: Mapped[datetime]
    outcome: Mapped[str]
    because: Mapped[str] = mapped_column(ReadyJson)
    decided_by: Mapped[str]
