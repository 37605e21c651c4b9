"""Weekly, and when drift or decline says so: learn from the calls that ended, and let a better model take over."""

from dataclasses import replace
from datetime import datetime

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run

from database.promotions import Promotion, champion_as_of, ledger, promote
from database.serving import publish_challenger
from flows.engines import compile_if_it_can_be
from flows.environment import is_synthetic, moment_of, prepare_stores, run_name, whole
from flows.score_leads import publish_rates
from flows.showing import show_versions
from monitoring.profile import PROFILE_FILE, profile_of
from ringback.clock import END_OF_TIME, now
from ringback.errors import NoModel, NotEnoughData, StoreError, UnknownModel
from ringback.records import TARGETS, Target
from ringback.settings import settings
from training import registry
from training.data import TrainingData, training_data
from training.promotion import Compared, NewToBoth, Verdict, against_champion, first_champion, segments_of
from training.registry import CHALLENGER, CHAMPION, Version
from training.split import rolling_origin
from training.standing import answers
from training.train import Trained, check_enough
from training.train import train as train_target
from training.trials import check_splits


@flow(name="train", flow_run_name=run_name)
def train(as_of: datetime | None = None, because: str = "weekly") -> list[Version]:
    """Train each target on what was known, and promote what is shown to be better.

    How calls have been ending is published too: the models lean on it, and who asks for a score has it from there.
    """
    prepare_stores()
    moment = moment_of(as_of)
    data = training_data(moment)
    learned = [learn(whole(data[target]), because) for target in TARGETS if has_enough(data[target])]
    versions = [version for version in learned if version]
    if not versions:
        missing = "; ".join(f"{target}: {what_is_missing(data[target])}" for target in TARGETS)
        raise NotEnoughData(f"no target can be trained. {missing}")
    publish_rates(moment)
    return versions


def has_enough(data: TrainingData) -> bool:
    """Whether a target has labels enough; where not, the run's log says how many are missing."""
    n, needed = len(data.rows), settings().min_training_labels
    if n < needed:
        get_run_logger().warning("%s: %d labelled calls as of %s, %d needed", data.target, n, data.as_of, needed)
    return n >= needed


def what_is_missing(data: TrainingData) -> str:
    """Why nothing was learned of a target, in words."""
    try:
        check_enough(data, settings().min_training_labels)
        check_splits(rolling_origin(data.judged_at, data.matures_at, data.companies), data.y, data.target)
    except NotEnoughData as missing:
        return str(missing)
    return f"its {len(data.rows)} labelled calls are enough, but nothing can be learned from them; the log says why"


@task
def learn(data: TrainingData, because: str) -> Version | None:
    """Train one target, decide on promotion, record both; the same data again gives the version there is.

    None where its labels cannot be learned from yet. Raises StoreError where MLflow fails on the way: the same training
    again removes what that left half done, or goes on from the version that there is.
    """
    try:
        mend_ledger(data.target)
        return trained_version(data, because)
    except StoreError as failure:
        again = f"'ringback run train --as-of {data.as_of.isoformat()}'"
        raise type(failure)(
            f"{failure}; {data.target} is not trained to the end: once that works, {again} does so, and removes what "
            "is half done"
        ) from failure
    except NotEnoughData as missing:
        get_run_logger().warning("%s", missing)
        return None


def mend_ledger(target: Target) -> None:
    """Write what a training decided that was stopped before the ledger knew."""
    written = {entry.version for entry in ledger(target, END_OF_TIME)}
    for version in registry.versions(target):
        if version.promoted and version.version not in written:
            promote(_promotion(version))


