"""The runs of a training in MLflow: one for each candidate, and one for the chosen model with all that lies beside it.

Models are stored as skops files, of which only the types named here may be built when they are read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from features.encoding import Encoding
from ringback.records import Value
from training.card import git_commit, model_card
from training.evaluate import bars, pictures, reliability
from training.mlflow_client import mlflow_client
from training.promotion import Verdict
from training.train import Trained, Tried

if TYPE_CHECKING:
    from mlflow.data.dataset import Dataset
    from pandas import DataFrame

TRUSTED_TYPES = (
    "numpy.clip",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
)
REQUIREMENTS = ("scikit-learn", "xgboost-cpu", "skops")
CONFIDENCE_FILE, RELIABILITY_FILE = "confidence.json", "reliability.json"


def log_runs(
    trained: Trained, verdict: Verdict, because: str, is_synthetic: bool, beside: Mapping[str, str]
) -> tuple[str, str]:
    """Log a run for each candidate, then the chosen one with its model; gives the ids of that run and of the model."""
    for tried in trained.tried:
        if tried.candidate != trained.chosen.candidate:
            with _run(trained, tried, because):
                _log_texts(_measured(trained, tried))
    with _run(trained, trained.chosen, because) as run_id:
        learned = {
            "model_card.md": model_card(trained, verdict, because, is_synthetic),
            CONFIDENCE_FILE: dumps(trained.confidence.to_plain()),
            "encoding.json": trained.encoding.to_json(),
            "trials.json": dumps(dict(trained.trials)),
        }
        _log_texts(_measured(trained, trained.chosen) | learned | dict(beside))
        return run_id, _log_model(trained)


def forget_runs(trained: Trained) -> None:
    """Remove the runs of a training; MLflow keeps removed ones for a while."""
    client = mlflow_client()
    experiment = client.get_experiment_by_name(trained.target)
    if experiment is None:
        return
    for run in client.search_runs(
        [experiment.experiment_id], f"params.data_fingerprint = '{trained.fingerprint}'", max_results=100
    ):
        client.delete_run(run.info.run_id)


@contextmanager
def _run(trained: Trained, tried: Tried, because: str) -> Iterator[str]:
    import mlflow

    experiment = mlflow_client().get_experiment_by_name(trained.target)
    assert experiment is not None  # noqa: S101  (prepare made it)
    name = f"{tried.candidate} {trained.as_of:%Y-%m-%d}"
    with mlflow.start_run(experiment_id=experiment.experiment_id, run_name=name) as run:
        mlflow.log_input(_dataset(trained), "training", {"rows": str(trained.rows), "as_of": trained.as_of.isoformat()})
        mlflow.log_params(
            {
                "candidate": tried.candidate,
                "described": tried.described,
                "as_of": trained.as_of.isoformat(),
                "rows": trained.rows,
                "test_rows": len(trained.test_y),
                "judged_rows": len(trained.judged_rows),
                "duplicates_left_out": trained.duplicates,
                "maturity_days": round(trained.maturity_days, 3),
                "columns": len(trained.encoding.columns),
                "data_fingerprint": trained.fingerprint,
                "git_commit": git_commit() or "none",
                "source": trained.source,
                "because": because,
                "left_out_as_leaks": ", ".join(leak.feature for leak in trained.leaks if leak.is_left_out) or "none",
                "calibration": "sigmoid on rolling-origin blocks",
            }
        )
        mlflow.log_metrics(tried.metrics)
        is_chosen = str(tried is trained.chosen).lower()
        mlflow.set_tags({"chosen": is_chosen, "base_rate": f"{trained.test_base_rates.mean():.4f}"})
        for what, figure in pictures(trained.test_y, tried.test_probabilities, name).items():
            mlflow.log_figure(figure, f"{what}.png")
        mlflow.log_figure(bars(tried.importances, f"{name}: what it leans on"), "importances.png")
        yield run.info.run_id


def _dataset(trained: Trained) -> "Dataset":
    """The labelled calls as MLflow names what a run learned from: known by their fingerprint, without the calls."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    source = CodeDatasetSource({"calls of": trained.source, "read by": "training.data.training_data"})
    return MetaDataset(source, f"labelled calls for {trained.target}", trained.fingerprint)


def _measured(trained: Trained, tried: Tried) -> dict[str, str]:
    """What every run has, by the name of its file."""
    return {
        RELIABILITY_FILE: dumps(reliability(trained.test_y, tried.test_probabilities)),
        "importances.json": dumps(dict(tried.importances), indent=1),
    }


def _log_texts(by_file: Mapping[str, str]) -> None:
    import mlflow

    with TemporaryDirectory() as folder:
        for name, text in by_file.items():
            (Path(folder) / name).write_text(text)
        mlflow.log_artifacts(folder)


def _log_model(trained: Trained) -> str:
    """Store the model so that a DataFrame of the encoding's columns can be given to it as MLflow loads it."""
    import mlflow
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    signature = ModelSignature(
        inputs=Schema([ColSpec("double", name, required=False) for name in trained.encoding.columns]),
        outputs=Schema([TensorSpec(np.dtype("float64"), (-1, 2))]),
    )
    logged = mlflow.sklearn.log_model(
        trained.model,
        name="model",
        signature=signature,
        input_example=example_of(trained.encoding),
        pip_requirements=list(REQUIREMENTS),
        pyfunc_predict_fn="predict_proba",
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED_TYPES),
    )
    return str(logged.model_id)


def example_of(encoding: Encoding) -> "DataFrame":
    """Two rows to try a model with: a made-up call, and one of which nothing is known. No real call is in it."""
    from pandas import DataFrame

    made_up: dict[str, Value] = dict.fromkeys((*encoding.numbers, *encoding.amounts), 1.0)
    made_up |= {name: values[0] for name, values in encoding.categories.items()}
    made_up |= dict.fromkeys(encoding.texts, "They asked about pricing.")
    return DataFrame(encoding.encode([made_up, {}]).astype("float64"), columns=list(encoding.columns))
