"""What A/B tests need: who was sent which variant and what came of it, and the verdicts, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from database.campaign_models import ExperimentVerdict, Message
from database.models import Call, EngagementEvent
from database.session import insert_new, reading, writing


@dataclass(frozen=True, slots=True)
class SentVariant:
    """A mail of a test, and when its reader first did what the test is about."""

    lead_id: str
    variant: str
    sent_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """What came of a test."""

    experiment: str
    decided_at: datetime
    verdict: str
    winner: str | None
    evidence: dict[str, Any]


def sent_variants(experiment: str, sequence: str, goal: str, at: datetime) -> list[SentVariant]:
    """All mails of a test that were sent by a moment; what machines did is no answer.

    `goal` is opened, clicked or replied (something that happened to the mail) or meeting (a call after it was sent).
    """
    if goal == "meeting":
        answered = (
            select(func.min(Call.called_at))
            .where(Call.lead_id == Message.lead_id, Call.called_at >= Message.sent_at)
            .scalar_subquery()
        )
    else:
        answered = (
            select(func.min(EngagementEvent.happened_at))
            .where(and_(EngagementEvent.message_id == Message.message_id, EngagementEvent.kind == goal))
            .scalar_subquery()
        )
    asked = select(Message.lead_id, Message.variants, Message.sent_at, answered.label("answered_at")).where(
        Message.sequence == sequence, Message.sent_at.is_not(None), Message.sent_at <= at
    )
    with reading() as connection:
        return [
            SentVariant(row.lead_id, str(row.variants[experiment]), row.sent_at, row.answered_at)
            for row in connection.execute(asked)
            if experiment in row.variants
        ]


def keep_verdict(verdict: KeptVerdict) -> bool:
    """Keep what came of a test; False where that is known already: the first verdict stands."""
    with writing() as connection:
        return insert_new(connection, ExperimentVerdict, [{
            "experiment": verdict.experiment, "decided_at": verdict.decided_at, "verdict": verdict.verdict,
            "winner": verdict.winner, "evidence": verdict.evidence,
        }]) > 0  # fmt: skip


def verdicts(experiments: Sequence[str] | None = None) -> dict[str, KeptVerdict]:
    """What came of tests, by name."""
    asked = select(ExperimentVerdict)
    if experiments is not None:
        asked = asked.where(ExperimentVerdict.experiment.in_(experiments))
    with reading() as connection:
        return {
            row.experiment: KeptVerdict(row.experiment, row.decided_at, row.verdict, row.winner, row.evidence)
            for row in connection.execute(asked)
        }
