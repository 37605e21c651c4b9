"""Every two hours: score what is open and unscored, and say once where an account executive should call now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from prefect import flow, get_run_logger, task

from database.prediction_log import Logged, keep_features
from database.predictions import answered_by_requests, keep_predictions, predicted_contents, raise_alerts
from database.promotions import champion_as_of
from database.published import publish
from database.shadow import ShadowAnswer, champion_answers, keep_shadow_answers, shadow_contents
from features import build
from features.labels import decided_as_of
from features.snapshots import snapshots_as_of
from flows.engines import engine_of_version
from flows.environment import moment_of, prepare_stores, run_name, whole
from ringback.errors import NoModel, UnknownModel
from ringback.records import Prediction, Snapshot, Target, Value
from scoring.engine import Engine
from scoring.judging import Champions
from scoring.log import bring_in
from scoring.policy import policy
from scoring.scorer import BATCH_ROWS, score_with_features
from scoring.stored import BASE_RATES
from training.standing import challenger_as_of
from warehouse.connect import writing
from warehouse.landing import land_predictions

OPEN_FOR = timedelta(days=60)
"""A call older than this without an outcome is no longer worth scoring."""
LOOK_BACK = timedelta(days=3)
"""The service's answers of so long are looked at again: what is in the warehouse already changes nothing there."""
Answered = tuple[Prediction, Mapping[str, Value]]


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
    take_over_requests(moment)
    champions, calls = champions_as_of(moment), open_calls(moment)
    publish_rates(calls, moment)
    predictions = answer(whole(unscored(calls, champions)), whole(champions), moment)
    alerts = alert(predictions, moment)
    answer_in_shadow(
        whole(calls), whole(champions), moment, return_state=True
    )  # its failure is seen, and stops nothing
    return Scored(len(predictions), alerts, *champions.versions)


def champions_as_of(moment: datetime) -> Champions:
    """The models that decide at a moment, by the ledger."""
    return Champions(_champion("progression", moment), _champion("voice_ai", moment))


def open_calls(moment: datetime) -> list[Snapshot]:
    """Calls of the last sixty days that have not ended."""
    decided = decided_as_of(moment)
    return [s for s in snapshots_as_of(moment, called_after=moment - OPEN_FOR) if s.call_id not in decided]


def unscored(calls: Iterable[Snapshot], champions: Champions) -> list[Snapshot]:
    """Those whose present content these champions have not answered."""
    answered = predicted_contents(*champions.versions)
    return [snapshot for snapshot in calls if (snapshot.call_id, snapshot.content_hash) not in answered]


@task
def answer(snapshots: list[Snapshot], champions: Champions, moment: datetime) -> list[Prediction]:
    """Answer and keep: the database for reading by key, the warehouse for measures."""
    predictions: list[Prediction] = []
    for batch in _in_batches(score_with_features(snapshots, champions, moment)):
        keep_features([Logged(prediction, row) for prediction, row in batch])
        predictions += [prediction for prediction, _ in batch]
    keep_predictions(predictions)
    with writing() as warehouse:
        land_predictions(warehouse, predictions)
    return predictions


@task
def take_over_requests(moment: datetime) -> int:
    """What the service has answered since the last run goes to the warehouse; gives how many answers were new there."""
    bring_in()
    answered = answered_by_requests(moment - LOOK_BACK)
    with writing() as warehouse:
        return land_predictions(warehouse, answered).new


def publish_rates(snapshots: list[Snapshot], moment: datetime) -> None:
    """Let the service know how calls have been ending lately, which it cannot ask the warehouse."""
    latest = max(snapshots, key=lambda s: s.judged_at, default=None)
    if latest is not None and latest.recent_progression_rate is not None:
        rates = {name: getattr(latest, name) for name in ("recent_progression_rate", "long_progression_rate")}
        publish(BASE_RATES, rates, moment)


def alert(predictions: Iterable[Prediction], moment: datetime) -> int:
    """Raise an alert for each lead that scores high enough, once."""
    worth_a_call = {
        p.lead_id: f"{p.company_name or p.lead_id} scores {p.qualification_score}: {'; '.join(p.reasons[:2])}"
        for p in predictions
        if p.qualification_score >= policy().alert_at
    }
    return raise_alerts(worth_a_call.items(), moment)


@task
def answer_in_shadow(calls: list[Snapshot], champions: Champions, moment: datetime) -> int:
    """Let each challenger answer what its champion has answered, for nobody to see; gives how many answers are new.

    The calls have not ended, so that both answered before the outcome could be known.
    """
    pairs: tuple[tuple[Target, Engine | None], ...] = (
        ("progression", champions.progression), ("voice_ai", champions.voice_ai)
    )  # fmt: skip
    return sum(_shadow(target, champion.version, calls, moment) for target, champion in pairs if champion)


def _shadow(target: Target, champion: str, calls: list[Snapshot], moment: datetime) -> int:
    version = challenger_as_of(target, moment)
    challenger = _load(target, version.version, "nothing answers in the shadow") if version else None
    if challenger is None:
        return 0
    said = champion_answers(target, champion, moment)
    done = shadow_contents(target, champion, challenger.version)
    asked = [s for s in calls if (key := (s.call_id, s.content_hash)) in said and key not in done]
    new = 0
    for start in range(0, len(asked), BATCH_ROWS):
        batch = asked[start : start + BATCH_ROWS]
        encoded = challenger.encoding.encode([build(snapshot) for snapshot in batch])
        probabilities = challenger.arrays.answer(encoded).probability
        new += keep_shadow_answers(
            ShadowAnswer(
                s.call_id, s.content_hash, target, champion, challenger.version, said[s.call_id, s.content_hash],
                round(float(p), 6), moment,
            )
            for s, p in zip(batch, probabilities, strict=True)
        )  # fmt: skip
    return new


def _in_batches(scored: Iterator[Answered]) -> Iterator[list[Answered]]:
    while batch := list(islice(scored, BATCH_ROWS)):
        yield batch


def _champion(target: Target, moment: datetime) -> Engine | None:
    promotion = champion_as_of(target, moment)
    if promotion is None:
        return None
    return _load(target, promotion.version, "the rules answer instead")


def _load(target: Target, version: str, otherwise: str) -> Engine | None:
    try:
        return engine_of_version(target, version)
    except (NoModel, UnknownModel) as failure:
        get_run_logger().error("%s; %s", failure, otherwise)
        return None
