"""MLflow keeps a training once, and gives back a model that answers as it did."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ringback.errors import UnknownModel
from tests.conftest import forget_home
from tests.factories import DAY
from tests.training.synthetic import trained as learned
from tests.training.synthetic import training_rows
from training import registry
from training.promotion import first_champion
from training.registry import Version


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    """The trained model as MLflow's first version, in a home of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGBACK_HOME", str(tmp_path_factory.mktemp("mlflow")))
        forget_home()
        yield registry.record(learned(), first_champion(learned()))
    forget_home()


def test_a_version_carries_what_speaks_for_it(recorded: Version) -> None:
    trained = learned()
    assert (recorded.version, recorded.candidate, recorded.rows, recorded.as_of, recorded.source) == (
        "1", trained.chosen.candidate, 600, trained.as_of, "fellow",
    )  # fmt: skip
    assert recorded.metrics == pytest.approx(trained.chosen.metrics)
    assert (recorded.promoted, recorded.reason) == (True, first_champion(trained).reason)
    assert recorded.evidence == pytest.approx(dict(first_champion(trained).evidence))


def test_a_training_is_found_again_by_target_moment_and_data(recorded: Version) -> None:
    trained = learned()
    assert registry.find("progression", trained.as_of, trained.fingerprint) == recorded
    assert registry.find("progression", trained.as_of + DAY, trained.fingerprint) is None
    assert registry.find("progression", trained.as_of, "other data") is None
    assert registry.find("voice_ai", trained.as_of, trained.fingerprint) is None


@pytest.mark.usefixtures("recorded")
def test_a_loaded_model_answers_as_the_trained_one_did() -> None:
    trained, loaded = learned(), registry.load("progression", "1")
    assert loaded.encoding == trained.encoding
    X = loaded.encoding.encode(training_rows().rows)
    np.testing.assert_array_equal(loaded.model.predict_proba(X), trained.model.predict_proba(X))


@pytest.mark.usefixtures("recorded")
def test_features_are_named_from_the_strongest() -> None:
    assert registry.importances("progression", "1") == list(learned().importances)


@pytest.mark.usefixtures("recorded")
def test_a_version_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownModel, match="progression has no version 9; there are: 1"):
        registry.load("progression", "9")
    with pytest.raises(UnknownModel, match="voice_ai has no version 1; there are: none yet"):
        registry.load("voice_ai", "1")


@pytest.mark.usefixtures("recorded")
def test_aliases_point_and_are_taken_away() -> None:
    registry.set_alias("progression", registry.CHAMPION, "1")
    assert registry.version_of("progression", "1").aliases == ("champion",)
    registry.drop_alias("progression", registry.CHAMPION)
    registry.drop_alias("progression", registry.CHAMPION)
    assert registry.version_of("progression", "1").aliases == ()


def test_every_candidate_has_a_run_and_a_crash_before_the_version_leaves_none(recorded: Version) -> None:
    """Runs of a training that got no version are removed when the same training is recorded."""
    import mlflow

    def runs() -> dict[str, str]:
        found = mlflow.MlflowClient().search_runs([experiment.experiment_id])
        return {run.data.params["candidate"]: run.data.tags["chosen"] for run in found}

    experiment = mlflow.get_experiment_by_name("progression")
    assert experiment is not None
    assert runs() == {one.candidate: str(one.candidate == recorded.candidate).lower() for one in learned().tried}
    assert Path(mlflow.get_run(recorded.run_id).info.artifact_uri.removeprefix("file://")).is_dir()
