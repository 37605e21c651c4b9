"""The runs of a training in MLflow: one for each candidate, and one for the chosen model with all that lies beside it.

Models are stored as skops files, of which only the types named here may be built when they are read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory

from training.card import git_commit, model_card
from training.evaluate import bars, pictures, reliability
from training.mlflow_client import mlflow_client
from training.promotion import Verdict
from training.train import Trained, Tried

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
                pass
    with _run(trained, trained.chosen, because) as run_id:
        learned = {
            "model_card.md": model_card(trained, verdict, because, is_synthetic),
            CONFIDENCE_FILE: dumps(trained.confidence.to_plain()),
            RELIABILITY_FILE: dumps(reliability(trained.test_y, trained.chosen.test_probabilities)),
        }
        return run_id, _log_model(trained, learned | dict(beside))


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
        is_chosen = tried is trained.chosen
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
        mlflow.set_tags({"chosen": str(is_chosen).lower(), "base_rate": f"{trained.test_base_rates.mean():.4f}"})
        for what, figure in pictures(trained.test_y, tried.test_probabilities, name).items():
            mlflow.log_figure(figure, f"{what}.png")
        if is_chosen:
            mlflow.log_figure(bars(trained.importances, f"{name}: what it leans on"), "importances.png")
            mlflow.log_dict(dict(trained.trials), "trials.json")
        yield run.info.run_id


def _log_model(trained: Trained, beside: Mapping[str, str]) -> str:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    with TemporaryDirectory() as folder:
        (Path(folder) / "encoding.json").write_text(trained.encoding.to_json())
        for name, text in beside.items():
            (Path(folder) / name).write_text(text)
        (Path(folder) / "importances.json").write_text(dumps(trained.importances, indent=1))
        mlflow.log_artifacts(folder)
    signature = ModelSignature(
        inputs=Schema([ColSpec("float", name, required=False) for name in trained.encoding.columns]),
        outputs=Schema([ColSpec("double")]),
    )
    logged = mlflow.sklearn.log_model(
        trained.model,
        name="model",
        signature=signature,
        pip_requirements=list(REQUIREMENTS),
        pyfunc_predict_fn="predict_proba",
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED_TYPES),
    )
    return str(logged.model_id)
