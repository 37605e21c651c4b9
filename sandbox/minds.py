"""What customers really think on a call, what comes out of it in words, and how the deal ends.

A world may be shifted from a moment on, as by a recession: then other customers call, other words are said, and other
deals are won. By it tests and people know what a check of drift must find.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import tanh
from typing import Any

from sandbox.companies import WEEKS_OF_GROWTH
from sandbox.dice import Dice
from sandbox.industries import DECIDERS
from sandbox.records import Company, Outcome, Person, Said

NEVER_DECIDED_RATE = 0.08
BUDGET_WEIGHT, URGENCY_WEIGHT, NEED_WEIGHT = 0.95, 0.95, 0.65
"""Log-odds of progression for a standard deviation of each."""


@dataclass(frozen=True, slots=True)
class Mind:
    """What the customer really thinks on one call: standard normal numbers, and the log-odds they add up to."""

    need: float
    urgency: float
    budget: float
    leaning: float


@dataclass(frozen=True, slots=True)
class Shift:
    """From a moment on (UTC) customers think otherwise, by so many standard deviations."""

    since: datetime
    need: float = 0.0
    urgency: float = 0.0
    budget: float = 0.0

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Shift":
        """As it stands in `sandbox.json`; raises ValueError, TypeError where it cannot be."""
        sizes = {name: float(told[name]) for name in ("need", "urgency", "budget") if name in told}
        return cls(datetime.fromisoformat(told["since"]), **sizes)


def shifted(mind: Mind, at: datetime, shifts: Sequence[Shift]) -> Mind:
    """What a customer thinks at a moment of a world with these shifts.

    >>> shifted(Mind(0.0, 0.0, 0.0, 0.0), datetime(2026, 3, 2), [Shift(datetime(2026, 3, 1), budget=-2.0)])
    Mind(need=0.0, urgency=0.0, budget=-2.0, leaning=-1.9)
    """
    for one in shifts:
        if at >= one.since:
            weighed = NEED_WEIGHT * one.need + URGENCY_WEIGHT * one.urgency + BUDGET_WEIGHT * one.budget
            mind = replace(
                mind, need=mind.need + one.need, urgency=mind.urgency + one.urgency, budget=mind.budget + one.budget,
                leaning=mind.leaning + weighed,
            )  # fmt: skip
    return mind


def state_of_mind(dice: Dice, company: Company, people: tuple[Person, ...], is_follow_up: bool) -> Mind:
    """Draw what the customer thinks, and add up the log-odds of progression."""
    need, urgency, budget = (0.35 * company.appetite + 0.94 * dice.normal() for _ in range(3))
    decides = any(person.title in DECIDERS for person in people)
    leaning = (
        -1.32
        + 0.75 * company.fit
        + NEED_WEIGHT * need
        + URGENCY_WEIGHT * urgency
        + BUDGET_WEIGHT * budget
        + 0.55 * decides
        + 0.50 * is_follow_up
        + dice.normal(0.0, 0.7)
    )
    return Mind(need, urgency, budget, leaning)


def what_is_said(dice: Dice, mind: Mind, products: tuple[str, ...]) -> Said:
    """Which signals come out: the likelier the more they are meant, never surely."""
    urgency = dice.leans(-1.0 + 2.0 * mind.urgency)
    budget = dice.leans(-1.5 + 1.9 * mind.budget)
    meant_timeline = mind.urgency + dice.normal(0.0, 0.8)
    named_date = dice.chance(0.55)
    return Said(
        products=products,
        declined_voice_ai="Voice AI" not in products and dice.chance(0.12),
        need=dice.leans(0.1 + 1.6 * mind.need),
        urgency=urgency,
        no_rush=not urgency and dice.leans(-1.6 - 1.6 * mind.urgency),
        timeline=("near" if meant_timeline > 0.1 else "far") if named_date else "",
        pricing=dice.leans(-0.3 + 0.8 * mind.budget + 0.5 * mind.need),
        budget=budget,
        no_budget=not budget and dice.leans(-1.8 - 1.6 * mind.budget),
        competitor=dice.chance(0.18),
        next_meeting=dice.leans(0.2 + 0.9 * mind.leaning),
        technical_depth=max(0, min(3, round(dice.normal(0.8 + 0.6 * mind.need, 0.8)))),
        integration=dice.leans(-0.6 + 0.8 * mind.need),
        sentiment=round(tanh(0.45 * mind.leaning + 0.25 + dice.normal(0.0, 0.7)), 3),
    )


def products_wanted(dice: Dice, company: Company, wants_voice_ai: bool, week: int) -> tuple[str, ...]:
    """The products the customer brings up; idle curiosity about Voice AI grows over the weeks."""
    odds = {
        "Voice AI": 0.67 if wants_voice_ai else 0.13 + 0.13 * tanh(week / WEEKS_OF_GROWTH),
        "Messaging/SMS": 0.42 if wants_voice_ai else 0.78,
        "Voice": 0.34 if wants_voice_ai else 0.18,
        "Verify": 0.24 if "authentication" in company.web_functions else 0.06,
        "Wireless": 0.14 if company.industry in ("Logistics", "Telecommunications") else 0.03,
    }
    return tuple(product for product, odd in odds.items() if dice.chance(odd))


def outcome(dice: Dice, mind: Mind, wants_voice_ai: bool, company: Company, ended_at: datetime) -> Outcome:
    """Decide the deal 5 to 35 days after the call, wins sooner than losses; a few never."""
    progressed = dice.leans(mind.leaning)
    haste = dice.between(0, 1) * dice.between(0, 1) if progressed else 1 - dice.between(0, 1) * dice.between(0, 1)
    days = 5 + 30 * (0.75 * haste + 0.25 * dice.fraction())
    stages = ("Moved to evaluation", "Moved to evaluation", "Closed Won") if progressed else (
        "Closed Lost", "Closed Lost", "Disqualified")  # fmt: skip
    amount = round(company.employees**0.7 * dice.between(60, 400), 2)
    return Outcome(
        progressed=progressed,
        voice_ai=wants_voice_ai,
        created_at=(ended_at + timedelta(hours=dice.between(0.5, 40))).replace(microsecond=0),
        decided_at=None
        if dice.chance(NEVER_DECIDED_RATE)
        else (ended_at + timedelta(days=min(days, 34.9))).replace(microsecond=0),
        stage=dice.pick(stages),
        amount=None if dice.chance(0.2) else amount,
    )
