"""Models in MLflow. Experiments and registered models are named for the targets.

A training is known by its target, as-of and data fingerprint: the same again gives the version there is. Whatever fails
at MLflow rises from here as StoreError, or as StoreAway of a server.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.confidence import ConfidenceModel, from_plain
from features.encoding import Encoding, encoding_from_json
from ringback.errors import NoModel, UnknownModel
from ringback.records import TARGETS, Target
from ringback.settings import settings
from training.mlflow_client import in_our_words, mlflow_client, must_answer
from training.promotion import Verdict
from training.runs import CONFIDENCE_FILE, forget_runs, log_runs
from training.train import Trained

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version of a target's model."""

    target: Target
    version: str
    candidate: str
    as_of: datetime
    fingerprint: str
    run_id: str
    source: str
    aliases: tuple[str, ...]
    metrics: dict[str, float]
    rows: int
    promoted: bool
    """Whether it became champion at its moment."""
    reason: str
    """Why it did, or did not."""
    evidence: dict[str, float]
    because: str
    """Why it was trained."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that can answer."""

    target: Target
    version: str
    candidate: str
    encoding: Encoding
    model: Any
    """A scikit-learn StackingClassifier over the encoding's columns."""
    confidence: ConfidenceModel | None = None
    """How sure an answer is; None for a version made before this was learned: max(p, 1 - p) stands in."""
    horizon_days: float | None = None
    """Within how long after the call was judged the outcome is meant: by then nine tenths of them are known."""


@in_our_words()
def prepare() -> None:
    """Make MLflow's tables and the two experiments, once, before anything runs in parallel.

    Models lie under home; where MLflow is a server of its own they lie with it, for processes on any machine.
    """
    client = mlflow_client()
    for target in TARGETS:
        if client.get_experiment_by_name(target) is None:
            place = None if settings().has_mlflow_elsewhere else (settings().home / "mlartifacts" / target).as_uri()
            client.create_experiment(target, artifact_location=place)


@in_our_words()
def experiment_of(target: Target) -> str | None:
    """The id of a target's experiment, by which MLflow's pages are addressed; None before anything was recorded."""
    found = mlflow_client().get_experiment_by_name(target)
    return found.experiment_id if found else None


def find(target: Target, as_of: datetime, fingerprint: str) -> Version | None:
    """The version that this very training made before, or None."""
    return next((v for v in versions(target) if v.as_of == as_of and v.fingerprint == fingerprint), None)


@in_our_words()
def versions(target: Target) -> list[Version]:
    """Every registered version of a target, the oldest first."""
    client = mlflow_client()
    found = client.search_model_versions(f"name = '{target}'", max_results=1000)
    aliases: dict[str, list[str]] = {}
    if found:
        for alias, version in client.get_registered_model(target).aliases.items():
            aliases.setdefault(str(version), []).append(alias)
    listed = [_version(client, target, one, aliases.get(str(one.version), [])) for one in found if "as_of" in one.tags]
    return sorted(listed, key=lambda version: int(version.version))


def version_of(target: Target, version: str) -> Version:
    """One version; raises UnknownModel naming those there are."""
    listed = versions(target)
    for one in listed:
        if one.version == version:
            return one
    names = ", ".join(v.version for v in listed) or "none yet"
    raise UnknownModel(f"{target} has no version {version}; there are: {names}")


@in_our_words()
def record(
    trained: Trained,
    verdict: Verdict,
    because: str = "weekly",
    is_synthetic: bool = False,
    beside: Mapping[str, str] | None = None,
) -> Version:
    """Put a training into MLflow: a run for each candidate and the blend, then the chosen one as a registered version.

    The version comes last and carries the verdict, so that a crash before it leaves nothing that counts; the runs that
    such a crash left behind are removed, at once where MLflow still can. A training that has a version already is not
    recorded again. Texts to keep `beside` the version come by the name of their file.
    """
    prepare()
    if there := find(trained.target, trained.as_of, trained.fingerprint):
        return there
    forget_runs(trained)
    try:
        run_id, model_id = log_runs(trained, verdict, because, is_synthetic, beside or {})
        return version_of(trained.target, _register(trained, verdict, because, run_id, model_id))
    except Exception:
        with suppress(Exception):  # what failed may fail again, and is what is told
            if find(trained.target, trained.as_of, trained.fingerprint) is None:
                forget_runs(trained)
        raise


