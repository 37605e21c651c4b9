"""Every two hours: score what is open and unscored, and say once where an account executive should call now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect import flow, get_run_logger, task

from database.predictions import keep_predictions, predicted_contents, raise_alerts
from database.promotions import champion_as_of
from features.labels import decided_as_of
from features.snapshots import snapshots_as_of
from flows.environment import moment_of, prepare_stores, run_name, whole
from ringback.errors import NoModel, UnknownModel
from ringback.records import Prediction, Snapshot, Target
from scoring.policy import policy
from scoring.scorer import Champions, score
from training import registry
from warehouse.connect import writing
from warehouse.landing import land_predictions

OPEN_FOR = timedelta(days=60)
"""A call older than this without an outcome is no longer worth scoring."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run answered."""

    scored: int
    alerts: int
    progression_version: str
    voice_ai_version: str


@flow(name="score-leads", flow_run_name=run_name)
def score_leads(as_of: datetime | None = None) -> Scored:
    """Score every open call that the champions of the moment have not answered yet."""
    prepare_stores()
    moment = moment_of(as_of)
    champions = champions_as_of(moment)
    predictions = answer(whole(unscored(moment, champions)), whole(champions), moment)
    alerts = alert(predictions, moment)
    return Scored(len(predictions), alerts, *champions.versions)


def champions_as_of(moment: datetime) -> Champions:
    """The models that decide at a moment, by the ledger."""
    return Champions(_champion("progression", moment), _champion("voice_ai", moment))


def unscored(moment: datetime, champions: Champions) -> list[Snapshot]:
    """Open calls of the last sixty days whose present content these champions have not answered."""
    answered = predicted_contents(*champions.versions)
    decided = decided_as_of(moment)
    return [
        snapshot
        for snapshot in snapshots_as_of(moment, called_after=moment - OPEN_FOR)
        if snapshot.call_id not in decided and (snapshot.call_id, snapshot.content_hash) not in answered
    ]


@task
def answer(snapshots: list[Snapshot], champions: Champions, moment: datetime) -> list[Prediction]:
    """Answer and keep: the database for reading by key, the warehouse for measures."""
    predictions = list(score(snapshots, champions, moment))
    keep_predictions(predictions)
    with writing() as warehouse:
        land_predictions(warehouse, predictions)
    return predictions


def alert(predictions: Iterable[Prediction], moment: datetime) -> int:
    """Raise an alert for each lead that scores high enough, once."""
    worth_a_call = {
        p.lead_id: f"{p.company_name or p.lead_id} scores {p.qualification_score}: {'; '.join(p.reasons[:2])}"
        for p in predictions
        if p.qualification_score >= policy().alert_at
    }
    return raise_alerts(worth_a_call.items(), moment)


def _champion(target: Target, moment: datetime) -> registry.Loaded | None:
    promotion = champion_as_of(target, moment)
    if promotion is None:
        return None
    try:
        return registry.load(target, promotion.version)
    except (NoModel, UnknownModel) as failure:
        get_run_logger().error("%s; the rules answer instead", failure)
        return None
