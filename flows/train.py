"""Weekly: learn from the calls that ended, and let a better model take over."""

from datetime import datetime
from typing import TYPE_CHECKING

from prefect import flow, get_run_logger, task

from database.promotions import Promotion, champion_as_of, promote
from flows.environment import moment_of, prepare_stores, run_name, whole
from ringback.errors import NotEnoughData
from ringback.records import TARGETS, Target
from ringback.settings import settings
from training import registry
from training.data import TrainingData, training_data
from training.promotion import Verdict, against_champion, first_champion
from training.registry import CHALLENGER, CHAMPION, Version
from training.train import Trained
from training.train import train as train_target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


END_OF_TIME = datetime(9999, 12, 31)


@flow(name="train", flow_run_name=run_name)
def train(as_of: datetime | None = None) -> list[Version]:
    """Train each target on what was known, and promote what is shown to be better."""
    prepare_stores()
    data = training_data(moment_of(as_of))
    learned = [learn(whole(data[target])) for target in TARGETS if has_enough(data[target])]
    if not learned:
        raise NotEnoughData(
            f"no target has {settings().min_training_labels} labelled calls; 'ringback import' brings outcomes"
        )
    return learned


def has_enough(data: TrainingData) -> bool:
    """Whether a target has labels enough; where not, the run's log says how many are missing."""
    n, needed = len(data.rows), settings().min_training_labels
    if n < needed:
        get_run_logger().warning("%s: %d labelled calls as of %s, %d needed", data.target, n, data.as_of, needed)
    return n >= needed


@task
def learn(data: TrainingData) -> Version:
    """Train one target, decide on promotion, record both; the same data again gives the version there is."""
    version = registry.find(data.target, data.as_of, data.fingerprint)
    if version is None:
        trained = train_target(data, settings().min_training_labels, settings().training_jobs)
        version = registry.record(trained, decide(trained, data))
    if version.promoted:
        promote(_promotion(version))
    point_aliases(data.target)
    return registry.version_of(data.target, version.version)


def decide(trained: Trained, data: TrainingData) -> Verdict:
    """Whether the new model takes over from whoever is champion at its moment."""
    champion = champion_as_of(trained.target, trained.as_of)
    if champion is None:
        return first_champion(trained)
    import numpy as np

    there = registry.load(trained.target, champion.version)
    unseen = trained.test_judged_at > np.datetime64(champion.decided_at)
    return against_champion(trained, _answers(there, trained, data), unseen, champion.version)


def point_aliases(target: Target) -> None:
    """Let the aliases follow the ledger: its last champion, and the newest version that did not take over."""
    champion = champion_as_of(target, END_OF_TIME)
    if champion is None:
        return
    registry.set_alias(target, CHAMPION, champion.version)
    newest = registry.versions(target)[-1]
    if newest.version == champion.version:
        registry.drop_alias(target, CHALLENGER)
    else:
        registry.set_alias(target, CHALLENGER, newest.version)


def _answers(champion: registry.Loaded, trained: Trained, data: TrainingData) -> "NDArray[np.float64]":
    rows = dict(zip(data.call_ids, data.rows, strict=True))
    X = champion.encoding.encode([rows[call_id] for call_id in trained.test_call_ids])
    return champion.model.predict_proba(X)[:, 1]  # type: ignore[no-any-return]


def _promotion(version: Version) -> Promotion:
    return Promotion(
        target=version.target,
        decided_at=version.as_of,
        version=version.version,
        candidate=version.candidate,
        reason=version.reason,
        evidence=version.evidence,
    )