def trained_version(data: TrainingData, because: str) -> Version:
    """The version of this training, made where there is none yet, its decision in the ledger, the aliases behind it."""
    version = registry.find(data.target, data.as_of, data.fingerprint)
    if version is None:
        config = settings()
        trained = train_target(data, config.min_training_labels, config.training_jobs, config.training_seconds)
        for leak in trained.leaks:
            told = "gives the outcome away" if leak.is_certain else "is worth a second look"
            get_run_logger().warning("%s %s: %s", leak.feature, told, leak.evidence)
        beside = {PROFILE_FILE: profile(trained, data)}
        version = registry.record(trained, decide(trained, data), because, is_synthetic(data.as_of), beside)
    if version.promoted:
        promote(_promotion(version))
    point_aliases(data.target)
    return registry.version_of(data.target, version.version)


def decide(trained: Trained, data: TrainingData) -> Verdict:
    """Whether the new model takes over from whoever is champion at its moment."""
    later = [entry for entry in ledger(trained.target, END_OF_TIME) if entry.decided_at > trained.as_of]
    if later:
        said = f"trained for the past: version {later[-1].version} has decided since {later[-1].decided_at:%Y-%m-%d}"
        return Verdict(False, f"{said}, and what was decided stays as it was")
    champion = champion_as_of(trained.target, trained.as_of)
    if champion is None:
        return first_champion(trained)
    try:
        return against_champion(compare(trained, data, champion), champion.version)
    except (NoModel, UnknownModel) as lost:
        get_run_logger().error("%s", lost)
        alone = first_champion(trained)
        return replace(alone, reason=f"version {champion.version} cannot be loaded any more; {alone.reason}")


def compare(trained: Trained, data: TrainingData, champion: Promotion) -> Compared:
    """What both say of the calls that neither had learned from when it answered.

    After a rollback only calls since then count: what spoke for the version that was taken back does not speak again.
    """
    import numpy as np

    since, calls = registry.version_of(trained.target, champion.version).as_of, NewToBoth.IN_TRAINING
    if champion.kind == "rollback" and champion.decided_at > since:
        since, calls = champion.decided_at, NewToBoth.AFTER_ROLLBACK
    unseen = data.judged_at[trained.judged_rows] > np.datetime64(since)
    rows = [data.rows[at] for at in trained.judged_rows[unseen]]
    categories = {name: [_text(row.get(name)) for row in rows] for name in trained.encoding.categories}
    return Compared(
        y=data.y[trained.judged_rows[unseen]],
        challenger=trained.compared_probabilities[unseen],
        champion=answers(registry.load(trained.target, champion.version), rows),
        calls=calls,
        segments=segments_of(categories),
        companies=[data.companies[at] for at in trained.judged_rows[unseen]] if data.companies else (),
    )


def profile(trained: Trained, data: TrainingData) -> str:
    """What the model learned from, in bounded size: what drift is later measured against."""
    import numpy as np

    p = np.full(len(data.rows), np.nan)
    p[trained.judged_rows] = trained.judged_probabilities
    return profile_of(data.rows, trained.encoding, data.judged_at, data.y, p).to_json()


def point_aliases(target: Target) -> None:
    """Let the aliases follow the ledger: its last champion, and the newest version that did not take over."""
    champion = champion_as_of(target, END_OF_TIME)
    if champion is None:
        return
    registry.set_alias(target, CHAMPION, champion.version)
    compile_if_it_can_be(target, champion.version)
    newest = max(registry.versions(target), key=lambda version: (version.as_of, int(version.version)))
    if newest.version == champion.version:
        registry.drop_alias(target, CHALLENGER)
        publish_challenger(target, None, now())
    else:
        registry.set_alias(target, CHALLENGER, newest.version)
        compile_if_it_can_be(target, newest.version)
        publish_challenger(target, newest.version, now())
    show_versions(target)


def _text(value: str | float | None) -> str | None:
    return value if value is None else str(value)


def _promotion(version: Version) -> Promotion:
    return Promotion(
        target=version.target,
        decided_at=version.as_of,
        version=version.version,
        candidate=version.candidate,
        reason=version.reason,
        evidence=version.evidence,
        because=version.because,
        decided_by="the train flow",
        flow_run_id=flow_run.get_id(),
    )
