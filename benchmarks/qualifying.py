"""Members of a campaign qualified from nothing, again with nothing new, and after a change of the rules.

`python -m benchmarks.qualifying [MEMBERS]` prints the seconds of each part, in all and of this process, and the peak of
memory.
"""

import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

MEMBERS = 100_000
CAMPAIGN = "bench"
NOW = datetime(2026, 3, 18, 12)
DAY = timedelta(days=1)
INDUSTRIES = ("Healthcare", "Insurance", "Software", "Retail", "Logistics", "Telecommunications", "Manufacturing")
TECHNOLOGIES = ("Salesforce", "HubSpot", "Twilio", "AWS", "React", "SAP", "Genesys", "Shopify", "Zendesk", "Kubernetes")
TITLES = ("VP Customer Care", "Head of Operations", "CEO", "IT Manager", "Support Lead", "Accountant", "Engineer")
COUNTRIES = ("United States", "Canada", "Germany", "Brazil", "Russia")
NEWS = "The company opened a new office in Austin and raised $20 million in a new funding round led by its partners."


def main(members: int) -> None:
    """All parts in turn."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["RINGBACK_HOME"] = home
        _fill(members)
        _time(members)
    print(f"peak of memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def _time(members: int) -> None:
    from campaigns.dimensions import Thresholds, card_of
    from campaigns.dry_run import dry_run
    from campaigns.facts import facts_of
    from campaigns.qualify import qualify
    from campaigns.rules import decide, read_rules
    from campaigns.rules_in_bulk import decide_all, table_of
    from database.member_facts import members_of
    from ringback.settings import settings

    book = read_rules(settings().playbook / "qualification/standard.yaml")
    with _timed(f"facts of {members:,} read"):
        for _ in members_of(CAMPAIGN, NOW):
            pass
    some = [facts_of(one, NOW) for batch in members_of(CAMPAIGN, NOW) for one in batch][:10_000]
    with _timed(f"cards of {len(some):,}"):
        some = [one.with_points(card_of(one).groups) for one in some]
    with _timed(f"rules for {len(some):,}, one by one, with explanations"):
        told = [decide(book, one).then for one in some]
    with _timed(f"a table of {len(some):,}"):
        table = table_of(book, some)
    with _timed(f"rules for {len(some):,}, as a table"):
        all_told = decide_all(book, table)
    assert all_told.thens == told
    del some, table, all_told
    with _timed(f"{members:,} qualified and written"):
        print(f"  {qualify(CAMPAIGN, book, Thresholds(), NOW)}")
    with _timed("again an hour later, nothing new"):
        print(f"  {qualify(CAMPAIGN, book, Thresholds(), NOW + DAY / 24)}")
    with _timed("what thresholds would change"):
        print(f"  {dry_run(CAMPAIGN, book, Thresholds(need=60), NOW + DAY / 24).moves}")


def _fill(members: int) -> None:
    from database import models
    from database.migrate import migrate
    from database.session import put, writing

    migrate()
    dice = random.Random(7)
    for first in range(0, members, 5_000):
        rows = [_member(number, dice) for number in range(first, min(members, first + 5_000))]
        with writing() as connection:
            for model in (models.Company, models.Lead, models.CampaignLead, models.LastScore, models.Prediction,
                          models.Call, models.EngagementEvent):  # fmt: skip
                put(connection, model, [row for one in rows for row in one.get(model, [])])


def _member(number: int, dice: random.Random) -> dict[Any, list[dict[str, Any]]]:
    """A lead with its company; two of three have a score, one of five a call, a third a mail that was opened."""
    from database import models

    lead_id, company = f"p{number}@c{number // 2}.example", f"c{number // 2}.example"
    known = NOW - dice.randint(1, 200) * DAY
    employees = round(dice.lognormvariate(4.9, 1.35)) + 3
    facts = {
        "name": f"Company {number // 2}", "domain": company, "industry": dice.choice(INDUSTRIES),
        "employees": float(employees), "annual_revenue": employees * 120_000.0, "funding_stage": "Series A",
        "total_funding": 4e6, "founded_year": 2008.0, "country": dice.choice(COUNTRIES),
        "description": f"Company {number // 2} provides outpatient clinics and automates its contact center.",
        "technologies": dice.sample(TECHNOLOGIES, 4), "web_functions": ["authentication", "communication"],
        "business_model": dice.choice(("B2B", "B2C")), "open_jobs": 4.0, "headcount_growth": 0.04,
        **({"news": f"Company {number // 2}: {NEWS}"} if dice.random() < 0.3 else {}),
    }  # fmt: skip
    person = {
        "name": f"Person {number}", "email": lead_id, "job_title": dice.choice(TITLES), "country": "United States",
        "custom.plan": "gold", "custom.renewal date": "2026-06-30",
    }  # fmt: skip
    made: dict[Any, list[dict[str, Any]]] = {
        models.Lead: [{"lead_id": lead_id, "company_id": company, "name": person["name"], "email": lead_id,
                       "job_title": person["job_title"], "source": "crm", "known_at": known,
                       "chosen": _chosen(person, known)}],
        models.CampaignLead: [{"campaign_id": CAMPAIGN, "lead_id": lead_id, "joined_at": known}],
    }  # fmt: skip
    if number % 2 == 0:
        made[models.Company] = [{"company_id": company, "name": facts["name"], "domain": company, "known_at": known,
                                 "chosen": _chosen(facts, known)}]  # fmt: skip
    if number % 3:
        made |= _scored(lead_id, number, known, dice)
    if number % 5 == 0:
        made[models.Call] = [{"call_id": f"call:{number}", "lead_id": lead_id, "company_id": company, "title": None,
                              "called_at": known, "known_at": known, "first_known_at": known, "progressed_at": None,
                              "content_hash": "1", "minutes": 25.0, "sentiment": dice.uniform(-0.3, 0.6)}]  # fmt: skip
    if number % 3 == 0:
        made[models.EngagementEvent] = [
            {"event_id": f"bench:{kind}:{number}", "provider": "bench", "kind": kind, "message_id": f"m{number}",
             "recipient": lead_id, "happened_at": known + DAY / 2, "received_at": known + DAY / 2, "detail": {}}
            for kind in ("delivered", "opened")
        ]  # fmt: skip
    return made


def _scored(lead_id: str, number: int, at: datetime, dice: random.Random) -> dict[Any, list[dict[str, Any]]]:
    from database import models

    points = dice.randint(0, 100)
    last = {"lead_id": lead_id, "prediction_id": f"bench-{number}", "predicted_at": at, "qualification_score": points,
            "recommendation": "NURTURE_TRACK", "priority": "MEDIUM"}  # fmt: skip
    answer = {
        "call_id": f"call:{number}", "content_hash": "1", "progression_version": "1", "voice_ai_version": "1",
        "progression_probability": points / 100, "voice_ai_probability": 0.4, "voice_ai_fit": 40, "confidence": 0.8,
        "reasons": [], "company_name": None, "features_hash": None, "source": "flow", "answered_by": "champion",
        "points": float(points), "voice_ai_weight": 0.3, "challenger": None, "landed_at": None,
    }  # fmt: skip
    return {models.LastScore: [last], models.Prediction: [last | answer]}


def _chosen(facts: dict[str, Any], at: datetime) -> dict[str, Any]:
    said = {"source": "crm", "confidence": None, "known_at": at.isoformat()}
    return {name: {"value": value, **said} for name, value in facts.items()}


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started, worked = time.perf_counter(), time.process_time()
    yield
    print(f"{time.perf_counter() - started:8.2f} s ({time.process_time() - worked:6.2f} s)  {what}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEMBERS)
