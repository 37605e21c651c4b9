"""Leads of every kind, as callers and files describe them, and models that learned from all that such leads may say."""

from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import numpy as np

from database.lead_mails import Done, SentMail
from features.confidence import ConfidenceModel
from features.encoding import learn_encoding
from ringback.records import Target
from scoring.engine import Engine, engine_of
from scoring.judging import Champions
from scoring.lead import NOTHING, LeadRequest, Stored, features_of_lead
from tests.factories import DAY, NOON
from tests.scoring.engines import Registered

Plain = dict[str, Any]
KNOWN = 0.45
"""How much of a lead is said, on average."""
NAMES = ("Acme Corp", "Müller & Söhne", "...", "---", "Öko", "A", "株式会社", "_", "x_1", "İstanbul", "!?")
RATES = Stored(recent_progression_rate=0.3, long_progression_rate=0.25)
REPLY, CLICK = (Done(kind, NOON - DAY, NOON - DAY) for kind in ("replied", "clicked"))
MAILED = (
    replace(RATES, mails=(SentMail(NOON - 8 * DAY, NOON, (CLICK,)), SentMail(NOON - 3 * DAY, NOON, (REPLY,)))),
    replace(RATES, mails=(SentMail(NOON - 9 * DAY, NOON),)),
)
"""Of one who answered, and of one who did not."""
WORDS = (
    "They asked about pricing and wanted a quote.", "Voice AI for their contact centre, urgent!", "terrible demo",
    "We don't need SMS.", "They loved it; a pilot next month, great team.", "Legal review is under way.", "quiet",
)  # fmt: skip


def a_lead_of_any_kind(rng: Random) -> Plain:
    """What somebody may say of a lead; much of it is not said."""

    def number(most: float) -> float:
        return round(rng.uniform(0, most), 2)

    lead: Plain = {
        "domain": rng.choice(["acme.com", "https://www.shop.example.co.uk/x", "acme", "10.0.0.1", "acme.com."]),
        "email": rng.choice(["ana@acme.com", "bo@gmail.com", "cy@mail.example.co.uk", "Ed@ACME.com"]),
        "industry": rng.choice(["SaaS", "saas", "Healthcare", "Retail", "Mining"]),
        "employees": rng.choice(["50-100", "1,000+", "75", 12.0, 100000.0]),
        "description": rng.choice(["AI-powered customer service", "We sell soap"]),
        "call_notes": " ".join(rng.choices(WORDS, k=rng.randint(1, 4))),
        "transcript": f"Ana: {rng.choice(WORDS)}\nBo: {rng.choice(WORDS)}",
        "own_speakers": ["Bo"],
        "urgency_level": rng.randint(1, 5),
        "sentiment": round(rng.uniform(-1, 1), 3),
        "minutes": number(90), "attendees": rng.randint(0, 9), "title": "Acme / Intro",
        "job_title": rng.choice(["CTO", "VP Sales", "Intern"]),
        "annual_revenue": number(1e8), "funding_stage": rng.choice(["Seed", "Series A"]), "total_funding": number(1e7),
        "founded_year": float(rng.randint(1950, 2025)), "country": rng.choice(["US", "Germany"]),
        "technologies": rng.sample(["AWS", "Twilio", "Docker", "HubSpot", "React"], k=rng.randint(0, 4)),
        "web_functions": rng.sample(["voice_ai", "transactions", "authentication"], k=rng.randint(0, 2)),
        "business_model": rng.choice(["B2B", "B2C"]), "open_jobs": float(rng.randint(0, 60)),
        "headcount_growth": round(rng.uniform(-1, 2), 3), "news": rng.choice(["They raised $5m", "Layoffs"]),
        "posts": "We are hiring, with generative AI",
        "seats": number(500), "region": rng.choice(["north", "south", "west"]),
        "budget": rng.choice(["$1,200", "€ 3.5k", "900"]),
        "renewal": rng.choice(["2026-05-01", "2025-12-24T08:30:00Z"]),
        "wishes": " ".join(rng.choices(WORDS, k=2)),
    }  # fmt: skip
    said = {name: value for name, value in lead.items() if rng.random() < KNOWN}
    return {"company_name": rng.choice(NAMES)} | said


@cache
def leads_of_every_kind(rows: int, seed: int) -> tuple[Plain, ...]:
    rng = Random(seed)
    return tuple(a_lead_of_any_kind(rng) for _ in range(rows))


@cache
def wide_engine(target: Target = "progression", version: str = "1") -> Engine:
    """A line and boosted trees that learned from numbers, categories, amounts, dates and texts; what, is made up."""
    return engine_of(wide_model(target, version))


@cache
def wide_model(target: Target = "progression", version: str = "1") -> Registered:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    from training.candidates import logistic_regression, xgboost
    from training.stack import stacked

    rows = [
        features_of_lead(LeadRequest.model_validate(lead), (RATES, NOTHING, *MAILED)[n % 4], NOON)
        for n, lead in enumerate(leads_of_every_kind(600, seed=1))
    ]
    encoding = learn_encoding(rows)
    X = encoding.encode(rows)
    rng = np.random.default_rng(int(version) + 10 * (target == "voice_ai"))
    weights = rng.normal(0, 0.5, X.shape[1])
    y = rng.random(len(X)) < 1 / (1 + np.exp(-(np.nan_to_num(np.clip(X, -3, 3)) @ weights)))
    members = []
    for made in (logistic_regression(1), xgboost(1, rounds=40)):
        every = ColumnTransformer([("used", "passthrough", list(range(X.shape[1])))])
        members.append((type(made).__name__, make_pipeline(every, made).fit(X, y)))
    model = stacked(members, (1.0, -0.1), X[:50], y[:50])
    return Registered(encoding, model, target, version, confidence=ConfidenceModel(0.1, 1.0, -0.3, -0.1, 500))


def both() -> Champions:
    return Champions(wide_engine("progression"), wide_engine("voice_ai"))
