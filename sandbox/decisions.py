"""Outside systems of the simulated world that log what they decide: messages written, leads enriched, sites read.

What gets better or worse, and in which week, is planted: by it tests know what a report must find. Quality is drawn per
decision; the share that people approve also varies from day to day and with the weekday, as it does in life.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps

from sandbox.dice import Dice

DAY = timedelta(days=1)
TEMPLATES: Mapping[str, float] = {"opener_question": 0.72, "opener_news": 0.70, "opener_peer": 0.68}
"""Share of each template's messages that people send on as they are."""
METHODS: Mapping[str, float] = {"apollo": 0.82, "clearbit": 0.78, "website": 0.74}
"""Share of leads for which each method finds what it was asked for."""
INDUSTRIES = ("software", "healthcare", "retail", "logistics")
WORKDAYS = (1.0, 1.1, 1.1, 1.0, 0.8, 0.15, 0.1)
"""Decisions by weekday, Monday first, of a usual day's."""
RESTLESS = 0.02
"""Standard deviation of a day's share around its level."""


@dataclass(frozen=True, slots=True)
class Planted:
    """From a day up to another (or for good) a template or method does better or worse, in points of its share."""

    member: str
    points: float
    since: datetime
    until: datetime | None = None

    def at(self, day: datetime) -> float:
        """What it adds on a day."""
        return self.points if self.since <= day and (self.until is None or day < self.until) else 0.0


@dataclass(frozen=True, slots=True)
class DecidingSystems:
    """The systems of one seed."""

    seed: int
    messages_a_day: int = 120
    enrichments_a_day: int = 120
    planted: Sequence[Planted] = field(default=())

    def lines(self, day: datetime) -> Iterator[bytes]:
        """What they log on a day (midnight, UTC), as lines of JSON; a day is always the same."""
        dice = Dice(self.seed, 11, (day - datetime(2000, 1, 1)).days)
        busy = WORKDAYS[day.weekday()]
        for name, share in TEMPLATES.items():
            level = self._level(name, share, day, dice)
            for number in range(round(self.messages_a_day * busy / len(TEMPLATES))):
                yield _line(self._message(name, level, day, number, dice))
        for name, share in METHODS.items():
            level = self._level(name, share, day, dice)
            for number in range(round(self.enrichments_a_day * busy / len(METHODS))):
                yield _line(self._enrichment(name, level, day, number, dice))

    def _level(self, name: str, share: float, day: datetime, dice: Dice) -> float:
        moved = share + sum(one.at(day) for one in self.planted if one.member == name)
        return min(0.98, max(0.02, moved + dice.normal(0.0, RESTLESS)))

    def _message(self, template: str, level: float, day: datetime, number: int, dice: Dice) -> dict[str, object]:
        is_approved = dice.chance(level)
        quality = min(100.0, max(0.0, dice.normal(74 if is_approved else 48, 9)))
        return _entry("campaign_generation", "message-bot", f"{template}-{number}", day, dice) | {
            "template": template,
            "decision_reasoning": {
                "method_used": "template", "confidence_level": "medium", "success": True,
                "processing_time": round(1.2 + dice.fraction(), 3),
            },
            "training_labels": {"quality_score": round(quality, 1), "success_indicator": is_approved},
        }  # fmt: skip

    def _enrichment(self, method: str, level: float, day: datetime, number: int, dice: Dice) -> dict[str, object]:
        found = dice.chance(level)
        return _entry("enrichment_decision", "lead-enricher", f"{method}-{number}", day, dice) | {
            "decision_reasoning": {
                "method_used": method, "confidence_level": "high" if found else "low", "success": found,
                "processing_time": round(0.4 + 2 * dice.fraction(), 3),
            },
        }  # fmt: skip


def _entry(log_type: str, system: str, name: str, day: datetime, dice: Dice) -> dict[str, object]:
    at = day + timedelta(hours=13) + 9 * dice.fraction() * timedelta(hours=1)
    return {
        "log_type": log_type,
        "entry_id": f"{system}-{day:%Y%m%d}-{name}",
        "session_id": f"{system}-{day:%Y%m%d}",
        "timestamp": f"{at.isoformat(timespec='milliseconds')}Z",
        "system": system,
        "lead_identifier": {
            "name": "Simulated Person",
            "company": "Simulated Company",
            "industry": dice.pick(INDUSTRIES),
        },
        "input_data": {},
        "output_data": {},
    }


def _line(entry: Mapping[str, object]) -> bytes:
    return dumps(entry, separators=(",", ":")).encode() + b"\n"
