"""Records for tests: each call names only what matters, the rest has an unremarkable value."""

from datetime import datetime, timedelta
from json import dumps
from typing import Any

from ringback.records import Call, CompanyFacts, Lead, Outcome, Payload, Prediction, Snapshot, Target

NOON = datetime(2026, 3, 18, 12)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_call(name: str = "one", at: datetime = NOON, **known: Any) -> Call:
    """A call `fellow:NAME` held at a moment and known then."""
    facts: dict[str, Any] = {
        "call_id": f"fellow:{name}", "content_hash": "first", "source": "fellow", "external_id": name, "known_at": at,
        "called_at": at, "lead_id": f"{name}@acme.com",
    }  # fmt: skip
    return Call(**(facts | known))


def an_outcome(
    name: str = "one", happened: bool = True, known_at: datetime = NOON + 10 * DAY, target: Target = "progression",
    **known: Any,
) -> Outcome:  # fmt: skip
    """How the call `fellow:NAME` ended, mature as soon as it is known."""
    facts: dict[str, Any] = {
        "call_id": f"fellow:{name}", "target": target, "happened": happened, "known_at": known_at,
        "matures_at": known_at, "source": "crm", "stated": "Closed Won" if happened else "Closed Lost",
    }  # fmt: skip
    return Outcome(**(facts | known))


def company_facts(company_id: str = "acme.com", known_at: datetime = NOON - 30 * DAY, **known: Any) -> CompanyFacts:
    """What the CRM says of a company."""
    return CompanyFacts(company_id=company_id, known_at=known_at, **({"source": "crm"} | known))


def a_lead(lead_id: str = "one@acme.com", known_at: datetime = NOON - 30 * DAY, **known: Any) -> Lead:
    """What the CRM says of a contact."""
    return Lead(lead_id=lead_id, known_at=known_at, **({"source": "crm", "email": lead_id} | known))


def a_payload(name: str = "one", known_at: datetime = NOON, body: object = None, **known: Any) -> Payload:
    """What Fellow sent of the recording NAME."""
    facts: dict[str, Any] = {
        "source": "fellow", "kind": "recording", "external_id": name, "content_hash": "first", "known_at": known_at,
        "body": dumps(body if body is not None else {"id": name}),
    }  # fmt: skip
    return Payload(**(facts | known))


def a_snapshot(name: str = "one", at: datetime = NOON, company: CompanyFacts | None = None, **known: Any) -> Snapshot:
    """A call `fellow:NAME` judged two days after it was held."""
    facts: dict[str, Any] = {
        "call_id": f"fellow:{name}", "content_hash": "first", "lead_id": f"{name}@acme.com", "judged_at": at + 2 * DAY,
        "called_at": at, "company": company, "company_id": company.company_id if company else None,
    }  # fmt: skip
    return Snapshot(**(facts | known))


def a_prediction(name: str = "one", probability: float = 0.5, at: datetime = NOON, **known: Any) -> Prediction:
    """What version 1 of progression said of the call `fellow:NAME`, without a Voice-AI champion."""
    facts: dict[str, Any] = {
        "prediction_id": f"{name}-{at:%Y%m%d%H%M}", "call_id": f"fellow:{name}", "content_hash": "first",
        "lead_id": f"{name}@acme.com", "predicted_at": at, "progression_version": "1", "voice_ai_version": "none",
        "progression_probability": probability, "voice_ai_probability": None,
        "qualification_score": round(100 * probability), "voice_ai_fit": None, "recommendation": "NURTURE_TRACK",
        "priority": "MEDIUM", "confidence": 0.8, "reasons": ("Pricing came up once (raises the score)",),
    }  # fmt: skip
    return Prediction(**(facts | known))
