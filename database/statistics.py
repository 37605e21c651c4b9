"""How many there are of each kind, over everything: a question each, over indexes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from database.campaign_models import Campaign, CampaignLead, LeadCard, Message
from database.models import LastScore, Lead
from database.session import reading

NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is now; by state, outcome or kind, those of which there are none left out."""

    leads: int
    campaigns: Mapping[str, int]
    members: Mapping[str, int]
    """Members of all campaigns by outcome as it is now; `not_looked_at` before there is one."""
    recommendations: Mapping[str, int]
    """Leads by their last score's recommendation."""
    priorities: Mapping[str, int]
    mails: Mapping[str, int]


def counts() -> Counts:
    """Everything counted at one moment."""
    with reading() as connection:

        def by(column: Any) -> dict[str, int]:
            asked = select(column, func.count()).group_by(column).order_by(column)
            return {str(name): int(count) for name, count in connection.execute(asked).tuples()}

        leads = int(connection.scalar(select(func.count()).select_from(Lead)) or 0)
        joined = int(connection.scalar(select(func.count()).select_from(CampaignLead)) or 0)
        members = by(LeadCard.outcome)
        waiting = joined - sum(members.values())
        return Counts(
            leads, by(Campaign.state), members | ({NOT_LOOKED_AT: waiting} if waiting > 0 else {}),
            by(LastScore.recommendation), by(LastScore.priority), by(Message.state),
        )  # fmt: skip
