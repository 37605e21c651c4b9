"""Every two hours: score what is open and unscored, and say once where an account executive should call now."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from prefect import flow, get_run_logger, task

from database.company_calls import note_progressed
from database.prediction_log import Logged, keep_features
from database.predictions import keep_predictions, mark_landed, predicted_contents, raise_alerts, to_land
from database.promotions import champion_as_of
from database.published import publish, published
from database.shadow import ShadowAnswer, champion_answers, keep_shadow_answers, shadow_contents
from features.batches import Featured, build_all
from features.labels import OPEN_FOR, decided_as_of
from flows.engines import engine_of_version
from flows.environment import moment_of, prepare_stores, run_name, whole
from ringback.decision_log import DecisionLog
from ringback.errors import NoModel, UnknownModel
from ringback.records import Prediction, Target
from scoring.engine import Engine
from scoring.judging import Champions
from scoring.log import bring_in
from scoring.policy import policy
from scoring.scorer import BATCH_ROWS, content_of, score
from scoring.stored import BASE_RATES
from training.standing import challenger_as_of
from warehouse.connect import query, reading, writing
from warehouse.decisions import landing_folder
from warehouse.landing import land_predictions

LOGGED_AT_ONCE = 5_000
MOST_SECONDS_FOR_THE_LOG = 30.0
SURE, RATHER_SURE = 0.8, 0.65
"""From which a model's confidence (0.5 to 1) is called high, and medium."""
LANDED_AT_ONCE = 5_000
"""Of the service's answers, so that however many wait they never fill the memory."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run answered."""

    scored: int
    alerts: int
    progression_version: str
    voice_ai_version: str
    left_as_too_old: int
    """Calls of more than sixty days ago that have not ended."""


@flow(name="score-leads", flow_run_name=run_name)
def score_leads(as_of: datetime | None = None) -> Scored:
    """Score every open call that the champions of the moment have not answered yet."""
    prepare_stores()
    moment = moment_of(as_of)
    take_over_requests(moment)
    champions, calls = champions_as_of(moment), open_calls(moment)
    publish_rates(moment)
    scored, alerts = answer(whole(unscored(calls, champions)), whole(champions), moment)
    answer_in_shadow(
        whole(calls), whole(champions), moment, return_state=True
    )  # its failure is seen, and stops nothing
    return Scored(scored, alerts, *champions.versions, too_old(moment))


def champions_as_of(moment: datetime) -> Champions:
    """The models that decide at a moment, by the ledger."""
    return Champions(_champion("progression", moment), _champion("voice_ai", moment))


def open_calls(moment: datetime) -> list[Featured]:
    """Calls of the last sixty days that have not ended, with what is known of them now."""
    decided = decided_as_of(moment)
    return [one for one in build_all(moment, called_after=moment - OPEN_FOR) if one.call_id not in decided]


def too_old(moment: datetime) -> int:
    """How many calls have not ended and are too old to be scored."""
    with reading() as warehouse:
        (row,) = query(warehouse, "open_before", {"as_of": moment, "called_before": moment - OPEN_FOR})
    return int(row["calls"])


def unscored(calls: Iterable[Featured], champions: Champions) -> list[Featured]:
    """Those that these champions have not answered as they are known now: an answer is renewed when features change."""
    answered = predicted_contents(*champions.versions)
    return [call for call in calls if (call.call_id, content_of(call.row, policy())) not in answered]


@task
def answer(calls: list[Featured], champions: Champions, moment: datetime) -> tuple[int, int]:
    """Answer, keep and alert; gives how many calls were answered, and of how many leads an alert is new.

    The database comes last, because what it has is not answered again: a run that dies before that leaves all of it to
    the next one, which finds in the warehouse and among the alerts what is there already.
    """
    started = time.monotonic()
    predictions = list(score(calls, champions, moment))
    log_decisions(predictions, (time.monotonic() - started) / max(1, len(predictions)))
    with writing() as warehouse:
        land_predictions(warehouse, predictions)
    alerts = alert(predictions, moment)
    keep_features(Logged(prediction, call.row) for prediction, call in zip(predictions, calls, strict=True))
    keep_predictions(predictions)
    return len(predictions), alerts


