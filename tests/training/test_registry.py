"""MLflow keeps a training once, and gives back a model that answers as it did."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest

from ringback.errors import StoreError, UnknownModel
from ringback.records import Target
from ringback.settings import settings
from tests.conftest import forget_home
from tests.factories import DAY
from tests.training.synthetic import trained as learned
from tests.training.synthetic import training_rows
from training import registry
from training.promotion import Verdict, first_champion
from training.registry import Version


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Version]:
    """The trained model as MLflow's first version, in a home of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGBACK_HOME", str(tmp_path_factory.mktemp("mlflow")))
        forget_home()
        yield registry.record(
            learned(), first_champion(learned()), "drift: minutes moved", True, {"profile.json": "{}"}
        )
    forget_home()


def test_a_version_carries_what_speaks_for_it(recorded: Version) -> None:
    trained = learned()
    assert (recorded.version, recorded.candidate, recorded.rows, recorded.as_of, recorded.source) == (
        "1", trained.chosen.candidate, 600, trained.as_of, "fellow",
    )  # fmt: skip
    assert recorded.metrics == pytest.approx(trained.chosen.metrics)
    assert (recorded.promoted, recorded.reason) == (True, first_champion(trained).reason)
    assert recorded.because == "drift: minutes moved"
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
def test_a_loaded_model_knows_how_sure_it_is_and_for_how_long_it_speaks() -> None:
    loaded = registry.load("progression", "1")
    assert (loaded.confidence, loaded.horizon_days) == (learned().confidence, learned().maturity_days)


def test_a_version_from_before_confidence_was_learned_has_none(
    recorded: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "CONFIDENCE_FILE", "not-there.json")
    assert registry.load.__wrapped__("progression", recorded.version).confidence is None


@pytest.mark.usefixtures("recorded")
def test_features_are_named_from_the_strongest() -> None:
    assert registry.importances("progression", "1") == list(learned().chosen.importances)


@pytest.mark.usefixtures("recorded")
def test_a_version_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownModel, match="progression has no version 9; there are: 1"):
        registry.load("progression", "9")


@pytest.mark.usefixtures("recorded")
def test_aliases_point_and_are_taken_away() -> None:
    registry.set_alias("progression", registry.CHAMPION, "1")
    assert registry.version_of("progression", "1").aliases == ("champion",)
    registry.drop_alias("progression", registry.CHAMPION)
    registry.drop_alias("progression", registry.CHAMPION)
    assert registry.version_of("progression", "1").aliases == ()


def test_the_same_training_again_leaves_one_version(recorded: Version) -> None:
    assert registry.record(learned(), Verdict(False, "told otherwise")) == recorded
    assert registry.versions("progression") == [recorded]


def runs_of(target: Target) -> dict[str, str]:
    """Whether it was chosen, by candidate."""
    experiment = mlflow.get_experiment_by_name(target)
    assert experiment is not None
    found = mlflow.MlflowClient().search_runs([experiment.experiment_id])
    return {run.data.params.get("candidate", "left behind"): run.data.tags.get("chosen", "") for run in found}


def test_every_candidate_has_a_run(recorded: Version) -> None:
    assert runs_of("progression") == {
        name: str(name == recorded.candidate).lower()
        for name in {one.candidate for one in learned().tried} | {recorded.candidate}
    }


def test_every_run_can_be_seen_beside_the_others_with_the_data_it_learned_from(recorded: Version) -> None:
    client = mlflow.MlflowClient()
    runs = client.search_runs([client.get_run(recorded.run_id).info.experiment_id])
    figures = [{name for name in run.data.metrics if name.startswith(("val_", "test_"))} for run in runs]
    assert "test_confidence_ece" in figures[0]
    assert figures == [figures[0]] * len(runs)
    for run in runs:
        files = {one.path for one in client.list_artifacts(run.info.run_id)}
        assert {"importances.json", "importances.png", "reliability.json", "calibration.png", "gain.png"} <= files
        (used,) = run.inputs.dataset_inputs
        assert (used.dataset.name, used.dataset.digest, {tag.key: tag.value for tag in used.tags}["rows"]) == (
            "labelled calls for progression", recorded.fingerprint, "600",
        )  # fmt: skip


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("written", ["float64", "float32", object])
def test_an_ordinary_frame_is_answered_by_what_mlflow_loads(written: object) -> None:
    trained, rows = learned(), training_rows().rows[:5]
    loaded = mlflow.pyfunc.load_model("models:/progression/1")
    X = pd.DataFrame(trained.encoding.encode(rows), columns=trained.encoding.columns)
    answers = loaded.predict(X.astype(written))
    np.testing.assert_allclose(answers, trained.model.predict_proba(X.to_numpy()), rtol=1e-6)
    assert loaded.metadata.signature.outputs.inputs[0].shape == (-1, 2)


@pytest.mark.usefixtures("recorded")
def test_a_stored_model_has_a_made_up_example_that_it_answers() -> None:
    loaded = mlflow.pyfunc.load_model("models:/progression/1")
    made_up, not_known = loaded.input_example.to_dict("records")
    assert (made_up["employees"], math.isnan(not_known["employees"])) == (1.0, True)
    assert loaded.predict(loaded.input_example).shape == (2, 2)


def test_what_is_kept_beside_a_version_is_read_back(recorded: Version) -> None:
    assert registry.kept_beside("progression", recorded.version, "profile.json") == "{}"
    assert registry.kept_beside("progression", recorded.version, "other.json") is None


def test_the_model_card_says_what_it_is_why_and_that_its_calls_are_simulated(recorded: Version) -> None:
    card = registry.kept_beside("progression", recorded.version, "model_card.md")
    assert card is not None
    assert "Learned from simulated calls" in card
    assert "Trained because: drift: minutes moved." in card
    assert recorded.fingerprint in card
    assert recorded.reason in card
    assert "## How sure" in card
    assert f"on the {len(learned().test_y)} calls above" in card


@pytest.mark.usefixtures("recorded")
def test_runs_that_a_crash_left_behind_are_removed() -> None:
    other = replace(learned(), target="voice_ai")
    experiment = mlflow.get_experiment_by_name("voice_ai")
    assert experiment is not None
    with mlflow.start_run(experiment_id=experiment.experiment_id):
        mlflow.log_param("data_fingerprint", other.fingerprint)
    assert runs_of("voice_ai") == {"left behind": ""}
    registry.record(other, first_champion(other))
    assert runs_of("voice_ai").keys() == {one.candidate for one in (*other.tried, other.chosen)}


@pytest.mark.usefixtures("recorded")
def test_a_training_that_mlflow_breaks_off_is_told_in_words_leaves_nothing_and_can_be_recorded_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    later = replace(learned(), as_of=learned().as_of + DAY, fingerprint="later data")
    before, versions = runs_of("progression"), registry.versions("progression")
    refuses = "CREATE TRIGGER refuses BEFORE INSERT ON model_versions BEGIN SELECT RAISE(ABORT, 'no room'); END"
    with closing(sqlite3.connect(settings().home / "mlflow.db", isolation_level=None)) as store:
        store.execute(refuses)
        with pytest.raises(StoreError, match=r"MLflow's store sqlite:///.*mlflow\.db cannot be used: "):
            registry.record(later, first_champion(later))
        store.execute("DROP TRIGGER refuses")
    assert (runs_of("progression"), registry.versions("progression")) == (before, versions)
    assert "Traceback" not in capsys.readouterr().err
    assert registry.record(later, first_champion(later)).fingerprint == "later data"
