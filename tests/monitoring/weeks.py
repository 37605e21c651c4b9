"""Small weeks to measure: records that name only what matters, landed in a real warehouse in a temporary folder."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ringback.records import Call, CompanyFacts, Outcome, Prediction, Rejected, Target
from warehouse.connect import writing
from warehouse.landing import land_calls, land_company_facts, land_outcomes, land_predictions, land_rejected
from warehouse.migrate import migrate

WEEK_12 = datetime(2026, 3, 16)
SUNDAY = datetime(2026, 3, 22, 14)
"""09:00 in Chicago, when the report is made."""
AFTER = datetime(2026, 3, 23)
TUESDAY = WEEK_12 + timedelta(days=1, hours=15)
WEEK = timedelta(days=7)


def a_call(name: str, at: datetime = TUESDAY, known_at: datetime | None = None, **known: object) -> Call:
    facts = {"call_id": f"fellow:{name}", "content_hash": "1", "source": "fellow", "external_id": name,
             "known_at": known_at or at, "called_at": at, "lead_id": f"{name}@example.com"}  # fmt: skip
    return Call(**(facts | known))  # type: ignore[arg-type]


def an_outcome(name: str, happened: bool, at: datetime = TUESDAY, target: Target = "progression") -> Outcome:
    return Outcome(f"fellow:{name}", target, happened, at, at, "crm", "Closed")


def a_prediction(
    name: str,
    probability: float = 0.5,
    at: datetime = TUESDAY - WEEK,
    recommendation: str = "NURTURE_TRACK",
    **known: object,
) -> Prediction:
    facts = {"prediction_id": f"{name}-{at:%Y%m%d%H%M}", "call_id": f"fellow:{name}", "content_hash": "1",
             "lead_id": f"{name}@example.com", "predicted_at": at,
             "progression_version": "1", "voice_ai_version": "none",
             "progression_probability": probability, "voice_ai_probability": None,
             "qualification_score": round(100 * probability), "voice_ai_fit": None, "recommendation": recommendation,
             "priority": "MEDIUM", "confidence": 0.8, "reasons": ("Asked for pricing",)}  # fmt: skip
    return Prediction(**(facts | known))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class World:
    """What a warehouse shall hold."""

    calls: Iterable[Call] = field(default_factory=list)
    outcomes: Iterable[Outcome] = field(default_factory=list)
    predictions: Iterable[Prediction] = field(default_factory=list)
    facts: Iterable[CompanyFacts] = field(default_factory=list)
    rejected: Iterable[Rejected] = field(default_factory=list)


def land(path: Path, world: World) -> Path:
    """Add the world to the warehouse at `path`, made where there is none."""
    migrate(path)
    with writing(path) as connection:
        land_calls(connection, world.calls)
        land_outcomes(connection, world.outcomes)
        land_predictions(connection, world.predictions)
        land_company_facts(connection, world.facts)
        land_rejected(connection, world.rejected)
    return path
