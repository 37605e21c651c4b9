"""Campaigns for people: how each does, its sequences and tests, and its members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.finding import looked_at_last
from campaigns.conduct import Conduct
from campaigns.judging import TestStanding, standings_of
from campaigns.performance import CampaignPerformance, performance
from campaigns.sequences import MailSequence, sequences
from database import cards
from database.campaigns import Planned
from database.cards import KeptCard
from ringback.errors import BadMapping, BadPlaybook
from ringback.settings import settings

MEMBERS_SHOWN = 25


@dataclass(frozen=True, slots=True)
class CampaignFacts:
    """All that the page of a campaign shows."""

    campaign: Planned
    conduct: Conduct | None
    wrong: str | None
    """Why its conduct or the playbook cannot be read."""
    performance: CampaignPerformance | None
    """None where its conduct cannot be read."""
    sequences: Sequence[MailSequence]
    tests: Sequence[TestStanding]
    members: Sequence[KeptCard]
    outcomes: dict[str, int]


def facts_of(campaign: Planned, outcome: str | None, after: str | None, at: datetime) -> CampaignFacts:
    """How a campaign does, with some of its members; raises ApiError 422 where they are to begin after nobody."""
    last = looked_at_last(campaign.campaign_id, after)
    members = cards.cards_in(campaign.campaign_id, MEMBERS_SHOWN + 1, outcome, "score", last)
    conduct, chosen, wrong = _playbook(campaign)
    told = performance(campaign, at) if conduct is not None else None
    return CampaignFacts(
        campaign, conduct, wrong, told, chosen, list(standings_of(chosen, at)), members,
        dict(cards.outcomes_in(campaign.campaign_id)),
    )  # fmt: skip


def _playbook(campaign: Planned) -> tuple[Conduct | None, list[MailSequence], str | None]:
    try:
        conduct = Conduct.read(campaign.conduct)
    except BadMapping as failure:
        return None, [], str(failure)
    try:
        known = sequences(settings())
    except BadPlaybook as failure:
        return conduct, [], str(failure)
    return conduct, conduct.chosen(known), None