def log_decisions(predictions: Sequence[Prediction], seconds: float | None = None) -> None:
    """Log a scoring decision for each prediction; it succeeded where a model answered and not the rules.

    It is logged before the prediction is kept: of a run that ends in between, and of the one that decides again, one
    counts. `seconds` is each one's share of the time. No note and no address goes into the log.
    """
    with DecisionLog(landing_folder(), "ringback", session_id="score-leads") as log:
        for number, one in enumerate(predictions, 1):
            log.decision(
                "scoring_decision", method=one.answered_by, success=one.answered_by != "rules",
                confidence="high" if one.confidence >= SURE else "medium" if one.confidence >= RATHER_SURE else "low",
                lead={"company": one.company_name}, input={"features_hash": one.features_hash, "asked_by": one.source},
                output={
                    "qualification_score": one.qualification_score, "recommendation": one.recommendation,
                    "priority": one.priority, "voice_ai_version": one.voice_ai_version,
                },
                seconds=seconds, entry_id=one.prediction_id, at=one.predicted_at,
                model_version=one.progression_version,
            )  # fmt: skip
            if number % LOGGED_AT_ONCE == 0:
                log.flush(MOST_SECONDS_FOR_THE_LOG)


@task
def take_over_requests(moment: datetime) -> int:
    """What the service has answered up to a moment goes to the warehouse; gives how many answers were new there.

    Each answer is marked after the warehouse has committed it. A run that dies in between lands some again, which
    changes nothing; none is left out, however long no run came or however late its file was read.
    """
    bring_in()
    new = 0
    while answered := to_land(moment, LANDED_AT_ONCE):
        log_decisions(answered)
        with writing() as warehouse:
            new += land_predictions(warehouse, answered).new
        mark_landed(answered, moment)
    return new


def publish_rates(moment: datetime) -> None:
    """Let the service know how calls have been ending and which have progressed: it cannot ask the warehouse.

    What was published of a later moment stays. The rates come last, because they say that the rest is there.
    """
    told = published(BASE_RATES)
    if told and told[1] > moment:
        return
    with reading() as warehouse:
        progressed = query(warehouse, "progressed_calls", {"as_of": moment})
        rates = query(warehouse, "base_rates", {"as_of": moment})
    note_progressed({row["call_id"]: row["progressed_at"] for row in progressed})
    publish(BASE_RATES, rates[0] if rates else {"outcomes": 0}, moment)


def alert(predictions: Iterable[Prediction], moment: datetime) -> int:
    """Raise an alert for each lead that scores high enough, once."""
    worth_a_call = {
        p.lead_id: f"{p.company_name or p.lead_id} scores {p.qualification_score}: {'; '.join(p.reasons[:2])}"
        for p in predictions
        if p.qualification_score >= policy().alert_at
    }
    return raise_alerts(worth_a_call.items(), moment)


@task
def answer_in_shadow(calls: list[Featured], champions: Champions, moment: datetime) -> int:
    """Let each challenger answer what its champion has answered, for nobody to see; gives how many answers are new.

    The calls have not ended, so that both answered before the outcome could be known.
    """
    pairs: tuple[tuple[Target, Engine | None], ...] = (
        ("progression", champions.progression), ("voice_ai", champions.voice_ai)
    )  # fmt: skip
    return sum(_shadow(target, champion.version, calls, moment) for target, champion in pairs if champion)


def _shadow(target: Target, champion: str, calls: list[Featured], moment: datetime) -> int:
    version = challenger_as_of(target, moment)
    challenger = _load(target, version.version, "nothing answers in the shadow") if version else None
    if challenger is None:
        return 0
    said = champion_answers(target, champion, moment)
    done = shadow_contents(target, champion, challenger.version)
    keys = {(call.call_id, content_of(call.row, policy())): call for call in calls}
    asked = [(key, call.row) for key, call in keys.items() if key in said and key not in done]
    new = 0
    for start in range(0, len(asked), BATCH_ROWS):
        batch = asked[start : start + BATCH_ROWS]
        probabilities = challenger.arrays.answer(challenger.encoding.encode([row for _, row in batch])).probability
        new += keep_shadow_answers(
            ShadowAnswer(*key, target, champion, challenger.version, said[key], round(float(p), 6), moment)
            for (key, _), p in zip(batch, probabilities, strict=True)
        )
    return new


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
