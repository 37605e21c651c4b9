"""How a campaign does: the funnel with intervals, its goals, its mails, what they are credited with, and its cost."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from campaigns.attribution import Credit, credits_of
from campaigns.conduct import Conduct
from campaigns.experiments import wilson
from database import campaign_performance as stored
from database import tasks
from database.campaign_performance import Mailed, Stage
from database.campaigns import Planned
from database.spending import spent

CENTS = 2
"""Digits of US dollars."""
GOAL_STAGES = {"leads": "harvested", "meetings": "meeting", "progressed": "progressed"}


@dataclass(frozen=True, slots=True)
class StageRate:
    """A stage, and which share of the stage before came so far, with its 95 % interval (Wilson)."""

    name: str
    count: int
    share_of_before: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class GoalReached:
    """A goal, and how far it is reached."""

    goal: str
    wanted: int
    reached: int


@dataclass(frozen=True, slots=True)
class CampaignPerformance:
    """How a campaign does at a moment."""

    campaign_id: str
    as_of: datetime
    funnel: tuple[StageRate, ...]
    goals: tuple[GoalReached, ...]
    templates: tuple[Mailed, ...]
    messages: dict[str, int]
    enrolments: dict[str, int]
    open_tasks: int
    spent_usd: float
    """To the cent."""
    attribution: tuple[Credit, ...]


def performance(campaign: Planned, at: datetime) -> CampaignPerformance:
    """How a campaign does now."""
    campaign_id, stages = campaign.campaign_id, stored.funnel(campaign.campaign_id)
    counts = {stage.name: stage.count for stage in stages}
    goals = Conduct.read(campaign.conduct).goals
    wanted = [(goal, getattr(goals, goal)) for goal in GOAL_STAGES]
    return CampaignPerformance(
        campaign_id, at, rates(stages),
        tuple(GoalReached(goal, most, counts[GOAL_STAGES[goal]]) for goal, most in wanted if most is not None),
        tuple(stored.by_template(campaign_id)), stored.states_of_messages(campaign_id), stored.ends(campaign_id),
        tasks.open_tasks(campaign_id), round(sum(one.cost for one in spent(campaign_id)), CENTS),
        tuple(credits_of(stored.touches(campaign_id))),
    )  # fmt: skip


def rates(stages: list[Stage]) -> tuple[StageRate, ...]:
    """Each stage as a share of the one before it.

    >>> [round(one.share_of_before, 2) for one in rates([Stage("sent", 100), Stage("opened", 25)])[1:]]
    [0.25]
    """
    found = [StageRate(stages[0].name, stages[0].count, None, None, None)] if stages else []
    for before, stage in pairwise(stages):
        if not before.count or stage.count > before.count:
            found.append(StageRate(stage.name, stage.count, None, None, None))
            continue
        low, high = wilson(stage.count, before.count)
        found.append(StageRate(stage.name, stage.count, stage.count / before.count, low, high))
    return tuple(found)