@in_our_words()
def kept_beside(target: Target, version: str, name: str) -> str | None:
    """What was kept beside a version under a name, or None."""
    return _kept(version_of(target, version).run_id, name)


@in_our_words()
def importances(target: Target, version: str) -> list[str]:
    """The features of a version by how much they move its answers, the strongest first."""
    import mlflow

    path = mlflow.artifacts.download_artifacts(
        run_id=version_of(target, version).run_id, artifact_path="importances.json"
    )
    return list(loads(Path(path).read_text()))


@in_our_words()
def set_alias(target: Target, alias: str, version: str) -> None:
    """Point an alias at a version."""
    mlflow_client().set_registered_model_alias(target, alias, version)


@in_our_words()
def drop_alias(target: Target, alias: str) -> None:
    """Take an alias away, where it is set."""
    if any(alias in version.aliases for version in versions(target)):
        mlflow_client().delete_registered_model_alias(target, alias)


@lru_cache(maxsize=8)
@in_our_words()
def load(target: Target, version: str) -> Loaded:
    """Load a version from our own registry.

    Raises NoModel where its files cannot be read; StoreAway where MLflow does not answer, which says nothing of them.
    """
    import mlflow

    mlflow_client()
    known = version_of(target, version)
    try:
        model = mlflow.sklearn.load_model(f"models:/{target}/{version}")
        path = mlflow.artifacts.download_artifacts(run_id=known.run_id, artifact_path="encoding.json")
        encoding = encoding_from_json(Path(path).read_text())
        sure = _kept(known.run_id, CONFIDENCE_FILE)
    except (OSError, mlflow.MlflowException) as failure:
        must_answer(mlflow_client())
        raise NoModel(
            f"version {version} of {target} cannot be loaded ({failure}); 'ringback run train' makes a new one"
        ) from failure
    confidence = from_plain(loads(sure)) if sure is not None else None
    days = mlflow_client().get_run(known.run_id).data.params.get("maturity_days")
    return Loaded(target, version, known.candidate, encoding, model, confidence, float(days) if days else None)


def _kept(run_id: str, name: str) -> str | None:
    import mlflow

    if name not in {one.path for one in mlflow_client().list_artifacts(run_id)}:
        return None
    return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=name)).read_text()


def _register(trained: Trained, verdict: Verdict, because: str, run_id: str, model_id: str) -> str:
    client = mlflow_client()
    if not client.search_registered_models(f"name = '{trained.target}'"):
        client.create_registered_model(trained.target)
    tags = {
        "candidate": trained.chosen.candidate,
        "as_of": trained.as_of.isoformat(),
        "fingerprint": trained.fingerprint,
        "source": trained.source,
        "rows": str(trained.rows),
        "promoted": str(verdict.promote).lower(),
        "reason": verdict.reason,
        "because": because,
        "evidence": dumps(dict(verdict.evidence)),
    }
    source = f"models:/{model_id}"
    return str(client.create_model_version(trained.target, source, run_id, tags, model_id=model_id).version)


def _version(client: "MlflowClient", target: Target, one: Any, aliases: list[str]) -> Version:
    return Version(
        target=target,
        version=str(one.version),
        candidate=one.tags["candidate"],
        as_of=datetime.fromisoformat(one.tags["as_of"]),
        fingerprint=one.tags["fingerprint"],
        run_id=one.run_id,
        source=one.tags["source"],
        aliases=tuple(sorted(aliases)),
        metrics=dict(client.get_run(one.run_id).data.metrics),
        rows=int(one.tags["rows"]),
        promoted=one.tags["promoted"] == "true",
        reason=one.tags["reason"],
        evidence=loads(one.tags["evidence"]),
        because=one.tags.get("because", "weekly"),
    )
