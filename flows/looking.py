"""What a report looks at beside the warehouse: who decided, what was tried, what was foreseen, what signals cost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from json import loads

from prefect import task
from prefect.runtime import flow_run

from database.promotions import champion_as_of
from database.spending import spent
from flows.environment import is_synthetic
from improvement.roi import load_money
from improvement.week import ModelFacts, SignalFacts, Signals
from monitoring.estimate import estimates_as_of
from monitoring.thresholds import Proposal, propose, scored_answers
from reports.gathering import gather
from reports.weekly import WeeklyReport
from ringback.clock import WEEK
from ringback.records import TARGETS, Target
from ringback.settings import settings
from scoring.policy import policy
from training import mlflow_client, registry
from training.train import EXPLAINED_ROWS

PERIODS_FORESEEN = 2
WEEKS_OF_SPENDING = 13
FEATURES_OF_SIGNAL: Mapping[str, tuple[str, ...]] = {
    "company_overview": (
        "industry", "regulated_industry", "employees", "annual_revenue", "revenue_per_employee", "company_age",
        "country", "business_model",
    ),
    "tech_stack": (
        "technology_count", "competitor_technology", "developer_tools", "cloud_technology", "crm_technology",
    ),
    "funding": ("funding_stage", "total_funding"),
    "news_summary": ("news_growth", "news_setbacks"),
    "linkedin_posts": ("posts_growth", "ai_talk"),
    "job_postings": ("open_jobs", "headcount_growth"),
    "web_functions": (
        "web_authentication", "web_transactions", "web_communication", "web_ai", "voice_ai_indicators",
    ),
}  # fmt: skip
"""Signals that are bought for the scores' sake; addresses are bought to write to."""


@task
def look_at(week: datetime, moment: datetime) -> WeeklyReport:
    """Gather the week as it stood at the moment; while MLflow is away, without what only MLflow knows."""
    champion = champion_as_of("progression", moment)
    foreseen = estimates_as_of(moment, champion.version, PERIODS_FORESEEN) if champion else []
    away = mlflow_client.away()
    report = gather(
        week,
        moment,
        models=[facts for target in TARGETS if (facts := model_facts(target, moment))],
        synthetic=is_synthetic(moment),
        zone=settings().zone,
        flow_run=flow_run.get_id(),
        attempts=[facts for target in TARGETS if not away and (facts := attempt_facts(target, moment))],
        estimates=[one for one in foreseen if any(figure.value is not None for figure in one.expected)],
        thresholds=threshold_facts(champion.version, moment) if champion else None,
        signals=signal_facts(champion.version if champion and not away else None, moment),
        money=load_money(settings().money),
    )
    said = f"What was trained without becoming champion, and what scores rest on, is missing here: {away}."
    return replace(report, notes=(*report.notes, said)) if away else report


def threshold_facts(version: str, moment: datetime) -> Proposal:
    """What the version's matured answers say of the thresholds of the policy in force."""
    rules = policy()
    return propose(scored_answers(moment, version, rules), rules)


def signal_facts(version: str | None, moment: datetime) -> Signals:
    """What each signal cost in the last weeks, and how much the champion's answers rest on its features."""
    since = moment - WEEKS_OF_SPENDING * WEEK
    bought = [one for one in spent(since=since, until=moment) if one.signal in FEATURES_OF_SIGNAL]
    if not bought:
        return Signals()
    weights, rows = importances(version) if version else ({}, 0)
    total = sum(weights.values())
    found = []
    for signal in sorted({one.signal for one in bought}):
        mine = [one for one in bought if one.signal == signal]
        rests = sum(weights.get(name, 0.0) for name in FEATURES_OF_SIGNAL[signal]) / total if total else None
        purchases = sum(one.found + one.missed for one in mine)
        found.append(SignalFacts(signal, purchases, sum(m.found for m in mine), sum(m.cost for m in mine), rests))
    return Signals(tuple(found), float(WEEKS_OF_SPENDING), rows)


def importances(version: str) -> tuple[dict[str, float], int]:
    """Mean absolute attributions of the progression version's features, and of how many calls; empty where unknown."""
    kept = registry.kept_beside("progression", version, "importances.json")
    return (loads(kept), EXPLAINED_ROWS) if kept else ({}, 0)


def attempt_facts(target: Target, moment: datetime) -> ModelFacts | None:
    """The latest training up to the moment that made no champion, unless one was made since."""
    tried = [version for version in registry.versions(target) if version.as_of <= moment]
    if not tried or tried[-1].promoted:
        return None
    latest = tried[-1]
    return ModelFacts(latest.target, latest.version, latest.candidate, latest.as_of, reason=latest.reason)


def model_facts(target: Target, moment: datetime) -> ModelFacts | None:
    """Who decided at the moment, and on what it was promoted, by the ledger alone."""
    champion = champion_as_of(target, moment)
    if champion is None:
        return None
    figures = champion.evidence
    return ModelFacts(
        target=target,
        version=champion.version,
        candidate=champion.candidate,
        trained_as_of=champion.decided_at,
        test_roc_auc=figures.get("roc_auc"),
        test_roc_auc_low=figures.get("roc_auc_low"),
        test_roc_auc_high=figures.get("roc_auc_high"),
        test_rows=int(figures["test_rows"]) if "test_rows" in figures else None,
        reason=champion.reason,
    )
